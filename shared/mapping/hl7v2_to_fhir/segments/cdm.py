"""
CDM -> ChargeItemDefinition (policy: the guide has no map for master files).

    ChargeItemDefinition.code         = CDM-1    CWE
    ChargeItemDefinition.extension    = CDM-2*   AS-SENT
    ChargeItemDefinition.title        = CDM-3    ST
    ChargeItemDefinition.description  = CDM-4    ST
    ChargeItemDefinition.extension    = CDM-5..7*  AS-SENT
    ChargeItemDefinition.status       = CDM-8    AS-SENT  table 0183; retired also where the record is withdrawn
    ChargeItemDefinition.extension    = CDM-9..13*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.master_file_fields import is_active

TABLE = table_of(__doc__)


def definition_from_cdm(context: Context, cdm: Segment, event: str) -> Resource:
    """Return the ChargeItemDefinition; its code is its business key, its url (required by FHIR) the id as a URN."""
    key = cdm.text(1) or cdm.text(1, 2) or f"{context.message.control_id} {cdm.label}"
    definition = context.add("ChargeItemDefinition", context.scope, key, cdm.text(1, 3))
    definition["url"] = f"urn:uuid:{definition['id']}"
    for name, number in (("title", 3), ("description", 4)):
        sent = cdm.first(number)
        if sent is not None and (text := sent.text().strip()):
            definition[name] = text
    definition["status"] = "active" if is_active(context, cdm, 8, event) else "retired"
    if code := concept(context, cdm, 1, "HL70132"):
        definition["code"] = code
    carry_into(context, definition, cdm, TABLE)
    return definition
