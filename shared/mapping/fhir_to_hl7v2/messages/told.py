"""
Whom and which visit the resources of a message say that they are about.

    visit     encounter of DiagnosticReport, Observation (ORU), ServiceRequest (OML, ORM), Immunization (VXU);
              ChargeItem.context (DFT); DocumentReference.context.encounter (MDM)
    patient   their subject, where the bundle has no Patient

Of what is not in the bundle the number of the reference tells.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.errors import RejectedError
from shared.mapping.fhir_to_hl7v2.bundles import SUBJECTS
from shared.mapping.fhir_to_hl7v2.context import Context
from shared.mapping.fhir_to_hl7v2.reading import Resource, kind_of

_TOPICS = {
    "ORU": ("DiagnosticReport", "Observation"),
    "OML": ("ServiceRequest",),
    "ORM": ("ServiceRequest",),
    "VXU": ("Immunization",),
    "DFT": ("ChargeItem",),
    "MDM": ("DocumentReference",),
}


def visit_told(context: Context) -> Resource | None:
    """Return the Encounter that the first resource names which names one, None where none does."""
    for topic in _topics(context):
        about = topic.get("context", {})
        nested = about.get("encounter") if isinstance(about, dict) else None
        told = [topic.get("encounter"), about, *(nested if isinstance(nested, list) else ())]
        for reference in (one for one in told if isinstance(one, dict)):
            if (found := context.source.find(reference)) is not None and found["resourceType"] == "Encounter":
                return found
            if isinstance(number := reference.get("identifier"), dict):
                return {"resourceType": "Encounter", "identifier": [number]}
    return None


def subject_of(context: Context) -> Resource | None:
    """Return the patient of whom the bundle has only number and name; None where the resources are about nobody."""
    named = [
        one
        for topic in _topics(context)
        for one in (topic.get(name) for name in SUBJECTS)
        if isinstance(one, dict) and kind_of(one) in ("", "Patient") and context.source.find(one) is None
    ]
    number = next((one for one in named if isinstance(one.get("identifier"), dict)), None)
    if named and number is None:
        text = "The resources are about a Patient who is not in the bundle."
        raise RejectedError("missing-element", "Bundle.entry.resource.ofType(Patient)", text)
    if number is None:
        return None
    words = {"name": [{"text": number["display"]}]} if number.get("display") else {}
    return {"resourceType": "Patient", "identifier": [number["identifier"]], **words}


def _topics(context: Context) -> Iterator[Resource]:
    for kind in _TOPICS.get(context.code, ()):
        yield from context.source.all(kind)
