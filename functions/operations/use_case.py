"""Keep work moving: wake streams whose hint was lost, publish the facts that were recorded, seal the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from shared.audit.chain import GENESIS, Position, Seal, parse_seal, seal, serialize_seal
from shared.errors import RejectedError
from shared.ledger import FactChannel
from shared.ports import FactPublisher, Ports

_GRACE = timedelta(seconds=5)
_HINTS_PER_SWEEP = 500
_FACTS_PER_TRANSFER = 100
_PUBLISHING = "operations-publish-events"
_ANNOUNCING = "operations-announce-events"
_ROWS_PER_SEAL = 1_000
_SEALS_PER_RUN = 50
_SEALING = "operations-seal-audit"


def wake_overdue_streams(ports: Ports) -> int:
    """
    Send a hint for each stream whose head has been due for longer than the grace; return how many.

    Found by status, never by highest id. A stream is hinted again only after another grace; doubles are harmless.
    """
    with ports.ledger.transaction() as tx:
        hints = tx.waking.overdue(ports.clock() - _GRACE, _HINTS_PER_SWEEP)
        tx.hints.extend(hints)
    return len(hints)


def publish_recorded_events(ports: Ports) -> int:
    """
    Publish recorded events on the bus that were not published there yet, oldest first; return how many.

    Until a transfer is not full: what is recorded meanwhile is the next run's, for under traffic there is always some,
    and an event alone costs as much as a hundred. At least once: a crash after the bus took them publishes them again
    under the same ids. One runner at a time, by lease; no transaction is open while the bus is spoken to.
    """
    channels: tuple[FactChannel, ...] = ("bus",) if ports.event_grid else ("bus", "event-grid")
    return _publish(ports, ports.facts, _PUBLISHING, channels)


def announce_recorded_events(ports: Ports) -> int:
    """
    Publish them on the enterprise's Event Grid topic, where there is one; for the rest as `publish_recorded_events`.

    A job of its own: while Event Grid is away or slow, the bus gets what is new, and the other way round.
    """
    return _publish(ports, ports.event_grid, _ANNOUNCING, ("event-grid",)) if ports.event_grid else 0


def _publish(ports: Ports, publisher: FactPublisher, job: str, channels: Sequence[FactChannel]) -> int:
    published = 0
    while events := _next_events(ports, job, channels[0]):
        publisher.publish(events)
        with ports.ledger.transaction() as tx:
            tx.events.published([event["id"] for event in events], *channels)
        published += len(events)
        if len(events) < _FACTS_PER_TRANSFER:
            break
    return published


def _next_events(ports: Ports, job: str, channel: FactChannel) -> list[dict[str, Any]]:
    with ports.ledger.transaction() as tx:
        if not tx.jobs.take(job, ports.instance, timedelta(minutes=1)):
            return []
        return tx.events.unpublished(channel, _FACTS_PER_TRANSFER)


def seal_audit_log(ports: Ports, batches: int = _SEALS_PER_RUN) -> int:
    """
    Chain the audit rows committed since the last seal and write each batch's seal once; return how many rows.

    At most so many batches in one run, and none after one that is not full: what a backlog leaves and what traffic
    commits meanwhile is the next run's.
    One sealer at a time, by lease; two that meet anyhow agree: write-once storage holds one seal of each number.
    RejectedError `seal-conflict` when it holds one that does not go on from the last: somebody else wrote it.
    """
    count = 0
    for _ in range(batches):
        sealed = _seal_next(ports)
        if sealed is None:
            break
        count += len(sealed.rows)
        if 0 < len(sealed.rows) < _ROWS_PER_SEAL:
            break
    return count


def _seal_next(ports: Ports) -> Seal | None:
    with ports.ledger.transaction() as tx:
        if not tx.jobs.take(_SEALING, ports.instance, timedelta(minutes=1)):
            return None
        last = tx.audit_chain.last()
        begin = last.end if last else Position()
        batch, previous = (last.batch + 1, last.root) if last else (1, GENESIS)
        unsealed = tx.audit_chain.unsealed(begin, _ROWS_PER_SEAL)
    if not unsealed.rows and unsealed.end == begin:
        return None
    kept = _keep(seal(batch, previous, unsealed.rows, unsealed.end, ports.clock()), ports)
    with ports.ledger.transaction() as tx:
        tx.audit_chain.add(kept)
    return kept


def _keep(one: Seal, ports: Ports) -> Seal:
    """Write the seal; where a sealer that died has left one under this number, that one is it."""
    try:
        ports.archive.put(one.name, serialize_seal(one))
    except RejectedError as error:
        if error.code != "archive-conflict":
            raise
        found = parse_seal(ports.archive.get(one.name))
        if (found.batch, found.previous) != (one.batch, one.previous):
            raise RejectedError("seal-conflict", text="write-once storage holds a seal that is not ours") from error
        return found
    return one
