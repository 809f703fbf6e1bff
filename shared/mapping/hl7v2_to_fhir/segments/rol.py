"""
ROL -> PractitionerRole (HL7 v2-to-FHIR guide, maps ROL[...]); whose role it is, the message's map decides.

    PractitionerRole.identifier   = ROL-1    EI
    PractitionerRole.active       = ROL-2    ID    false where the role is deleted or unlinked; extension
    PractitionerRole.code         = ROL-3    CWE
    PractitionerRole.practitioner = ROL-4*   XCN   the first; further ones: extension
    PractitionerRole.period.start = ROL-5    DTM
    PractitionerRole.period.end   = ROL-6    DTM
    PractitionerRole.extension    = ROL-7..8*  AS-SENT
    PractitionerRole.specialty    = ROL-9*   CWE
    PractitionerRole.extension    = ROL-10   AS-SENT
    Practitioner.address          = ROL-11*  XAD   without a person: extension
    PractitionerRole.telecom      = ROL-12*  XTN
    PractitionerRole.location     = ROL-13   PL
    PractitionerRole.organization = ROL-14   XON
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.practitioner_role import RoleFields, practitioner_role
from shared.terminology.visit_maps import PROVIDER_ROLE

TABLE = table_of(__doc__)

_FIELDS = RoleFields(
    codes=PROVIDER_ROLE,
    identifier=1,
    action=2,
    role=3,
    person=4,
    start=5,
    end=6,
    specialty=9,
    addresses=11,
    telecoms=12,
    location=13,
    organization=14,
)


def role_from_rol(context: Context, rol: Segment, owner: str) -> Resource:
    """Return the PractitionerRole of a person in a role about `owner` (the id of a resource)."""
    role = practitioner_role(context, rol, _FIELDS, owner)
    carry_into(context, role, rol, TABLE)
    carry_field(role, rol, 2)
    return role
