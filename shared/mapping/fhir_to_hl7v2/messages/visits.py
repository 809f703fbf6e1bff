"""
Patient and Encounter -> ADT A01 A03 A04 A08 A11 A13 A40.

A40 has a group for each patient that another one replaces: PID is who stays, MRG who goes.
"""

from __future__ import annotations

from shared.errors import RejectedError
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.messages.orders import loose_observations
from shared.mapping.fhir_to_hl7v2.messages.patient import is_retired, patient_drafts, required_patient
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.evn import evn_from
from shared.mapping.fhir_to_hl7v2.segments.mrg import mrg_from


def adt_drafts(context: Context) -> list[Draft]:
    """Return the segments of an ADT after MSH."""
    patient = required_patient(context)
    return [evn_from(context), *patient_drafts(context, patient, loose=loose_observations(context), with_visit=True)]


def merge_drafts(context: Context) -> list[Draft]:
    """Return the segments of an ADT^A40 after MSH; RejectedError where no Patient replaces another."""
    survivor = required_patient(context)
    evn = evn_from(context)
    groups = []
    for prior in _replaced(context, survivor):
        pid = patient_drafts(context, survivor)[0]
        pid.below(mrg_from(context, prior))
        groups.append(pid)
    if not groups:
        text = "A merge needs the Patient that is replaced."
        raise RejectedError("missing-element", "Patient.link.where(type = 'replaces')", text)
    return [evn, *groups]


def _replaced(context: Context, survivor: Resource) -> list[Resource]:
    source = context.source
    links = [link for link in source.items(survivor, "link") if link.get("type") == "replaces"]
    found = [other for link in links if (other := _other(context, link)) is not None]
    return found or [one for one in source.all("Patient") if is_retired(one)]


def _other(context: Context, link: Resource) -> Resource | None:
    """Return the Patient of a link; of one that is not in the bundle what the link says: the number."""
    context.source.whole(link, "type")
    if (other := context.source.reference(link, "other")) is not None:
        return other
    number = (context.source.one(link, "other") or {}).get("identifier")
    if not isinstance(number, dict):
        return None
    context.source.whole(link, "other")
    return {"resourceType": "Patient", "identifier": [number]}
