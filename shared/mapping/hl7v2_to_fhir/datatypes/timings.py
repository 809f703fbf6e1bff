"""
TQ, RPT, TQ1 -> Timing and Quantity (HL7 v2-to-FHIR guide, maps TQ[ServiceRequest], RPT[Timing], TQ1[ServiceRequest]).

    Timing.code                 RPT 1, TQ 2.1    v3-GTSAbbreviation where it has the pattern, else table 0335
    Timing.repeat.period        RPT 5 with the unit 6; or the pattern itself where it says one: Q6H, Q2D
    Timing.repeat.when, offset  RPT 8; RPT 9 with the unit 10, in minutes
    Timing.repeat.timeOfDay     TQ1-4
    Timing.repeat.bounds        TQ1-7 and 8 (TQ 4 and 5) as a Period, its end reckoned from TQ1-6 where TQ1-8 is
                                silent and TQ1-7 has a time of day; else TQ1-6 as a Duration
    Timing.repeat.duration      TQ1-13       Timing.repeat.count   TQ1-14 (TQ 12)

Policy: what has no element here is kept as sent by the segment that has it.
"""

from __future__ import annotations

import re

from shared.formats.fhir.encoding import Number
from shared.formats.hl7v2.message import Repetition, Segment
from shared.formats.hl7v2.times import read_time
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal, quantity
from shared.mapping.hl7v2_to_fhir.datatypes.times import date_time, later, put_date_time
from shared.terminology.order_maps import PERIOD_UNIT, REPEAT_PATTERN, TIMING_EVENT
from shared.terminology.systems import TERMINOLOGY, UCUM

AS_NEEDED = "PRN"
_EVERY = re.compile(r"Q(\d{1,4})([SMHDWL])")
_IN_MINUTES = {"min": 1, "h": 60, "d": 1440, "wk": 10080}
_MAX_COUNT = 2_147_483_647


def timing_from_tq1(context: Context, tq1: Segment) -> Resource:
    """Return the Timing of a TQ1, empty when it gives none."""
    repeat: Resource = {}
    _set_bounds(context, repeat, tq1)
    for explicit in tq1.repetitions(4):
        if time := read_time(explicit.component(1)):
            append(repeat, "timeOfDay", time)
    if (pattern := tq1.first(3)) is not None:
        _set_pattern(repeat, pattern)
    if length := _measured(tq1.first(13)):
        repeat["duration"], repeat["durationUnit"] = length
    if (count := _count(tq1.text(14))) is not None:
        repeat["count"] = count
    return _timing(tq1.first(3), repeat)


def timing_from_tq(context: Context, repetition: Repetition, location: str) -> Resource:
    """Return the Timing of a TQ (OBR-27, ORC-7 before 2.5), empty when it gives none."""
    repeat: Resource = {}
    period: Resource = {}
    date_time(context, period, "start", _only(repetition, 4), location)
    date_time(context, period, "end", _only(repetition, 5), location)
    if period:
        repeat["boundsPeriod"] = period
    interval = _raised(repetition, 2)
    if interval is not None:
        _set_every(repeat, interval.component(1))
    if (count := _count(repetition.component(12))) is not None:
        repeat["count"] = count
    return _timing(interval, repeat)


def add_tq_to_dosage(context: Context, dosage: Resource, tq: Repetition, location: str) -> None:
    """Add a TQ (ORC-7, RXE-1 before 2.5) to a dosage; the caller keeps it as sent."""
    if timing := timing_from_tq(context, tq, location):
        dosage["timing"] = timing
    if tq.subcomponent(2, 1).upper().startswith(AS_NEEDED):
        dosage["asNeededBoolean"] = True


def simple_quantity(repetition: Repetition | None) -> Resource | None:
    """Return a CQ as a Quantity of number and unit, None where it has no number."""
    if repetition is None or (value := decimal(repetition.component(1))) is None:
        return None
    code, words = repetition.subcomponent(2, 1), repetition.subcomponent(2, 2)
    unit: Resource = {"unit": words or code} if words or code else {}
    if known := PERIOD_UNIT.get(code):
        unit["system"], unit["code"] = UCUM, known
    return quantity(value, unit)


def raised_quantity(repetition: Repetition | None, component: int) -> Resource | None:
    """Return a CQ in sub-components (TQ.1) as a Quantity."""
    return simple_quantity(_raised(repetition, component)) if repetition is not None else None


