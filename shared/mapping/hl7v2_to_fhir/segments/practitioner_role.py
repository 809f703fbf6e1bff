"""
Somebody in a role (ROL, PRT) -> PractitionerRole: the same elements from other fields each time.

    identifier  EI    active  action code    code  CWE    specialty  CWE    period  DTM
    practitioner  XCN, with its address XAD    organization  XON    location  PL    telecom  XTN
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon, practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concepts, translated
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import add_contacts, address_from_xad
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_ei
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_period
from shared.mapping.hl7v2_to_fhir.fields import carry_field
from shared.terminology.concept_maps import ConceptMap
from shared.terminology.systems import TERMINOLOGY

# Tables 0206 and 0287: the person is no longer, or was never, in the role.
ENDED = frozenset({"D", "DE", "UN"})


@dataclass(frozen=True, slots=True)
class RoleFields:
    """Which fields of a segment describe somebody in a role."""

    codes: ConceptMap
    identifier: int
    action: int
    role: int
    person: int
    start: int
    end: int
    specialty: int
    addresses: int
    telecoms: int
    location: int
    organization: int


def practitioner_role(context: Context, segment: Segment, fields: RoleFields, owner: str) -> Resource:
    """Return the PractitionerRole; what it is about (`owner`), the role and the person are its business key."""
    person = segment.field(fields.person).text() or segment.field(fields.organization).text()
    role = context.add("PractitionerRole", context.scope, owner, segment.text(fields.role), person)
    if sent := segment.first(fields.identifier):
        identifier = identifier_from_ei(context, sent)
        append(role, "identifier", identifier)
        if identifier is None:
            append(role, "extension", original_value(sent.text()))
    if action := segment.text(fields.action):
        role["active"] = action not in ENDED
    if code := translated(context, segment, fields.role, fields.codes, TERMINOLOGY + "v3-ParticipationType"):
        role["code"] = [code]
    if specialties := concepts(context, segment, fields.specialty):
        role["specialty"] = specialties
    put_period(context, role, "period", segment, fields.start, fields.end)
    _set_actors(context, role, segment, fields)
    add_contacts(context, role, segment, (fields.telecoms, ""))
    return role


def _set_actors(context: Context, role: Resource, segment: Segment, fields: RoleFields) -> None:
    people = practitioners(context, segment, fields.person)
    organizations = [
        found for one in segment.repetitions(fields.organization) if (found := organization_from_xon(context, one))
    ]
    places = [found for one in segment.repetitions(fields.location) if (found := location_from_pl(context, one))]
    named = (("practitioner", fields.person, people), ("organization", fields.organization, organizations))
    for name, number, actors in named:
        if actors:
            role[name] = reference(actors[0])
        if len(actors) > 1:
            carry_field(role, segment, number)
    if places:
        role["location"] = [reference(place) for place in places]
    for repetition in segment.repetitions(fields.addresses) if people else ():
        address = address_from_xad(context, repetition, segment.location(fields.addresses))
        append(people[0], "address", address)
    if not people:
        carry_field(role, segment, fields.addresses)
