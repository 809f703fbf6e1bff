"""
HL7 v2 DT, TM, DTM and TS values -> what they say, no more: neither precision nor zone is invented.

    YYYY[MM[DD[HH[MM[SS[.S+]]]]]][+/-ZZZZ]     TS.2 (precision code, before 2.5) may shorten it

What senders write instead (separators, `T`, `Z`, 24:00, zeros for what is not known) is read by `read_leniently`,
which says so; a day, an hour or a zone that does not exist is refused by both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

_MOMENT = re.compile(
    r"(?P<year>\d{4})(?:(?P<month>\d{2})(?:(?P<day>\d{2})(?:(?P<hour>\d{2})(?:(?P<minute>\d{2})"
    r"(?:(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?)?)?)?)?(?P<zone>[+-]\d{4})?",
    re.ASCII,
)
_TIME = re.compile(
    r"(?P<hour>\d{2})(?:(?P<minute>\d{2})(?:(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?)?(?P<zone>[+-]\d{4})?",
    re.ASCII,
)
_AS_WRITTEN = re.compile(
    r"(?P<year>\d{4})(?P<dash>[-/.]?)(?P<month>\d{2})(?:(?P=dash)(?P<day>\d{2})(?:[T ]?(?P<hour>\d{2})"
    r"(?:(?P<colon>:?)(?P<minute>\d{2})(?:(?P=colon)(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9})\d*)?)?)?)?)?"
    r" ?(?P<zone>Z|[+-]\d{2}(?::?\d{2})?)?",
    re.ASCII,
)
_PRECISION_LENGTHS = {"Y": 4, "L": 6, "D": 8, "H": 10, "M": 12, "S": 14}
PRECISIONS = frozenset(_PRECISION_LENGTHS)
_LAST_HOUR, _LAST_MINUTE, _LEAP_SECOND, _LAST_OFFSET_HOUR = 23, 59, 60, 14


@dataclass(frozen=True, slots=True)
class Moment:
    """A date or time as far as it was stated; absent parts are "". `zone` is `+05:00`, `Z` or ""."""

    year: str
    month: str = ""
    day: str = ""
    hour: str = ""
    minute: str = ""
    second: str = ""
    fraction: str = ""
    zone: str = ""

    @property
    def date(self) -> str:
        """Return the ISO 8601 date to its own precision: `2024`, `2024-05`, `2024-05-01`."""
        if self.day:
            return f"{self.year}-{self.month}-{self.day}"
        return f"{self.year}-{self.month}" if self.month else self.year

    @property
    def time(self) -> str:
        """Return `HH:MM:SS[.fff]`, "" when no minute is stated; FHIR needs seconds: 00 where none are stated."""
        if not self.minute:
            return ""
        fraction = f".{self.fraction}" if self.fraction else ""
        return f"{self.hour}:{self.minute}:{self.second or '00'}{fraction}"


@lru_cache(maxsize=2048)
def read_moment(text: str, precision: str = "") -> Moment | None:
    """Return a DT, DTM or TS value; None when it is not one or names no real day. `precision` is TS.2."""
    text = text.strip()
    if precision in _PRECISION_LENGTHS:
        body, offset = text[:14], re.sub(r"^[^+-]*", "", text)
        text = body[: _PRECISION_LENGTHS[precision]].rstrip("+-") + (offset if precision in "HMS" else "")
    match = _MOMENT.fullmatch(text)
    if match is None:
        return None
    parts: dict[str, str] = {name: value or "" for name, value in match.groupdict().items()}
    zone = _iso_zone(parts.pop("zone"))
    if zone is None or not _is_day(parts) or not _is_clock(parts):
        return None
    return Moment(**parts, zone=zone)


@dataclass(frozen=True, slots=True)
class Reading:
    """A time that is not written as HL7 has it: what it says, and what is odd about it."""

    moment: Moment
    oddity: Literal["format", "24-hours", "zero-parts"]


def read_leniently(text: str) -> Reading | None:
    """Return a time that is plain but not HL7: `2026-03-01T14:30Z`, `202603012400`, `20260300`; else None."""
    match = _AS_WRITTEN.fullmatch(text.strip())
    if match is None:
        return None
    parts: dict[str, str] = {name: value or "" for name, value in match.groupdict().items()}
    del parts["dash"], parts["colon"]
    zone = parts["zone"].replace(":", "")
    parts["zone"] = "+0000" if zone == "Z" else f"{zone}00" if len(zone) == len("+00") else zone
    oddity: Literal["format", "24-hours", "zero-parts"] = "format"
    if parts["hour"] == "24" and not (parts["minute"] + parts["second"] + parts["fraction"]).strip("0"):
        parts, oddity = _next_midnight(parts), "24-hours"
    elif "00" in (parts["month"], parts["day"]):
        parts, oddity = _without_zero_parts(parts), "zero-parts"
    fraction = f".{parts['fraction']}" if parts["fraction"] else ""
    compact = "".join(parts[name] for name in ("year", "month", "day", "hour", "minute", "second"))
    moment = read_moment(f"{compact}{fraction}{parts['zone']}")
    return Reading(moment, oddity) if moment else None


def _next_midnight(parts: dict[str, str]) -> dict[str, str]:
    """Return the end of a day as the beginning of the next, to the same precision; unchanged when no day is real."""
    try:
        after = date(int(parts["year"]), int(parts["month"]), int(parts["day"])) + timedelta(days=1)
    except (ValueError, OverflowError):
        return parts
    return {**parts, "year": f"{after:%Y}", "month": f"{after:%m}", "day": f"{after:%d}", "hour": "00"}


def _without_zero_parts(parts: dict[str, str]) -> dict[str, str]:
    """Return a date without the parts that are written as 00 because nobody knows them."""
    rest = "".join(parts[name] for name in ("hour", "minute", "second", "fraction"))
    if rest.strip("0") or (parts["month"] == "00" and parts["day"].strip("0")):
        return parts
    month = "" if parts["month"] == "00" else parts["month"]
    return {**dict.fromkeys(parts, ""), "year": parts["year"], "month": month}


@dataclass(frozen=True, slots=True)
class LocalOffset:
    """
    The offset of a zone at a local time, as `+05:30`.

    `gap`: the clock went over this time, it never was; the offset is that before. `fold`: it was twice; the first.
    """

    text: str
    kind: Literal["exact", "gap", "fold"]


def offset_at(moment: Moment, zone: ZoneInfo) -> LocalOffset | None:
    """Return the zone's offset at a time to the hour or better; None for one that states no hour."""
    if not moment.hour:
        return None
    # A leap second has the offset of the second before it.
    second = min(int(moment.second or "0"), _LEAP_SECOND - 1)
    day = (int(moment.year), int(moment.month), int(moment.day))
    local = datetime(*day, int(moment.hour), int(moment.minute or "0"), second, tzinfo=zone)
    text = local.strftime("%z")
    kind: Literal["exact", "gap", "fold"] = "exact"
    try:
        if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
            kind = "gap"
        elif local.utcoffset() != local.replace(fold=1).utcoffset():
            kind = "fold"
    except OverflowError:
        pass  # the first and the last day of the calendar have no neighbour in UTC, and no change of clocks
    return LocalOffset(f"{text[:3]}:{text[3:5]}", kind)


