"""Log files with a bound: rotated when they are opened, readable by their owner alone."""

from __future__ import annotations

import os
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

LARGEST = 5_000_000
KEPT = 3


def open_log(path: Path, largest: int = LARGEST) -> BinaryIO:
    """Return the file for appending; one that has grown too large first becomes `.1`, the old `.1` `.2` ..."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size >= largest:
        generations = [path, *(path.with_name(f"{path.name}.{number}") for number in range(1, KEPT + 1))]
        for newer, older in reversed(list(pairwise(generations))):
            if newer.exists():
                newer.replace(older)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab", buffering=0)
