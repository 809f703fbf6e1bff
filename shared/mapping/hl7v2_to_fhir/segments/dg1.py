"""
DG1 -> Condition, Encounter.diagnosis, EpisodeOfCare.diagnosis (HL7 v2-to-FHIR guide, maps DG1[...]).

Policy: a diagnosis of a visit is an encounter-diagnosis, and active, as its source still sends it; admitting and
working diagnoses are provisional, a final one is confirmed; one that is deleted (DG1-21 D) is entered in error. A
visit that is part of an episode of care (PV1-54) gives it its diagnoses.

    [dropped]                     = DG1-1    numbers the segment
    Condition.extension           = DG1-2    AS-SENT  the system of DG1-3 where that names none
    Condition.code                = DG1-3    CWE
    Condition.code.text           = DG1-4    ST
    Condition.onsetDateTime       = DG1-5    DTM
    Condition.verificationStatus  = DG1-6    CWE   and Encounter.diagnosis.use; without a visit: extension
    Condition.extension           = DG1-7..14*  AS-SENT
    Encounter.diagnosis.rank      = DG1-15   NM    not a positive number, or no visit: Condition.extension
    Condition.asserter            = DG1-16*  XCN   the first; further ones are in the extension
    Condition.extension           = DG1-17..18*  AS-SENT
    Condition.recordedDate        = DG1-19   DTM   and extension condition-assertedDate
    Condition.identifier          = DG1-20   EI
    Condition.verificationStatus  = DG1-21   ID
    Condition.extension[dueTo]    = DG1-22   EI    a logical reference
    Condition.extension           = DG1-23..26*  AS-SENT
"""

from __future__ import annotations

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, translated
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_ei, issuer_key
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.terminology.systems import DATA_ABSENT_REASON, TERMINOLOGY
from shared.terminology.visit_maps import DIAGNOSIS_ROLE, DIAGNOSIS_VERIFICATION

TABLE = table_of(__doc__)

_STANDARD = "http://hl7.org/fhir/StructureDefinition/"
_ROLE = TERMINOLOGY + "diagnosis-role"
_CATEGORY = {"coding": [{"system": TERMINOLOGY + "condition-category", "code": "encounter-diagnosis"}]}
_VERIFICATION = TERMINOLOGY + "condition-ver-status"
_CLINICAL = TERMINOLOGY + "condition-clinical"


def condition_from_dg1(context: Context, dg1: Segment, subject: Resource, encounter: Resource | None) -> Resource:
    """Return the Condition, and make it a diagnosis of the visit; the same diagnosis twice is two conditions."""
    context.claim(dg1, TABLE)
    condition = context.add("Condition", *_key(context, dg1, subject, encounter))
    # Few senders go on beyond the diagnosis itself.
    goes_on = any(dg1.fields[15:])
    if goes_on:
        _set_identifiers(context, condition, dg1)
    _set_status(condition, dg1)
    condition["category"] = [_CATEGORY]
    condition["code"] = _code(context, dg1)
    condition["subject"] = subject
    put_date_time(context, condition, "onsetDateTime", dg1, 5)
    if encounter is not None:
        condition["encounter"] = reference(encounter)
        _add_diagnosis(context, encounter, condition, dg1)
    else:
        _keep(context, condition, dg1)
    if goes_on:
        _set_asserter(context, condition, dg1)
        _set_recorded(context, condition, dg1)
    carry(context, condition, dg1, TABLE)
    return condition


def _key(context: Context, dg1: Segment, subject: Resource, encounter: Resource | None) -> tuple[str, ...]:
    if value := dg1.text(20):
        return "id", scoped(context.scope, issuer_key(context, *(dg1.text(20, part) for part in (2, 3, 4)))), value
    whom = (
        str(encounter["id"]) if encounter is not None else str(subject.get("reference") or context.message.control_id)
    )
    return context.scope, whom, dg1.text(3) or dg1.text(3, 2) or dg1.text(4), dg1.text(3, 3) or dg1.text(2)


def _code(context: Context, dg1: Segment) -> Resource:
    """Return the diagnosis: before 2.5 the coding method stands in DG1-2 and the words in DG1-4."""
    code = concept(context, dg1, 3, dg1.text(2)) or {}
    told = dg1.first(4)
    words = told.text().strip() if told is not None else ""
    if words and code.get("text", words) != words:
        extension = {"url": f"{EXTENSIONS}dg1-3-text", "valueString": code["text"]}
        code = {**code, "extension": [*code.get("extension", ()), extension]}
    if words:
        code = {**code, "text": words}
    return code or {"coding": [{"system": DATA_ABSENT_REASON, "code": "unknown"}]}


def _set_identifiers(context: Context, condition: Resource, dg1: Segment) -> None:
    if sent := dg1.first(20):
        identifier = identifier_from_ei(context, sent)
        append(condition, "identifier", identifier)
        if identifier is None:
            append(condition, "extension", original_value(sent.text()))
    if parent := dg1.first(22):
        identifier = identifier_from_ei(context, parent)
        if identifier is None:
            append(condition, "extension", original_value(parent.text()))
        else:
            due_to = {"type": "Condition", "identifier": identifier}
            append(condition, "extension", {"url": f"{_STANDARD}condition-dueTo", "valueReference": due_to})


def _set_status(condition: Resource, dg1: Segment) -> None:
    action = dg1.text(21)
    verification = "entered-in-error" if action == "D" else DIAGNOSIS_VERIFICATION.get(dg1.text(6))
    if verification != "entered-in-error":
        # con-5: a condition that is entered in error has no clinical status.
        condition["clinicalStatus"] = {"coding": [{"system": _CLINICAL, "code": "active"}]}
    if verification:
        condition["verificationStatus"] = {"coding": [{"system": _VERIFICATION, "code": verification}]}
    if action and action != "D":
        carry_field(condition, dg1, 21)


def _add_diagnosis(context: Context, encounter: Resource, condition: Resource, dg1: Segment) -> None:
    diagnosis: Resource = {"condition": reference(condition)}
    if use := translated(context, dg1, 6, DIAGNOSIS_ROLE, _ROLE):
        diagnosis["use"] = use
    rank = decimal(told) if (told := dg1.text(15)) else None
    if isinstance(rank, int) and rank > 0:
        diagnosis["rank"] = rank
    else:
        carry_field(condition, dg1, 15)
    append(encounter, "diagnosis", diagnosis)
    for part in encounter.get("episodeOfCare", ()):
        episode = context.by_id[part["reference"].partition("/")[2]]
        append(episode, "diagnosis", {("role" if name == "use" else name): value for name, value in diagnosis.items()})


def _keep(context: Context, condition: Resource, dg1: Segment) -> None:
    """Keep on the condition what else would be the visit's."""
    if use := concept(context, dg1, 6, DIAGNOSIS_ROLE.table):
        append(condition, "extension", {"url": f"{EXTENSIONS}diagnosis-type", "valueCodeableConcept": use})
    carry_field(condition, dg1, 15)


def _set_asserter(context: Context, condition: Resource, dg1: Segment) -> None:
    people = practitioners(context, dg1, 16)
    if people:
        condition["asserter"] = reference(people[0])
    if len(people) > 1:
        carry_field(condition, dg1, 16)


def _set_recorded(context: Context, condition: Resource, dg1: Segment) -> None:
    put_date_time(context, condition, "recordedDate", dg1, 19)
    if asserted := condition.get("recordedDate"):
        append(condition, "extension", {"url": f"{_STANDARD}condition-assertedDate", "valueDateTime": asserted})
