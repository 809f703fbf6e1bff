"""
TQ2 -> the request, as sent: how an order stands to others in a sequence; FHIR R4 has no element for it.

    [dropped]                    = TQ2-1    numbers the segment
    ServiceRequest.extension     = TQ2-2..10*  AS-SENT
    MedicationRequest.extension  = TQ2-2..10*  AS-SENT  of an order for a medication
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)


def add_tq2(context: Context, request: Resource, tq2: Segment) -> None:
    """Add the sequence to the request."""
    carry_into(context, request, tq2, TABLE)
