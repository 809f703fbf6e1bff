"""
What operators watch: measures of each flow, the limits on them by the hour, and when one is breached.

A limit is seeded from the catalogue where there is none, and from then on belongs to whoever tunes it: a deployment
never changes it. A limit for these hours goes before one for `always`. The hours, and the seeds that follow from no
SLA, are our policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.catalog.model import FileDrop, Flow, Queue
from shared.errors import RejectedError

SEEDED_BY = "corridor/catalogue"
EVERY_PARTNER = ""
SILENCE_LOOK_BACK_MINUTES = 2880

_DAY_BEGINS, _DAY_ENDS = time(7), time(19)
_SATURDAY = 5


class Measure(StrEnum):
    """What is measured of a flow, each as a whole number."""

    BACKLOG = "backlog"
    OLDEST = "oldest"
    LATENCY = "latency"
    FAILURE_RATE = "failure-rate"
    QUARANTINED = "quarantined"
    DEAD_LETTERS = "dead-letters"
    REJECTIONS = "rejections"
    SILENCE = "silence"


MEANINGS = {
    Measure.BACKLOG: "entries that wait, parked and held ones included",
    Measure.OLDEST: "seconds since the oldest head that nothing holds back was due",
    Measure.LATENCY: "seconds from receipt to a finished step, 95th percentile of 15 minutes",
    Measure.FAILURE_RATE: "percent of a step's attempts that failed within 15 minutes, from 20 attempts on",
    Measure.QUARANTINED: "messages and deliveries that wait for a person's decision",
    Measure.DEAD_LETTERS: "dead letters that were drained within an hour",
    Measure.REJECTIONS: "messages that were refused within an hour",
    Measure.SILENCE: "minutes since the last message that was not refused",
}


class Hours(StrEnum):
    """When a limit holds: weekdays from 7 to 19 (`day`), the rest of them (`evening`), Saturday and Sunday."""

    ALWAYS = "always"
    DAY = "day"
    EVENING = "evening"
    WEEKEND = "weekend"


Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Threshold:
    """A measure may reach `limit` and not more; None: it is not watched. `partner` is empty for the whole flow."""

    flow: str
    partner: str
    measure: str
    hours: str
    limit: int | None
    time_zone: str
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a measure is just now."""

    flow: str
    partner: str
    measure: str
    value: int

    @property
    def key(self) -> Key:
        """What is measured, of whom."""
        return (self.flow, self.partner, self.measure)


