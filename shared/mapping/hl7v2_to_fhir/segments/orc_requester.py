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
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon, practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import add_contacts, address_from_xad, contacts_from_xtn
from shared.mapping.hl7v2_to_fhir.recurrent import recurrent

_OF_ORC = (12, 14, 21, 22, 23, 24)
_OF_OBR = (16, 17)


def requester_of(context: Context, orc: Segment | None, obr: Segment | None) -> Resource | None:
    """Return who asks first for an order, in the ordering facility; without anybody that facility; None without it."""
    said = [orc.raw(number) for number in _OF_ORC] if orc is not None else []
    said += [obr.raw(number) for number in _OF_OBR] if obr is not None else []
    if not any(said):
        return None
    # The same people order from the same wards, to be called back there.
    return recurrent(context, ("requester", *said), _requester, orc, obr)


def _requester(context: Context, orc: Segment | None, obr: Segment | None) -> Resource | None:
    people = requesters(context, orc, obr)
    facilities = ordering_facilities(context, orc) if orc is not None else []
    callbacks: list[Resource] = []
    for segment, number in ((obr, 17), (orc, 14)):
        if segment is not None:
            callbacks += contacts_from_xtn(context, segment, number)
    if not people:
        return facilities[0] if facilities else None
    if orc is not None:
        add_requester_address(context, people[0], orc)
    return requester_role(context, people[0], facilities, callbacks) if facilities or callbacks else people[0]


def requesters(context: Context, orc: Segment | None, obr: Segment | None) -> list[Resource]:
    """Return everybody who asks for an order, each once."""
    by_id: dict[str, Resource] = {}
    for segment, number in ((orc, 12), (obr, 16)):
        for person in practitioners(context, segment, number) if segment is not None else ():
            by_id[person["id"]] = person
    return list(by_id.values())


def ordering_facilities(context: Context, orc: Segment) -> list[Resource]:
    """Return the ordering facilities, with address and telephone on the first."""
    found = (organization_from_xon(context, repetition) for repetition in orc.repetitions(21))
    facilities = [facility for facility in found if facility is not None]
    if facilities:
        for repetition in orc.repetitions(22):
            append(facilities[0], "address", address_from_xad(context, repetition, orc.location(22)))
        add_contacts(context, facilities[0], orc, (23, "work"))
    return facilities


def add_requester_address(context: Context, person: Resource, orc: Segment) -> None:
    """Put ORC-24 with the first of who asks."""
    for repetition in orc.repetitions(24):
        append(person, "address", address_from_xad(context, repetition, orc.location(24)))


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