def stated_at(text: str, time_zone: str | None) -> datetime | None:
    """
    Return a DTM as an instant for comparison only; None when it names no time.

    A time without a zone is read in the partner's zone, else in UTC: it is compared with its own kind alone.
    """
    moment = read_moment(text)
    if moment is None or not moment.minute:
        return None
    time = moment.time.replace(":60", ":59")  # a leap second, which Python does not know
    instant = datetime.fromisoformat(f"{moment.date}T{time}{moment.zone}")
    return instant if instant.tzinfo else instant.replace(tzinfo=ZoneInfo(time_zone or "UTC"))


def is_time_of_day(text: str) -> bool:
    """Tell whether `text` is a TM: `HH[MM[SS[.S+]]][+/-ZZZZ]`."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return False
    parts = {name: value or "" for name, value in match.groupdict().items()}
    return _is_clock(parts) and _iso_zone(parts["zone"]) is not None


def read_time(text: str) -> str | None:
    """Return a TM value as an ISO time, None when it is not one; the zone, if any, is not part of it."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    parts = {name: value or "" for name, value in match.groupdict().items()}
    if not _is_clock(parts) or not parts["minute"]:
        return None
    return Moment("", "", "", parts["hour"], parts["minute"], parts["second"], parts["fraction"]).time


def _is_day(parts: dict[str, str]) -> bool:
    try:
        date(int(parts["year"]), int(parts["month"] or "1"), int(parts["day"] or "1"))
    except ValueError:
        return False
    return True


def _is_clock(parts: dict[str, str]) -> bool:
    return (
        int(parts["hour"] or "0") <= _LAST_HOUR
        and int(parts["minute"] or "0") <= _LAST_MINUTE
        and int(parts["second"] or "0") <= _LEAP_SECOND
    )


def _iso_zone(zone: str) -> str | None:
    """Return `+HH:MM`, None when there is no such zone on earth."""
    if not zone:
        return ""
    hours, minutes = int(zone[1:3]), int(zone[3:5])
    if hours > _LAST_OFFSET_HOUR or minutes > _LAST_MINUTE:
        return None
    return f"{zone[:3]}:{zone[3:]}"
