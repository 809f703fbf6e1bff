"""
One stream, one entry at a time, one outcome each: the only place that decides what a failure leads to.

A hint names a stream. `drain` leases it, and for each entry runs the use case (reading, converting, sending:
no transaction is open), then commits what it decided, the hop, and the end of the entry at once, under the
stream's fence. A business failure is a recorded outcome; an unknown exception is put on the entry's account
and propagates, so that the bus redelivers and, in the end, dead-letters the hint.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Literal

from shared.catalog.model import Step
from shared.delivery.back_off import RetryPolicy
from shared.errors import ConfigurationError, IntegrationError, RejectedError, ReviewNeededError, TransientError
from shared.ledger import Entry, Hint, Hop, Lease, LeaseLostError, NewTask
from shared.ledger_ports import Transaction
from shared.ports import Ports
from shared.structured_log import log_event
from shared.trace_context import child_of, span_id_of
from shared.workflow.escalation import QUARANTINE_REVIEW, ladder_of

_log = logging.getLogger(__name__)

_MAX_TAKEOVERS = 5
_MAX_CRASHES = 5
_ENTRIES_PER_DRAIN = 100

Write = Callable[[Transaction], None]


@dataclass(frozen=True, slots=True)
class Work:
    """One entry in hand: `traceparent` is the span of this attempt."""

    entry: Entry
    lease: Lease
    attempt: int
    traceparent: str
    actor: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a use case decided: how the hop reads, and what is committed with it."""

    hop: Hop
    write: Write = field(default=lambda _: None)


@dataclass(frozen=True, slots=True)
class Stage:
    """
    A step with its use case, and what a failure touches.

    `book` says which row a quarantine moves: the message's (`items`), the delivery's, or none, for work that
    runs beside the message's own way.
    """

    step: Step
    use_case: Callable[[Work, Ports], Outcome]
    retry: RetryPolicy
    book: Literal["items", "deliveries"] | None


def drain(stage: Stage, stream_id: int, ports: Ports) -> None:
    """Work off the stream until it is empty, not yet due, parked, another step's, or long enough in hand."""
    with suppress(LeaseLostError):  # then another worker has it
        _drain(stage, stream_id, ports)


def _drain(stage: Stage, stream_id: int, ports: Ports) -> None:
    with ports.ledger.statements() as each:
        lease = each.streams.lease(stream_id, ports.instance, ports.lease)
        if lease is None:
            return
        entry = each.streams.head(lease, ports.lease)
    if entry is None or entry.function != stage.step.function:
        with ports.ledger.transaction() as tx:  # under the row's lock, so that no new entry is overlooked
            tx.streams.confirm(lease)
            entry = _next_or_release(tx, stage, lease, ports)
    for _ in range(_ENTRIES_PER_DRAIN):
        if entry is None:
            return
        entry = _work_on(stage, entry, lease, ports)
    if entry is not None:
        with ports.ledger.transaction() as tx:
            tx.streams.release(lease)
            tx.hints.append(Hint(stream_id, entry.function, entry.traceparent))


def _next_or_release(tx: Transaction, stage: Stage, lease: Lease, ports: Ports) -> Entry | None:
    entry = tx.streams.head(lease, ports.lease)
    if entry is not None and entry.function == stage.step.function:
        return entry
    tx.streams.release(lease)
    if entry is not None:  # the stream goes on with another flow's step: hand it over
        tx.hints.append(Hint(entry.stream_id, entry.function, entry.traceparent))
    return None


def _work_on(stage: Stage, entry: Entry, lease: Lease, ports: Ports) -> Entry | None:
    actor = f"corridor/{stage.step.tier}/{stage.step.function}"
    work = Work(entry, lease, entry.attempts + 1, child_of(entry.traceparent), actor)
    try:
        if lease.takeovers >= _MAX_TAKEOVERS:
            raise ReviewNeededError("worker-lost", text="every worker that took this on vanished")
        outcome = stage.use_case(work, ports)
        with ports.ledger.transaction() as tx:
            tx.streams.confirm(lease)
            outcome.write(tx)
            tx.lineage.add(replace(outcome.hop, parent_span=span_id_of(entry.traceparent)), actor)
            tx.streams.close(entry)
            return _next_or_release(tx, stage, lease, ports)
    except LeaseLostError:
        log_event(_log, logging.WARNING, "lease lost", function=stage.step.function, stream_id=lease.stream_id)
        return None
    except TransientError as error:
        return _postpone(stage, work, error, ports)
    except ConfigurationError as error:  # ours to mend: it heals with the setting, so nobody's stream is parked
        return _postpone(stage, work, TransientError(error.code, error.location, error.text), ports)
    except IntegrationError as error:
        return _set_aside(stage, work, error, ports)
    except Exception:
        _account_for_crash(stage, work, ports)
        raise


