"""
Timing -> RPT (TQ1-3), RI (TQ before 2.5) and CQ of a length.

    RPT 1, RI 1   Timing.code of table 0335 or of GTSAbbreviation; else repeat.frequency, period: BID, Q6H; with
                  dayOfWeek Q1J135; PRN before it for what is done as needed; else the words of Timing.code
    RPT 8         repeat.when, the only one
    RPT 9, 10     repeat.offset, in minutes
    RI 2          repeat.timeOfDay

A frequency that is a range (frequencyMax, periodMax) has no code: half of it would say something else.
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, number_text
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import trimmed
from shared.mapping.fhir_to_hl7v2.datatypes.times import moment_text, time_text
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.datatypes.timings import AS_NEEDED
from shared.terminology.order_maps import REPEAT_PATTERN, TIMING_EVENT
from shared.terminology.system_names import table_system
from shared.terminology.systems import TERMINOLOGY

# The letters of units of time: behind the number in RPT, before it in TQ 3.
LETTERS = {"s": "S", "min": "M", "h": "H", "d": "D", "wk": "W", "mo": "L"}
_A_DAY = {2: "BID", 3: "TID", 4: "QID"}
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_RANGES = ("frequencyMax", "periodMax")
_SYSTEMS = (table_system("HL70335"), TERMINOLOGY + "v3-GTSAbbreviation")


def pattern_from(context: Context, timing: Resource, *, as_needed: bool) -> Composite | None:
    """Return how often something is done as an RPT, None where nothing or no code tells it."""
    source, repeat = context.source, context.source.one(timing, "repeat") or {}
    code, words = pattern_code(context, timing, as_needed=as_needed), ""
    if not code:
        words = source.text(source.one(timing, "code") or {}, "text")
    parts: Composite = [code, *[""] * 9] if not words else [["", words], *[""] * 9]
    when = repeat.get("when", [])
    if len(when) == 1 and TIMING_EVENT.get(str(when[0])):
        source.take(repeat, "when")
        parts[7] = str(when[0])
        if offset := number_text(source.take(repeat, "offset")):
            parts[8:10] = [offset, "min"]
    return trimmed(parts) or None


def pattern_code(context: Context, timing: Resource, *, as_needed: bool) -> str:
    """Return how often something is done in table 0335, "" where nothing or no code of it tells."""
    source, repeat = context.source, context.source.one(timing, "repeat") or {}
    code = _named(context, timing) or _reckoned(repeat)
    if code:
        source.whole(repeat, "frequency", "period", "periodUnit", "dayOfWeek")
        source.whole(timing, "code")
    return f"{AS_NEEDED}{code}" if as_needed and not code.startswith(AS_NEEDED) else code


def times_of_day(context: Context, timing: Resource) -> list[str]:
    """Return at which times of the day something is done."""
    repeat = context.source.one(timing, "repeat") or {}
    return [text for one in context.source.take(repeat, "timeOfDay") or () if (text := time_text(str(one)))]


def first_event(context: Context, timing: Resource) -> str:
    """Return the first time of what is done at stated times, "" for any other Timing; one of several is not all."""
    events = timing.get("event", ())
    if len(events) == 1:
        context.source.take(timing, "event")
    return moment_text(str(events[0])) if events else ""


def length_from(context: Context, element: Resource, number: str, unit: str) -> tuple[str, str]:
    """Return a length of time and its unit (UCUM), which are two elements; "" and "" where there is none."""
    value = number_text(context.source.take(element, number))
    return (value, context.source.text(element, unit)) if value else ("", "")


def _named(context: Context, timing: Resource) -> str:
    """Return the code of a Timing that is one of table 0335."""
    for coding in context.source.items(context.source.one(timing, "code") or {}, "coding"):
        code = str(coding.get("code", ""))
        if coding.get("system") == _SYSTEMS[0] or (coding.get("system") == _SYSTEMS[1] and REPEAT_PATTERN.get(code)):
            return code
    return ""


def _reckoned(repeat: Resource) -> str:
    """Return the code of table 0335 that says frequency and period, "" where there is none."""
    if any(name in repeat for name in _RANGES):
        return ""
    frequency, period = repeat.get("frequency", 1), number_text(repeat.get("period"))
    unit = LETTERS.get(str(repeat.get("periodUnit", "")), "")
    days = repeat.get("dayOfWeek", [])
    if days:
        weeks = period if period and unit == "W" else "1"
        told = (not period or unit in ("W", "D")) and set(days) <= set(_DAYS) and frequency in (1, len(days))
        return f"Q{weeks}J{''.join(str(_DAYS.index(day) + 1) for day in days)}" if told else ""
    if not period.isdigit() or not unit:
        return ""
    if frequency == 1:
        return f"Q{period}{unit}"
    return _A_DAY.get(frequency, f"{frequency}ID") if (period, unit) == ("1", "D") else ""
