"""
What a message says of a patient's health beside the visit itself, wherever it stands.

    AL1        AllergyIntolerance         DG1   Condition, a diagnosis of the visit
    IAM, IAR   AllergyIntolerance         DRG   the visit's, else the patient's
    PR1        Procedure, with ROL, PRT as performers
    NTE        note of what it follows

Policy: an AL1, IAM, DG1 or PR1 that names nothing but an explicit null says that there is none; it makes no allergy to
nobody knows what. Nor does such an IN1 or GT1 make a coverage or a guarantor.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import NULL, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.messages.groups import Group
from shared.mapping.hl7v2_to_fhir.messages.roles import add_roles
from shared.mapping.hl7v2_to_fhir.segments.al1 import allergy_from_al1
from shared.mapping.hl7v2_to_fhir.segments.dg1 import condition_from_dg1
from shared.mapping.hl7v2_to_fhir.segments.drg import add_drg
from shared.mapping.hl7v2_to_fhir.segments.iam import allergy_from_iam
from shared.mapping.hl7v2_to_fhir.segments.iar import add_iar
from shared.mapping.hl7v2_to_fhir.segments.nte import add_nte
from shared.mapping.hl7v2_to_fhir.segments.pr1 import procedure_from_pr1

# Segments that add to what the one above them became.
_PARTS = ("IAR", "IN2", "IN3", "PRT", "ROL")
# The code of what a segment names, and the fields that may name it without one.
_NAMED = {
    "AL1": (3,),
    "IAM": (3, 7),
    "DG1": (3, 4, 20),
    "PR1": (3, 4, 19),
    "IN1": (3, 2, 4, 36),
    "GT1": (3, 2, 21),
}
_HEALTH = frozenset({*_NAMED, "DRG"})
_NONE = "explicit null: there is none, which no resource of its own says"


def add_clinical(
    context: Context, group: Group, subject: Resource, encounter: Resource | None, patient: Resource | None = None
) -> list[Resource]:
    """Return the resources of the allergies, diagnoses and procedures right below the group."""
    found = []
    for child in group.children:
        if child.name not in _HEALTH:
            continue
        assert child.segment is not None  # noqa: S101 - only the message itself has no segment
        resource = _resource(context, child, child.segment, subject, encounter)
        if resource is not None:
            add_notes(context, child, resource)
            found.append(resource)
        elif child.name == "DRG" and (holder := encounter or patient) is not None:
            add_drg(context, holder, child.segment)
    return found


def add_notes(context: Context, group: Group, resource: Resource) -> None:
    """Add the comments below the group, and below its parts, to the resource that the group became."""
    if "NTE" not in context.names or not group.children:
        return
    for holder in (group, *group.all(*_PARTS)):
        for note in holder.segments("NTE"):
            add_nte(context, resource, note)


def _resource(
    context: Context, group: Group, segment: Segment, subject: Resource, encounter: Resource | None
) -> Resource | None:
    if drop_none(context, segment):
        return None
    if segment.name == "AL1":
        return allergy_from_al1(context, segment, subject)
    if segment.name == "IAM":
        allergy = allergy_from_iam(context, segment, subject)
        for reaction in group.segments("IAR"):
            add_iar(context, allergy, reaction)
        return allergy
    if segment.name == "DG1":
        return condition_from_dg1(context, segment, subject, encounter)
    if segment.name == "PR1":
        procedure = procedure_from_pr1(context, segment, subject, encounter)
        add_roles(context, group, procedure)
        return procedure
    return None


def drop_none(context: Context, segment: Segment) -> bool:
    """
    Drop a segment that names nothing but an explicit null, and tell whether it is one.

    It is HL7's way to say that there is none (any more).
    """
    if not (fields := _NAMED.get(segment.name)):
        return False
    code, *others = fields
    told = segment.raw(code)
    none = told == NULL if told else segment.is_null(1)
    if not none or any(segment.raw(number) and not segment.is_null(number) for number in others):
        return False
    context.drop(segment, _NONE)
    return True
