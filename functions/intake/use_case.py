"""
Receive an HL7 v2 message: archive it, commit it, then acknowledge it; never in another order (invariant 1).

The envelope decides here; what is found later is quarantined and visible on the message's status page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID, uuid4

from functions.intake.arrival import Arrival, arrival_of, start
from functions.intake.policy import (
    CONTROL_ID_REUSED,
    envelope_problems,
    refusal_code,
    status_document,
)
from functions.intake.signing import confirm_signature
from shared import archive_names
from shared.authorization import Principal
from shared.catalog.flows import INTAKE
from shared.catalog.index import flow_that_takes
from shared.catalog.model import Flow, TrafficClass
from shared.errors import Issue, RejectedError
from shared.formats.hl7v2.acknowledgment import AckCode, acknowledge
from shared.formats.hl7v2.acknowledgment_modes import answer_code
from shared.formats.hl7v2.envelope import Envelope, open_envelope
from shared.formats.hl7v2.parse import Limits
from shared.landing import ItemOfFile
from shared.ledger import Hop, MessageRow, Receipt
from shared.ledger_ports import Transaction
from shared.partners.identity import patient_identity
from shared.partners.model import Sender
from shared.pipeline.surviving import others_in
from shared.ports import Ports

_FUNCTION = INTAKE.step("receive-hl7v2")
_VERSION = re.compile(r"2(\.\d){1,2}")
_MEDIA_TYPES = frozenset(_FUNCTION.route.takes)


@dataclass(frozen=True, slots=True)
class Submission:
    """One POST of one partner, or one item of a file that it dropped."""

    partner: str
    payload: bytes
    media_type: str
    traceparent: str
    item: ItemOfFile | None = None
    signature: str | None = None

    @property
    def traffic_class(self) -> TrafficClass:
        """Bulk for what came in a file: it never holds up what is posted."""
        return TrafficClass.BULK if self.item else TrafficClass.REALTIME


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What the partner gets: an HL7 acknowledgment and the id under which the message can be asked for.

    `code` is the decision, AA, AE or AR. The acknowledgment says it in the mode that was asked for, or is empty.
    """

    acknowledgment: bytes
    code: str
    message_id: UUID


def receive_hl7v2(submission: Submission, principal: Principal, ports: Ports) -> Answer:
    """
    Return the acknowledgment of a message that is durable, or of one that is refused.

    RejectedError when no HL7 answer can be given (not HL7, too large, not this caller's partner); it is recorded
    as rejected where a sender can be named. TransientError when nothing was decided: the sender tries again.
    """
    sender = _sender(submission, principal, ports)
    if sender.signing_secret and submission.item is None:
        confirm_signature(submission.signature, submission.payload, submission.partner, sender.signing_secret, ports)
    ports.intake.admit(submission.partner, submission.traffic_class)
    message_id = uuid4()
    try:
        envelope, message = open_envelope(
            submission.payload,
            default_charset=sender.profile.default_charset,
            limits=Limits(payload=ports.max_body_bytes),
        )
    except RejectedError as error:
        _record_unreadable(submission, message_id, error, ports)
        raise
    flow, receipt = _receipt(submission, envelope, message_id, ports)
    problems = envelope_problems(envelope, sender)
    ports.archive.put(archive_names.received(message_id), submission.payload)
    if problems:
        return _refuse(receipt, envelope, problems, ports)
    if flow is None:
        raise ValueError("a message without a flow has problems, and is refused before this")
    arrival = arrival_of(message, receipt, flow, sender.profile)
    return _accept(receipt, envelope, arrival, sender, ports)


def read_status(message_id: UUID, principal: Principal, ports: Ports) -> dict[str, object]:
    """Return the status document; RejectedError `message-unknown` also for a message of another partner."""
    with ports.ledger.transaction() as tx:
        message = tx.messages.get(message_id)
        if message is None or message.partner != principal.partner:
            raise RejectedError("message-unknown", "id", "no message of yours has this id")
        deliveries = tx.deliveries.of_message(message.duplicate_of or message_id)
        tx.audit.record(f"partner/{principal.partner}", "read-status", str(message_id), "status-page")
    return status_document(message, deliveries, message.duplicate_of)


def _sender(submission: Submission, principal: Principal, ports: Ports) -> Sender:
    if principal.partner != submission.partner:
        raise RejectedError("partner-mismatch", "partner", "the token speaks for another partner")
    if submission.media_type not in _MEDIA_TYPES:
        raise RejectedError("media-type-unsupported", "Content-Type", f"send one of {', '.join(sorted(_MEDIA_TYPES))}")
    if len(submission.payload) > ports.max_body_bytes:
        raise RejectedError("too-large", "body", f"the limit is {ports.max_body_bytes} bytes")
    partner = ports.partners.get(submission.partner)
    if partner is None or partner.sends is None:
        raise RejectedError("not-a-sender", "partner", "no partner file lets this partner send")
    return partner.sends


