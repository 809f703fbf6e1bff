"""
What a destination gets of a record, in its own format: minimise, validate, then write (invariant 8).

    fhir-r4, webhook    the transaction Bundle
    hl7v2               one HL7 v2 message in the receiver's version, character set and codes
    file                the message where the partner file says how HL7 v2 is written for it, else the Bundle

Policy: an event that we do not write in HL7 v2 leaves as what says the same of the state afterwards. A02 (transfer)
is told as A08, A30 (merge of persons) as A40; what has no such event is refused, and a person looks at it.
"""

from __future__ import annotations

from typing import Any

from shared.delivery.authority import leave_out, records_of
from shared.delivery.minimisation import minimise
from shared.errors import RejectedError
from shared.formats.fhir import encoding
from shared.ledger import Owed
from shared.partners.hl7v2_writing import NO_PREFERENCES
from shared.partners.model import Receiver
from shared.ports import Ports
from shared.validation import find_errors

_UPDATE = ("A02", "A05", "A06", "A07", "A08", "A12", "A17", "A21", "A22", "A25", "A26", "A28", "A31")
_WRITTEN_AS = {
    **dict.fromkeys(_UPDATE, "ADT^A08"),
    **dict.fromkeys(("A18", "A30", "A34", "A40", "A46", "A47"), "ADT^A40"),
    **dict.fromkeys(("A11", "A23", "A27"), "ADT^A11"),
    "A01": "ADT^A01",
    "A03": "ADT^A03",
    "A04": "ADT^A04",
    "A13": "ADT^A13",
    "R01": "ORU^R01",
}


def body_to_send(owed: Owed, receiver: Receiver, ports: Ports) -> tuple[bytes, list[str]]:
    """
    Return what is sent, and the records for which the message's own flow speaks.

    What the destination has from who speaks for it is referred to, not sent. RejectedError with the first place where
    what is left is no valid record.
    """
    whole = encoding.parse(owed.conversion.bundle)
    borrowed, spoken_for = records_of(whole, owed.flow, receiver)
    held: frozenset[str] = frozenset()
    if borrowed:
        with ports.ledger.statements() as each:
            held = each.deliveries.with_authority(owed.delivery.destination, borrowed)
    bundle = minimise(leave_out(whole, held), receiver.allow)
    errors = find_errors(bundle)
    if errors:
        raise RejectedError(errors[0].code, errors[0].location, errors[0].text, errors)
    if _speaks_hl7v2(receiver):
        return _as_hl7v2(bundle, _event_of(whole), owed, receiver), spoken_for
    return encoding.serialize(bundle), spoken_for


def _speaks_hl7v2(receiver: Receiver) -> bool:
    kind = receiver.endpoint.kind
    return kind == "hl7v2" or (kind == "file" and receiver.hl7v2 is not NO_PREFERENCES)


def _as_hl7v2(bundle: dict[str, Any], event: str, owed: Owed, receiver: Receiver) -> bytes:
    """Return the message. Its time and its control id are the delivery's, so that a repetition has the same bytes."""
    # Read when it is first needed: most instances write no HL7 v2 and should not pay for its tables.
    from shared.mapping.fhir_to_hl7v2.generate import messages_from_bundle

    if event not in _WRITTEN_AS:
        raise RejectedError("unsupported-event", "MSH-9.2", "This event is not written in HL7 v2.")
    messages = list(
        messages_from_bundle(
            bundle,
            message_type=_WRITTEN_AS[event],
            preferences=receiver.hl7v2,
            sent=owed.delivery.due_since,
            key=str(owed.delivery.delivery_id),
        )
    )
    if len(messages) != 1:
        raise RejectedError("several-messages", "MSH[2]", "The event makes several messages, a delivery is one.")
    return messages[0].payload


def _event_of(bundle: dict[str, Any]) -> str:
    """Return the trigger event that the record was made of: Provenance.activity, before anything is left out."""
    return next(
        (
            str(coding.get("code", ""))
            for entry in bundle.get("entry", ())
            if entry["resource"]["resourceType"] == "Provenance"
            for coding in entry["resource"].get("activity", {}).get("coding", ())
        ),
        "",
    )