@dataclass(frozen=True, slots=True)
class Breach:
    """A limit that is exceeded, since when, and by what it was when that was seen first."""

    flow: str
    partner: str
    measure: str
    since: datetime
    value: int
    limit: int

    @property
    def key(self) -> Key:
        """What is breached, of whom."""
        return (self.flow, self.partner, self.measure)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one evaluation found: every breach that holds, those of them that are new, and those that have ended."""

    holding: Sequence[Breach]
    begun: Sequence[Breach]
    ended: Sequence[Breach]


def seeds(flows: Iterable[Flow]) -> Iterator[Threshold]:
    """Yield the limits that hold until somebody sets others."""
    for flow in flows:
        sla = int(flow.sla.total_seconds())
        if any(isinstance(step.inbound, Queue | FileDrop) for step in flow.steps):
            limits = {
                Measure.BACKLOG: 5_000,
                Measure.OLDEST: sla,
                Measure.LATENCY: sla,
                Measure.FAILURE_RATE: 5,
                Measure.QUARANTINED: 10,
                Measure.DEAD_LETTERS: 10,
            }
            yield from (_seed(flow, measure, limit) for measure, limit in limits.items())
        if flow.accepts:
            yield _seed(flow, Measure.REJECTIONS, 50)
            yield _seed(flow, Measure.SILENCE, 60, Hours.DAY)
            yield _seed(flow, Measure.SILENCE, 240, Hours.EVENING)
            yield _seed(flow, Measure.SILENCE, 720, Hours.WEEKEND)


def check(threshold: Threshold, flows: Iterable[Flow]) -> None:
    """Return when the limit could be evaluated; RejectedError `threshold-invalid` says at which of its fields not."""
    silence = threshold.measure == Measure.SILENCE
    highest = SILENCE_LOOK_BACK_MINUTES - 1 if silence else 1_000_000_000
    faults = {
        "flow": threshold.flow not in {flow.name for flow in flows},
        "measure": threshold.measure not in set(Measure),
        "partner": bool(threshold.partner) and threshold.measure not in {Measure.SILENCE, Measure.REJECTIONS},
        "hours": threshold.hours not in set(Hours),
        "limit": threshold.limit is not None and not 0 <= threshold.limit <= highest,
        "time-zone": not _is_zone(threshold.time_zone),
        "reason": not threshold.reason.strip(),
    }
    if fault := next((field for field, wrong in faults.items() if wrong), None):
        raise RejectedError("threshold-invalid", fault, _WANTED[fault])


def hours_of(now: datetime, time_zone: str) -> Hours:
    """Return which hours it is there."""
    there = now.astimezone(ZoneInfo(time_zone))
    if there.weekday() >= _SATURDAY:
        return Hours.WEEKEND
    return Hours.DAY if _DAY_BEGINS <= there.time() < _DAY_ENDS else Hours.EVENING


def limit_of(reading: Reading, thresholds: Iterable[Threshold], now: datetime) -> int | None:
    """Return the limit that holds for a reading; None where it is not watched."""
    holding = [
        each
        for each in thresholds
        # What a flow may do together says nothing about one partner: only a limit of its own does.
        if (each.flow, each.partner, each.measure) == reading.key
        and (each.hours == Hours.ALWAYS or each.hours == hours_of(now, each.time_zone))
    ]
    most_specific = max(holding, key=lambda each: each.hours != Hours.ALWAYS, default=None)
    return most_specific.limit if most_specific else None


def judge(
    readings: Sequence[Reading], thresholds: Sequence[Threshold], open_breaches: Sequence[Breach], now: datetime
) -> Judgement:
    """
    Return what is breached now, what of it is new, and what is not any more.

    A silence that nothing was measured of goes on: the last message is longer ago than anybody looks back.
    """
    known = {breach.key: breach for breach in open_breaches}
    read = {reading.key for reading in readings}
    holding = [
        breach
        for breach in open_breaches
        if breach.key not in read and breach.measure == Measure.SILENCE and _is_watched(breach, thresholds, now)
    ]
    begun = []
    for reading in readings:
        limit = limit_of(reading, thresholds, now)
        if limit is None or reading.value <= limit:
            continue
        found = Breach(*reading.key, now, reading.value, limit)
        if before := known.get(reading.key):
            found = Breach(*reading.key, before.since, reading.value, limit)
        else:
            begun.append(found)
        holding.append(found)
    still = {breach.key for breach in holding}
    return Judgement(holding, begun, [breach for breach in open_breaches if breach.key not in still])


_WANTED = {
    "flow": "no flow of the catalogue is called so",
    "measure": f"expected one of {', '.join(Measure)}",
    "partner": "only silence and rejections are measured per partner",
    "hours": f"expected one of {', '.join(Hours)}",
    "limit": f"expected a whole number; minutes of silence below {SILENCE_LOOK_BACK_MINUTES}",
    "time-zone": "expected a name of the IANA time zone database, for instance America/New_York",
    "reason": "say why, without naming a patient",
}


def _seed(flow: Flow, measure: Measure, limit: int, hours: Hours = Hours.ALWAYS) -> Threshold:
    return Threshold(flow.name, EVERY_PARTNER, measure, hours, limit, "UTC", SEEDED_BY, "seeded from the catalogue")


def _is_watched(breach: Breach, thresholds: Iterable[Threshold], now: datetime) -> bool:
    return limit_of(Reading(*breach.key, breach.value), thresholds, now) is not None


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
