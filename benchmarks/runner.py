"""Starts a child for a job, with empty caches and one thread of linear algebra, under a limit."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from benchmarks.job import Job

ROOT = Path(__file__).resolve().parents[1]
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "OMP_NUM_THREADS")
WORDS = 160  # letters of a failure that the results repeat


def run(job: Job, python: str, limit: float) -> dict[str, Any]:
    """Return the report of a child: its figures as far as it got, and a status in words."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        report, words = folder / "report.json", folder / "words.txt"
        with words.open("w", encoding="utf-8") as out:
            status = _wait(_start(job, python, report, out), limit)
        told = json.loads(report.read_text(encoding="utf-8")) if report.is_file() else {}
        if status == "failed":
            status = f"failed: {_last_line(words)}"
        return told | {"status": status or told["status"]}


def _start(job: Job, python: str, report: Path, out: TextIO) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [python, "-m", "benchmarks.child", job.text(), str(report), str(time.time())],
        cwd=ROOT,
        env=surroundings(os.environ, report.parent),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # its workers are stopped with it
    )


def _wait(child: subprocess.Popen[bytes], limit: float) -> str:
    """Return why a child ended early, or nothing."""
    try:
        code = child.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        return f"stopped after {limit:g} s"
    finally:
        _end(child)
    if code < 0:
        return f"failed: ended by signal {-code}"
    return "failed" if code else ""


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a child that still runs, with all its workers."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def surroundings(outer: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the environment of a child: caches of compiled code in an empty folder."""
    flags = [outer.get("PYTENSOR_FLAGS", ""), f"base_compiledir={folder / 'pytensor'}"]
    caches = {
        "PYTENSOR_FLAGS": ",".join(filter(None, flags)),
        "NUMBA_CACHE_DIR": str(folder / "numba"),
    }
    kept = {k: v for k, v in outer.items() if k != "JAX_COMPILATION_CACHE_DIR"}
    return kept | caches | dict.fromkeys(ONE_THREAD, "1")


def _last_line(words: Path) -> str:
    lines = words.read_text(encoding="utf-8", errors="replace").split("\n")
    told = [line.strip() for line in lines if line.strip()]
    return (told[-1] if told else "without a word")[:WORDS]
