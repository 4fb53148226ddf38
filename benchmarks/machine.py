"""What machine this is: cores, memory, processor."""

import os
import platform
from pathlib import Path

GIB = 1024**3


def machine() -> dict[str, str]:
    """Return the cores, the memory, the processor and the system of this machine."""
    return {
        "cores": str(os.cpu_count() or "unknown"),
        "memory": _memory(),
        "processor": _processor(Path("/proc/cpuinfo")),
        "system": f"{platform.system()} {platform.machine()}",
    }


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return "unknown"
    return f"{size / GIB:.0f} GiB"


def _processor(told: Path) -> str:
    """Return the model that Linux tells, elsewhere what Python knows."""
    if told.is_file():
        for line in told.read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == "model name":
                return value.strip()
    return platform.processor() or "unknown"
