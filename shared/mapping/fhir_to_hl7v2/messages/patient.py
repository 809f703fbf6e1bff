"""
The patient and the visit of any outgoing message: PID, PD1, NK1, PV1, PV2, AL1, DG1, GT1, IN1, and loose OBX.

Where the structure has a group of its own for the patient, its segments stand below PID and those that the group does
not know are left out; where it has none (ADT, DFT), they stand beside it.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.errors import RejectedError
from shared.formats.hl7v2.grammar import Node
from shared.formats.hl7v2.structures import structure_of
from shared.mapping.coverage import FieldTable
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.al1 import al1_from
from shared.mapping.fhir_to_hl7v2.segments.dg1 import dg1_from
from shared.mapping.fhir_to_hl7v2.segments.gt1 import gt1s_from
from shared.mapping.fhir_to_hl7v2.segments.in1 import in1_from
from shared.mapping.fhir_to_hl7v2.segments.nk1 import nk1s_from
from shared.mapping.fhir_to_hl7v2.segments.nte import ntes_from
from shared.mapping.fhir_to_hl7v2.segments.obx import obxs_from
from shared.mapping.fhir_to_hl7v2.segments.pd1 import pd1_from
from shared.mapping.fhir_to_hl7v2.segments.pid import pid_from
from shared.mapping.fhir_to_hl7v2.segments.pv1 import pv1_from
from shared.mapping.fhir_to_hl7v2.segments.pv2 import pv2_from

_AS_SENT = ("DB1", "ACC", "UB1", "UB2", "PDA")
# What has one of these is about something else than the patient.
_OF_OTHERS = frozenset({"ORC", "OBR", "FT1", "TXA", "RGS"})
RETIRED = "replaced-by"
_NOT_A_VISIT = "entered-in-error"


def patient_of(context: Context) -> Resource | None:
    """Return whom the message is about: the first Patient that no other one replaces."""
    patients = context.source.all("Patient")
    return next((one for one in patients if not is_retired(one)), patients[0] if patients else None)


def is_retired(patient: Resource) -> bool:
    """Tell whether another Patient replaces this one."""
    return any(link.get("type") == RETIRED for link in patient.get("link", ()) if isinstance(link, dict))


def required_patient(context: Context) -> Resource:
    """Return the patient; RejectedError `missing-element` where the message must have one and there is none."""
    patient = patient_of(context)
    if patient is None:
        text = f"{context.code}^{context.event} needs a Patient."
        raise RejectedError("missing-element", "Bundle.entry.resource.ofType(Patient)", text)
    return patient


def visit_of(context: Context) -> Resource | None:
    """Return the visit of the message: the first Encounter that stands."""
    visits = context.source.all("Encounter")
    standing = [one for one in visits if one.get("status") != _NOT_A_VISIT or "partOf" not in one]
    return standing[0] if standing else None


def patient_drafts(
    context: Context,
    patient: Resource | None,
    *,
    loose: Sequence[Resource] = (),
    elsewhere: Sequence[Resource] = (),
    with_visit: bool = False,
) -> list[Draft]:
    """
    Return the patient's segments; `loose` are observations that belong to no order, `elsewhere` what stands there.

    `with_visit` asks for a PV1 though there is no visit: the message must have one.
    """
    if patient is None:
        return []
    source, encounter = context.source, visit_of(context)
    pid = pid_from(context, patient)
    pid_notes = ntes_from(context, patient)
    drafts = [one for one in (pd1_from(context, patient),) if one is not None]
    coverages = source.all("Coverage")
    accounts = source.all("Account")
    drafts += nk1s_from(context, patient, _next_of_kin(context, coverages, accounts))
    if encounter is not None or with_visit:
        drafts.append(pv1_from(context, encounter))
        pv2 = pv2_from(context, encounter)
        drafts += [pv2] if pv2 is not None else []
    for observation in loose:
        drafts += obxs_from(context, observation, None)
    drafts += [al1_from(context, one) for one in source.all("AllergyIntolerance")]
    drafts += [dg1_from(context, one, encounter) for one in source.all("Condition") if one not in elsewhere]
    for account in accounts:
        # The account's number is PID-18's; what PV1 said of it is back in PV1.
        source.whole(account, "identifier", "status", "subject", "coverage")
        drafts += gt1s_from(context, account)
    drafts += [in1_from(context, one) for one in coverages]
    drafts += _kept(context, [patient, encounter, *accounts])
    return _grouped(context, pid, [*pid_notes, *drafts])


def _next_of_kin(context: Context, coverages: list[Resource], accounts: list[Resource]) -> list[Resource]:
    """Return the related persons who are neither subscribers (IN1) nor guarantors (GT1)."""
    named = [one.get("subscriber", {}) for one in coverages]
    named += [one.get("party", {}) for account in accounts for one in account.get("guarantor", ())]
    known = [id(one) for one in map(context.source.find, named) if one is not None]
    return [one for one in context.source.all("RelatedPerson") if id(one) not in known]


def _kept(context: Context, holders: list[Resource | None]) -> list[Draft]:
    """Return the segments that HL7 v2 to FHIR keeps as sent, whole, on the patient, the visit or the account."""
    drafts = []
    for name in _AS_SENT:
        for holder in holders:
            draft = Draft(name, FieldTable(name))
            context.restore(draft, holder)
            drafts += [draft] if draft.fields else []
    return drafts


def _grouped(context: Context, pid: Draft, drafts: list[Draft]) -> list[Draft]:
    name = structure_of(context.code, context.event, version=context.definitions.version)
    grammar = context.definitions.structure(name)
    group = _group_of_pid(grammar) if grammar is not None else None
    names = _names_beside(group) if group is not None else frozenset[str]()
    known = [draft for draft in drafts if draft.name in names]
    for draft in drafts:
        if draft.name not in names:
            text = f"{name} of version {context.definitions.version} has no {draft.name} with the patient."
            context.report("warning", "not-supported", "segment-not-in-structure", draft.name, text)
    if group is grammar:
        return [pid, *known]
    pid.below(*known)
    return [pid]


def _names_beside(group: Node) -> frozenset[str]:
    """Return the segments that stand beside PID: those of its group, but for the groups of orders and the like."""
    found: set[str] = set()
    for child in group.children:
        if not child.names & _OF_OTHERS:
            found |= child.names
    return frozenset(found)


def _group_of_pid(node: Node) -> Node | None:
    """Return the first group that has PID itself."""
    if any(child.name == "PID" and not child.is_group for child in node.children):
        return node
    return next((found for child in node.children if (found := _group_of_pid(child)) is not None), None)
