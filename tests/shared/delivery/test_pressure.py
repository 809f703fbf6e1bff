"""Intake refuses before a store fills (D11): what is measured, and what is too much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from shared.delivery.ports import Halt, Pressure
from shared.delivery.pressure import IntakeLimits, halt_of, refusal

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
LIMITS = IntakeLimits(backlog=1000, age=timedelta(minutes=15), archive_free=100)


def measured(backlog: int = 0, waits: timedelta | None = None, ago: timedelta = timedelta()) -> Pressure:
    return Pressure(NOON - ago, backlog, NOON - ago - waits if waits is not None else None)


@pytest.mark.parametrize(
    ("pressure", "free", "code"),
    [
        (measured(999, timedelta(minutes=14)), 100, None),
        (measured(1000), 100, "backlog-full"),
        (measured(1, timedelta(minutes=15)), 100, "backlog-old"),
        (measured(), 99, "archive-full"),
        (measured(), None, None),
        (None, None, None),
        (measured(5000, ago=timedelta(minutes=2)), None, None),
    ],
)
def test_a_posting_is_refused_at_the_limit_and_told_when_to_come_again(
    pressure: Pressure | None, free: int | None, code: str | None
) -> None:
    error = refusal(LIMITS, pressure, free, NOON)

    assert code == (error.code if error else None)
    assert error is None or (error.retry_after or 0) > 0


@pytest.mark.parametrize(
    ("until", "wait"),
    [
        (None, 60),
        (NOON + timedelta(seconds=90), 90),
        (NOON + timedelta(days=2), 3600),
        (NOON, None),
    ],
)
def test_a_halted_partner_is_told_how_long(until: datetime | None, wait: int | None) -> None:
    halts = [
        Halt("flow", "riverside-lab", "op", "why", NOON, None),
        Halt("partner", "riverside-lab", "op", "why", NOON, until),
    ]

    error = halt_of("riverside-lab", halts, NOON)

    assert wait == (error.retry_after if error else None)
    assert halt_of("northside-lab", halts, NOON) is None
