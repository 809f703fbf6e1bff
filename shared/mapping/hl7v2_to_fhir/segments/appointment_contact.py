"""
How the contact person of an appointment is reached (SCH-12, SCH-16, ARQ-15) -> PractitionerRole.

    PractitionerRole.practitioner   the person, XCN          PractitionerRole.telecom    the next field, XTN
    Practitioner.address            the one after it, XAD    PractitionerRole.location   the third, PL

Who entered it (SCH-20, ARQ-19) has a number and a place alone, in the next two fields.

Policy: the guide leaves these fields open. They say where somebody is reached about this appointment, which is no
matter of the person in general; only the address, for which a role has no element, goes to the person.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import add_contacts, address_from_xad
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl


def reachable(context: Context, person: Resource, segment: Segment, number: int) -> Resource | None:
    """Return the role in which the person of field `number` is reached, None where nothing says how."""
    for repetition in segment.repetitions(number + 2):
        append(person, "address", address_from_xad(context, repetition, segment.location(number + 2)))
    return found_at(context, person, segment, number + 1, number + 3)


def found_at(context: Context, person: Resource, segment: Segment, telecom: int, location: int) -> Resource | None:
    """Return the role in which a person has these numbers and this place, None where both fields are empty."""
    said = ["~".join(one.text() for one in segment.repetitions(field)) for field in (telecom, location)]
    if not any(said):
        return None
    role = context.shared("PractitionerRole", "contact", str(person["id"]), *said)
    role["practitioner"] = reference(person)
    add_contacts(context, role, segment, (telecom, ""))
    for repetition in segment.repetitions(location):
        if place := location_from_pl(context, repetition):
            append(role, "location", reference(place))
    return role
