"""
The patient and the visit of any outgoing message: from PID to ACC, and the OBX that belong to no order.

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
from shared.mapping.fhir_to_hl7v2.messages.participants import roles_of_coverage, roles_of_patient, roles_of_visit
from shared.mapping.fhir_to_hl7v2.messages.standing import standing
from shared.mapping.fhir_to_hl7v2.messages.told import subject_of, visit_told
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.acc import acc_from
from shared.mapping.fhir_to_hl7v2.segments.al1 import al1_from
from shared.mapping.fhir_to_hl7v2.segments.dg1 import dg1_from
from shared.mapping.fhir_to_hl7v2.segments.drg import drg_from
from shared.mapping.fhir_to_hl7v2.segments.gt1 import gt1s_from
from shared.mapping.fhir_to_hl7v2.segments.in1 import in1_from
from shared.mapping.fhir_to_hl7v2.segments.nk1 import nk1s_from
from shared.mapping.fhir_to_hl7v2.segments.nte import ntes_from
from shared.mapping.fhir_to_hl7v2.segments.obx import obxs_from
from shared.mapping.fhir_to_hl7v2.segments.pd1 import pd1_from
from shared.mapping.fhir_to_hl7v2.segments.pid import pid_from
from shared.mapping.fhir_to_hl7v2.segments.pr1 import pr1_from
from shared.mapping.fhir_to_hl7v2.segments.pv1 import pv1_from
from shared.mapping.fhir_to_hl7v2.segments.pv2 import pv2_from

_AS_SENT = ("DB1", "UB1", "UB2", "PDA")
# What has one of these is about something else than the patient.
_OF_OTHERS = frozenset({"ORC", "OBR", "FT1", "TXA", "RGS"})
RETIRED = "replaced-by"
_NOT_A_VISIT = "entered-in-error"


def patient_of(context: Context) -> Resource | None:
    """
    Return whom the message is about: the first Patient that no other one replaces; else the number of a subject.

    RejectedError `missing-element` where the resources are about somebody of whom the bundle has not even that.
    """
    patients = context.source.all("Patient")
    return next((one for one in patients if not is_retired(one)), patients[0] if patients else subject_of(context))


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
    """Return the visit of the message: that of what it is about, else the first Encounter that stands."""
    if (told := visit_told(context)) is not None:
        return told
    visits = context.source.all("Encounter")
    standing = [one for one in visits if one.get("status") != _NOT_A_VISIT or "partOf" not in one]
    return min(standing, key=lambda one: one.get("status") == _NOT_A_VISIT, default=None)


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
    (drafts[0] if drafts else pid).below(*roles_of_patient(context, patient))
    coverages = standing(source.all("Coverage"))
    drafts += nk1s_from(context, patient, _next_of_kin(context, coverages))
    if encounter is not None or with_visit:
        drafts += _visit(context, encounter)
    for observation in loose:
        drafts += obxs_from(context, observation, None)
    drafts += [al1_from(context, one) for one in standing(source.all("AllergyIntolerance"))]
    conditions = [one for one in standing(source.all("Condition")) if one not in elsewhere]
    drafts += [found for one in conditions if (found := dg1_from(context, one, encounter)) is not None]
    drafts += _procedures(context)
    drafts += _payers(context, coverages)
    holders = [encounter, patient, *source.all("Account")]
    drafts += [one for holder in holders for one in (drg_from(context, holder), acc_from(context, holder)) if one]
    drafts += _kept(context, holders)
    return _grouped(context, pid, [*pid_notes, *drafts])


def _visit(context: Context, encounter: Resource | None) -> list[Draft]:
    """Return PV1 and PV2, everybody in a role below the last of them."""
    drafts = [pv1_from(context, encounter), *filter(None, (pv2_from(context, encounter),))]
    drafts[-1].below(*(roles_of_visit(context, encounter) if encounter is not None else ()))
    return drafts


def _procedures(context: Context) -> list[Draft]:
    """Return PR1 of what was done; in a message about charges it stands below them."""
    if context.code != "ADT":
        return []
    return [one for procedure in context.source.all("Procedure") if (one := pr1_from(context, procedure)) is not None]


def _payers(context: Context, coverages: list[Resource]) -> list[Draft]:
    drafts = []
    for account in context.source.all("Account"):
        # The account's number is PID-18's; what PV1 said of it is back in PV1.
        context.source.whole(account, "identifier", "status", "subject", "coverage")
        drafts += gt1s_from(context, account)
    for coverage in coverages:
        in1 = in1_from(context, coverage)
        in1.below(*roles_of_coverage(context, coverage))
        drafts.append(in1)
    return drafts


def _next_of_kin(context: Context, coverages: list[Resource]) -> list[Resource]:
    """Return the related persons who are neither subscribers (IN1) nor guarantors (GT1)."""
    accounts = context.source.all("Account")
    named = [one.get("subscriber", {}) for one in coverages]
    named += [one.get("party", {}) for account in accounts for one in account.get("guarantor", ())]
    known = [id(one) for one in map(context.source.find, named) if one is not None]
    people = [one for one in context.source.all("RelatedPerson") if one.get("active") is not False]
    return [one for one in people if id(one) not in known]


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