def _receipt(
    submission: Submission, envelope: Envelope, message_id: UUID, ports: Ports
) -> tuple[Flow | None, Receipt]:
    found = flow_that_takes(envelope.message_code, envelope.trigger_event)
    flow = found[0] if found else None
    return flow, Receipt(
        message_id=message_id,
        partner=submission.partner,
        control_id=envelope.control_id,
        payload_hash=sha256(submission.payload).digest(),
        payload_size=len(submission.payload),
        media_type=submission.media_type,
        message_code=envelope.message_code,
        trigger_event=envelope.trigger_event,
        structure=envelope.structure,
        hl7_version=envelope.version,
        processing_id=envelope.processing_id,
        flow=flow.name if flow else None,
        received_at=ports.clock(),
        traceparent=submission.traceparent,
        item=submission.item,
    )


def _record_unreadable(submission: Submission, message_id: UUID, error: RejectedError, ports: Ports) -> None:
    """Keep what could not be read as HL7: it counts as received and rejected, and can be shown to its sender."""
    receipt = Receipt(
        message_id=message_id,
        partner=submission.partner,
        control_id="",
        payload_hash=sha256(submission.payload).digest(),
        payload_size=len(submission.payload),
        media_type=submission.media_type,
        message_code="",
        trigger_event="",
        structure="",
        hl7_version="",
        processing_id="",
        flow=None,
        received_at=ports.clock(),
        traceparent=submission.traceparent,
        item=submission.item,
    )
    ports.archive.put(archive_names.received(message_id), submission.payload)
    with ports.ledger.transaction() as tx:
        tx.messages.add(receipt, "rejected", None, refusal=(error.code, error.location))
        _note(tx, receipt, "rejected", error.code, error.location)


def _refuse(receipt: Receipt, envelope: Envelope, problems: tuple[Issue, ...], ports: Ports) -> Answer:
    with ports.ledger.transaction() as tx:
        return _refuse_in(tx, receipt, envelope, problems, ports)


def _refuse_in(
    tx: Transaction, receipt: Receipt, envelope: Envelope, problems: tuple[Issue, ...], ports: Ports
) -> Answer:
    code = refusal_code(problems)
    answer = _answer(receipt, envelope, code, ports, problems)
    first = problems[0]
    tx.messages.add(receipt, "rejected", (code, answer.acknowledgment), refusal=(first.code, first.location))
    _note(tx, receipt, "rejected", first.code, first.location)
    return answer


def _accept(receipt: Receipt, envelope: Envelope, arrival: Arrival, sender: Sender, ports: Ports) -> Answer:
    answer = _answer(receipt, envelope, "AA", ports)
    with ports.ledger.transaction() as tx:
        if sender.refuse_reused_control_ids and tx.messages.is_control_id_used(receipt):
            return _refuse_in(tx, receipt, envelope, (CONTROL_ID_REUSED,), ports)
        earlier = tx.messages.find_duplicate(receipt)
        # Asked together, so that they share one wait.
        identity = patient_identity(envelope, receipt.partner, sender)
        known = tx.patients.key_for(identity.authority, identity.value) if identity else None
        if found := earlier():
            return _repeat(tx, receipt, found)
        patient_key = known() if known else None
        others = others_in(envelope, receipt.partner, sender)
        keys = [tx.patients.key_for(one.authority, one.value)() for one in others]
        tx.messages.add(receipt, "received", ("AA", answer.acknowledgment), patient_key=patient_key)
        _note(tx, receipt, "accepted")
        start(tx, arrival, receipt, patient_key, [key for key in keys if key != patient_key])
    return answer


def _repeat(tx: Transaction, receipt: Receipt, earlier: MessageRow) -> Answer:
    """Answer the same bytes with the original acknowledgment; the copy has no effect but a row of its own."""
    tx.messages.add(receipt, "duplicate", None, duplicate_of=earlier.message_id)
    _note(tx, receipt, "duplicate")
    return Answer(earlier.acknowledgment or b"", earlier.acknowledgment_code or "AA", earlier.message_id)


def _answer(
    receipt: Receipt,
    envelope: Envelope,
    code: AckCode,
    ports: Ports,
    problems: tuple[Issue, ...] = (),
) -> Answer:
    """Return what is said of a decision, in the mode that the sender asked for; empty where it asked for nothing."""
    said = answer_code(envelope, code)
    if said is None:
        return Answer(b"", code, receipt.message_id)
    control_id, instant = receipt.message_id.hex[:20], ports.clock()
    acknowledgment = acknowledge(envelope, said, control_id=control_id, instant=instant, errors=problems)
    return Answer(acknowledgment, code, receipt.message_id)


def _note(tx: Transaction, receipt: Receipt, outcome: str, code: str | None = None, location: str = "") -> None:
    """Write the hop and the audit row of the intake's decision; an item's moves its file's checkpoint as well."""
    actor = f"partner/{receipt.partner}"
    if receipt.item:
        tx.files.advance(receipt.item, receipt.message_id, None, None)
    tx.lineage.add(
        Hop(
            message_id=receipt.message_id,
            function=_FUNCTION.function,
            source=receipt.partner,
            target="archive",
            outcome=outcome,
            traceparent=receipt.traceparent,
            code=code,
            location=location or None,
            # In the shape of a version or not at all: lineage is no place for what a sender may put there.
            schema_version=f"hl7v2/{receipt.hl7_version}" if _VERSION.fullmatch(receipt.hl7_version) else None,
            payload_hash=receipt.payload_hash,
        ),
        actor,
    )
    tx.audit.record(actor, outcome, str(receipt.message_id), code or "posted")
