"""
ORG -> PractitionerRole: the unit that a member of staff belongs to (policy: the guide has no map for master files).

    [dropped]                      = ORG-1    numbers the segment
    PractitionerRole.organization  = ORG-2    AS-SENT
    Organization.type              = ORG-3    CWE   without ORG-2: extension
    PractitionerRole.extension     = ORG-4    AS-SENT
    PractitionerRole.identifier    = ORG-5    CX
    PractitionerRole.code          = ORG-6    CWE
    PractitionerRole.extension     = ORG-7    AS-SENT
    PractitionerRole.specialty     = ORG-8    CWE
    PractitionerRole.period        = ORG-9    DR
    PractitionerRole.extension     = ORG-10..13*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx
from shared.mapping.hl7v2_to_fhir.datatypes.times import period
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.coded_organization import organization_from_cwe

TABLE = table_of(__doc__)


def role_from_org(context: Context, org: Segment, person: Resource) -> Resource:
    """Return the PractitionerRole of a member of staff in a unit."""
    role = context.add("PractitionerRole", "unit", str(person["id"]), org.text(2) or org.text(2, 2))
    role["practitioner"] = reference(person)
    organization = organization_from_cwe(context, org, 2)
    if organization is not None:
        role["organization"] = reference(organization)
        append(organization, "type", concept(context, org, 3, "HL70474"))
    else:
        carry_field(role, org, 3)
    if (sent := org.first(5)) is not None:
        identifier = identifier_from_cx(context, sent, org.location(5))
        append(role, "identifier", identifier)
        append(role, "extension", original_value(sent.text()) if identifier is None else None)
    append(role, "code", concept(context, org, 6, "HL70452"))
    append(role, "specialty", concept(context, org, 8, "HL70454"))
    if (dates := org.first(9)) is not None:
        period(context, role, "period", dates, org.location(9))
    carry_into(context, role, org, TABLE)
    return role
