"""
HL7 v2 DT, TM, DTM and TS values -> what they say, no more: neither precision nor zone is invented.

    YYYY[MM[DD[HH[MM[SS[.S+]]]]]][+/-ZZZZ]     TS.2 (precision code, before 2.5) may shorten it
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

_MOMENT = re.compile(
    r"(?P<year>\d{4})(?:(?P<month>\d{2})(?:(?P<day>\d{2})(?:(?P<hour>\d{2})(?:(?P<minute>\d{2})"
    r"(?:(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?)?)?)?)?(?P<zone>[+-]\d{4})?",
    re.ASCII,
)
_TIME = re.compile(
    r"(?P<hour>\d{2})(?:(?P<minute>\d{2})(?:(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?)?(?P<zone>[+-]\d{4})?",
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
        return "-".join(part for part in (self.year, self.month, self.day) if part)

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