def is_as_needed(pattern: Repetition | None) -> bool:
    """Tell whether a repeat pattern (RPT) is one of table 0335 that only applies as needed: PRN, PRN with a code."""
    return pattern is not None and pattern.subcomponent(1, 1).upper().startswith(AS_NEEDED)


def only_bounds(timing: Resource) -> Resource | None:
    """Return the Period of a Timing that says nothing else."""
    repeat = timing.get("repeat", {})
    period: Resource | None = repeat.get("boundsPeriod")
    return period if len(timing) == 1 and len(repeat) == 1 else None


def _timing(pattern: Repetition | None, repeat: Resource) -> Resource:
    timing: Resource = {"repeat": repeat} if repeat else {}
    code = pattern.subcomponent(1, 1) if pattern is not None else ""
    if code:
        system = "v3-GTSAbbreviation" if REPEAT_PATTERN.get(code) else "v2-0335"
        coding = {"system": TERMINOLOGY + system, "code": " ".join(code.split())}
        timing["code"] = {"coding": [coding], "text": pattern.subcomponent(1, 2) or code} if pattern else {}
    return timing


def _set_bounds(context: Context, repeat: Resource, tq1: Segment) -> None:
    period: Resource = {}
    put_date_time(context, period, "start", tq1, 7)
    put_date_time(context, period, "end", tq1, 8)
    length = simple_quantity(tq1.first(6)) if tq1.raw(6) else None
    if period:
        if length and not tq1.raw(8) and (end := _end(period, length)):
            period["end"] = end
        repeat["boundsPeriod"] = period
    elif length and length.get("system") == UCUM:
        repeat["boundsDuration"] = length


def _end(period: Resource, length: Resource) -> str:
    """Return when a period ends that has a start to the minute and a length in whole minutes, "" for any other."""
    total = length["value"] * _IN_MINUTES.get(length.get("code", ""), 0)
    exact = "T" in period.get("start", "") and "_start" not in period
    return later(period["start"], int(total)) if exact and 0 < total <= _MAX_COUNT and total == int(total) else ""


def _set_pattern(repeat: Resource, pattern: Repetition) -> None:
    period, unit = decimal(pattern.component(5)), PERIOD_UNIT.get(pattern.subcomponent(6, 1))
    if period is not None and period > 0 and unit:
        repeat["period"], repeat["periodUnit"] = period, unit
    else:
        _set_every(repeat, pattern.subcomponent(1, 1))
    event = TIMING_EVENT.get(pattern.component(8))
    # Invariant tim-10: times of day or events, not both.
    if event and not repeat.get("timeOfDay"):
        repeat["when"] = [event]
        factor = _IN_MINUTES.get(PERIOD_UNIT.get(pattern.subcomponent(10, 1)) or "")
        offset = pattern.component(9)
        if factor and offset.isascii() and offset.isdigit() and int(offset) * factor <= _MAX_COUNT:
            repeat["offset"] = int(offset) * factor


def _set_every(repeat: Resource, code: str) -> None:
    if every := _EVERY.fullmatch(code):
        repeat["frequency"], repeat["period"] = 1, int(every[1])
        repeat["periodUnit"] = PERIOD_UNIT.codes[every[2]]


def _measured(repetition: Repetition | None) -> tuple[Number, str] | None:
    if repetition is None:
        return None
    value, unit = decimal(repetition.component(1)), PERIOD_UNIT.get(repetition.subcomponent(2, 1))
    return (value, unit) if value is not None and value >= 0 and unit else None


def _count(text: str) -> int | None:
    plain = text.isascii() and text.isdigit() and len(text) < 10
    return int(text) if plain and int(text) > 0 else None


def _raised(repetition: Repetition, component: int) -> Repetition | None:
    """Return a component with its sub-components raised to components."""
    if component > len(repetition.parts) or not (raw := repetition.parts[component - 1]):
        return None
    delimiters = repetition.delimiters
    return Repetition(
        raw.replace(delimiters.subcomponent, delimiters.component) if delimiters.subcomponent else raw, delimiters
    )


def _only(repetition: Repetition, component: int) -> Repetition:
    """Return a component as a repetition of its own: a TS in a TQ reads as a TS."""
    return _raised(repetition, component) or Repetition("", repetition.delimiters)
