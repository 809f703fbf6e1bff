"""
TCD -> the ServiceRequest or Observation that it details, as sent; the guide has no map of it.

    ServiceRequest.extension   = TCD-1..14*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)


def add_tcd(context: Context, resource: Resource, tcd: Segment) -> None:
    """Add the details of the test to the request or result."""
    carry_into(context, resource, tcd, TABLE)
