"""
GT1 -> RelatedPerson or Organization, the guarantor of the Account (no map of GT1 in the guide: our policy).

A guarantor who is the patient (GT1-11 SEL) is the patient; what GT1 says of the person is kept with the guarantor as
sent: nobody is related to himself.

    [dropped]                     = GT1-1    numbers the segment
    RelatedPerson.identifier      = GT1-2*   CX
    RelatedPerson.name            = GT1-3*   XPN
    RelatedPerson.extension       = GT1-4*   AS-SENT
    RelatedPerson.address         = GT1-5*   XAD
    RelatedPerson.telecom         = GT1-6*   XTN   home
    RelatedPerson.telecom         = GT1-7*   XTN   work
    RelatedPerson.birthDate       = GT1-8    DTM
    RelatedPerson.gender          = GT1-9    CWE
    RelatedPerson.extension       = GT1-10   AS-SENT
    RelatedPerson.relationship    = GT1-11   CWE
    RelatedPerson.identifier      = GT1-12   ID    SS
    Account.guarantor.period.start = GT1-13  DTM
    Account.guarantor.period.end  = GT1-14   DTM
    RelatedPerson.extension       = GT1-15..18*  AS-SENT
    RelatedPerson.identifier      = GT1-19*  CX    with the employer
    RelatedPerson.extension       = GT1-20   AS-SENT
    Organization                  = GT1-21*  XON   the guarantor where GT1-3 names nobody
    RelatedPerson.extension       = GT1-22..35*  AS-SENT
    RelatedPerson.communication   = GT1-36   CWE
    RelatedPerson.extension       = GT1-37..44*  AS-SENT
    Organization.contact.name     = GT1-45*  XPN   of GT1-21 where it is the guarantor; else the three are extensions
    Organization.contact.telecom  = GT1-46*  XTN
    Organization.contact.purpose  = GT1-47   CWE
    RelatedPerson.extension       = GT1-48..57*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import add_contacts
from shared.mapping.hl7v2_to_fhir.datatypes.names import name_from_xpn
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_period
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.related_person import PersonFields, related_person

TABLE = table_of(__doc__)

# Whom to ask about the guarantor's bills: name, telephone, reason.
_CONTACT = (45, 46, 47)
_PERSON = PersonFields(
    names=(3,),
    addresses=(5,),
    telecoms=((6, "home"), (7, "work")),
    relationship=11,
    gender=9,
    birth=8,
    identifiers=(2, 19),
    ssn=12,
    language=36,
)


def add_guarantor(context: Context, account: Resource, gt1: Segment, subject: Resource) -> None:
    """Add the guarantor to the account, person or organization."""
    organizations = [found for one in gt1.repetitions(21) if (found := organization_from_xon(context, one))]
    guarantor: Resource = {}
    name = gt1.field(3).text() if gt1.raw(3) else ""
    is_patient = gt1.text(11) == "SEL"
    person = None
    if "reference" in subject and not is_patient and (name.strip("^ ") or not organizations):
        key = ("guarantor", name, gt1.text(2) if not name.strip("^ ") else "")
        person = related_person(context, subject, gt1, _PERSON, *key)
    carry_into(context, person if person is not None else guarantor, gt1, TABLE)
    if person is None and organizations and not is_patient:
        _add_contacts(context, organizations[0], gt1)
    else:
        for number in _CONTACT:
            carry_field(person if person is not None else guarantor, gt1, number)
    if person is None:
        for number in (2, 3, 5, 6, 7, 8, 9, 11, 12, 19, 36):
            carry_field(guarantor, gt1, number)
    if organizations and (is_patient or person is not None):
        carry_field(guarantor if person is None else person, gt1, 21)
    if is_patient:
        guarantor["party"] = subject
    elif person is not None:
        guarantor["party"] = reference(person)
    elif organizations:
        guarantor["party"] = reference(organizations[0])
    else:
        guarantor["party"] = {"display": "not named in the message"}
    put_period(context, guarantor, "period", gt1, 13, 14)
    append(account, "guarantor", guarantor)


def _add_contacts(context: Context, organization: Resource, gt1: Segment) -> None:
    """Add whom to ask at the organization: the first has the telephone numbers and the reason."""
    names = [name for one in gt1.repetitions(45) if (name := name_from_xpn(context, one, gt1.location(45)))]
    contacts: list[Resource] = [{"name": name} for name in names] or [{}]
    # org-3, as for the organization's own: never of use home.
    add_contacts(context, contacts[0], gt1, (46, "work"))
    if purpose := concept(context, gt1, 47):
        contacts[0]["purpose"] = purpose
    for contact in contacts:
        append(organization, "contact", contact)
