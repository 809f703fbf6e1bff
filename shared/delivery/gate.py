"""
May this delivery go now? One gate per way to a destination: halt, circuit breaker, concurrency, rate, in this order.

Waiting at a gate is nobody's failure: it burns no attempt and no budget. Who waits is woken by the gate, the oldest
first and no more at once than may pass, so that an outage ends in an ordered drain and not in a stampede.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from shared.delivery.breaker import CLOSED, Breaker, BreakerPolicy
from shared.delivery.bucket import Bucket
from shared.delivery.clocks import is_to_come
from shared.partners.model import Limits

HALTED = "halted"
OPEN = "destination-paused"
BUSY = "destination-busy"
THROTTLED = "destination-throttled"

BREAKING = BreakerPolicy()
_LOOK_AGAIN = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Gate:
    """The state of one way to a destination; `wake_at` is when somebody who waits is woken to try it again."""

    way: str
    breaker: Breaker = CLOSED
    bucket: Bucket | None = None
    wake_at: datetime | None = None

    def waking(self, until: datetime | None, now: datetime) -> Gate | None:
        """Return the gate with a wake-up at `until`; None where one is to come already, or none is wanted."""
        if until is None or is_to_come(self.wake_at, now):
            return None
        return replace(self, wake_at=until)


@dataclass(frozen=True, slots=True)
class Passage:
    """
    What the gate says: go, or wait for `reason` until about `until`.

    `gate` is what it has become; when it differs from what it was, it must be written before anybody goes.
    """

    gate: Gate
    verdict: Literal["pass", "probe", "wait"]
    reason: str = ""
    until: datetime | None = None


def passage(
    gate: Gate, limits: Limits, in_flight: int, now: datetime, patience: timedelta, *, halted: bool = False
) -> Passage:
    """
    Return whether one more delivery may go; `in_flight` counts it already.

    `patience` is how long a probe may take before another one goes.
    """
    if halted:
        return Passage(gate, "wait", HALTED)
    verdict = gate.breaker.verdict(now)
    if verdict == "wait":
        return Passage(gate, "wait", OPEN, gate.breaker.probe_at)
    if in_flight > limits.concurrency:
        return Passage(gate, "wait", BUSY, now + _LOOK_AGAIN)
    if limits.rate is not None:
        bucket, given = (gate.bucket or Bucket.full(limits.rate, now)).drawn(limits.rate, now)
        if not given:
            return Passage(gate, "wait", THROTTLED, now + bucket.wait(limits.rate, now))
        gate = replace(gate, bucket=bucket)
    if verdict == "probe":
        gate = replace(gate, breaker=gate.breaker.probing(now, patience))
    return Passage(gate, verdict)
