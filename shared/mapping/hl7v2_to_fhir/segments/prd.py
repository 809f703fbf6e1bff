"""
PRD -> PractitionerRole, with Practitioner and Organization (policy: the guide has no map for it).

    PractitionerRole.code           = PRD-1*   CWE   table 0286
    Practitioner.name               = PRD-2*   XPN
    Practitioner.address            = PRD-3*   XAD
    PractitionerRole.location       = PRD-4    PL
    PractitionerRole.telecom        = PRD-5*   XTN
    PractitionerRole.extension      = PRD-6    AS-SENT
    Practitioner.identifier         = PRD-7*   number, type, issuer
    PractitionerRole.period.start   = PRD-8    DTM
    PractitionerRole.period.end     = PRD-9    DTM
    PractitionerRole.organization   = PRD-10   XON
    Organization.address            = PRD-11*  XAD   without PRD-10: extension
    PractitionerRole.extension      = PRD-12   AS-SENT
    Organization.telecom            = PRD-13*  XTN   without PRD-10: extension
    PractitionerRole.extension      = PRD-14   AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concepts
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import add_contacts, address_from_xad
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_type
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.datatypes.names import name_from_xpn
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_period
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of

TABLE = table_of(__doc__)


def role_from_prd(context: Context, prd: Segment) -> Resource:
    """Return the PractitionerRole of a provider; who it is, in which role, is its business key."""
    context.claim(prd, TABLE)
    said = [prd.field(number).text() for number in (1, 2, 7, 10)]
    role = context.shared("PractitionerRole", "provider", context.scope, *said)
    for code in concepts(context, prd, 1, "HL70286"):
        append(role, "code", code)
    person = _practitioner(context, prd, said)
    if person is not None:
        role["practitioner"] = reference(person)
    place = location_from_pl(context, prd.first(4))
    if place is not None:
        role["location"] = [reference(place)]
    add_contacts(context, role, prd, (5, ""))
    put_period(context, role, "period", prd, 8, 9)
    _set_organization(context, role, prd)
    carry(context, role, prd, TABLE)
    return role


def _practitioner(context: Context, prd: Segment, said: list[str]) -> Resource | None:
    names = [name for one in prd.repetitions(2) if (name := name_from_xpn(context, one, prd.location(2)))]
    numbers = [number for one in prd.repetitions(7) if (number := identifier_from_pln(one))]
    if not (names or numbers or prd.raw(3)):
        return None
    person = context.shared("Practitioner", "provider", context.scope, said[2] or said[1])
    for name in names:
        append(person, "name", name)
    for number in numbers:
        append(person, "identifier", number)
    for repetition in prd.repetitions(3):
        append(person, "address", address_from_xad(context, repetition, prd.location(3)))
    return person


def identifier_from_pln(repetition: Repetition) -> Resource | None:
    """Return a PLN: number, type (table 0338), who licensed it, until when; the last two as sent."""
    value, kind = repetition.component(1), repetition.component(2)
    if not value:
        return None
    identifier: Resource = {"type": identifier_type(kind)} if kind else {}
    identifier["value"] = value
    if rest := "^".join(repetition.component(part) for part in range(3, len(repetition.parts) + 1)).strip("^"):
        append(identifier, "extension", original_value(rest))
    return identifier


def _set_organization(context: Context, role: Resource, prd: Segment) -> None:
    named = prd.first(10)
    organization = organization_from_xon(context, named) if named is not None else None
    if organization is None:
        for number in (11, 13):
            carry_field(role, prd, number)
        return
    role["organization"] = reference(organization)
    for repetition in prd.repetitions(11):
        append(organization, "address", address_from_xad(context, repetition, prd.location(11)))
    add_contacts(context, organization, prd, (13, ""))
