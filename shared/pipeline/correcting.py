"""
A corrected copy in the place of a message that is in quarantine; the original is never changed.

    original   quarantined -> discarded    kept under its own name, linked from the copy (`message.corrects`)
    copy       -> received                 a message and an archive name of its own, in the original's place

Policy: a correction mends how something was said. It stays the same message (MSH-9, MSH-10) about the same patient
(PID-3, MRG-1): what belongs to somebody else is sent anew by its sender, and the original is discarded.
"""

from __future__ import annotations

from hashlib import sha256
from uuid import UUID, uuid5

from shared import archive_names
from shared.catalog.flows import CONSOLE
from shared.catalog.index import flow_that_takes
from shared.catalog.model import Ordering
from shared.errors import RejectedError
from shared.formats.hl7v2.envelope import Envelope, read_envelope
from shared.formats.hl7v2.parse import Limits
from shared.ledger import Hop, MessageRow, NewEntry, Quarantined, QuarantineRow, Receipt
from shared.ledger_ports import Transaction
from shared.partners.identity import patient_identity, prior_identities
from shared.partners.model import Sender
from shared.pipeline.decisions import record_decision, required, undecided
from shared.pipeline.opening import payload_of
from shared.pipeline.surviving import others_in
from shared.ports import Ports
from shared.trace_context import start_trace

_FUNCTION = CONSOLE.step("fix-quarantine").function
_MEDIA_TYPE = "application/hl7-v2"


def reveal(quarantine_id: UUID, actor: str, reason: str, ports: Ports) -> tuple[MessageRow, bytes]:
    """
    Return the message and its payload as it was received; who looked and why is committed before anything is shown.

    RejectedError `quarantine-unknown`, `reason-missing`, `archive-missing`; ReviewNeededError `archive-altered`.
    """
    required(reason)
    with ports.ledger.transaction() as tx:
        _, message = _held(tx, quarantine_id)
        tx.audit.record(actor, "reveal", str(message.message_id), reason, quarantine=str(quarantine_id))
    return message, payload_of(message, ports)


def correct(quarantine_id: UUID, payload: bytes, actor: str, reason: str, ports: Ports) -> UUID:
    """
    Put a corrected copy in the original's place and let its stream go on; return the copy's id.

    RejectedError `not-correctable` (a delivery, or work beside the message's way), `correction-of-another` (says
    where), `correction-known` (the sender has sent exactly this), what makes the copy unreadable, or as `release`.
    """
    required(reason)
    with ports.ledger.statements() as each:
        row, message = _held(each, quarantine_id)
    if row.delivery_id is not None:
        raise RejectedError("not-correctable", "id", "a delivery is made of its message: mend the map, then replay")
    sender = _sender(message, ports)
    envelope = _same(message, payload, sender, ports)
    copy_id = uuid5(quarantine_id, sha256(payload).hexdigest())
    ports.archive.put(archive_names.received(copy_id), payload)
    with ports.ledger.transaction() as tx:
        held = undecided(tx, quarantine_id, reason)
        if held.stream_id is None or not held.moves_message:
            raise RejectedError("not-correctable", "id", "this work runs beside the message's own way")
        receipt = _receipt(copy_id, message, envelope, payload, ports)
        if tx.messages.find_duplicate(receipt)() is not None:
            raise RejectedError(
                "correction-known", "payload", "the sender has sent exactly this: discard the original"
            )
        _substitute(tx, held, message, receipt)
        record_decision(tx, held, "corrected", actor, reason)
        _note_copy(tx, receipt, message, actor, reason)
    return copy_id


def _held(tx: Transaction, quarantine_id: UUID) -> tuple[QuarantineRow, MessageRow]:
    row = tx.quarantine.get(quarantine_id)
    message = tx.messages.get(row.message_id) if row else None
    if row is None or message is None:
        raise RejectedError("quarantine-unknown", "id", "nothing in quarantine has this id")
    return row, message


def _sender(message: MessageRow, ports: Ports) -> Sender:
    partner = ports.partners.get(message.partner)
    if partner is None or partner.sends is None:
        raise RejectedError("not-a-sender", "partner", "no partner file lets this partner send")
    return partner.sends


def _same(message: MessageRow, payload: bytes, sender: Sender, ports: Ports) -> Envelope:
    """Return the copy's envelope; refuse what is another message, or the same about somebody else."""
    charset = sender.profile.default_charset
    old = read_envelope(payload_of(message, ports), default_charset=charset)
    new = read_envelope(payload, default_charset=charset, limits=Limits(payload=ports.max_body_bytes))
    for place, was, will in (
        ("MSH-9", old.message_type, new.message_type),
        ("MSH-10", old.control_id, new.control_id),
        ("MSH-11", old.processing_id, new.processing_id),
        ("PID-3", patient_identity(old, message.partner, sender), patient_identity(new, message.partner, sender)),
        ("MRG-1", prior_identities(old, message.partner, sender), prior_identities(new, message.partner, sender)),
        ("PID[2]-3", others_in(old, message.partner, sender), others_in(new, message.partner, sender)),
    ):
        if was != will:
            raise RejectedError("correction-of-another", place, "a correction stays the same message of one patient")
    if new.problems:
        first = new.problems[0]
        raise RejectedError(first.code, first.location, first.text, new.problems)
    return new


def _receipt(copy_id: UUID, message: MessageRow, envelope: Envelope, payload: bytes, ports: Ports) -> Receipt:
    return Receipt(
        message_id=copy_id,
        partner=message.partner,
        control_id=envelope.control_id,
        payload_hash=sha256(payload).digest(),
        payload_size=len(payload),
        media_type=_MEDIA_TYPE,
        message_code=envelope.message_code,
        trigger_event=envelope.trigger_event,
        structure=envelope.structure,
        hl7_version=envelope.version,
        processing_id=envelope.processing_id,
        flow=message.flow,
        received_at=ports.clock(),
        traceparent=start_trace(message.traceparent),
    )


def _substitute(tx: Transaction, held: Quarantined, message: MessageRow, receipt: Receipt) -> None:
    """Move both books, put the copy into the original's place, and have it looked at by what runs beside that."""
    answered = (message.acknowledgment_code or "AA", message.acknowledgment or b"")
    tx.messages.add(receipt, "received", answered, patient_key=message.patient_key)
    tx.messages.link_correction(receipt.message_id, message.message_id)
    tx.messages.set_status(message.message_id, "discarded", held.code, held.location)
    tx.quarantine.substitute(held, receipt.message_id, receipt.traceparent)
    found = flow_that_takes(receipt.message_code, receipt.trigger_event)
    for step in found[0].on_arrival() if found else ():
        if step.ordering is not Ordering.PATIENT:
            tx.streams.append(
                NewEntry(
                    step.function,
                    receipt.message_id,
                    step.function,
                    receipt.message_id,
                    receipt.traceparent,
                    keep=False,
                )
            )


def _note_copy(tx: Transaction, receipt: Receipt, message: MessageRow, actor: str, reason: str) -> None:
    tx.lineage.add(
        Hop(
            message_id=receipt.message_id,
            function=_FUNCTION,
            source="quarantine",
            target="archive",
            outcome="corrected",
            traceparent=receipt.traceparent,
            payload_hash=receipt.payload_hash,
        ),
        actor,
    )
    tx.audit.record(actor, "correct", str(receipt.message_id), reason, corrects=str(message.message_id))
