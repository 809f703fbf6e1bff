"""
EDU -> Practitioner.qualification, an academic degree (policy: the guide has no map for master files).

    [dropped]                             = EDU-1    numbers the segment
    Practitioner.qualification.code       = EDU-2    CWE   table 0360
    Practitioner.qualification.extension  = EDU-3    AS-SENT
    Practitioner.qualification.period     = EDU-4    DR
    Practitioner.qualification.extension  = EDU-5    AS-SENT
    Practitioner.qualification.issuer     = EDU-6    XON
    Organization.type                     = EDU-7    CWE   without EDU-6: extension
    Organization.address                  = EDU-8    XAD   without EDU-6: extension
    Practitioner.qualification.extension  = EDU-9*   AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import address_from_xad
from shared.mapping.hl7v2_to_fhir.datatypes.times import period
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.systems import DATA_ABSENT_REASON

TABLE = table_of(__doc__)


def add_edu(context: Context, person: Resource, edu: Segment) -> None:
    """Add a degree, its school as the one who issued it."""
    degree = concept(context, edu, 2, "HL70360") or {"coding": [{"system": DATA_ABSENT_REASON, "code": "unknown"}]}
    qualification: Resource = {"code": degree}
    carry_into(context, qualification, edu, TABLE)
    if (dates := edu.first(4)) is not None:
        period(context, qualification, "period", dates, edu.location(4))
    named, address = edu.first(6), edu.first(8)
    school = organization_from_xon(context, named) if named is not None else None
    if school is None:
        for number in (7, 8):
            carry_field(qualification, edu, number)
    else:
        qualification["issuer"] = reference(school)
        append(school, "type", concept(context, edu, 7, "HL70402"))
        if address is not None:
            append(school, "address", address_from_xad(context, address, edu.location(8)))
    append(person, "qualification", qualification)
