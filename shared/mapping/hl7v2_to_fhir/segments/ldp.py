"""
LDP -> HealthcareService: a department at a location (policy: the guide has no map for master files).

    HealthcareService.extension     = LDP-1    AS-SENT
    HealthcareService.category      = LDP-2    CWE   table 0264; its words are the name
    HealthcareService.type          = LDP-3*   CWE   table 0069
    HealthcareService.specialty     = LDP-4*   CWE   table 0265
    HealthcareService.extension     = LDP-5*   AS-SENT
    HealthcareService.active        = LDP-6    AS-SENT  table 0183; false also where the record is withdrawn
    HealthcareService.extension     = LDP-7..10*  AS-SENT
    HealthcareService.telecom       = LDP-11*  XTN
    HealthcareService.extension     = LDP-12   AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import add_contacts
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.master_file_fields import is_active

TABLE = table_of(__doc__)


def service_from_ldp(context: Context, ldp: Segment, place: Resource, event: str) -> Resource:
    """Return the HealthcareService; the location and the department are its business key."""
    service = context.add("HealthcareService", str(place["id"]), ldp.text(2) or ldp.text(2, 2))
    service["active"] = is_active(context, ldp, 6, event)
    if department := concept(context, ldp, 2, "HL70264"):
        service["category"] = [department]
        if "text" in department:
            service["name"] = department["text"]
    for name, number, table in (("type", 3, "HL70069"), ("specialty", 4, "HL70265")):
        for one in concepts(context, ldp, number, table):
            append(service, name, one)
    service["location"] = [reference(place)]
    add_contacts(context, service, ldp, (11, ""))
    carry_into(context, service, ldp, TABLE)
    return service
