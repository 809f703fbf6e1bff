"""
IAM -> AllergyIntolerance (HL7 v2-to-FHIR guide, map IAM[AllergyIntolerance]), IAR below it its reactions.

Policy: an allergy that is deleted (IAM-6) or erroneous (IAM-17) is entered in error; who reported it (IAM-14) is the
asserter, who wrote it down first (IAM-23) the recorder.

    [dropped]                            = IAM-1   numbers the segment
    AllergyIntolerance.category          = IAM-2   CWE   and type; as sent: extension allergen-type
    AllergyIntolerance.code              = IAM-3   CWE
    AllergyIntolerance.reaction.severity = IAM-4   CWE   with IAM-5; and criticality; as sent: extension severity
    AllergyIntolerance.reaction.manifestation = IAM-5*  CWE
    AllergyIntolerance.verificationStatus = IAM-6  CWE   D: entered-in-error; as sent: extension action
    AllergyIntolerance.identifier        = IAM-7   EI
    AllergyIntolerance.extension         = IAM-8   AS-SENT
    AllergyIntolerance.type              = IAM-9   CWE   and as sent: extension sensitivity
    AllergyIntolerance.extension         = IAM-10  AS-SENT
    AllergyIntolerance.onsetDateTime     = IAM-11  DTM
    AllergyIntolerance.onsetString       = IAM-12  ST    with IAM-11: extension
    AllergyIntolerance.recordedDate      = IAM-13  DTM
    AllergyIntolerance.asserter          = IAM-14  XPN   with IAM-15 a RelatedPerson, else a name alone
    RelatedPerson.relationship           = IAM-15  CWE   SEL: the patient asserts
    AllergyIntolerance.extension         = IAM-16  AS-SENT
    AllergyIntolerance.verificationStatus = IAM-17 CWE   and clinicalStatus; as sent: extension allergy-status
    AllergyIntolerance.extension         = IAM-18..22*  AS-SENT
    AllergyIntolerance.recorder          = IAM-23  XCN
    AllergyIntolerance.extension         = IAM-24..26*  AS-SENT
    AllergyIntolerance.code              = IAM-27  CWE   further codings
    AllergyIntolerance.extension         = IAM-28..30*  AS-SENT
"""

from __future__ import annotations

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_ei, issuer_key
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.al1 import CLINICAL, allergen_key, set_allergen, set_reaction
from shared.mapping.hl7v2_to_fhir.segments.related_person import PersonFields, related_person
from shared.terminology.systems import TERMINOLOGY
from shared.terminology.visit_maps import ALLERGY_TYPE, ALLERGY_VERIFICATION

TABLE = table_of(__doc__)

_VERIFICATION = TERMINOLOGY + "allergyintolerance-verification"
_KEPT = ((6, "HL70323", "action"), (9, "HL70436", "sensitivity"), (17, "HL70438", "allergy-status"))
_REPORTER = PersonFields(names=(14,), relationship=15)


def allergy_from_iam(context: Context, iam: Segment, subject: Resource) -> Resource:
    """Return the AllergyIntolerance; its identifier is its business key, else patient and allergen."""
    context.claim(iam, TABLE)
    allergy = context.add("AllergyIntolerance", *_key(context, iam, subject))
    identifier = identifier_from_ei(context, iam.first(7))
    append(allergy, "identifier", identifier)
    if identifier is None and (sent := iam.first(7)):
        append(allergy, "extension", original_value(sent.text()))
    _set_status(allergy, iam)
    allergy["patient"] = subject
    set_allergen(context, allergy, iam, 2, 3)
    if further := concept(context, iam, 27):
        allergy["code"] = _joined(allergy["code"], further)
    if form := ALLERGY_TYPE.get(iam.text(9)):
        allergy["type"] = form
    for number, table, name in _KEPT:
        if sent_code := concept(context, iam, number, table):
            append(allergy, "extension", {"url": f"{EXTENSIONS}{name}", "valueCodeableConcept": sent_code})
    set_reaction(context, allergy, iam, 4, 5)
    _set_times(context, allergy, iam)
    _set_people(context, allergy, iam, subject)
    carry(context, allergy, iam, TABLE)
    return allergy


def _key(context: Context, iam: Segment, subject: Resource) -> tuple[str, ...]:
    if value := iam.text(7):
        return "id", scoped(context.scope, issuer_key(context, *(iam.text(7, part) for part in (2, 3, 4)))), value
    return allergen_key(context, iam, subject)


def _set_status(allergy: Resource, iam: Segment) -> None:
    verification = "entered-in-error" if iam.text(6) == "D" else ALLERGY_VERIFICATION.get(iam.text(17))
    if verification != "entered-in-error":
        # ait-2: an allergy that is entered in error has no clinical status, any other has one (ait-1).
        code = "inactive" if iam.text(17) == "I" else "active"
        allergy["clinicalStatus"] = {"coding": [{"system": CLINICAL, "code": code}]}
    if verification:
        allergy["verificationStatus"] = {"coding": [{"system": _VERIFICATION, "code": verification}]}


def _joined(one: Resource, other: Resource) -> Resource:
    """Return two concepts of the same thing as one; a text of its own of the second is a coding's display."""
    codings = [*one.get("coding", ())]
    codings += [coding for coding in other.get("coding", ()) if coding not in codings]
    text = other.get("text", "")
    if text and text != one.get("text") and not any(coding.get("display") == text for coding in codings):
        codings.append({"display": text})
    return {**one, "coding": codings}


def _set_times(context: Context, allergy: Resource, iam: Segment) -> None:
    put_date_time(context, allergy, "onsetDateTime", iam, 11)
    if words := iam.field(12).text() if iam.raw(12) else "":
        if "onsetDateTime" in allergy or "_onsetDateTime" in allergy:
            carry_field(allergy, iam, 12)
        else:
            allergy["onsetString"] = words
    put_date_time(context, allergy, "recordedDate", iam, 13)


def _set_people(context: Context, allergy: Resource, iam: Segment, subject: Resource) -> None:
    for recorder in practitioners(context, iam, 23)[:1]:
        allergy["recorder"] = reference(recorder)
    named, relationship = iam.first(14), iam.text(15)
    if relationship == "SEL":
        allergy["asserter"] = subject
        carry_field(allergy, iam, 14)
    elif (relationship or iam.raw(15)) and "reference" in subject:
        person = related_person(context, subject, iam, _REPORTER, "reporter", iam.field(14).text(), relationship)
        if person is not None:
            allergy["asserter"] = reference(person)
        return
    elif named:
        words = [named.component(part) for part in (2, 3, 1)]
        if display := " ".join(word for word in words if word):
            allergy["asserter"] = {"display": display}
        carry_field(allergy, iam, 14)
    carry_field(allergy, iam, 15)
