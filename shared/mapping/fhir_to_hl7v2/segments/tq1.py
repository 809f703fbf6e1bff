"""
ServiceRequest -> TQ1, or TQ in OBR-27 where the message has no TQ1: before 2.5, and in ORM.

    ServiceRequest.quantityQuantity  = TQ1-2    CQ
    ServiceRequest.occurrencePeriod  = TQ1-7    DTM   occurrenceDateTime too, where OBR-6 is gone
    ServiceRequest.occurrencePeriod  = TQ1-8    DTM
    ServiceRequest.priority          = TQ1-9    CWE   where OBR-5 is gone
    ServiceRequest.asNeededCodeableConcept = TQ1-10  TX
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Component
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import trimmed
from shared.mapping.fhir_to_hl7v2.datatypes.quantities import cq_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import bounds, dtm_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.obr import priority_of
from shared.mapping.fhir_to_hl7v2.structure import has_segment
from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)


def tq1_from(context: Context, request: Resource) -> Draft | None:
    """Return TQ1, None where the request has no time or amount that another segment does not tell."""
    if not has_segment(context, "TQ1"):
        return None
    draft = Draft("TQ1", TABLE)
    source = context.source
    draft.put(2, cq_from(context, source.one(request, "quantityQuantity")))
    timing = source.one(request, "occurrenceTiming") or {}
    repeat = source.one(timing, "repeat") or {}
    for period in (source.one(request, "occurrencePeriod"), source.one(repeat, "boundsPeriod")):
        start, end = bounds(context, period)
        draft.put(7, start)
        draft.put(8, end)
    if not context.has_field("OBR", 6):
        draft.put(7, dtm_from(context, request, "occurrenceDateTime"))
    if not context.has_field("OBR", 5):
        draft.put(9, priority_of(context, request))
    condition = source.one(request, "asNeededCodeableConcept") or {}
    draft.put(10, source.text(condition, "text"))
    if draft.fields:
        draft.put(9, priority_of(context, request))
    kept = set(draft.fields)
    context.restore(draft, request)
    if set(draft.fields) - kept:
        # What was kept as sent says all of the timing.
        source.whole(request, "occurrenceTiming")
    return draft if draft.fields else None


def put_tq(context: Context, obr: Draft, request: Resource) -> None:
    """Put amount, times and priority into OBR-27, for messages without TQ1."""
    if has_segment(context, "TQ1") or obr.has(27) or obr.has(6):
        return
    source = context.source
    start, end = bounds(context, source.one(request, "occurrencePeriod"))
    amount = cq_from(context, source.one(request, "quantityQuantity"))
    parts: list[Component] = ["", "", "", start[0] if start else "", end[0] if end else ""]
    parts[0] = [str(amount[0])] if amount else ""
    obr.put(27, trimmed(parts) or None)
