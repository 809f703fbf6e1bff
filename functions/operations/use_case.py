"""Keep work moving: wake streams whose hint was lost, publish the facts that were recorded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.ports import Ports

_GRACE = timedelta(seconds=5)
_HINTS_PER_SWEEP = 500
_FACTS_PER_TRANSFER = 100
_PUBLISHING = "operations-publish-events"


def wake_overdue_streams(ports: Ports) -> int:
    """
    Send a hint for each stream whose head has been due for longer than the grace; return how many.

    Found by status, never by highest id. A stream is hinted again only after another grace; doubles are harmless.
    """
    with ports.ledger.transaction() as tx:
        hints = tx.streams.overdue(ports.clock() - _GRACE, _HINTS_PER_SWEEP)
        tx.hints.extend(hints)
    return len(hints)


def publish_recorded_events(ports: Ports) -> int:
    """
    Publish recorded events that were not published yet, oldest first; return how many.

    At least once: a crash after the bus took them publishes them again under the same ids. One runner at a time, by
    lease; no transaction is open while the bus is spoken to.
    """
    published = 0
    while events := _next_events(ports):
        ports.facts.publish(events)
        with ports.ledger.transaction() as tx:
            tx.events.published([event["id"] for event in events])
        published += len(events)
    return published


def _next_events(ports: Ports) -> list[dict[str, Any]]:
    with ports.ledger.transaction() as tx:
        if not tx.jobs.take(_PUBLISHING, ports.instance, timedelta(minutes=1)):
            return []
        return tx.events.unpublished(_FACTS_PER_TRANSFER)
