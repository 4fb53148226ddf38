"""Progress of a run: a bar on a terminal, plain lines elsewhere."""

import threading
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

STEPS_TOLD = 4  # plain lines for a sampler's progress


class Terminal:
    """Tells the step of a run and how far it is, in draws or other units; a context manager."""

    def __init__(self, console: Console, unit: str = "draws") -> None:
        self._console, self._unit = console, unit
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        self._bar = Progress(*columns, TimeElapsedColumn(), console=console, transient=True)
        self._task = self._bar.add_task("", total=None)
        self._told = 0
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        """Start the bar if there is a terminal."""
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the bar."""
        if self._console.is_terminal:
            self._bar.stop()

    def step(self, name: str) -> None:
        """Tell which step begins."""
        if self._console.is_terminal:
            self._bar.reset(self._task, description=name, total=None)
        else:
            self._console.print(f"{name} ...")

    def progress(self, finished: int, total: int, divergences: int) -> None:
        """Tell how far the work is; called from a sampler's threads."""
        divergent = f", {divergences} divergent" if divergences else ""
        with self._lock:
            if self._console.is_terminal:
                note = f"{self._unit}{divergent}"
                self._bar.update(self._task, description=note, completed=finished, total=total)
                return
            part = finished * STEPS_TOLD // max(total, 1)
            if part < self._told:  # another batch has begun
                self._told = 0
            if part > self._told:
                self._told = part
                self._console.print(f"  {finished} of {total} {self._unit}{divergent}")
