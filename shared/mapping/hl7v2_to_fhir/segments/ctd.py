"""
CTD of an order -> Practitioner in a PractitionerRole: whom to ask about it. The guide has no map: this is our policy.

    PractitionerRole.code        = CTD-1*   CWE   table 0131
    Practitioner.name            = CTD-2*   XPN
    Practitioner.address         = CTD-3*   XAD
    PractitionerRole.location    = CTD-4    PL
    PractitionerRole.telecom     = CTD-5*   XTN
    PractitionerRole.extension   = CTD-6    AS-SENT
    PractitionerRole.extension   = CTD-7*   AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concepts
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import address_from_xad, contacts_from_xtn
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.datatypes.names import name_from_xpn
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)


def add_ctd(context: Context, request: Resource, ctd: Segment) -> None:
    """Add the contact to what supports the request."""
    said = [ctd.field(number).text() for number in range(1, 8)]
    role = context.shared("PractitionerRole", "contact", context.scope, *said)
    for value in concepts(context, ctd, 1, "HL70131"):
        append(role, "code", value)
    names = [name for one in ctd.repetitions(2) if (name := name_from_xpn(context, one, ctd.location(2)))]
    if names or ctd.raw(3):
        person = context.shared("Practitioner", "contact", context.scope, said[1], said[2])
        for name in names:
            append(person, "name", name)
        for one in ctd.repetitions(3):
            append(person, "address", address_from_xad(context, one, ctd.location(3)))
        role["practitioner"] = reference(person)
    if place := location_from_pl(context, ctd.first(4)):
        role["location"] = [reference(place)]
    if contacts := contacts_from_xtn(context, ctd, 5):
        role["telecom"] = contacts
    else:
        carry_field(role, ctd, 5)
    carry_into(context, role, ctd, TABLE)
    append(request, "supportingInfo", reference(role))
