"""
date, dateTime, instant, time, Period -> DT, DTM, TS, TM, DR.

    precision   as FHIR has it; a fraction of a second to four digits, the most that HL7 has
    zone        as FHIR has it
    original    what HL7 v2 to FHIR kept beside the element (original-value) is written as it was sent
"""

from __future__ import annotations

import re
from datetime import datetime

from shared.formats.hl7v2.writing import Component, Composite
from shared.mapping.fhir_to_hl7v2.context import Context, as_sent
from shared.mapping.fhir_to_hl7v2.reading import Resource

_MOMENT = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})(?:T(?P<hour>\d{2}):(?P<minute>\d{2})"
    r"(?::(?P<second>\d{2})(?:\.(?P<fraction>\d+))?)?(?P<zone>Z|[+-]\d{2}:\d{2})?)?)?)?"
)
_TIME = re.compile(r"(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?")
_MOST_DIGITS = 4
_SECONDS = 60


def dtm_from(context: Context, element: Resource, name: str) -> Composite | None:
    """Return the dateTime element `name` as a DTM (or TS); None where it is absent or no time."""
    value = context.source.text(element, name)
    if sent := context.original(element, name):
        return as_sent(sent)[0]
    if text := moment_text(value):
        return [text]
    return None


def moment_text(value: str) -> str:
    """Return a FHIR date, dateTime or instant in the form of HL7, "" for what is none."""
    match = _MOMENT.fullmatch(value)
    if match is None:
        return ""
    parts = [match[name] or "" for name in ("year", "month", "day", "hour", "minute", "second")]
    fraction = f".{match['fraction'][:_MOST_DIGITS]}" if match["fraction"] else ""
    zone = "+0000" if match["zone"] == "Z" else (match["zone"] or "").replace(":", "")
    return "".join(parts) + fraction + zone


def time_text(value: str) -> str:
    """Return a FHIR time in the form of HL7, "" for what is none."""
    match = _TIME.fullmatch(value)
    if match is None:
        return ""
    fraction = f".{match[4][:_MOST_DIGITS]}" if match[4] else ""
    return "".join(part or "" for part in match.groups()[:3]) + fraction


def bounds(context: Context, period: Resource | None) -> tuple[Composite | None, Composite | None]:
    """Return start and end of a Period."""
    if period is None:
        return None, None
    return dtm_from(context, period, "start"), dtm_from(context, period, "end")


def bound_texts(context: Context, element: Resource) -> tuple[Component, Component]:
    """Return start and end of `period` of a name, address or identifier, as components."""
    start, end = bounds(context, context.source.one(element, "period"))
    return (start[0] if start else ""), (end[0] if end else "")


def dr_from(context: Context, period: Resource | None) -> Composite | None:
    """Return a Period as a DR, None where it says nothing."""
    start, end = bounds(context, period)
    return [start[0] if start else "", end[0] if end else ""] if start or end else None


def minutes_between(start: str, end: str) -> str:
    """Return the minutes between two moments with time and zone, "" where they are not whole."""
    if "T" not in start or "T" not in end:
        return ""
    try:
        seconds = (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()
    except (ValueError, TypeError):
        return ""
    return str(int(seconds // _SECONDS)) if seconds > 0 and seconds % _SECONDS == 0 else ""
