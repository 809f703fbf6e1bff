"""
SID -> the Observation that the substance helped to make, as sent; the guide has no map of it.

    Observation.extension   = SID-1..4*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)


def add_sid(context: Context, resource: Resource, sid: Segment) -> None:
    """Add the substance to the result."""
    carry_into(context, resource, sid, TABLE)
