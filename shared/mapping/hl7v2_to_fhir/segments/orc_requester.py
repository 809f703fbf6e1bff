"""
Who asks for an order and where (ORC-12, 14, 21 to 24) -> PractitionerRole, Organization, Practitioner.

    PractitionerRole.telecom        = ORC-14*  XTN   to call back
    PractitionerRole.organization   = ORC-21*  XON   the first; further ones: extension
    Organization.address            = ORC-22*  XAD   of the first facility
    Organization.telecom            = ORC-23*  XTN   of the first facility
    Practitioner.address            = ORC-24*  XAD
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import add_contacts, address_from_xad
from shared.mapping.hl7v2_to_fhir.fields import carry_field


def ordering_facilities(context: Context, request: Resource, orc: Segment) -> list[Resource]:
    """Return the ordering facilities, with address and telephone on the first."""
    found = (organization_from_xon(context, repetition) for repetition in orc.repetitions(21))
    facilities = [facility for facility in found if facility is not None]
    if not facilities:
        for number in (22, 23):
            carry_field(request, orc, number)
        return []
    for repetition in orc.repetitions(22):
        append(facilities[0], "address", address_from_xad(context, repetition, orc.location(22)))
    add_contacts(context, facilities[0], orc, (23, "work"))
    return facilities


def set_requester_address(context: Context, request: Resource, people: list[Resource], orc: Segment) -> None:
    """Put ORC-24 with the first of who asks; without anybody it stays with the request as it was sent."""
    if not people:
        carry_field(request, orc, 24)
        return
    for repetition in orc.repetitions(24):
        append(people[0], "address", address_from_xad(context, repetition, orc.location(24)))


def requester_role(
    context: Context, person: Resource, facilities: list[Resource], callbacks: list[Resource]
) -> Resource:
    """Return the requester in the ordering facility, with the telephone to call back."""
    facility = facilities[0] if facilities else None
    role = context.shared("PractitionerRole", person["id"], facility["id"] if facility else "")
    role["practitioner"] = reference(person)
    if facility is not None:
        role["organization"] = reference(facility)
    for further in facilities[1:]:
        append(role, "extension", {"url": f"{EXTENSIONS}further-organization", "valueReference": reference(further)})
    for callback in callbacks:
        append(role, "telecom", callback)
    return role
