"""Interleaved timing: every contender in each round, fresh inputs, garbage collected before each block."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from statistics import median


def interleaved(contenders: Mapping[str, Callable[[], object]], rounds: int = 9) -> dict[str, float]:
    """
    Return each contender's median CPU seconds per call over `rounds` rounds.

    Contenders take turns within each round, so that a change of the machine's pace meets all of them.
    """
    calls = {name: _calls_for(work) for name, work in contenders.items()}
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            gc.collect()
            began = time.process_time()
            for _ in range(calls[name]):
                work()
            seconds[name].append((time.process_time() - began) / calls[name])
    return {name: median(values) for name, values in seconds.items()}


def _calls_for(work: Callable[[], object], block: float = 0.05) -> int:
    """Return how often `work` fits into a block of about `block` CPU seconds, once it is warm."""
    work()
    began = time.process_time()
    work()
    once = max(time.process_time() - began, 1e-6)
    return max(1, round(block / once))


def percentile(values: list[float], share: float) -> float:
    """Return the value below which `share` of them lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
