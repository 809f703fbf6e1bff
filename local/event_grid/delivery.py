"""
Delivery: one worker per subscription, so that one that is away holds up no other.

Attempts follow Azure's schedule (10 s, 30 s, 1, 5, 10, 30 min, 1, 3, 6, 12 h), at most thirty within a day. What
does not arrive then, or is refused for good, is buried in a folder, in the shape in which Azure writes it to a blob.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from local.event_grid.config import Subscription
from local.event_grid.store import Delivery, EventStore
from local.event_grid.targets import DeliveryError, Target
from local.private_files import private_directory, write_private

_log = logging.getLogger(__name__)

RETRY_SECONDS = (10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200)
MOST_ATTEMPTS = 30
_DAY_SECONDS = 86_400
_PAUSE_SECONDS = 0.5


class Worker:
    """Delivers to one subscription until it is stopped; `scale` shortens Azure's times for tests."""

    def __init__(
        self,
        subscription: Subscription,
        target: Target,
        store: EventStore,
        dead_letters: Path,
        *,
        scale: float = 1.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._subscription = subscription
        self._target = target
        self._store = store
        self._dead_letters = dead_letters
        self._scale = scale
        self._now = now
        self._woken = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=f"event-grid-{subscription.name}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Look for what is due now."""
        self._woken.set()

    def stop(self) -> None:
        """End after the delivery in hand."""
        self._stopped = True
        self._woken.set()
        self._thread.join(_PAUSE_SECONDS * 4)

    def work_once(self) -> int:
        """Deliver what is due; return how many arrived."""
        arrived = 0
        for delivery in self._store.due(self._subscription.name, self._now()):
            if self._stopped or not self._target.is_ready():
                break
            arrived += self._attempt(delivery)
        return arrived

    def _run(self) -> None:
        while not self._stopped:
            self._woken.clear()
            try:
                arrived = self.work_once()
            except (OSError, sqlite3.Error):
                _log.exception("the worker of %s failed", self._subscription.name)
                arrived = 0
            if not arrived:
                self._woken.wait(_PAUSE_SECONDS)

    def _attempt(self, delivery: Delivery) -> bool:
        try:
            self._target.deliver(delivery.event, delivery.attempts)
        except DeliveryError as error:
            _log.warning("%s: attempt %d: %s", self._subscription.name, delivery.attempts + 1, error.outcome)
            if reason := self._end_of(delivery, error):
                self._bury(delivery, reason, error.outcome)
            else:
                wait = RETRY_SECONDS[min(delivery.attempts, len(RETRY_SECONDS) - 1)] * self._scale
                self._store.again(delivery, self._now() + wait)
            return False
        self._store.done(delivery)
        return True

    def _end_of(self, delivery: Delivery, error: DeliveryError) -> str:
        if error.is_lasting:
            return "NonRetriableError"
        if delivery.attempts + 1 >= MOST_ATTEMPTS:
            return "MaxDeliveryAttemptsExceeded"
        return "TimeToLiveExceeded" if self._now() - delivery.published >= _DAY_SECONDS * self._scale else ""

    def _bury(self, delivery: Delivery, reason: str, outcome: str) -> None:
        now = datetime.fromtimestamp(self._now(), UTC)
        letter = {
            **delivery.event,
            "deadletterreason": reason,
            "deliveryattempts": delivery.attempts + 1,
            "lastdeliveryoutcome": outcome,
            "publishtime": datetime.fromtimestamp(delivery.published, UTC).isoformat(),
            "lastdeliveryattempttime": now.isoformat(),
        }
        folder = private_directory(self._dead_letters / self._subscription.topic / self._subscription.name)
        write_private(folder / f"{uuid4()}.json", json.dumps([letter]).encode())
        self._store.done(delivery)
