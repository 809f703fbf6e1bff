"""
The circuit breaker of one way to a destination (requirement D12): pure, its state is a row of the ledger.

    closed     everything passes; failures in a row are counted, an answer forgets them
    open       nothing passes until the pause is over
    half-open  one probe is on its way; it decides, and when it is lost the next one may go

A pause doubles with each probe that fails, up to a limit, and is drawn from its upper half, so that workers and
destinations do not fall into step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from shared.delivery.clocks import is_to_come

Verdict = Literal["pass", "probe", "wait"]


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """`threshold` failures in a row open the breaker; the first `pause` doubles up to `longest`."""

    threshold: int = 5
    pause: timedelta = timedelta(seconds=2)
    longest: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Breaker:
    """
    `opened_at` is when the outage began, through every probe of it; `openings` counts its pauses.

    `probe_at`: in `open` when the next probe may go, in `half-open` when the one on its way counts as lost.
    """

    state: Literal["closed", "open", "half-open"] = "closed"
    failures: int = 0
    openings: int = 0
    opened_at: datetime | None = None
    probe_at: datetime | None = None

    @property
    def is_clean(self) -> bool:
        """Tell whether an answer would change nothing."""
        return self == CLOSED

    def verdict(self, now: datetime) -> Verdict:
        """Tell what the next delivery may do."""
        if self.state == "closed":
            return "pass"
        return "wait" if is_to_come(self.probe_at, now) else "probe"

    def probing(self, now: datetime, patience: timedelta) -> Breaker:
        """Return the breaker with a probe on its way that is lost after `patience`."""
        return replace(self, state="half-open", probe_at=now + patience)

    def answered(self) -> Breaker:
        """Return the breaker after an answer, be it a refusal: the destination is there."""
        return CLOSED

    def untried(self, now: datetime) -> Breaker:
        """Return the breaker after a probe that sent nothing: another one may go at once."""
        return replace(self, state="open", probe_at=now) if self.state == "half-open" else self

    def failed(
        self, policy: BreakerPolicy, now: datetime, jitter: Random, retry_after: float | None = None
    ) -> Breaker:
        """Return the breaker after a failure; `retry_after` is the destination's own wish in seconds."""
        failures = self.failures + 1
        if self.state == "closed" and failures < policy.threshold:
            return replace(self, failures=failures)
        if self.state == "open":  # a straggler from before the opening tells nothing new
            return replace(self, failures=failures)
        ceiling = min(policy.longest, policy.pause * 2 ** min(self.openings, 16))
        pause = ceiling * (1 + jitter.random()) / 2
        if retry_after is not None:
            pause = max(pause, min(timedelta(seconds=max(retry_after, 0)), policy.longest))
        return Breaker("open", failures, self.openings + 1, self.opened_at or now, now + pause)


CLOSED = Breaker()
