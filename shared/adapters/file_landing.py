"""The landing storage as folders of this machine: one per container, below them one per partner."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from shared.errors import RejectedError, TransientError
from shared.landing import Sighting

_PIECE = 1 << 20


class FileLanding:
    """Files below `root`; the etag is made of what every write changes: length, time and inode."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def look(self, container: str, name: str) -> Sighting | None:
        """Return the file as it is now; None when it is not there or outside of its container."""
        path = self._path(container, name)
        try:
            return _sighting(container, name, os.stat(path)) if path is not None and path.is_file() else None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise TransientError("landing-unavailable", text="the landing folder cannot be read") from error

    def read(self, file: Sighting, position: int) -> Iterator[bytes]:
        """Yield the bytes from `position` on, a megabyte at a time, each after a look at the etag."""
        path = self._path(file.container, file.name)
        try:
            if path is None:
                raise FileNotFoundError(file.container)
            with path.open("rb") as stream:
                stream.seek(position)
                while piece := stream.read(_PIECE):
                    if _sighting(file.container, file.name, os.stat(path)).etag != file.etag:
                        raise _changed()
                    yield piece
        except FileNotFoundError as error:
            raise _changed() from error
        except OSError as error:
            raise TransientError("landing-unavailable", text="the landing folder cannot be read") from error

    def write(self, container: str, name: str, content: Iterable[bytes]) -> None:
        """Make the file: written beside, synced, then moved to its name."""
        path = self._path(container, name)
        if path is None:
            raise RejectedError("file-name-invalid", "", "the name leads out of its container")
        beside = path.parent / f".{uuid4().hex}"
        try:
            self._make_folder(path.parent)
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.writelines(content)
                    file.flush()
                    os.fsync(file.fileno())
                beside.replace(path)
            finally:
                beside.unlink(missing_ok=True)
        except OSError as error:
            raise TransientError("landing-unavailable", text="the landing folder cannot be written") from error

    def _make_folder(self, folder: Path) -> None:
        """Make a missing folder and those above it, each for its owner alone."""
        if not folder.is_dir():
            self._make_folder(folder.parent)
            folder.mkdir(mode=0o700, exist_ok=True)

    def _path(self, container: str, name: str) -> Path | None:
        path = self._root / container / name
        inside = path.resolve().is_relative_to((self._root / container).resolve())
        return path if inside else None


def _sighting(container: str, name: str, state: os.stat_result) -> Sighting:
    etag = f"{state.st_size:x}-{state.st_mtime_ns:x}-{state.st_ino:x}"
    return Sighting(container, name, etag, state.st_size, datetime.fromtimestamp(state.st_mtime, UTC))


def _changed() -> RejectedError:
    return RejectedError("file-changed", "", "the file is no longer what it was")
