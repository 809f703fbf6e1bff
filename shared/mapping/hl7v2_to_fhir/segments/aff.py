"""
AFF -> PractitionerRole: membership of a professional organization (policy: the guide has no map for master files).

    [dropped]                      = AFF-1    numbers the segment
    PractitionerRole.organization  = AFF-2    XON
    Organization.address           = AFF-3    XAD   without AFF-2: extension
    PractitionerRole.period        = AFF-4*   DR    the first; further ones: extension
    PractitionerRole.extension     = AFF-5*   AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import address_from_xad
from shared.mapping.hl7v2_to_fhir.datatypes.times import period
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)


def role_from_aff(context: Context, aff: Segment, person: Resource) -> Resource:
    """Return the PractitionerRole of a member of an organization."""
    role = context.add("PractitionerRole", "affiliation", str(person["id"]), aff.text(2))
    role["practitioner"] = reference(person)
    role["code"] = [{"text": "professional affiliation"}]
    named, address = aff.first(2), aff.first(3)
    organization = organization_from_xon(context, named) if named is not None else None
    if organization is not None:
        role["organization"] = reference(organization)
    if organization is not None and address is not None:
        append(organization, "address", address_from_xad(context, address, aff.location(3)))
    else:
        carry_field(role, aff, 3)
    if (dates := aff.first(4)) is not None:
        period(context, role, "period", dates, aff.location(4))
    if len(aff.repetitions(4)) > 1:
        carry_field(role, aff, 4)
    carry_into(context, role, aff, TABLE)
    return role
