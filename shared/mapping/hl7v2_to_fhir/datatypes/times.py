"""
DT, DTM, TS, TM, DR -> date, dateTime, instant, time, Period.

    precision   never more than was sent. FHIR wants a zone with every time, and minutes with every hour: a value that
                lacks them keeps its date, and the original goes beside it in the extension original-value.
    zone        the value's own; else that of MSH-7, the message's default (specification), unless the partner file
                says that the sender does not mean it so; else the partner's declared zone (policy); else none, which
                is reported.
    seconds     `00` where only minutes are sent: FHIR asks for it and says they may be ignored.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from shared.formats.hl7v2.message import Repetition, Segment
from shared.formats.hl7v2.times import PRECISIONS, Moment, offset_at, read_moment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, extend, original_value

_SECOND = slice(17, 19)
_DATE = len("2026-01-31")


def put_date_time(context: Context, target: Resource, name: str, segment: Segment, number: int) -> None:
    """Set the dateTime element `name` from a field; nothing where the field is empty."""
    fields = segment.fields
    if number >= len(fields) or not (raw := fields[number]):
        return
    # The results of a report share their times.
    if known := context.known.get(("DTM", raw)):
        target[name] = known
    elif value := _plainly(context, segment, raw):
        context.known["DTM", raw] = target[name] = value
    elif repetition := segment.first(number):
        date_time(context, target, name, repetition, segment.location(number))
        if f"_{name}" not in target and name in target:
            context.known["DTM", raw] = target[name]
    if name == "end" and "start" in target:
        _keep_in_order(context, target, segment.field(number).text(), segment.location(number))


def _plainly(context: Context, segment: Segment, raw: str) -> str:
    """Return the dateTime that a field without components says exactly, the quick way; "" for any other."""
    if segment.delimiters.splits_times:
        return ""
    if value := _by_itself(raw):
        return value
    if (moment := read_moment(raw)) is None:
        return ""
    value, exact = in_fhir(context, moment)
    return value if exact else ""


@lru_cache(maxsize=2048)
def _by_itself(raw: str) -> str:
    """Return the dateTime of what needs no zone but its own, "" for any other."""
    moment = read_moment(raw)
    if moment is None:
        return ""
    if not moment.hour:
        return moment.date
    return f"{moment.date}T{moment.time}{moment.zone}" if moment.zone and moment.minute else ""


def date_time(
    context: Context, target: Resource, name: str, repetition: Repetition, location: str, component: int = 1
) -> None:
    """Set the dateTime element `name`; a value that is no time is kept beside it and reported."""
    if not (text := repetition.component(component)):
        return
    moment = _moment(context, target, name, repetition, location, component)
    if moment is None:
        return
    value, exact = in_fhir(context, moment)
    target[name] = value
    if not exact:
        extend(target, name, original_value(text))
        _report_zone(context, moment, location)


def put_instant(context: Context, target: Resource, name: str, segment: Segment, number: int) -> None:
    """Set the instant element `name`; one that lacks time or zone is kept in an extension alone."""
    if (value := _plainly(context, segment, segment.raw(number))) and len(value) > _DATE:
        target[name] = value
        return
    repetition = segment.first(number)
    if repetition is None or not (text := repetition.component(1)):
        return
    location = segment.location(number)
    moment = _moment(context, target, name, repetition, location, 1)
    if moment is None:
        return
    value, exact = in_fhir(context, moment)
    if exact and moment.minute:
        target[name] = value
    else:
        extend(target, name, original_value(text))
        context.report("information", "value", "time-not-an-instant", location, "Not exact enough for an instant.")


def put_date(context: Context, target: Resource, name: str, segment: Segment, number: int) -> Moment | None:
    """Set the date element `name` and return what was read: a caller may keep the time of day elsewhere."""
    if not (raw := segment.raw(number)):
        return None
    moment = read_moment(raw) if not segment.delimiters.splits_times else None
    if moment is None:
        repetition = segment.first(number)
        if repetition is None or not repetition.component(1):
            return None
        moment = _moment(context, target, name, repetition, segment.location(number), 1)
    if moment is not None:
        target[name] = moment.date
    return moment


def in_fhir(context: Context, moment: Moment) -> tuple[str, bool]:
    """Return a dateTime and whether it holds all that was sent."""
    date = moment.date
    if not moment.hour:
        return date, True
    zone = moment.zone or context.offset or _offset(context, moment)
    if not zone or not moment.minute:
        return date, False
    return f"{date}T{moment.time}{zone}", True


def period(
    context: Context, target: Resource, name: str, repetition: Repetition, location: str, first: int = 1
) -> None:
    """Set a Period from two components (DR, or the start and end of XPN, XAD ...)."""
    value: Resource = {}
    date_time(context, value, "start", repetition, location, first)
    date_time(context, value, "end", repetition, location, first + 1)
    if "start" in value:
        _keep_in_order(context, value, repetition.component(first + 1), location)
    if value:
        target[name] = value


def put_period(context: Context, target: Resource, name: str, segment: Segment, first: int, last: int) -> None:
    """Set a Period from the fields of its start and its end."""
    value: Resource = {}
    put_date_time(context, value, "start", segment, first)
    put_date_time(context, value, "end", segment, last)
    if value:
        target[name] = value


def period_within(
    context: Context, target: Resource, name: str, repetition: Repetition, location: str, component: int
) -> None:
    """Set a Period from a DR in one component, its start and end in sub-components."""
    separator = repetition.delimiters.subcomponent
    if component > len(repetition.parts) or not (raw := repetition.parts[component - 1]):
        return
    within = raw.replace(separator, repetition.delimiters.component) if separator else raw
    period(context, target, name, Repetition(within, repetition.delimiters), f"{location}.{component}")


def _keep_in_order(context: Context, period: Resource, sent: str, location: str) -> None:
    """Invariant per-1: an end that is before the start is kept beside it as it was sent, and reported."""
    if "end" in period and _is_before(period["end"], period["start"]):
        del period["end"]
        extend(period, "end", original_value(sent))
        context.report("warning", "value", "period-reversed", location, "The end is before the start.")


def _is_before(end: str, start: str) -> bool:
    if len(end) > _DATE and len(start) > _DATE:
        return _instant(end) < _instant(start)
    known = min(len(end), len(start), _DATE)
    return end[:known] < start[:known]


def _moment(
    context: Context, target: Resource, name: str, repetition: Repetition, location: str, component: int
) -> Moment | None:
    """Return the time; what cannot be read stays in an extension."""
    text = repetition.component(component)
    # Before 2.5, TS.2 says how much of TS.1 is meant; in a DR the second component is the end.
    second = repetition.component(2) if component == 1 and len(repetition.parts) == 2 else ""
    precision = second if second in PRECISIONS else ""
    stated, *more = text.split("&", 1)
    moment = read_moment(stated, precision)
    odd = bool(second) and not precision and read_moment(second) is None
    if moment is None or more or odd or (precision and moment != read_moment(stated)):
        extend(target, name, original_value(repetition.text() if second else text))
        if moment is None:
            context.report("warning", "value", "time-unreadable", location, "Not a date or time of HL7.")
    return moment


def _offset(context: Context, moment: Moment) -> str:
    """Return the partner's offset from UTC at that local time; "" for one that a change of clocks skips or doubles."""
    if context.zone is None or not moment.day:
        return ""
    if context.zone.key == "UTC":
        return "Z"
    offset = offset_at(moment, context.zone)
    return offset.text if offset is not None and offset.kind == "exact" else ""


def _report_zone(context: Context, moment: Moment, location: str) -> None:
    code = "time-without-minutes" if not moment.minute else "time-without-zone"
    context.report("information", "value", code, location, "FHIR cannot hold this time of day.")


def later(moment: str, length: int) -> str:
    """Return a dateTime with time and zone some minutes later, in the same zone; "" beyond the year 9999."""
    try:
        ends = _instant(moment) + timedelta(minutes=length)
    except OverflowError:
        return ""
    text = ends.isoformat(timespec="seconds")
    return text.replace("+00:00", "Z") if moment.endswith("Z") else text


def _instant(moment: str) -> datetime:
    """Return a FHIR dateTime with time and zone as a datetime, which knows no leap second: it is the one before."""
    leap = moment[_SECOND] == "60"
    return datetime.fromisoformat(f"{moment[: _SECOND.start]}59{moment[_SECOND.stop :]}" if leap else moment)
