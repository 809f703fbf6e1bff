"""
When an appointment is, and in what state.

    status   the event where it decides (S15, S16 cancelled, S17 entered-in-error, S26 noshow), else SCH-25, AIS-10,
             booked; a request is proposed. What the sender wrote and FHIR lacks: extension original-code
    start    TQ1-7, else SCH-11.4, else the first start of AIS, AIG, AIL, AIP       (an instant, or nothing)
    end      TQ1-8, else SCH-11.5, else start and SCH-9, else start and the length of that resource

app-2 and app-3 want both times of an appointment that is held. Policy: an end that nobody says is marked unknown, not
invented; an appointment of which not even the start is known keeps its status, and both are marked.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.formats.hl7v2.times import read_moment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, extend, original_code, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.times import in_fhir, later
from shared.mapping.hl7v2_to_fhir.segments.appointment_fields import minutes
from shared.terminology.appointment_maps import (
    APPOINTMENT_STATUS,
    CANCELLING_REQUESTS,
    DECIDED_BY_EVENT,
    REQUEST_EVENTS,
)
from shared.terminology.systems import DATA_ABSENT_REASON_EXTENSION, TERMINOLOGY

_MAY_LACK_TIMES = ("proposed", "cancelled", "waitlist")
# Start, length and unit of the length in the segments of resources.
_RESOURCE_TIMES = {"AIS": (4, 7, 8), "AIG": (8, 11, 12), "AIL": (6, 9, 10), "AIP": (6, 9, 10)}


def set_state(
    context: Context, appointment: Resource, event: str, sch: Segment | None, services: list[Segment]
) -> None:
    """Set the status; a code that has no translation is kept and reported."""
    for segment, number in ((sch, 25), *((ais, 10) for ais in services)):
        code = segment.text(number) or segment.text(number, 2) if segment is not None else ""
        if not code or segment is None:
            continue
        found = APPOINTMENT_STATUS.get(code.upper().replace(" ", ""))
        appointment["status"] = DECIDED_BY_EVENT.get(event) or found or "booked"
        if found != appointment["status"]:
            extend(appointment, "status", original_code(TERMINOLOGY + "v2-0278", code))
        if found is None:
            text = "The filler status is not in table 0278."
            context.report("warning", "code-invalid", "unmapped-code", segment.location(number), text)
        return
    appointment["status"] = DECIDED_BY_EVENT.get(event) or "booked"


def status_of_request(event: str) -> str:
    """Return the status of an appointment that is asked for, or asked to be cancelled."""
    return "cancelled" if event in CANCELLING_REQUESTS else "proposed" if event in REQUEST_EVENTS else "booked"


def set_times(
    context: Context, appointment: Resource, sch: Segment | None, timings: list[Segment], resources: list[Segment]
) -> None:
    """Set start and end as instants; what is not exact enough stays as sent."""
    stated = [(timing.text(7), timing.text(8)) for timing in timings]
    stated += [(one.component(4), one.component(5)) for one in sch.repetitions(11)] if sch is not None else []
    start = _first(context, appointment, "start", [first for first, _ in stated if first])
    end = _first(context, appointment, "end", [last for _, last in stated if last])
    length = appointment.get("minutesDuration")
    if start is None:
        for segment in resources:
            first, duration, unit = _RESOURCE_TIMES[segment.name]
            start = _first(context, appointment, "start", [segment.text(first)] if segment.text(first) else [])
            if start is not None:
                length = length or minutes(segment, duration, unit)
                break
    if end is None and start is not None and length and not stated_end(appointment):
        end = later(start, length)
        appointment.update({"end": end} if end else {})
    _mark_unknown(context, appointment, sch)


def stated_end(appointment: Resource) -> bool:
    """Tell whether an end was sent, though none that FHIR can hold."""
    return "_end" in appointment


def _first(context: Context, appointment: Resource, name: str, texts: list[str]) -> str | None:
    for text in texts:
        moment = read_moment(text)
        value, exact = in_fhir(context, moment) if moment is not None else ("", False)
        if exact and moment is not None and moment.minute:
            appointment[name] = value
            return value
        extend(appointment, name, original_value(text))
    return None


def _mark_unknown(context: Context, appointment: Resource, sch: Segment | None) -> None:
    held = appointment["status"] not in _MAY_LACK_TIMES
    if not held and "start" not in appointment and "_start" not in appointment and "_end" not in appointment:
        return
    missing = [name for name in ("start", "end") if name not in appointment and f"_{name}" not in appointment]
    for name in missing:
        extend(appointment, name, {"url": DATA_ABSENT_REASON_EXTENSION, "valueCode": "unknown"})
    if missing:
        place = sch.location(11) if sch is not None else "SCH-11"
        text = "FHIR wants start and end of an appointment that is held; what is not said is marked unknown."
        context.report("information", "incomplete", "appointment-time-unknown", place, text)
