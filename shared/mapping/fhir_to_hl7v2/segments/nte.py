"""
Annotation -> NTE below the segment of its resource.

    Annotation.text               = NTE-3*   FT    each line a repetition
    Annotation.extension[annotationType] = NTE-4  CWE
    Annotation.authorReference    = NTE-5    XCN
    Annotation.time               = NTE-6    DTM
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import xcns_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import dtm_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.nte import COMMENT_TYPE
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_TO_PATIENT = {
    "url": COMMENT_TYPE,
    "valueCodeableConcept": {
        "coding": [{"system": TERMINOLOGY + "v2-0364", "code": "PI", "display": "Patient Instructions"}]
    },
}
_KEPT = f"{EXTENSIONS}note"
_NO_TEXT = "(no text)"


def ntes_from(context: Context, resource: Resource) -> list[Draft]:
    """Return NTE for every comment on a resource, those kept in extensions too."""
    notes = list(context.source.items(resource, "note"))
    notes += [one["valueAnnotation"] for one in context.extensions(resource, _KEPT) if "valueAnnotation" in one]
    return [draft for note in notes if (draft := _nte(context, note)).fields]


def instructions_from(context: Context, resource: Resource) -> list[Draft]:
    """Return NTE for what the patient is told of an order or an appointment."""
    text = context.source.text(resource, "patientInstruction")
    return ntes_from(context, {"note": [{"text": text, "extension": [_TO_PATIENT]}]}) if text else []


def _nte(context: Context, note: Resource) -> Draft:
    draft = Draft("NTE", TABLE)
    text = context.source.text(note, "text")
    lines: list[Composite] = [[line] for line in text.split("\n")] if text and text != _NO_TEXT else []
    if lines:
        draft.fields[3] = lines
    for kind in context.extensions(note, COMMENT_TYPE):
        draft.put(4, cwe_from(context, kind.get("valueCodeableConcept"), "NTE-4", "HL70364"))
    if context.has_field("NTE", 5):
        draft.put(5, *xcns_from(context, note, "authorReference"))
    if context.has_field("NTE", 6):
        draft.put(6, dtm_from(context, note, "time"))
    context.restore(draft, note)
    return draft
