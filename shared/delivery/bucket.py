"""A token bucket (requirement D11): so many at once, then so many a second. Pure, its state is a row of the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.delivery.clocks import FAR_AHEAD
from shared.partners.model import Rate


@dataclass(frozen=True, slots=True)
class Bucket:
    """What was left at `at`."""

    tokens: float
    at: datetime

    @classmethod
    def full(cls, rate: Rate, now: datetime) -> Bucket:
        """Return a bucket that nobody has drawn from."""
        return cls(float(rate.burst), now)

    def refilled(self, rate: Rate, now: datetime) -> Bucket:
        """Return the bucket as it is at `now`; a clock that went back refills nothing, and stops it for moments."""
        if self.at > now + FAR_AHEAD:
            return Bucket(self.tokens, now)
        elapsed = max((now - self.at).total_seconds(), 0.0)
        return Bucket(min(self.tokens + elapsed * rate.per_second, float(rate.burst)), max(now, self.at))

    def drawn(self, rate: Rate, now: datetime, wanted: int = 1) -> tuple[Bucket, int]:
        """Return the bucket and how many whole tokens it gave, `wanted` at most."""
        filled = self.refilled(rate, now)
        given = min(wanted, int(filled.tokens + 1e-9))
        return Bucket(filled.tokens - given, filled.at), given

    def wait(self, rate: Rate, now: datetime) -> timedelta:
        """Return how long it is until the next whole token."""
        missing = 1.0 - self.refilled(rate, now).tokens
        return timedelta(seconds=max(missing, 0.0) / rate.per_second)
