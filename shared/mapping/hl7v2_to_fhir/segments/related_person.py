"""
The people around a patient (NK1, GT1, IN1 ...) -> RelatedPerson: the same elements from other fields each time.

    identifier  CX, and a social security number    name  XPN    telecom  XTN    address  XAD    relationship  CWE
    gender      table 0001                          birthDate  DT    period  DTM    communication  CWE
"""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, extend, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, translated
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import add_contacts, address_from_xad
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx, identifier_type
from shared.mapping.hl7v2_to_fhir.datatypes.languages import language
from shared.mapping.hl7v2_to_fhir.datatypes.names import names_from_xpn
from shared.mapping.hl7v2_to_fhir.datatypes.times import in_fhir, put_date, put_period
from shared.mapping.hl7v2_to_fhir.segments.pid import set_gender
from shared.terminology.systems import TERMINOLOGY
from shared.terminology.visit_maps import CONTACT_ROLE, RELATIONSHIP

_SSN = "http://hl7.org/fhir/sid/us-ssn"
_ROLE_CODE = TERMINOLOGY + "v3-RoleCode"
# R4's patient-birthTime may stand at a patient only.
_BIRTH_TIME = EXTENSIONS + "birth-time"


@dataclass(frozen=True, slots=True)
class PersonFields:
    """Which fields of a segment describe a person; 0 where it has none."""

    names: tuple[int, ...] = ()
    addresses: tuple[int, ...] = ()
    telecoms: tuple[tuple[int, str], ...] = ()
    relationship: int = 0
    role: int = 0
    gender: int = 0
    birth: int = 0
    identifiers: tuple[int, ...] = ()
    ssn: int = 0
    language: int = 0
    start: int = 0
    end: int = 0
    # What is rarely there, so that its fields are looked for together.
    numbers: frozenset[int] = field(init=False, repr=False, compare=False)
    details: frozenset[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        details = {self.gender, self.birth, self.language, self.start, self.end}
        object.__setattr__(self, "numbers", frozenset({*self.identifiers, self.ssn} - {0}))
        object.__setattr__(self, "details", frozenset(details - {0}))


def related_person(
    context: Context, patient: Resource, segment: Segment, fields: PersonFields, *key: str
) -> Resource | None:
    """Return the RelatedPerson that the fields describe, None where they hold nothing; the same key is one person."""
    found = describe(context, segment, fields)
    if not found:
        return None
    person = context.shared("RelatedPerson", str(patient["reference"]), *key)
    if "patient" not in person:
        person.update(patient=patient, **found)
        return person
    person["patient"] = patient
    for name, value in found.items():
        if isinstance(value, list):
            for one in value:
                append(person, name, one)
        else:
            person.setdefault(name, value)
    return person


def describe(context: Context, segment: Segment, fields: PersonFields) -> Resource:
    """Return the elements of a RelatedPerson that the fields hold."""
    person: Resource = {}
    filled = segment.filled()
    if not fields.numbers.isdisjoint(filled):
        _set_identifiers(context, person, segment, fields)
    for number in fields.names:
        if number in filled:
            for repetition in segment.repetitions(number):
                for name in names_from_xpn(context, repetition, segment.location(number)):
                    append(person, "name", name)
    if fields.relationship and fields.relationship in filled:
        append(person, "relationship", translated(context, segment, fields.relationship, RELATIONSHIP, _ROLE_CODE))
    if fields.role and fields.role in filled:
        append(person, "relationship", concept(context, segment, fields.role, CONTACT_ROLE.table))
    add_contacts(context, person, segment, *fields.telecoms)
    for number in fields.addresses:
        if number in filled:
            for repetition in segment.repetitions(number):
                append(person, "address", address_from_xad(context, repetition, segment.location(number)))
    if not fields.details.isdisjoint(filled):
        _set_details(context, person, segment, fields)
    return person


def _set_details(context: Context, person: Resource, segment: Segment, fields: PersonFields) -> None:
    if gender := segment.first(fields.gender) if fields.gender else None:
        set_gender(person, gender)
    _set_birth(context, person, segment, fields.birth)
    if fields.start:
        put_period(context, person, "period", segment, fields.start, fields.end)
    if fields.language and (spoken := language(context, segment, fields.language)):
        person["communication"] = [{"language": spoken}]


def _set_identifiers(context: Context, person: Resource, segment: Segment, fields: PersonFields) -> None:
    for number in fields.identifiers:
        for repetition in segment.repetitions(number):
            identifier = identifier_from_cx(context, repetition, segment.location(number))
            append(person, "identifier", identifier)
            if identifier is None:
                append(person, "extension", original_value(repetition.text()))
    if value := segment.text(fields.ssn) if fields.ssn else "":
        append(person, "identifier", {"type": identifier_type("SS"), "system": _SSN, "value": value})


def _set_birth(context: Context, person: Resource, segment: Segment, number: int) -> None:
    moment = put_date(context, person, "birthDate", segment, number) if number else None
    if moment is None or not moment.hour:
        return
    value, exact = in_fhir(context, moment)
    if exact:
        extend(person, "birthDate", {"url": _BIRTH_TIME, "valueDateTime": value})
    else:
        extend(person, "birthDate", original_value(segment.text(number)))
