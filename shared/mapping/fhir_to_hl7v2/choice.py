"""
Which message a Bundle is: what the caller wants, else what the bundle says, else what is in it.

    1  the caller's `TYPE^EVENT`
    2  MessageHeader.event, Provenance.activity: an event of table 0003
    3  Immunization VXU^V04; Appointment SIU^S12 (S15 where it is cancelled or entered in error, S14 where
       the patient came, or did not: it is not new); ChargeItem DFT^P03;
       DocumentReference MDM^T02; DiagnosticReport or Observation ORU^R01; ServiceRequest OML^O21 (ORM^O01 before 2.4)
    4  Encounter.status finished A03, cancelled or entered in error A11, planned, on leave or unknown A08, else by
       class: AMB, EMER and the like A04, any other A01; without one Patient.link replaces A40, else a Patient A08

A server keeps the link of a merge for good: beside a visit it tells nothing that happens now.
"""

from __future__ import annotations

from shared.errors import RejectedError
from shared.mapping.fhir_to_hl7v2.reading import EVENTS, Resource, Source

MESSAGES = {
    "ADT": ("A01", "A03", "A04", "A08", "A11", "A13", "A40"),
    "ORU": ("R01",),
    "OML": ("O21",),
    "ORM": ("O01",),
    "SIU": ("S12", "S13", "S14", "S15"),
    "MDM": ("T02",),
    "VXU": ("V04",),
    "DFT": ("P03",),
}
"""The messages that are written."""

_FIRST_WITH_OML = (2, 4)
_AMBULATORY = frozenset({"AMB", "EMER", "VR", "HH", "FLD", "SS"})
_BY_BOOKING = {
    **dict.fromkeys(("cancelled", "entered-in-error"), "S15"),
    **dict.fromkeys(("fulfilled", "arrived", "checked-in", "noshow"), "S14"),
}
_BY_STATUS = {
    "finished": "A03",
    **dict.fromkeys(("cancelled", "entered-in-error"), "A11"),
    # Nobody has come yet, or had come before, or nobody knows: no arrival.
    **dict.fromkeys(("planned", "onleave", "unknown"), "A08"),
}


def read_message_type(text: str) -> tuple[str, str]:
    """Return type and event of `ADT^A01`; RejectedError `unsupported-message-type` for one that is not written."""
    code, _, rest = text.strip().upper().partition("^")
    event = rest.partition("^")[0]
    if event not in MESSAGES.get(code, ()):
        written = ", ".join(f"{kind}^{one}" for kind, events in MESSAGES.items() for one in events)
        raise RejectedError("unsupported-message-type", "MSH-9", f"Written are {written}.")
    return code, event


def choose(source: Source, version: tuple[int, ...]) -> tuple[str, str]:
    """Return type and event of the message; RejectedError `message-type-unknown` where nothing tells them."""
    for event in _stated(source):
        code = next((kind for kind, events in MESSAGES.items() if event in events), "")
        if code:
            return code, event
    return _by_content(source, version) or _by_visit(source)


def _stated(source: Source) -> list[str]:
    """Return the events that the bundle states."""
    codings = []
    for header in source.all("MessageHeader"):
        source.whole(header, "eventCoding", "focus")
        codings.append(header.get("eventCoding", {}))
    for provenance in source.all("Provenance"):
        source.whole(provenance, "activity")
        codings += provenance.get("activity", {}).get("coding", ())
    return [str(one.get("code", "")) for one in codings if isinstance(one, dict) and one.get("system") == EVENTS]


def _by_content(source: Source, version: tuple[int, ...]) -> tuple[str, str] | None:
    if source.first("Immunization"):
        return "VXU", "V04"
    if appointment := source.first("Appointment"):
        return "SIU", _BY_BOOKING.get(str(appointment.get("status", "")), "S12")
    if source.first("ChargeItem"):
        return "DFT", "P03"
    if source.first("DocumentReference"):
        return "MDM", "T02"
    if source.first("DiagnosticReport"):
        return "ORU", "R01"
    if source.first("ServiceRequest"):
        return ("OML", "O21") if version >= _FIRST_WITH_OML else ("ORM", "O01")
    return ("ORU", "R01") if source.first("Observation") and not source.first("Encounter") else None


def _is_error(encounter: Resource) -> bool:
    return encounter.get("status") == "entered-in-error"


def _by_visit(source: Source) -> tuple[str, str]:
    visits = source.all("Encounter")
    links = [link for patient in source.all("Patient") for link in patient.get("link", ())]
    # The visit of a patient who is replaced is entered in error: the merge says so.
    if any(link.get("type") == "replaces" for link in links) and all(map(_is_error, visits)):
        return "ADT", "A40"
    if encounter := min(visits, key=_is_error, default=None):
        if event := _BY_STATUS.get(str(encounter.get("status", ""))):
            return "ADT", event
        return "ADT", "A04" if encounter.get("class", {}).get("code") in _AMBULATORY else "A01"
    if source.first("Patient"):
        return "ADT", "A08"
    raise RejectedError("message-type-unknown", "Bundle", "Nothing in the bundle tells which message it is to be.")
