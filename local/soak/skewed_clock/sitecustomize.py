"""
Lets the clock of a process jump: Python imports this before anything else where its folder is on PYTHONPATH.

SKEW_FILE names a file with seconds to add, read again ten times a second; without the file the clock is right. It
shifts `time.time` and `datetime.now`, and leaves the monotonic clock alone, as a correction by NTP does. Every other
use of `datetime` yields the plain class.
"""

from __future__ import annotations

import datetime as module
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

_plain = module.datetime
_right_time = time.time
_READ_EVERY = 0.1


class _Skew:
    def __init__(self, file: Path) -> None:
        self._file = file
        self._seconds = 0.0
        self._due = 0.0

    def seconds(self) -> float:
        if time.monotonic() >= self._due:
            self._due = time.monotonic() + _READ_EVERY
            try:
                self._seconds = float(self._file.read_text(encoding="ascii"))
            except (OSError, ValueError):
                self._seconds = 0.0
        return self._seconds


class _Kind(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _plain)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, _plain)


def install(file: Path) -> Callable[[], None]:
    """Put the skewed clock in the right one's place, and return how to take it out again."""
    skew = _Skew(file)

    class Skewed(_plain, metaclass=_Kind):
        def __new__(cls, *parts: Any, **named: Any) -> Any:
            return _plain(*parts, **named)

        @classmethod
        def now(cls, tz: module.tzinfo | None = None) -> Any:
            return _plain.now(tz) + module.timedelta(seconds=skew.seconds())

        @classmethod
        def utcnow(cls) -> Any:
            return cls.now(module.UTC).replace(tzinfo=None)

    def restore() -> None:
        module.datetime = _plain  # type: ignore[misc]
        time.time = _right_time

    module.datetime = cast("Any", Skewed)  # type: ignore[misc]
    time.time = lambda: _right_time() + skew.seconds()
    return restore


if "SKEW_FILE" in os.environ:
    install(Path(os.environ["SKEW_FILE"]))
