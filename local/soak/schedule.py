"""When which fault strikes: drawn from the seed, so that a soak can be lived through again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

_LEAST_SECONDS_APART = 4.0
_FREE_AT_THE_START = 0.04
_FREE_AT_THE_END = 0.06


@dataclass(frozen=True, slots=True)
class Strike:
    """One fault to come, `at` seconds after the first message."""

    at: float
    fault: str


def plan(seed: int, seconds: float, faults: Sequence[str]) -> list[Strike]:
    """
    Return the strikes of a soak of this length, in order.

    The faults strike in rounds: each once, shuffled, then each again. A short soak has one round however tight; a long
    one has as many as leave four seconds between two strikes on average.
    """
    if not faults:
        return []
    rng = Random(f"faults {seed}")  # noqa: S311 -- it must be repeatable, not secret
    rounds = max(1, int(seconds / (len(faults) * _LEAST_SECONDS_APART)))
    begin, end = seconds * _FREE_AT_THE_START, seconds * (1 - _FREE_AT_THE_END)
    slot = (end - begin) / (rounds * len(faults))
    names = [name for _ in range(rounds) for name in rng.sample(list(faults), len(faults))]
    return [Strike(round(begin + (place + rng.random()) * slot, 3), name) for place, name in enumerate(names)]
