"""
NK1 -> Patient.contact and RelatedPerson (HL7 v2-to-FHIR guide, maps NK1[Patient], NK1[RelatedPerson]).

As the guide has it, a next of kin is both: the contact is what a reader of the Patient sees, the RelatedPerson holds
what a contact cannot. An employer, insurer or agency (NK1-3) is a contact alone, and so is everybody where no patient
is known; what a contact has no element for is then in its extensions.

    [dropped]                    = NK1-1    numbers the segment
    Patient.contact.name         = NK1-2*   XPN   further names: extension
    Patient.contact.relationship = NK1-3    CWE
    Patient.contact.address      = NK1-4*   XAD   the first; all in RelatedPerson.address
    Patient.contact.telecom      = NK1-5*   XTN   home
    Patient.contact.telecom      = NK1-6*   XTN   work
    Patient.contact.relationship = NK1-7    CWE
    Patient.contact.period.start = NK1-8    DTM
    Patient.contact.period.end   = NK1-9    DTM
    Patient.contact.extension    = NK1-10..11*  AS-SENT
    RelatedPerson.identifier     = NK1-12*  CX
    Patient.contact.organization = NK1-13*  XON   the first; further ones: extension
    Patient.contact.extension    = NK1-14   AS-SENT
    Patient.contact.gender       = NK1-15   CWE
    RelatedPerson.birthDate      = NK1-16   DTM
    Patient.contact.extension    = NK1-17..19*  AS-SENT
    RelatedPerson.communication  = NK1-20   CWE
    Patient.contact.extension    = NK1-21..29*  AS-SENT
    Organization.contact.name    = NK1-30*  XPN   of NK1-13; without it the contact's where NK1-2 is silent
    Organization.contact.telecom = NK1-31*  XTN   of NK1-13; without it the contact's
    Organization.contact.address = NK1-32*  XAD   of NK1-13; without it the contact's where NK1-4 is silent
    RelatedPerson.identifier     = NK1-33*  CX
    Patient.contact.extension    = NK1-34..36*  AS-SENT
    RelatedPerson.identifier     = NK1-37   ID    SS
    Patient.contact.extension    = NK1-38..39*  AS-SENT
    Patient.contact.telecom      = NK1-40..41*  XTN
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import add_contacts, address_from_xad
from shared.mapping.hl7v2_to_fhir.datatypes.names import name_from_xpn
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_period
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.pid import set_gender
from shared.mapping.hl7v2_to_fhir.segments.related_person import PersonFields, related_person

TABLE = table_of(__doc__)

_FURTHER_NAME = "urn:corridor:extension:further-name"
_FURTHER_ORGANIZATION = "urn:corridor:extension:further-organization"
_NOT_PEOPLE = frozenset({"EMR", "E", "F", "I", "S"})
_PERSON = PersonFields(
    names=(2, 30),
    addresses=(4, 32),
    telecoms=((5, "home"), (6, "work"), (31, ""), (40, ""), (41, "")),
    relationship=3,
    role=7,
    gender=15,
    birth=16,
    identifiers=(12, 33),
    ssn=37,
    language=20,
    start=8,
    end=9,
)
# The contact person of NK1-13; without an organization there, the contact's own fields.
_CONTACT_PERSON = frozenset({30, 31, 32})
# What a RelatedPerson has an element for and a contact has not.
_BEYOND_CONTACT = (12, 16, 20, 33, 37)


def add_nk1(context: Context, patient: Resource, nk1: Segment) -> None:
    """Add the next of kin to the patient's contacts, and to the bundle as a RelatedPerson."""
    contact: Resource = {}
    carry_into(context, contact, nk1, TABLE)
    for number, table in ((3, "HL70063"), (7, "HL70131")):
        append(contact, "relationship", concept(context, nk1, number, table))
    filled = nk1.filled()
    organizations = [found for one in nk1.repetitions(13) if (found := organization_from_xon(context, one))]
    _set_person(context, contact, nk1, filled - _CONTACT_PERSON if organizations else filled)
    if gender := nk1.first(15):
        set_gender(contact, gender)
    for organization in organizations:
        if contact.setdefault("organization", named := reference(organization)) != named:
            append(contact, "extension", {"url": _FURTHER_ORGANIZATION, "valueReference": named})
    if organizations:
        _add_organization_contact(context, organizations[0], nk1)
    if 8 in filled or 9 in filled:
        put_period(context, contact, "period", nk1, 8, 9)
    if not _add_person(context, patient, nk1):
        for number in _BEYOND_CONTACT:
            carry_field(contact, nk1, number)
        for number in (4, 32):
            if len(nk1.repetitions(number)) > 1 or (number == 32 and nk1.raw(4)):
                carry_field(contact, nk1, number)
    if contact and not contact.keys() & {"name", "telecom", "address", "organization"}:
        # pat-1: a contact says at least who or where; what we have is kept.
        contact["name"] = {"text": "not named"}
    append(patient, "contact", contact)


def _add_person(context: Context, patient: Resource, nk1: Segment) -> bool:
    """Tell whether the segment became a RelatedPerson: not an agency, and not somebody without any name."""
    called = nk1.first(2 if nk1.raw(2) else 30)
    name = called.text() if called is not None else ""
    if nk1.text(3) in _NOT_PEOPLE or not name.strip("^ "):
        return False
    related_person(context, reference(patient), nk1, _PERSON, "next of kin", name)
    return True


def _set_person(context: Context, contact: Resource, nk1: Segment, own: set[int]) -> None:
    """Set name, telecom and address of the contact from those of its fields that are its own."""
    for number in _PERSON.names:
        if number in own:
            _set_names(context, contact, nk1, number)
    add_contacts(context, contact, nk1, *[field for field in _PERSON.telecoms if field[0] in own])
    for number in _PERSON.addresses:
        if number in own and (place := nk1.first(number)):
            address = address_from_xad(context, place, nk1.location(number))
            if address is not None:
                contact.setdefault("address", address)


def _add_organization_contact(context: Context, organization: Resource, nk1: Segment) -> None:
    """Add the contact person of an organization that is the next of kin or guards its interests."""
    person: Resource = {}
    _set_names(context, person, nk1, 30)
    add_contacts(context, person, nk1, (31, ""))
    if (place := nk1.first(32)) and (address := address_from_xad(context, place, nk1.location(32))):
        person["address"] = address
    append(organization, "contact", person)


def _set_names(context: Context, contact: Resource, nk1: Segment, number: int) -> None:
    for repetition in nk1.repetitions(number):
        name = name_from_xpn(context, repetition, nk1.location(number))
        if name and "name" in contact:
            append(contact, "extension", {"url": _FURTHER_NAME, "valueHumanName": name})
        elif name:
            contact["name"] = name
