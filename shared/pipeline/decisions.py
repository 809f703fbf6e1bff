"""
What people decide: release or discard what is in quarantine, halt and resume.

Each decision is one commit with the book's row, the stream, the hop, the audit and the review task, so that the
books balance at any moment (invariant 4) and every transition has an actor, a time and a reason (invariant 11).
Who may decide is checked by the caller.

    release    message     quarantined -> received     the parked entry goes on, its attempts forgotten
               delivery    quarantined -> due
    discard    message     quarantined -> discarded    counted as quarantined
               delivery    quarantined -> cancelled
    correct    message     quarantined -> discarded    a corrected copy stands in its place (`correcting`)
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from shared.catalog.flows import DELIVERY
from shared.delivery.ports import HaltKind, gate_of, waits_for_flow
from shared.errors import RejectedError
from shared.ledger import Hop, Quarantined
from shared.ledger_ports import Transaction
from shared.pipeline.entrance import wake_at
from shared.pipeline.failures import review_key
from shared.ports import Ports
from shared.trace_context import start_trace

_WOKEN_AT_ONCE = 500


def release(quarantine_id: UUID, actor: str, reason: str, ports: Ports) -> None:
    """
    Let the quarantined message or delivery be tried again, in its old place.

    RejectedError `quarantine-unknown`, `quarantine-decided`, or `reason-missing`.
    """
    with ports.ledger.transaction() as tx:
        held = undecided(tx, quarantine_id, reason)
        if held.stream_id is not None:
            _move(tx, held, "received", "due", None)
            tx.quarantine.unpark(held, remove=False)
        record_decision(tx, held, "released", actor, reason)


def discard(quarantine_id: UUID, actor: str, reason: str, ports: Ports) -> None:
    """
    Set the quarantined message or delivery aside for good, and let what waits behind it go on.

    A merge that is discarded lifts its fence: its failure is decided. Errors are those of `release`.
    """
    with ports.ledger.transaction() as tx:
        held = undecided(tx, quarantine_id, reason)
        if held.stream_id is not None:
            _move(tx, held, "discarded", "cancelled", held.code)
            tx.quarantine.unpark(held, remove=True)
        record_decision(tx, held, "discarded", actor, reason)


def halt(kind: HaltKind, name: str, actor: str, reason: str, ports: Ports, until: datetime | None = None) -> None:
    """
    Halt a partner (intake answers 503), a destination or a flow (everything waits, no retry is burnt).

    Halting again replaces actor, reason and end. RejectedError `reason-missing`.
    """
    required(reason)
    with ports.ledger.transaction() as tx:
        tx.halts.put(kind, name, actor, reason, until)
        tx.audit.record(actor, "halt", f"{kind}/{name}", reason, until=until.isoformat() if until else None)


def resume(kind: HaltKind, name: str, actor: str, reason: str, ports: Ports) -> bool:
    """Resume it and wake what waits, oldest first; False when it was not halted. RejectedError `reason-missing`."""
    required(reason)
    with ports.ledger.transaction() as tx:
        return resume_in(tx, kind, name, actor, reason)


def resume_in(tx: Transaction, kind: HaltKind, name: str, actor: str, reason: str) -> bool:
    """
    Resume within a commit of the caller's.

    A destination's gate lets through no more at once than its limits: one is woken, who wakes the next, and the
    sweeper fills what is free.
    """
    if not tx.halts.remove(kind, name):
        return False
    if kind == "flow":
        tx.waking.wake(waits_for_flow(name), _WOKEN_AT_ONCE)
    if (kind, name) == ("flow", DELIVERY.name):
        for waited, destination in dict.fromkeys(gate_of(held.waits_for) for held in tx.waking.waiting()):
            if waited == "destination":
                wake_at(tx, destination, 1)
    elif kind == "destination":
        wake_at(tx, name, 1)
    tx.audit.record(actor, "resume", f"{kind}/{name}", reason)
    return True


def undecided(tx: Transaction, quarantine_id: UUID, reason: str) -> Quarantined:
    """Lock and return what waits for a decision; errors are those of `release`."""
    required(reason)
    held = tx.quarantine.locked(quarantine_id)
    if held is None:
        raise RejectedError("quarantine-unknown", "id", "nothing in quarantine has this id")
    if held.disposition is not None:
        raise RejectedError("quarantine-decided", "id", "it was released or discarded before")
    return held


def required(reason: str) -> None:
    """Refuse a decision without a reason: RejectedError `reason-missing`."""
    if not reason.strip():
        raise RejectedError("reason-missing", "reason", "a decision needs a reason")


def _move(tx: Transaction, held: Quarantined, message: str, delivery: str, code: str | None) -> None:
    """Move the book's row; work beside the message's own way (a critical value's search) has none."""
    if held.delivery_id is not None:
        tx.deliveries.set_status(held.delivery_id, delivery, code)
    elif held.moves_message:
        tx.messages.set_status(held.message_id, message, code, held.location if code else None)


def record_decision(tx: Transaction, held: Quarantined, disposition: str, actor: str, reason: str) -> None:
    """Record the decision wherever it leaves a trace: quarantine, review task, lineage, audit."""
    subject = held.delivery_id or held.message_id
    tx.quarantine.decide(held.quarantine_id, disposition, actor, reason)
    tx.tasks.close(review_key(held.quarantine_id), actor, disposition)
    tx.lineage.add(
        Hop(
            message_id=held.message_id,
            delivery_id=held.delivery_id,
            function=held.function,
            source="quarantine",
            target=held.function,
            outcome=disposition,
            traceparent=start_trace(held.traceparent),
            code=held.code,
            location=held.location,
        ),
        actor,
    )
    tx.audit.record(actor, disposition, str(subject), reason, code=held.code, message=str(held.message_id))
