"""One process per directory: an advisory lock that the kernel releases with its holder, kill -9 included."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from shared.errors import ConfigurationError


class DirectoryLock:
    """Held from `acquire` to `release`, or to the end of the process. Children do not inherit it."""

    def __init__(self, directory: Path, purpose: str) -> None:
        self._path = directory / "lock"
        self._purpose = purpose
        self._descriptor: int | None = None
        self.left_over = False  # the process that held the lock before was killed

    def acquire(self) -> None:
        """Take the lock and write our pid into it. Raises `ConfigurationError` naming the pid that holds it."""
        if self._descriptor is not None:
            return
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            text = f"{self._purpose} already runs here as process {holder}: stop it, or choose another directory"
            raise ConfigurationError("already-running", str(self._path.parent), text) from None
        self.left_over = bool(os.read(descriptor, 32))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode("ascii"), 0)
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the lock back; the file stays, because unlinking it would let two holders in."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None
