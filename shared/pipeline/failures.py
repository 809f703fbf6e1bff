"""What a failure leads to: tried again, or set aside for a person (`shared.delivery.disposition`)."""

from __future__ import annotations

import logging
from contextlib import suppress
from uuid import UUID

from shared.delivery.disposition import Disposition, disposition_of
from shared.errors import IntegrationError, ReviewNeededError, TransientError
from shared.ledger import Hint, Hop, LeaseLostError, NewTask
from shared.ledger_ports import Transaction
from shared.pipeline import gates
from shared.pipeline.stage import Stage, Work
from shared.ports import Ports
from shared.structured_log import log_event
from shared.trace_context import span_id_of
from shared.workflow.escalation import QUARANTINE_REVIEW, ladder_of

_log = logging.getLogger(__name__)

_MAX_CRASHES = 5
_CONFLICT = "delivery-conflict"
_MOST_CONFLICTS = 20
"""About half an hour: another client's change is over by then, or it is none."""
# The destination is there and has looked at what was sent.
_ANSWERED = frozenset({"destination-refused", _CONFLICT})
# What a destination may have taken all the same: it was sent, and no answer says that it was not.
_MAY_HAVE_ARRIVED = frozenset({"destination-unavailable", "destination-unreachable"})


def dispose(stage: Stage, work: Work, error: IntegrationError, ports: Ports) -> None:
    """
    Do what the table says about `error`, unless the entry is done all the same.

    LeaseLostError when another worker has the stream.
    """
    disposition = disposition_of(error, stage.step.flow)
    if disposition is not Disposition.RETRY:
        _set_aside(stage, work, error, disposition, ports)
        gates.answered(work, ports, sent=error.code in _ANSWERED)
        return
    retry_after = error.retry_after if isinstance(error, TransientError) else None
    entry = work.entry
    due_at = stage.retry.next_attempt(entry.attempts, entry.first_failed_at, ports.clock(), ports.jitter, retry_after)
    if due_at is None or (error.code == _CONFLICT and work.attempt >= _MOST_CONFLICTS):
        exhausted = ReviewNeededError(error.code, error.location, "tried until the retry budget was spent")
        _set_aside(stage, work, exhausted, Disposition.REVIEW, ports)
    else:
        with ports.ledger.transaction() as tx:
            tx.streams.confirm(work.lease)
            if not tx.streams.postpone(entry, due_at, error.code):
                _go_on(tx, work)
                return
            if entry.delivery_id is not None:
                tx.deliveries.close_attempt(
                    entry.delivery_id, "due", error.code, None, None, _way(work), uncertain=_may_have_arrived(error)
                )
            tx.lineage.add(_failed_hop(stage, work, error, "retry"), work.actor)
            tx.streams.release(work.lease)
    if error.code in _ANSWERED:
        gates.answered(work, ports, sent=True)
    else:
        gates.failed(work, error.code, retry_after, ports)


def account_for_crash(stage: Stage, work: Work, ports: Ports) -> None:
    """Put a defect on the entry's account, so that it backs off and in the end waits for a person."""
    with suppress(LeaseLostError, TransientError):  # the defect is what the caller must see
        if work.attempt >= _MAX_CRASHES:
            text = "the step failed repeatedly without a known reason"
            dispose(stage, work, ReviewNeededError("unexpected-error", text=text), ports)
        else:
            dispose(stage, work, TransientError("unexpected-error"), ports)


def _set_aside(stage: Stage, work: Work, error: IntegrationError, disposition: Disposition, ports: Ports) -> None:
    """Quarantine the entry, park its stream behind it, and open the review that decides (invariant 13)."""
    entry, function = work.entry, stage.step.function
    log_event(
        _log,
        logging.WARNING,
        "quarantined",
        function=function,
        code=error.code,
        message_id=str(entry.message_id),
    )
    with ports.ledger.transaction() as tx:
        tx.streams.confirm(work.lease)
        if not tx.streams.park(entry, error.code):
            _go_on(tx, work)
            return
        _move_book(tx, stage, work, error)
        quarantine_id = tx.quarantine.add(
            entry.message_id,
            entry.delivery_id,
            entry.stream_id,
            function,
            error.code,
            error.location,
            error.text,
            moves_message=stage.book == "items",
        )
        tx.tasks.open(_review_of(stage, work, error, disposition, quarantine_id, ports), work.actor, "quarantined")
        tx.lineage.add(_failed_hop(stage, work, error, "quarantined"), work.actor)
        tx.audit.record(
            work.actor,
            "quarantine",
            str(entry.delivery_id or entry.message_id),
            error.code,
            location=error.location,
            message=str(entry.message_id),
        )
        tx.streams.release(work.lease)


def _go_on(tx: Transaction, work: Work) -> None:
    """
    Let somebody go on behind an entry that is done.

    What failed was the answer to the commit that ended it: the entry is gone, and what it owed is recorded.
    """
    tx.streams.release(work.lease)
    tx.hints.append(Hint(work.lease.stream_id, work.entry.function, work.entry.traceparent))


def _move_book(tx: Transaction, stage: Stage, work: Work, error: IntegrationError) -> None:
    entry = work.entry
    if stage.book == "items":
        tx.messages.set_status(entry.message_id, "quarantined", error.code, error.location)
    elif stage.book == "deliveries" and entry.delivery_id is not None:
        tx.deliveries.close_attempt(
            entry.delivery_id, "quarantined", error.code, None, None, _way(work), uncertain=_may_have_arrived(error)
        )


def review_key(quarantine_id: UUID) -> str:
    """Return the dedupe key of the review of what was set aside: one for each time."""
    return f"quarantine:{quarantine_id}"


def _review_of(
    stage: Stage, work: Work, error: IntegrationError, disposition: Disposition, quarantine_id: UUID, ports: Ports
) -> NewTask:
    entry, ladder = work.entry, ladder_of(QUARANTINE_REVIEW)
    first = len(ladder.rungs) - 1 if disposition is Disposition.ESCALATE else 0
    return NewTask(
        kind=QUARANTINE_REVIEW,
        dedupe_key=review_key(quarantine_id),
        flow=stage.step.flow,
        owner_queue=ladder.rung(first),
        message_id=entry.message_id,
        due_at=ports.clock() + ladder.within,
        explanation={
            "code": error.code,
            "location": error.location,
            "text": error.text,
            "disposition": str(disposition),
            "quarantine": str(quarantine_id),
        },
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


def _way(work: Work) -> str | None:
    return work.admission.gate.way if work.admission else None


def _may_have_arrived(error: IntegrationError) -> bool:
    return error.code in _MAY_HAVE_ARRIVED
