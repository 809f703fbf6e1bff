"""
SIU S12 to S15, MDM^T02, VXU^V04, DFT^P03.

    SIU   SCH, the patient, RGS with services, places and people
    MDM   EVN, the patient, the visit, the orders, TXA with the contents
    VXU   the patient, ORC RXA RXR for every Immunization with the observations that are part of it, or make it up
    DFT   EVN, the patient, the visit, FT1 for every ChargeItem that holds, PR1 of its procedures below
"""

from __future__ import annotations

from shared.errors import RejectedError
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.messages.orders import loose_observations, order_group, orders_of
from shared.mapping.fhir_to_hl7v2.messages.patient import (
    is_retired,
    patient_drafts,
    patient_of,
    required_patient,
)
from shared.mapping.fhir_to_hl7v2.messages.standing import standing
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.appointment_resources import rgs_from
from shared.mapping.fhir_to_hl7v2.segments.evn import evn_from
from shared.mapping.fhir_to_hl7v2.segments.ft1 import ft1_from
from shared.mapping.fhir_to_hl7v2.segments.immunization_details import details_from, reactions_of
from shared.mapping.fhir_to_hl7v2.segments.nte import ntes_from
from shared.mapping.fhir_to_hl7v2.segments.obx import obxs_from
from shared.mapping.fhir_to_hl7v2.segments.pid import pid_from
from shared.mapping.fhir_to_hl7v2.segments.rxa import orc_of, rxa_from, rxr_from
from shared.mapping.fhir_to_hl7v2.segments.sch import sch_from
from shared.mapping.fhir_to_hl7v2.segments.txa import contents_from, txa_from


def siu_drafts(context: Context) -> list[Draft]:
    """Return the segments of an SIU after MSH."""
    appointment = _required(context, "Appointment")
    sch = sch_from(context, appointment)
    first = patient_of(context)
    drafts = patient_drafts(context, first, loose=loose_observations(context))
    others = [one for one in context.source.all("Patient") if one is not first and not is_retired(one)]
    return [sch, *drafts, *(pid_from(context, one) for one in others), rgs_from(context, appointment)]


def mdm_drafts(context: Context) -> list[Draft]:
    """Return the segments of an MDM^T02 after MSH."""
    document = _required(context, "DocumentReference")
    drafts = [evn_from(context), *patient_drafts(context, required_patient(context), with_visit=True)]
    txa = txa_from(context, document)
    contents = contents_from(context, document, txa)
    for reference in document.get("context", {}).get("related", ()):
        found = context.source.find(reference)
        if found is not None and found["resourceType"] == "Observation":
            contents += obxs_from(context, found, None)
    return [*drafts, *_orders(context), txa, *contents]


def _orders(context: Context) -> list[Draft]:
    """Return the orders that the document is about, without results: an MDM has no place for them."""
    groups = [order_group(context, one, reports=False) for one in orders_of(context)]
    for group in groups:
        for draft in group.children:
            draft.children = [one for one in draft.children if one.name == "NTE"]
    return groups


def vxu_drafts(context: Context) -> list[Draft]:
    """Return the segments of a VXU^V04 after MSH."""
    first = _required(context, "Immunization")
    reactions = [one for each in context.source.all("Immunization") for one in reactions_of(context, each)]
    loose = [one for one in loose_observations(context) if not any(one is other for other in reactions)]
    drafts = patient_drafts(context, required_patient(context), loose=loose)
    others = [one for one in context.source.all("Immunization") if one is not first]
    return [*drafts, *(_immunization(context, one) for one in (first, *others))]


def dft_drafts(context: Context) -> list[Draft]:
    """Return the segments of a DFT^P03 after MSH."""
    first = _required(context, "ChargeItem")
    patient = required_patient(context)
    drafts = [evn_from(context), *patient_drafts(context, patient, loose=loose_observations(context))]
    others = [one for one in standing(context.source.all("ChargeItem")) if one is not first]
    return [*drafts, *(ft1_from(context, one) for one in (first, *others))]


def _required(context: Context, kind: str) -> Resource:
    found = next(iter(standing(context.source.all(kind))), None)
    if found is None:
        text = f"{context.code}^{context.event} needs a {kind}."
        raise RejectedError("missing-element", f"Bundle.entry.resource.ofType({kind})", text)
    return found


def _immunization(context: Context, immunization: Resource) -> Draft:
    orc = orc_of(context, immunization)
    orc.below(rxa_from(context, immunization), rxr_from(context, immunization))
    parts = [
        one
        for one in context.source.all("Observation")
        if any(context.source.find(part) is immunization for part in one.get("partOf", ()))
    ]
    for observation in parts:
        orc.below(*obxs_from(context, observation, None))
    orc.below(*details_from(context, immunization, parts))
    if not parts and "note" not in immunization:
        orc.below(*ntes_from(context, immunization))
    return orc
