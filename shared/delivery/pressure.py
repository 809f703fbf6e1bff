"""When intake refuses for now: before a store fills, not after (requirement D11). Pure; the limits are settings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.delivery.ports import Halt, Pressure
from shared.errors import TransientError

_STALE = timedelta(minutes=1)
_BACKLOG_DRAINS = 30.0
_DISK_IS_MENDED = 120.0
_HALT_ENDS = 60.0


@dataclass(frozen=True, slots=True)
class IntakeLimits:
    """How much may be owed, for how long the oldest may wait to be processed, how much of the archive stays free."""

    backlog: int
    age: timedelta
    archive_free: int

    def of_bulk(self) -> IntakeLimits:
        """Return the limits for what comes in files: a quarter of what may wait, and twice what must stay free."""
        return IntakeLimits(self.backlog // 4, self.age / 4, self.archive_free * 2)


def refusal(
    limits: IntakeLimits, pressure: Pressure | None, free_bytes: int | None, now: datetime
) -> TransientError | None:
    """
    Return why nobody may post just now, with how long to wait in `retry_after`; None when all may.

    A measurement older than a minute tells of the sweeper, not of the stores, and refuses nobody.
    """
    if free_bytes is not None and free_bytes < limits.archive_free:
        return TransientError("archive-full", text="the archive is nearly full", retry_after=_DISK_IS_MENDED)
    if pressure is None or now - pressure.measured_at > _STALE:
        return None
    if pressure.backlog >= limits.backlog:
        return TransientError("backlog-full", text="too much is waiting", retry_after=_BACKLOG_DRAINS)
    if pressure.oldest_due is not None and pressure.measured_at - pressure.oldest_due >= limits.age:
        return TransientError("backlog-old", text="what is waiting waits too long", retry_after=_BACKLOG_DRAINS)
    return None


def halt_of(partner: str, halts: Iterable[Halt], now: datetime) -> TransientError | None:
    """Return the refusal of a partner that an operator has halted; None when it is not."""
    for halt in halts:
        if (halt.kind, halt.name) == ("partner", partner) and halt.holds(now):
            remaining = (halt.until - now).total_seconds() if halt.until else _HALT_ENDS
            return TransientError(
                "partner-halted", text="postings are halted", retry_after=min(max(remaining, 1.0), 3600.0)
            )
    return None