def _postpone(stage: Stage, work: Work, error: TransientError, ports: Ports) -> Entry | None:
    due_at = stage.retry.next_attempt(
        work.entry.attempts, work.entry.first_failed_at, ports.clock(), ports.jitter, error.retry_after
    )
    if due_at is None:
        exhausted = ReviewNeededError(error.code, error.location, "tried until the retry budget was spent")
        return _set_aside(stage, work, exhausted, ports)
    with ports.ledger.transaction() as tx:
        tx.streams.confirm(work.lease)
        tx.streams.postpone(work.entry, due_at, error.code)
        if work.entry.delivery_id is not None:
            tx.deliveries.close_attempt(work.entry.delivery_id, "due", error.code, None, None)
        tx.lineage.add(_failed_hop(stage, work, error, "retry"), work.actor)
        tx.streams.release(work.lease)
    return None


def _set_aside(stage: Stage, work: Work, error: IntegrationError, ports: Ports) -> Entry | None:
    """Quarantine the entry, park its stream behind it, and open the review that decides (invariant 13)."""
    entry = work.entry
    log_event(
        _log,
        logging.WARNING,
        "quarantined",
        function=stage.step.function,
        code=error.code,
        message_id=str(entry.message_id),
    )
    with ports.ledger.transaction() as tx:
        tx.streams.confirm(work.lease)
        if stage.book == "items":
            tx.messages.set_status(entry.message_id, "quarantined", error.code, error.location)
        elif stage.book == "deliveries" and entry.delivery_id is not None:
            tx.deliveries.close_attempt(entry.delivery_id, "quarantined", error.code, None, None)
        tx.quarantine.add(
            entry.message_id,
            entry.delivery_id,
            entry.stream_id,
            stage.step.function,
            error.code,
            error.location,
            error.text,
        )
        tx.tasks.open(_review_of(stage, work, error, ports), work.actor, "quarantined")
        tx.lineage.add(_failed_hop(stage, work, error, "quarantined"), work.actor)
        tx.audit.record(
            work.actor,
            "quarantine",
            str(entry.delivery_id or entry.message_id),
            error.code,
            location=error.location,
            message=str(entry.message_id),
        )
        tx.streams.park(entry, error.code)
        tx.streams.release(work.lease)
    return None


def _account_for_crash(stage: Stage, work: Work, ports: Ports) -> None:
    """Put a defect on the entry's account, so that it backs off and in the end waits for a person."""
    with suppress(LeaseLostError, TransientError):  # the defect is what the caller must see
        if work.attempt >= _MAX_CRASHES:
            error = ReviewNeededError("unexpected-error", text="the step failed repeatedly without a known reason")
            _set_aside(stage, work, error, ports)
        else:
            _postpone(stage, work, TransientError("unexpected-error"), ports)


def _review_of(stage: Stage, work: Work, error: IntegrationError, ports: Ports) -> NewTask:
    entry, ladder = work.entry, ladder_of(QUARANTINE_REVIEW)
    return NewTask(
        kind=QUARANTINE_REVIEW,
        dedupe_key=f"quarantine:{stage.step.function}:{entry.delivery_id or entry.message_id}",
        flow=stage.step.flow,
        owner_queue=ladder.rung(0),
        message_id=entry.message_id,
        due_at=ports.clock() + ladder.within,
        explanation={"code": error.code, "location": error.location, "text": error.text},
    )


def _failed_hop(stage: Stage, work: Work, error: IntegrationError, outcome: str) -> Hop:
    return Hop(
        message_id=work.entry.message_id,
        delivery_id=work.entry.delivery_id,
        function=stage.step.function,
        source=work.lease.lane,
        target=stage.step.function,
        outcome=outcome,
        traceparent=work.traceparent,
        parent_span=span_id_of(work.entry.traceparent),
        attempt=work.attempt,
        code=error.code,
        location=error.location,
    )


def stream_of(hint: bytes) -> int:
    """Return the stream that a hint's body names; RejectedError `hint-invalid`, so that it ends as residue."""
    try:
        return int(json.loads(hint)["stream"])
    except (ValueError, KeyError, TypeError) as error:
        raise RejectedError("hint-invalid", text="the hint names no stream") from error
