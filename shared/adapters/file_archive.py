"""
The archive as fsynced files: for one machine, and for the tests that kill it.

A name is created only once its content is on disk: written beside, synced, linked under its final name, and the
folder synced. A crash leaves the whole payload or nothing.
"""

from __future__ import annotations

import os
from contextlib import suppress
from hashlib import sha256
from itertools import count
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from shared.errors import RejectedError, TransientError

_LONGEST_NAME = 200
_SHARDS = 256


class FileArchive:
    """Create-only files below `root`, readable by their owner alone, spread over 256 folders per kind."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._durable: set[str] = set()
        self._own, self._numbers = uuid4().hex, count()  # names of what is being written: no two are alike

    def put(self, name: str, content: bytes) -> None:
        """Keep `content` under `name`; RejectedError `archive-conflict` if other content is there already."""
        folder, path = self._place(name)
        try:
            self._ensure(folder)
            beside = f"{folder}/.{self._own}-{next(self._numbers)}"
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                _write(descriptor, content)
                os.fsync(descriptor)
                os.link(beside, path)
            except FileExistsError:
                if Path(path).read_bytes() != content:
                    raise RejectedError("archive-conflict", text="the name is taken by other content") from None
            finally:
                os.close(descriptor)
                os.unlink(beside)
            self._sync(folder)
        except OSError as error:
            raise TransientError("archive-unavailable", text="the archive cannot be written") from error

    def get(self, name: str) -> bytes:
        """Return the content; RejectedError `archive-missing` if the name was never created."""
        try:
            return Path(self._place(name)[1]).read_bytes()
        except FileNotFoundError as error:
            if not self._root.is_dir():
                raise TransientError("archive-unavailable", text="the archive's folder is not there") from error
            raise RejectedError("archive-missing", text="the archive holds nothing under this name") from error
        except OSError as error:
            raise TransientError("archive-unavailable", text="the archive cannot be read") from error

    def free_bytes(self) -> int | None:
        """Return what an ordinary user may still write to the file system; 0 when it cannot be asked."""
        try:
            state = os.statvfs(self._root)
        except OSError:
            return 0
        return state.f_bavail * state.f_frsize

    def _place(self, name: str) -> tuple[str, str]:
        """Return the folder and the file of a name."""
        kind, _, key = name.partition("/")
        folder = f"{self._root}/{_file_name(kind)}/{sha256(key.encode()).hexdigest()[:2]}"
        return folder, f"{folder}/{_file_name(key)}"

    def _ensure(self, shard: str) -> None:
        """
        Make the folders of a kind, all at once so that one sync of what holds them will do.

        Those that another process has just made may not be durable yet: each process syncs them once.
        """
        kind = os.path.dirname(shard)
        if kind in self._durable and os.path.isdir(shard):
            return
        self._make_folder(Path(kind))
        for number in range(_SHARDS):
            with suppress(FileExistsError):
                os.mkdir(f"{kind}/{number:02x}", mode=0o700)
        self._sync(kind)
        self._durable.add(kind)

    def _make_folder(self, folder: Path) -> None:
        if folder.is_dir() and self._root not in folder.parents:
            return
        self._make_folder(folder.parent)
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        self._sync(folder.parent)

    @staticmethod
    def _sync(folder: str | Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _file_name(part: str) -> str:
    """Return another file name for each part; opaque ids of ours stay as they are."""
    name = quote(part, safe="")
    if name.startswith("."):  # neither `..` nor the name of a file that is still being written
        name = f"%2E{name[1:]}"
    if not 0 < len(name) <= _LONGEST_NAME:
        name = f"={sha256(part.encode()).hexdigest()}"  # `=` never stands in a quoted name
    return name
