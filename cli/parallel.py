"""Work on many files, on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

# Starting processes costs more than a few files are worth.
_FEW = 16


def on_all_cores(function: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Yield `function(item)` for every item, in their order; function and results must be picklable."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if cores == 1 or len(items) <= _FEW:
        yield from map(function, items)
        return
    with ProcessPoolExecutor(cores) as pool:
        yield from pool.map(function, items, chunksize=max(1, len(items) // (cores * 16)))
