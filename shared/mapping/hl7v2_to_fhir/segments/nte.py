"""
NTE -> Annotation of the resource before it (HL7 v2-to-FHIR guide, maps NTE[...]).

    [dropped]                     = NTE-1    numbers the segment
    Annotation.extension          = NTE-2    AS-SENT
    Annotation.text               = NTE-3*   FT    repetitions are lines
    Annotation.extension[annotationType] = NTE-4  CWE  table 0364
    Annotation.authorReference    = NTE-5    XCN
    Annotation.time               = NTE-6    DTM
    Annotation.extension          = NTE-7..9*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioner_from_xcn
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry_all, table_of

TABLE = table_of(__doc__)

COMMENT_TYPE = "http://hl7.org/fhir/StructureDefinition/annotationType"

_WITH_NOTES = frozenset(
    {
        "AllergyIntolerance",
        "CarePlan",
        "ChargeItem",
        "Condition",
        "Goal",
        "Immunization",
        "MedicationAdministration",
        "MedicationDispense",
        "MedicationRequest",
        "Observation",
        "Procedure",
        "ServiceRequest",
        "Specimen",
    }
)


def add_nte(context: Context, resource: Resource, nte: Segment) -> None:
    """Add the comment to a resource."""
    context.claim(nte, TABLE)
    note = _annotation(context, nte)
    if not note:
        return
    note.setdefault("text", "(no text)")
    add_annotation(resource, note)


def add_annotation(resource: Resource, note: Resource) -> None:
    """Add an Annotation as a note where the resource's type has notes, else as an extension that holds one."""
    if resource["resourceType"] in _WITH_NOTES:
        resource.setdefault("note", []).append(note)
    else:
        resource.setdefault("extension", []).append({"url": f"{EXTENSIONS}note", "valueAnnotation": note})


def _annotation(context: Context, nte: Segment) -> Resource:
    note: Resource = {}
    carry_all(note, nte, TABLE)
    author = nte.first(5)
    if author is not None and (person := practitioner_from_xcn(context, author, nte.location(5))):
        note["authorReference"] = reference(person)
    put_date_time(context, note, "time", nte, 6)
    if kind := concept(context, nte, 4, "HL70364") if nte.raw(4) else None:
        append(note, "extension", {"url": COMMENT_TYPE, "valueCodeableConcept": kind})
    lines = [text for repetition in nte.repetitions(3) if (text := repetition.text())]
    if text := "\n".join(lines).strip():
        note["text"] = text
    return note
