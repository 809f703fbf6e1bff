"""Messages written from a few resources about one test patient, and their fields."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from shared.formats.hl7v2.message import Message
from shared.formats.hl7v2.parse import parse
from shared.mapping.fhir_to_hl7v2.generate import Generated, messages_from_bundle
from shared.partners.hl7v2_writing import WritingPreferences

SENT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
V2 = "http://terminology.hl7.org/CodeSystem/v2-"
EXTENSIONS = "urn:corridor:extension:"

Resource = dict[str, Any]

PATIENT: Resource = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [{"value": "4711"}],
    "name": [{"family": "Testcase"}],
}
SUBJECT = {"reference": "Patient/p"}
INSURER: Resource = {"resourceType": "Organization", "id": "insurer", "identifier": [{"value": "I-1"}]}

REQUEST: Resource = {
    "resourceType": "ServiceRequest",
    "id": "o",
    "identifier": [{"type": {"coding": [{"system": f"{V2}0203", "code": "PLAC"}]}, "value": "P-1"}],
    "status": "active",
    "intent": "order",
    "code": {"text": "Chemistry"},
    "subject": SUBJECT,
}
# Of an insurer whom nobody names.
INSURANCE: Resource = {
    "resourceType": "Coverage",
    "id": "c",
    "status": "active",
    "beneficiary": SUBJECT,
    "subscriberId": "S-1",
}


def generated(
    *resources: Resource, kind: str, version: str = "2.8", preferences: WritingPreferences | None = None
) -> Generated:
    """Return the one message that says these resources, with what it could not carry."""
    content = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}
    preferences = preferences or WritingPreferences(version=version)
    (one,) = messages_from_bundle(content, message_type=kind, preferences=preferences, sent=SENT)
    return one


def written(*resources: Resource, kind: str, version: str = "2.8") -> Message:
    """Return the message about the test patient that says these resources."""
    return parse(generated(PATIENT, *resources, kind=kind, version=version).payload)


def raw(message: Message, name: str, number: int) -> str:
    """Return a field of the first segment of a name."""
    found = message.first(name)
    assert found is not None
    return found.raw(number)


def typed(code: str, value: str, **more: Any) -> Resource:
    """Return an Identifier with a type of table 0203."""
    return {"type": {"coding": [{"system": f"{V2}0203", "code": code}]}, "value": value, **more}
