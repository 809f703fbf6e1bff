"""What processes use, as the kernel counts it (Linux): CPU seconds and memory, those of their children included."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
_KIB = 1024


def cpu_seconds(root: int) -> float:
    """Return the user and system time of a process, its living descendants and those that they have waited for."""
    ticks = 0
    for pid in family(root):
        fields = _stat(pid)
        if fields:
            ticks += sum(int(value) for value in fields[11:15])  # utime, stime, cutime, cstime (proc(5))
    return ticks / _TICKS_PER_SECOND


def resident_bytes(root: int) -> int:
    """
    Return what a process and its living descendants hold in memory; what several share is counted once (PSS).

    0 when the process has ended, or where the kernel does not say.
    """
    return sum(_proportional(pid) for pid in family(root))


def family(root: int) -> Iterator[int]:
    """Yield the process and every living descendant."""
    parents = dict(_parents())
    wanted = {root}
    yield root
    while children := {pid for pid, parent in parents.items() if parent in wanted} - wanted:
        wanted |= children
        yield from sorted(children)


def _parents() -> Iterable[tuple[int, int]]:
    for folder in _PROC.iterdir():
        if folder.name.isdecimal() and (fields := _stat(int(folder.name))):
            yield int(folder.name), int(fields[1])


def _proportional(pid: int) -> int:
    try:
        text = (_PROC / str(pid) / "smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return sum(int(line.split()[1]) * _KIB for line in text.splitlines() if line.startswith("Pss:"))


def _stat(pid: int) -> list[str]:
    """Return the fields after the program's name; none when the process has ended."""
    try:
        text = (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return text.rpartition(")")[2].split()
