"""
TQ1 -> ServiceRequest (HL7 v2-to-FHIR guide, map TQ1[ServiceRequest]): quantity, priority and time.

    [dropped]                        = TQ1-1    numbers the segment
    ServiceRequest.quantityQuantity  = TQ1-2    AS-SENT  without a number, or a second one: extension alone
    ServiceRequest.occurrenceTiming  = TQ1-3*   AS-SENT  and repeat.period, when, offset; PRN: asNeededBoolean
    ServiceRequest.occurrenceTiming  = TQ1-4*   AS-SENT  and repeat.timeOfDay
    ServiceRequest.extension         = TQ1-5*   AS-SENT
    ServiceRequest.occurrenceTiming  = TQ1-6    AS-SENT  and repeat.boundsDuration, or the end of boundsPeriod
    ServiceRequest.occurrencePeriod  = TQ1-7    DTM   repeat.boundsPeriod of a Timing that says more; else extension
    ServiceRequest.occurrencePeriod  = TQ1-8    DTM   repeat.boundsPeriod of a Timing that says more; else extension
    ServiceRequest.priority          = TQ1-9*   CWE   no translation, or OBR-5 speaks already: extension
    ServiceRequest.asNeededCodeableConcept = TQ1-10*  TX   policy: the condition under which it is to be done
    ServiceRequest.note              = TQ1-11*  TX
    ServiceRequest.extension         = TQ1-12   AS-SENT
    ServiceRequest.occurrenceTiming  = TQ1-13   AS-SENT  and repeat.duration
    ServiceRequest.occurrenceTiming  = TQ1-14   AS-SENT  and repeat.count

Policy: a TQ1 that only says when is a period, and leaves OBR-6 as it is; one that repeats is a Timing, and OBR-6 its
event. A second TQ1 of an order goes as sent.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.timings import (
    is_as_needed,
    only_bounds,
    raised_quantity,
    simple_quantity,
    timing_from_tq,
    timing_from_tq1,
)
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.terminology.concept_maps import REQUEST_PRIORITY

TABLE = table_of(__doc__)

_TIMED = ("occurrenceTiming", "occurrencePeriod", "occurrenceDateTime", "_occurrenceDateTime")


def add_tq1(context: Context, request: Resource, tq1: Segment) -> None:
    """Add the timing to the request."""
    context.claim(tq1, TABLE)
    _set_priority(request, tq1)
    if (amount := simple_quantity(tq1.first(2))) and "quantityQuantity" not in request:
        request["quantityQuantity"] = amount
    if condition := tq1.lines(10):
        if "asNeededCodeableConcept" in request:
            carry_field(request, tq1, 10)
        else:
            request["asNeededCodeableConcept"] = {"text": condition}
            request.pop("asNeededBoolean", None)
    elif is_as_needed(tq1.first(3)) and "asNeededCodeableConcept" not in request:
        request["asNeededBoolean"] = True
    if instruction := tq1.lines(11):
        append(request, "note", {"text": instruction})
    if not set_occurrence(request, timing_from_tq1(context, tq1)):
        carry_field(request, tq1, 7)
        carry_field(request, tq1, 8)
    carry(context, request, tq1, TABLE)


def add_tq(context: Context, request: Resource, segment: Segment, number: int) -> None:
    """Add a TQ (ORC-7, OBR-27 before 2.5) as far as the request is silent; the caller keeps it as sent."""
    first = segment.first(number)
    if first is None:
        return
    if (amount := raised_quantity(first, 1)) and "quantityQuantity" not in request:
        request["quantityQuantity"] = amount
    code = REQUEST_PRIORITY.get(first.component(6))
    if code and "priority" not in request and "_priority" not in request:
        request["priority"] = code
    set_occurrence(request, timing_from_tq(context, first, segment.location(number)))


def set_occurrence(request: Resource, timing: Resource) -> bool:
    """Set occurrence[x] of a request where it is free, or a moment that the Timing can hold; tell whether it was."""
    if not timing:
        return True
    bounds = only_bounds(timing)
    if not any(name in request for name in _TIMED):
        request.update({"occurrencePeriod": bounds} if bounds else {"occurrenceTiming": timing})
        return True
    if bounds or "occurrenceDateTime" not in request:
        return False
    event = {"event": [request.pop("occurrenceDateTime")]}
    if kept := request.pop("_occurrenceDateTime", None):
        event["_event"] = [kept]
    request["occurrenceTiming"] = {**event, **timing}
    return True


def _set_priority(request: Resource, tq1: Segment) -> None:
    first = tq1.first(9)
    code = REQUEST_PRIORITY.get(first.component(1)) if first is not None else None
    if code and "priority" not in request and "_priority" not in request:
        request["priority"] = code
    if first is not None and (request.get("priority") != code or len(tq1.raw(9)) > 1):
        carry_field(request, tq1, 9)
