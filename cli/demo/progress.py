"""Progress of long steps: a live bar on a terminal, a line per quarter in a log."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


class Step:
    """One step with a known or a shrinking end."""

    def __init__(self, title: str, total: int, console: Console, progress: Progress | None) -> None:
        self._title = title
        self._total = total
        self._console = console
        self._progress = progress
        self._task = progress.add_task(title, total=total) if progress else None
        self._told = 0

    def reach(self, done: int) -> None:
        """Say how much is done."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, completed=done)
        elif done * 4 // self._total > self._told:
            self._told = done * 4 // self._total
            self._console.print(f"{self._title}: {done} of {self._total}")

    def remain(self, left: int) -> None:
        """Say how much is left; the most that was ever left is the whole."""
        if left > self._total:
            self._total = left
            if self._progress is not None and self._task is not None:
                self._progress.update(self._task, total=left)
        self.reach(self._total - left)


class Steps:
    """The steps of one run."""

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=console) if console.is_terminal else None

    def __enter__(self) -> Steps:
        if self._progress:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress:
            self._progress.stop()

    def begin(self, title: str, total: int) -> Step:
        """Begin a step of `total` parts."""
        return Step(title, total, self._console, self._progress)
