"""
One run of a program: started in a process group of its own, never outliving the thread that started it.

Its output goes into the log file and is read from there, so that nothing breaks when the reader is gone.
"""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from local.supervisor.component import Component
from local.supervisor.log_files import open_log

# The kernel ends the program when the thread that started it ends, kill -9 of the supervisor included.
DIE_WITH_SUPERVISOR = ("setpriv", "--pdeathsig", "KILL", "--")


class ChildProcess:
    """A started program. `ended` must be asked until it answers: it also clears away what the program left."""

    def __init__(self, component: Component) -> None:
        self._announcement = f"ready {component.name} ".encode()
        self._announced = False
        self._log_file = component.log_file
        self._unread = b""
        with open_log(component.log_file) as log:
            self._start = self._position = component.log_file.stat().st_size
            self._process = subprocess.Popen(  # noqa: S603 - the platform's own programs
                [*DIE_WITH_SUPERVISOR, *component.argv],
                env={**os.environ, **component.env},
                cwd=component.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                umask=0o077,
                process_group=0,
            )

    @property
    def pid(self) -> int:
        """The process id, which is also the group's."""
        return self._process.pid

    def ended(self) -> int | None:
        """Return the exit code once the program has ended, after ending what it left in its group; else None."""
        if self._process.returncode is not None:
            return self._process.returncode
        if os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            return None
        # Before the process is reaped: until then nobody else can have this group's number.
        self.kill()
        return self._process.wait()

    def ask_to_stop(self) -> None:
        """Send SIGTERM to the program, which knows best how to end its own children."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the whole group at once."""
        os.killpg(self.pid, signal.SIGKILL)

    def announced(self) -> bool:
        """Tell whether the program has printed that it is ready."""
        if not self._announced:
            with self._log_file.open("rb") as log:
                log.seek(self._position)
                fresh = log.read()
            self._position += len(fresh)
            *lines, self._unread = (self._unread + fresh).split(b"\n")
            self._announced = any(line.startswith(self._announcement) for line in lines)
        return self._announced

    def last_words(self) -> str:
        """Return the last line that this run wrote."""
        return last_line(self._log_file, self._start)


def last_line(path: Path, start: int) -> str:
    """Return the last line of the file that has words, from this position on; `nothing` if there is none."""
    with path.open("rb") as file:
        file.seek(max(start, path.stat().st_size - 4096))
        lines = [line.strip() for line in file.read().decode("utf-8", "replace").splitlines()]
    return next((line for line in reversed(lines) if line), "nothing")
