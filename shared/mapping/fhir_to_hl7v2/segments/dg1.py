"""
Condition -> DG1, with Encounter.diagnosis.

    Condition.code                = DG1-3    CWE
    Condition.code.text           = DG1-4    ST    until 2.7, where it is not the display
    Condition.onsetDateTime       = DG1-5    DTM
    Encounter.diagnosis.use       = DG1-6    CWE   table 0052; else W, a working diagnosis
    Encounter.diagnosis.rank      = DG1-15   NM
    Condition.asserter            = DG1-16   XCN
    Condition.recordedDate        = DG1-19   DTM
    Condition.identifier          = DG1-20   EI
    Condition.verificationStatus  = DG1-21   ID    D where it is entered in error; none before 2.5
    Condition.extension[dueTo]    = DG1-22   EI
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.context import Context, Draft, number_text
from shared.mapping.fhir_to_hl7v2.datatypes.actors import xcns_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from, table_code
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import ei_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import dtm_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.systems import TERMINOLOGY
from shared.terminology.visit_maps import DIAGNOSIS_ROLE

TABLE = table_of(__doc__)

_STANDARD = "http://hl7.org/fhir/StructureDefinition/condition-"
_REQUIRED = frozenset({3})
_ACTION = 21


def dg1_from(context: Context, condition: Resource, encounter: Resource | None) -> Draft | None:
    """Return DG1, None where the version cannot say that it was entered in error; the diagnosis is required."""
    is_error = is_in_error(condition)
    if is_error and not context.has_field("DG1", _ACTION):
        return None
    draft = Draft("DG1", TABLE, _REQUIRED)
    source = context.source
    source.whole(condition, "verificationStatus", "category", "subject", "encounter")
    if any(one.get("code") == "active" for one in condition.get("clinicalStatus", {}).get("coding", ())):
        source.whole(condition, "clinicalStatus")
    code = source.one(condition, "code")
    draft.put(3, cwe_from(context, code, "DG1-3"))
    set_words(context, draft, code)
    draft.put(5, dtm_from(context, condition, "onsetDateTime"))
    for diagnosis in _diagnoses(context, condition, encounter):
        use = source.one(diagnosis, "use")
        draft.put(6, table_code(context, use, "DG1-6", DIAGNOSIS_ROLE, TERMINOLOGY + "diagnosis-role"))
        draft.put(15, number_text(source.take(diagnosis, "rank")))
    for kept in context.extensions(condition, f"{EXTENSIONS}diagnosis-type"):
        draft.put(6, cwe_from(context, kept.get("valueCodeableConcept"), "DG1-6", "HL70052"))
    draft.put(16, *xcns_from(context, condition, "asserter"))
    draft.put(19, dtm_from(context, condition, "recordedDate"))
    context.extensions(condition, f"{_STANDARD}assertedDate")
    if identifier := source.one(condition, "identifier"):
        draft.put(20, ei_from(context, identifier))
    if is_error:
        draft.put(_ACTION, "D")
    for due in context.extensions(condition, f"{_STANDARD}dueTo"):
        draft.put(22, ei_from(context, due.get("valueReference", {}).get("identifier")))
    context.restore(draft, condition)
    draft.default(6, "W")
    return draft


def is_in_error(condition: Resource) -> bool:
    """Tell whether a diagnosis was entered in error."""
    codings = condition.get("verificationStatus", {}).get("coding", ())
    return any(one.get("code") == "entered-in-error" for one in codings)


def set_words(context: Context, draft: Draft, code: Resource | None) -> None:
    """Give DG1-4 or PR1-4 the words where the third field has others, and that field those that it was sent with."""
    if code is None or not context.has_field(draft.name, 4) or not draft.has(3):
        return
    found = draft.fields[3][0]
    text, display = str(code.get("text", "")), found[1] if len(found) > 1 else ""
    for kept in context.extensions(code, f"{EXTENSIONS}{draft.name.lower()}-3-text"):
        display = display or str(kept.get("valueString", ""))
    if text and text != display and found[0]:
        draft.put(4, text)
        draft.fields[3] = [found[:8]]


def _diagnoses(context: Context, condition: Resource, encounter: Resource | None) -> list[Resource]:
    found = []
    for diagnosis in (encounter or {}).get("diagnosis", ()):
        if context.source.find(diagnosis.get("condition", {})) is condition:
            context.source.whole(diagnosis, "condition")
            found.append(diagnosis)
    return found
