"""
What a run that was killed leaves behind, and how the next start gets past it.

    postgres lives on, without its parent   it gets the fast shutdown it should have got, then harder ones
    the pid file names another process      the number was used again: the file goes
    the pid file names nobody               postgres itself removes it and replays its log
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from shared.errors import ConfigurationError

# What follows a signal that does not help in time: fast, immediate, and the kernel's own.
_ESCALATION = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 10.0))


def clear_the_way(data: Path) -> None:
    """Stop a postgres left over on this data directory. The caller holds the directory's lock."""
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    first = pid_file.read_text(encoding="utf-8", errors="replace").partition("\n")[0].strip()
    pid = int(first) if first.isdecimal() else 0
    if not serves(pid, data):
        if pid == 0 or _alive(pid):
            pid_file.unlink(missing_ok=True)
        return
    for kind, patience in _ESCALATION:
        os.kill(pid, kind)
        if _gone(pid, data, patience):
            return
    text = f"process {pid}, a PostgreSQL of an earlier run, does not end"
    raise ConfigurationError("postgres-left-over", str(data), text)


def serves(pid: int, data: Path) -> bool:
    """Tell whether this process is a postgres on this data directory."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0].endswith(b"/postgres") and os.fsencode(data) in words


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _gone(pid: int, data: Path, patience: float) -> bool:
    deadline = time.monotonic() + patience
    while serves(pid, data):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
