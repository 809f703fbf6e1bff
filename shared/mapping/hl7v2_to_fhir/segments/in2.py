"""
IN2 -> Coverage and the subscriber of the IN1 before it (no map in the guide: our policy); the rest as sent.

    RelatedPerson.identifier      = IN2-1*   CX    EI, the insured's employee number; the patient insured: extension
    RelatedPerson.identifier      = IN2-2    ID    SS; the patient insured: extension
    Coverage.extension            = IN2-3..5*  AS-SENT
    Coverage.identifier           = IN2-6    ST    MC, the Medicare number
    Coverage.extension            = IN2-7    AS-SENT
    Coverage.identifier           = IN2-8    ST    MA, the Medicaid number
    Coverage.extension            = IN2-9..33*  AS-SENT
    RelatedPerson.communication   = IN2-34   CWE   the patient insured: extension
    Coverage.extension            = IN2-35..48*  AS-SENT
    Coverage.policyHolder.contact.name    = IN2-49*  XPN   whom to ask at the employer; without one: extension
    Coverage.policyHolder.contact.telecom = IN2-50*  XTN   the same
    Coverage.extension            = IN2-51..60*  AS-SENT
    Coverage.identifier           = IN2-61*  CX    MB, the patient's member number
    Coverage.extension            = IN2-62   AS-SENT
    RelatedPerson.telecom         = IN2-63*  XTN   home; the patient insured: extension
    RelatedPerson.telecom         = IN2-64*  XTN   work; the patient insured: extension
    Coverage.extension            = IN2-65..72*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import contacts_from_xtn
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx, identifier_type
from shared.mapping.hl7v2_to_fhir.datatypes.names import name_from_xpn
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.related_person import PersonFields, describe

TABLE = table_of(__doc__)

_PUBLIC: tuple[tuple[int, str, Resource], ...] = (
    (6, "MC", {"system": "http://hl7.org/fhir/sid/us-medicare"}),
    (8, "MA", {}),
)
_INSURED = PersonFields(identifiers=(1,), ssn=2, language=34, telecoms=((63, "home"), (64, "work")))


def add_in2(context: Context, coverage: Resource, in2: Segment) -> None:
    """Add to the coverage and to the person whom it insures."""
    context.claim(in2, TABLE)
    for number, code, system in _PUBLIC:
        if value := in2.field(number).text().strip() if in2.raw(number) and not in2.is_null(number) else "":
            append(coverage, "identifier", {"type": identifier_type(code), **system, "value": value})
    for repetition in in2.repetitions(61):
        identifier = identifier_from_cx(context, repetition, in2.location(61))
        if identifier is not None:
            identifier.setdefault("type", identifier_type("MB"))
        append(coverage, "identifier", identifier)
        if identifier is None:
            append(coverage, "extension", original_value(repetition.text()))
    insured = _named(context, coverage, "subscriber", "RelatedPerson")
    if insured is None:
        for number in (1, 2, 34, 63, 64):
            carry_field(coverage, in2, number)
    else:
        for name, values in describe(context, in2, _INSURED).items():
            for value in values:
                append(insured, name, {"type": identifier_type("EI"), **value} if name == "identifier" else value)
    _add_employer_contact(context, coverage, in2)
    carry(context, coverage, in2, TABLE)


def _add_employer_contact(context: Context, coverage: Resource, in2: Segment) -> None:
    """Add whom to ask at the employer who holds the policy; the numbers are the first person's."""
    employer = _named(context, coverage, "policyHolder", "Organization")
    if employer is None:
        for number in (49, 50):
            carry_field(coverage, in2, number)
        return
    names = [name_from_xpn(context, one, in2.location(49)) for one in in2.repetitions(49)]
    contacts: list[Resource] = [{"name": name} for name in names if name]
    if telecoms := contacts_from_xtn(context, in2, 50, "work"):
        contacts = contacts or [{}]
        contacts[0]["telecom"] = telecoms
    for contact in contacts:
        append(employer, "contact", contact)


def _named(context: Context, coverage: Resource, element: str, kind: str) -> Resource | None:
    """Return the resource of this type that the coverage refers to; None where it is another one or none."""
    target = coverage.get(element, {}).get("reference", "")
    return next((one for one in context.resources if target == f"{kind}/{one['id']}"), None)
