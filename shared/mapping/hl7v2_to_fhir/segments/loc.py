"""
LOC -> Location (policy: the guide has no map for master files).

    Location                       = LOC-1    PL    one for each level
    Location.description           = LOC-2    ST    where LOC-1 has one already: extension
    Location.type                  = LOC-3*   CWE   table 0260
    Location.managingOrganization  = LOC-4*   XON   the first; further ones: extension
    Location.address               = LOC-5*   XAD   the first; further ones: extension
    Location.telecom               = LOC-6*   XTN
    Location.extension             = LOC-7..9*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concepts
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import add_contacts, address_from_xad
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.master_file_maps import WITHDRAWN

TABLE = table_of(__doc__)


def location_from_loc(context: Context, loc: Segment, event: str) -> Resource:
    """Return the Location of the record; mentioned elsewhere (PV1-3 ...), it is the same one."""
    place = location_from_pl(context, loc.first(1))
    if place is None:
        place = context.add("Location", "master file", context.scope, context.message.control_id, loc.label)
    place["status"] = "inactive" if event in WITHDRAWN else "active"
    words = loc.first(2)
    if words is not None and (text := words.text().strip()):
        place.setdefault("name", text)
        if place.setdefault("description", text) != text:
            carry_field(place, loc, 2)
    for kind in concepts(context, loc, 3, "HL70260"):
        append(place, "type", kind)
    _set_organization(context, place, loc)
    add_contacts(context, place, loc, (6, ""))
    carry_into(context, place, loc, TABLE)
    return place


def _set_organization(context: Context, place: Resource, loc: Segment) -> None:
    organizations = [found for one in loc.repetitions(4) if (found := organization_from_xon(context, one))]
    addresses = [found for one in loc.repetitions(5) if (found := address_from_xad(context, one, loc.location(5)))]
    if organizations:
        place["managingOrganization"] = reference(organizations[0])
    if addresses:
        place["address"] = addresses[0]
    for number, count in ((4, len(organizations)), (5, len(addresses))):
        if count > 1:
            carry_field(place, loc, number)
