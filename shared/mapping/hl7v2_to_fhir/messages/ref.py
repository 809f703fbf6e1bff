"""
REF^I12-I15, RRI, RPA -> transaction Bundle (policy: the guide has no map for referrals).

    RF1                    ServiceRequest; AUT below it as sent, CTD whom to ask
    PRD                    PractitionerRole: RP is its requester, RT its performer, any other supports it
    PID, PV1, DG1 ...      see `patient`; a diagnosis is a reason, an allergy or procedure supports the referral
    OBR, OBX               DiagnosticReport with its Observations, which supports the referral
    MSA, ERR               Task: the answer to a referral
    NTE                    notes of what they follow; behind the visit, of the referral
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages import patient
from shared.mapping.hl7v2_to_fhir.messages.clinical import add_notes
from shared.mapping.hl7v2_to_fhir.messages.groups import Group, tree
from shared.mapping.hl7v2_to_fhir.messages.observations import add_observations
from shared.mapping.hl7v2_to_fhir.messages.order_groups import Noted, OrderGroup
from shared.mapping.hl7v2_to_fhir.messages.order_resources import Scene, map_order
from shared.mapping.hl7v2_to_fhir.messages.patient import About
from shared.mapping.hl7v2_to_fhir.messages.remainder import add_remainder
from shared.mapping.hl7v2_to_fhir.segments import aut
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.ctd import add_ctd
from shared.mapping.hl7v2_to_fhir.segments.msa import acknowledgment_from_msa
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh
from shared.mapping.hl7v2_to_fhir.segments.prd import role_from_prd
from shared.mapping.hl7v2_to_fhir.segments.rf1 import referral_from_rf1
from shared.terminology.referral_maps import REFERRED_TO, REFERRING

OPENERS = {
    **patient.OPENERS,
    "RF1": ("",),
    "PRD": ("",),
    "AUT": ("PR1", "RF1", ""),
    "CTD": ("PR1", "PRD", "RF1", ""),
    "OBR": ("PID", ""),
    "OBX": ("OBR", "PID", ""),
}
_SUPPORTING = frozenset({"AllergyIntolerance", "Procedure"})


def bundle_from_ref(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    message = context.message
    provenance = provenance_from_msh(context, message.header)
    msa = message.first("MSA")
    if msa is not None:
        acknowledgment_from_msa(context, msa, list(message.all("ERR")))
    root = tree(message.segments[1:], OPENERS)
    people = patient.adopt(root, patient.OPENERS)
    group = people[0] if people else root
    _take_notes(root, group)
    about = patient.about_patient(context, group)
    referrals = [_referral(context, one, about) for one in root.all("RF1")]
    for referral in referrals:
        _add_reasons(context, referral)
        _add_providers(context, root, referral)
        _add_results(context, Scene(context, about, provenance), group, referral)
        for below in root.walk():
            if below.name == "AUT" and below.segment is not None:
                carry_into(context, referral, below.segment, aut.TABLE)
            elif below.name == "CTD" and below.segment is not None:
                add_ctd(context, referral, below.segment)
    for further in people[1:]:
        patient.about_patient(context, further)
    add_remainder(context, root, provenance)
    return transaction(context, provenance)


def _take_notes(root: Group, group: Group) -> None:
    """Raise the notes behind the visit, with which the structure ends, to the referral."""
    referral = root.first("RF1")
    if referral is None:
        return
    for visit in group.all("PV1"):
        for holder in (visit, *visit.all("PV2")):
            referral.children += holder.all("NTE")
            holder.children = [one for one in holder.children if one.name != "NTE"]


def _referral(context: Context, group: Group, about: About) -> Resource:
    assert group.segment is not None  # noqa: S101 - only the message itself has no segment
    referral = referral_from_rf1(context, group.segment, about.as_fields())
    add_notes(context, group, referral)
    return referral


def _add_reasons(context: Context, referral: Resource) -> None:
    for resource in context.resources:
        if resource["resourceType"] == "Condition":
            append(referral, "reasonReference", reference(resource))
        elif resource["resourceType"] in _SUPPORTING:
            append(referral, "supportingInfo", reference(resource))


def _add_providers(context: Context, root: Group, referral: Resource) -> None:
    for group in root.all("PRD"):
        assert group.segment is not None  # noqa: S101 - only the message itself has no segment
        role = role_from_prd(context, group.segment)
        add_notes(context, group, role)
        codes = {one.component(1) for one in group.segment.repetitions(1)}
        if REFERRING in codes and "requester" not in referral:
            referral["requester"] = reference(role)
        elif REFERRED_TO in codes:
            append(referral, "performer", reference(role))
        else:
            append(referral, "supportingInfo", reference(role))


def _add_results(context: Context, scene: Scene, group: Group, referral: Resource) -> None:
    """Add the results that come with the referral, below an OBR or by themselves."""
    for group_of_report in group.all("OBR"):
        notes = group_of_report.segments("NTE")
        order = OrderGroup(obr=group_of_report.segment, notes=notes, observations=_noted(group_of_report))
        request, report = map_order(scene, order, reports=True)
        append(referral, "supportingInfo", reference(report.report if report is not None else request))
    for observation in add_observations(context, group, scene.about):
        append(referral, "supportingInfo", reference(observation))


def _noted(group: Group) -> list[Noted]:
    parts: list[tuple[Segment, list[Segment]]] = [
        (one.segment, one.segments("NTE")) for one in group.all("OBX") if one.segment is not None
    ]
    return [Noted(segment, notes) for segment, notes in parts]


MAP = MessageMap("hl7v2-ref", "1.2.3", bundle_from_ref)
