"""
PV2 -> Encounter (HL7 v2-to-FHIR guide, map PV2[Encounter]), the reason coded and the rest as sent.

    Encounter.extension   = PV2-1..2*   AS-SENT
    Encounter.reasonCode  = PV2-3   CWE
    Encounter.extension   = PV2-4..50*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.fields import carry, table_of

TABLE = table_of(__doc__)


def add_pv2(context: Context, encounter: Resource, pv2: Segment) -> None:
    """Add what PV2 says to the encounter."""
    context.claim(pv2, TABLE)
    append(encounter, "reasonCode", concept(context, pv2, 3))
    carry(context, encounter, pv2, TABLE)
