"""
Whether a program's memory stays as it is: what each life of it held, in its first quarter against its last.

A life ends with its process: a program that is killed begins anew. What began less than a minute ago is left out, for
it still fills its caches, and a life of less than eight samples after that tells nothing.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from bench.processes import resident_bytes
from local.supervisor.component import Status

KEEPS: Final = {
    "postgres": "its shared buffers fill up to their size",
    "destinations": "it keeps every effect",
    "service-bus": "it keeps what nobody takes: the facts of a subscription, dead letters",
}
"""Programs whose memory may grow with what they were given, and why."""

_WARM_UP_SECONDS: Final = 60.0
_FEWEST_SAMPLES: Final = 8
_MOST_SAMPLES: Final = 720
_LEAST_SECONDS_APART: Final = 1.0
_RATIO, _BYTES = 1.2, 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Trend:
    """One life of a program: medians in bytes of its first and its last quarter, and its length in seconds."""

    seconds: float
    first: float
    last: float

    @property
    def grows(self) -> bool:
        """Tell whether it holds a fifth and 16 MiB more than at first."""
        return self.last > self.first * _RATIO and self.last - self.first > _BYTES


@dataclass
class Memory:
    """Samples of every life of every program: when (seconds), and how much (bytes)."""

    lives: dict[tuple[str, int], list[tuple[float, int]]] = field(default_factory=lambda: defaultdict(list))

    def sample(self, programs: Iterable[Status], now: float) -> None:
        """Note what each program that runs holds now."""
        for one in programs:
            held = resident_bytes(one.pid) if one.pid is not None else 0
            if one.pid is not None and held:
                self.lives[one.name, one.pid].append((now, held))

    def trends(self) -> Mapping[str, Trend]:
        """Return, by program, its longest life that tells anything."""
        longest: dict[str, Trend] = {}
        for (name, _), samples in self.lives.items():
            trend = _trend(samples)
            if trend is not None and (name not in longest or longest[name].seconds < trend.seconds):
                longest[name] = trend
        return longest

    def lives_of(self, name: str) -> int:
        """Return how many processes of a program were seen."""
        return sum(1 for program, _ in self.lives if program == name)


def _trend(samples: list[tuple[float, int]]) -> Trend | None:
    began, ended = samples[0][0], samples[-1][0]
    warm = [held for at, held in samples if at - began >= _WARM_UP_SECONDS]
    quarter = len(warm) // 4
    if len(warm) < _FEWEST_SAMPLES:
        return None
    return Trend(ended - began, median(warm[:quarter]), median(warm[-quarter:]))


@contextmanager
def watched_memory(programs: Callable[[], Iterable[Status]], seconds: float) -> Iterator[Memory]:
    """Sample every program until the block ends, 720 times in so many seconds and at most once a second."""
    memory, over = Memory(), threading.Event()
    interval = max(_LEAST_SECONDS_APART, seconds / _MOST_SAMPLES)

    def watch() -> None:
        while not over.wait(interval):
            memory.sample(programs(), time.monotonic())

    watching = threading.Thread(target=watch, name="memory", daemon=True)
    watching.start()
    try:
        yield memory
    finally:
        over.set()
        watching.join()
