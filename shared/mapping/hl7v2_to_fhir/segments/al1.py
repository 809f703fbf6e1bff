"""
AL1 -> AllergyIntolerance (HL7 v2-to-FHIR guide, map AL1[AllergyIntolerance]).

Policy: the severity is the reaction's where a reaction is named, else the criticality: the guide leaves it to the
sender's use of the field. An allergy that is reported is active.

    [dropped]                            = AL1-1   numbers the segment
    AllergyIntolerance.category          = AL1-2   CWE   and type; as sent: extension allergen-type
    AllergyIntolerance.code              = AL1-3   CWE
    AllergyIntolerance.reaction.severity = AL1-4   CWE   with AL1-5; and criticality; as sent: extension severity
    AllergyIntolerance.reaction.manifestation = AL1-5*  CWE
    AllergyIntolerance.onsetDateTime     = AL1-6   DTM
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concept_of
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.systems import DATA_ABSENT_REASON, TERMINOLOGY
from shared.terminology.visit_maps import ALLERGY_CATEGORY, ALLERGY_CRITICALITY, ALLERGY_TYPE, REACTION_SEVERITY

TABLE = table_of(__doc__)

CLINICAL = TERMINOLOGY + "allergyintolerance-clinical"


def allergy_from_al1(context: Context, al1: Segment, subject: Resource) -> Resource:
    """Return the AllergyIntolerance; patient and allergen are its business key."""
    context.claim(al1, TABLE)
    allergy = context.add("AllergyIntolerance", *allergen_key(context, al1, subject))
    allergy["clinicalStatus"] = {"coding": [{"system": CLINICAL, "code": "active"}]}
    allergy["patient"] = subject
    set_allergen(context, allergy, al1, 2, 3)
    set_reaction(context, allergy, al1, 4, 5)
    put_date_time(context, allergy, "onsetDateTime", al1, 6)
    return allergy


def allergen_key(context: Context, segment: Segment, subject: Resource) -> tuple[str, ...]:
    """Return the business key of an allergy that has no identifier of its own (field 3 names the allergen)."""
    whom = str(subject.get("reference") or context.message.control_id)
    return context.scope, whom, segment.text(3) or segment.text(3, 2) or segment.label, segment.text(3, 3)


def set_allergen(context: Context, allergy: Resource, segment: Segment, kind: int, allergen: int) -> None:
    """Set category, type and code; an allergy without any allergen says so (US Core wants a code)."""
    if sent := concept(context, segment, kind, ALLERGY_CATEGORY.table):
        append(allergy, "extension", {"url": f"{EXTENSIONS}allergen-type", "valueCodeableConcept": sent})
    code = segment.text(kind)
    if category := ALLERGY_CATEGORY.get(code):
        allergy["category"] = [category]
    if form := ALLERGY_TYPE.get(code):
        allergy["type"] = form
    allergy["code"] = concept(context, segment, allergen) or {
        "coding": [{"system": DATA_ABSENT_REASON, "code": "unknown"}]
    }


def set_reaction(context: Context, allergy: Resource, segment: Segment, severity: int, reaction: int) -> None:
    """Add the criticality that the severity implies, and a reaction with its severity."""
    field = f"{segment.name}-{reaction}"
    manifestations: list[Resource] = []
    for repetition in segment.repetitions(reaction):
        # Text before 2.7 (ST), a coded value since.
        several = len(repetition.parts) > 1
        coded = concept_of(context, repetition, field) if several else None
        text = repetition.text()
        # In one component alone a `^` is what the sender escaped, not a separator.
        if found := coded or ({"text": text} if text.strip("^ " if several else None) else None):
            manifestations.append(found)
    holder: Resource = {"manifestation": manifestations} if manifestations else allergy
    code = segment.text(severity)
    if criticality := ALLERGY_CRITICALITY.get(code):
        allergy["criticality"] = criticality
    if manifestations and (degree := REACTION_SEVERITY.get(code)):
        holder["severity"] = degree
    if sent := concept(context, segment, severity, REACTION_SEVERITY.table):
        append(holder, "extension", {"url": f"{EXTENSIONS}severity", "valueCodeableConcept": sent})
    if manifestations:
        append(allergy, "reaction", holder)
