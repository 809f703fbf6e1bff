"""
The intake gate of one instance: what all share is asked for every second or two, not for every posting.

A partner's allowance is drawn in portions of about a second's worth, so that an acknowledgment waits for no row that
all postings of a partner would have to lock one after the other. When the ledger cannot be asked, intake itself
finds that out and says so.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.catalog.model import TrafficClass
from shared.delivery.ports import Halt, Pressure
from shared.delivery.pressure import IntakeLimits, halt_of, refusal
from shared.errors import TransientError
from shared.ledger_ports import Ledger
from shared.partners.model import Partners, Rate
from shared.ports import Archive, Clock

_REMEMBERED_SECONDS = 2.0


@dataclass
class _Portion:
    left: int = 0
    nothing_until: float = 0.0


class SharedIntakeGate:
    """Refuses with a TransientError that says when to post again: those of `shared.delivery.pressure`, or a 429."""

    def __init__(
        self,
        ledger: Ledger,
        archive: Archive,
        partners: Partners,
        *,
        clock: Clock,
        limits: IntakeLimits,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ledger = ledger
        self._archive = archive
        self._partners = partners
        self._clock = clock
        self._limits = limits
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._known: tuple[Sequence[Halt], Pressure | None, int | None] = ((), None, None)
        self._portions: dict[str, _Portion] = {}

    def admit(self, partner: str, traffic_class: TrafficClass = TrafficClass.REALTIME) -> None:
        """Return when the partner may post now, or its file may go on."""
        halts, pressure, free_bytes = self._asked()
        now = self._clock()
        bulk = traffic_class is TrafficClass.BULK
        limits = self._limits.of_bulk() if bulk else self._limits
        error = halt_of(partner, halts, now) or refusal(limits, pressure, free_bytes, now)
        if error is not None:
            raise error
        if bulk:
            return
        found = self._partners.get(partner)
        if found is not None and found.sends is not None and found.sends.allowance is not None:
            self._draw(partner, found.sends.allowance)

    def _asked(self) -> tuple[Sequence[Halt], Pressure | None, int | None]:
        with self._lock:
            if self._monotonic() - self._asked_at < _REMEMBERED_SECONDS:
                return self._known
            self._asked_at = self._monotonic()  # the others go on with what is known, and need not wait
        with self._ledger.statements() as each:
            known = (each.halts.all(), each.pressure.read(), self._archive.free_bytes())
        with self._lock:
            self._known = known
        return known

    def _draw(self, partner: str, rate: Rate) -> None:
        with self._lock:
            portion = self._portions.setdefault(partner, _Portion())
            if portion.left > 0:
                portion.left -= 1
                return
            if (wait := portion.nothing_until - self._monotonic()) > 0:
                raise _too_many(wait)
        with self._ledger.transaction() as tx:
            given, until_next = tx.pressure.draw(partner, rate, max(1, min(int(rate.per_second), rate.burst)))
        with self._lock:
            if given:
                portion.left += given - 1
                return
            portion.nothing_until = self._monotonic() + until_next.total_seconds()
        raise _too_many(until_next / timedelta(seconds=1))


def _too_many(seconds: float) -> TransientError:
    return TransientError("rate-exceeded", text="more than was agreed", retry_after=max(seconds, 1.0))
