"""
ServiceRequest -> TQ1, or TQ in OBR-27 where the message has no TQ1: before 2.5, and in ORM.

    ServiceRequest.quantityQuantity  = TQ1-2    CQ    TQ 1
    ServiceRequest.occurrenceTiming  = TQ1-3    RPT   TQ 2; PRN of asNeededBoolean too
    ServiceRequest.occurrenceTiming  = TQ1-4*   TM    repeat.timeOfDay; TQ 2
    ServiceRequest.occurrenceTiming  = TQ1-6    CQ    repeat.boundsDuration; TQ 3
    ServiceRequest.occurrencePeriod  = TQ1-7    DTM   occurrenceDateTime too, where OBR-6 is gone; TQ 4
    ServiceRequest.occurrencePeriod  = TQ1-8    DTM   TQ 5
    ServiceRequest.priority          = TQ1-9    CWE   where OBR-5 is gone
    ServiceRequest.asNeededCodeableConcept = TQ1-10  TX   TQ 7
    ServiceRequest.occurrenceTiming  = TQ1-13   CQ    repeat.duration
    ServiceRequest.occurrenceTiming  = TQ1-14   NM    repeat.count; TQ 12
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Component
from shared.mapping.fhir_to_hl7v2.context import Context, Draft, number_text
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import trimmed
from shared.mapping.fhir_to_hl7v2.datatypes.quantities import cq_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import bounds, dtm_from
from shared.mapping.fhir_to_hl7v2.datatypes.timings import (
    LETTERS,
    first_event,
    length_from,
    pattern_code,
    pattern_from,
    times_of_day,
)
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
    draft.put(3, pattern_from(context, timing, as_needed=source.take(request, "asNeededBoolean") is True))
    draft.put(4, *times_of_day(context, timing))
    draft.put(6, [*_length(context, repeat)])
    for period in (source.one(request, "occurrencePeriod"), source.one(repeat, "boundsPeriod")):
        start, end = bounds(context, period)
        draft.put(7, start)
        draft.put(8, end)
    if not context.has_field("OBR", 6):
        draft.put(7, dtm_from(context, request, "occurrenceDateTime"))
        draft.put(7, first_event(context, timing) if not draft.has(7) else None)
    if not context.has_field("OBR", 5):
        draft.put(9, priority_of(context, request))
    draft.put(10, _condition(context, request))
    draft.put(13, [*length_from(context, repeat, "duration", "durationUnit")])
    draft.put(14, number_text(source.take(repeat, "count")))
    if draft.fields:
        draft.put(9, priority_of(context, request))
    kept = set(draft.fields)
    context.restore(draft, request)
    if set(draft.fields) - kept:
        # What was kept as sent says all of the timing.
        source.whole(request, "occurrenceTiming")
    return draft if draft.fields else None


def _length(context: Context, repeat: Resource) -> tuple[str, str]:
    """Return how long something goes on, and the unit; "" and "" where nothing tells."""
    length = context.source.one(repeat, "boundsDuration") or {}
    number, unit = length_from(context, length, "value", "code")
    context.source.whole(length, "unit", "system")
    return number, unit or (str(length.get("unit", "")) if number else "")


def _condition(context: Context, request: Resource) -> str:
    """Return under which condition something is done, in words."""
    found = cwe_from(context, context.source.one(request, "asNeededCodeableConcept"), "TQ1-10") or []
    texts = [part for part in (*found[8:9], *found[1:2], *found[:1]) if isinstance(part, str) and part]
    return texts[0] if texts else ""


def put_tq(context: Context, obr: Draft, request: Resource) -> None:
    """Put amount, times and priority into OBR-27, for messages without TQ1."""
    if has_segment(context, "TQ1") or obr.has(27):
        return
    source = context.source
    timing = source.one(request, "occurrenceTiming") or {}
    repeat = source.one(timing, "repeat") or {}
    code = pattern_code(context, timing, as_needed=source.take(request, "asNeededBoolean") is True)
    start, end = bounds(context, source.one(request, "occurrencePeriod") or source.one(repeat, "boundsPeriod"))
    amount = cq_from(context, source.one(request, "quantityQuantity"))
    parts: list[Component] = [[str(amount[0])] if amount else "", "", "", *[""] * 9]
    parts[1] = [code, ",".join(times_of_day(context, timing))]
    number, unit = _length(context, repeat)
    parts[2] = f"{LETTERS[unit]}{number}" if unit in LETTERS else ""
    parts[3:5] = [start[0] if start else "", end[0] if end else ""]
    parts[6], parts[11] = _condition(context, request), number_text(source.take(repeat, "count"))
    obr.put(27, trimmed(parts) or None)
