"""
TQ1 -> ServiceRequest (HL7 v2-to-FHIR guide, map TQ1[ServiceRequest]): priority and time; the rest as sent.

    [dropped]                   = TQ1-1    numbers the segment
    ServiceRequest.extension    = TQ1-2..6*  AS-SENT
    ServiceRequest.occurrencePeriod = TQ1-7  DTM   where OBR-6 is silent; else extension
    ServiceRequest.occurrencePeriod = TQ1-8  DTM   where OBR-6 is silent; else extension
    ServiceRequest.priority     = TQ1-9*   CWE   no translation, or OBR-5 speaks already: extension
    ServiceRequest.extension    = TQ1-10..14*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.terminology.concept_maps import REQUEST_PRIORITY

TABLE = table_of(__doc__)


def add_tq1(context: Context, request: Resource, tq1: Segment) -> None:
    """Add the timing to the request."""
    context.claim(tq1, TABLE)
    first = tq1.first(9)
    code = REQUEST_PRIORITY.get(first.component(1)) if first is not None else None
    if code and "priority" not in request and "_priority" not in request:
        request["priority"] = code
    if first is not None and (request.get("priority") != code or len(tq1.raw(9)) > 1):
        carry_field(request, tq1, 9)
    if any(name.lstrip("_").startswith("occurrence") for name in request):
        carry_field(request, tq1, 7)
        carry_field(request, tq1, 8)
    else:
        period: Resource = {}
        put_date_time(context, period, "start", tq1, 7)
        put_date_time(context, period, "end", tq1, 8)
        if period:
            request["occurrencePeriod"] = period
    carry(context, request, tq1, TABLE)
