"""What intake refuses beyond the standard, and how a message's state reads to the partner that sent it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from shared.catalog.index import flow_that_takes, knows_message_code
from shared.errors import Issue
from shared.events.patient import MERGES
from shared.formats.hl7v2.acknowledgment import AckCode
from shared.formats.hl7v2.envelope import Envelope
from shared.ledger import DeliveryRow, MessageRow
from shared.partners.identity import identity_of
from shared.partners.model import Sender

# HL7 original mode: AR when the message is of a kind that we do not take, AE when this one is faulty.
_REJECTED = frozenset(
    {
        "unsupported-message-type",
        "unsupported-event",
        "unsupported-version",
        "unsupported-processing-id",
        "processing-id-invalid",
    }
)

CONTROL_ID_REUSED = Issue(
    "error", "duplicate", "control-id-reused", "MSH-10", "This control id was used before, with other content."
)


def envelope_problems(envelope: Envelope, sender: Sender) -> tuple[Issue, ...]:
    """Return everything that forbids an AA: the standard's own problems, then what no flow takes."""
    problems = list(envelope.problems)
    if envelope.message_code and envelope.version:
        problems += _unsupported(envelope)
    if envelope.processing_id in {"P", "T", "D"} and envelope.processing_id not in sender.processing_ids:
        problems.append(
            _issue("not-supported", "unsupported-processing-id", "MSH-11", "This processing id is not agreed.")
        )
    if envelope.message_code == "ADT" and envelope.trigger_event in MERGES:
        problems += _merge_problems(envelope, sender)
    return tuple(problems)


def _merge_problems(envelope: Envelope, sender: Sender) -> list[Issue]:
    """Return what keeps a merge from being fenced: nobody named, or several survivors at once (our policy)."""
    if any(not pair.prior or not pair.surviving for pair in envelope.merges):
        return [_issue("required", "merge-without-identifier", "MRG-1", "PID-3 and MRG-1 name who merges into whom.")]
    if len({identity_of(pair.surviving, "", sender) for pair in envelope.merges}) > 1:
        text = "One surviving patient in a message: send one message for each."
        return [_issue("business-rule", "several-survivors", "PID[2]-3", text)]
    return []


def _unsupported(envelope: Envelope) -> list[Issue]:
    found = flow_that_takes(envelope.message_code, envelope.trigger_event)
    if found is None:
        if knows_message_code(envelope.message_code):
            return [_issue("not-supported", "unsupported-event", "MSH-9.2", "No flow takes this trigger event.")]
        text = "No flow takes this message type."
        return [_issue("not-supported", "unsupported-message-type", "MSH-9.1", text)]
    _, message_type = found
    if envelope.version not in message_type.versions:
        text = f"Supported versions: {', '.join(message_type.versions)}."
        return [_issue("not-supported", "unsupported-version", "MSH-12", text)]
    return []


def refusal_code(problems: Sequence[Issue]) -> AckCode:
    """Return AR or AE (HL7 table 0008)."""
    return "AR" if any(problem.code in _REJECTED for problem in problems) else "AE"


def status_in_words(message: MessageRow, deliveries: Sequence[DeliveryRow]) -> str:
    """Return where the message is, in a sentence without PHI and without names of other partners."""
    fixed = {
        "received": "Received and safely stored; it waits to be processed.",
        "duplicate": "The same message was received before; this copy had no effect.",
        "rejected": "Refused: see code and location, mend the message and send it again.",
        "quarantined": "Held for review: see code and location. A person decides what happens next.",
        "discarded": "Set aside for good after review.",
    }
    if message.status in fixed:
        return fixed[message.status]
    if not deliveries:
        return "Processed; no system has asked for messages of this kind."
    count = Counter(delivery.status for delivery in deliveries)
    words = [f"{count['delivered']} of {len(deliveries)} deliveries done"]
    for status, phrase in (
        ("due", "on their way"),
        ("quarantined", "held for review"),
        ("superseded", "not needed, a newer state was known"),
        ("withheld", "withheld"),
        ("cancelled", "cancelled"),
    ):
        if count[status]:
            words.append(f"{count[status]} {phrase}")
    return f"Processed: {', '.join(words)}."


def status_document(
    message: MessageRow, deliveries: Sequence[DeliveryRow], original: UUID | None
) -> dict[str, object]:
    """Return the status page of a message as JSON has it."""
    return {
        "messageId": str(message.message_id),
        "controlId": message.control_id,
        "messageType": "^".join(part for part in (message.message_code, message.trigger_event) if part),
        "receivedAt": message.received_at.isoformat(),
        "acknowledgment": message.acknowledgment_code,
        "status": message.status,
        "statusAt": message.status_at.isoformat(),
        "where": status_in_words(message, deliveries),
        "code": message.status_code,
        "location": message.status_location,
        "duplicateOf": str(original) if original else None,
        "deliveries": dict(Counter(delivery.status for delivery in deliveries)),
    }


def _issue(kind: str, code: str, location: str, text: str) -> Issue:
    return Issue("error", kind, code, location, text)
