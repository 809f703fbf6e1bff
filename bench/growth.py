"""What a message costs beside ten thousand stored ones and beside very many: it must stay the same."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Protocol

import psycopg

from bench.generated import fill

_FEW = 10_000
_BURSTS = 3
Row = dict[str, object]


class Cost(Protocol):
    """What a burst has cost: see `bench.pipeline.Burst`."""

    @property
    def rate(self) -> float:
        """Messages per second."""

    @property
    def cpu(self) -> dict[str, float]:
        """CPU milliseconds per message by program."""

    @property
    def whole_cpu(self) -> float:
        """CPU milliseconds per message of all programs."""


def grow(ledger: psycopg.Connection, rows: int, burst: Callable[[str], Cost], few: int = _FEW) -> list[Row]:
    """Fill the ledger to `few` messages, then to `rows`, with bursts after each; the last row is the ratio."""
    found = []
    stored = 0
    for count in (min(few, rows), rows):
        fill(ledger, stored + 1, count)
        stored = count
        burst(f"warming-{count}")
        found.append((count, [burst(f"beside-{count}-{number}") for number in range(_BURSTS)]))
    (_, before), (_, after) = found
    ratio: Row = {
        "stored messages": "ratio",
        "messages/s": round(_middle(after, _rate) / _middle(before, _rate), 2),
        "CPU ms": round(_middle(after, _whole) / _middle(before, _whole), 2),
        "PostgreSQL CPU ms": round(_middle(after, _of_postgres) / _middle(before, _of_postgres), 2),
    }
    return [*(_row(count, bursts) for count, bursts in found), ratio]


def _row(count: int, bursts: list[Cost]) -> Row:
    return {
        "stored messages": count,
        "messages/s": round(_middle(bursts, _rate), 1),
        "CPU ms": round(_middle(bursts, _whole), 1),
        "PostgreSQL CPU ms": round(_middle(bursts, _of_postgres), 2),
    }


def _middle(bursts: list[Cost], figure: Callable[[Cost], float]) -> float:
    return median(figure(one) for one in bursts)


def _rate(one: Cost) -> float:
    return one.rate


def _whole(one: Cost) -> float:
    return one.whole_cpu


def _of_postgres(one: Cost) -> float:
    return one.cpu["postgres"]
