"""Order of FHIR dates: decided only where precision and zone allow it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_SECONDS = len("2026-01-31T12:00:00")
_LEAP = ":60"


def not_after(first: str | None, second: str | None) -> bool:
    """Whether `first` is not later than `second`; what cannot be compared counts as ordered."""
    if first is None or second is None or first == second:
        return True
    if "T" in first and "T" in second:
        if first[_SECONDS:] == second[_SECONDS:] and not (first.startswith(_LEAP, 16) or second.startswith(_LEAP, 16)):
            # To the second, in one zone: the order of the texts is that of the moments.
            return first <= second
        return _moment(first) <= _moment(second)
    # A zone moves a date by a day at most; without times on both sides only the dates' common part can be compared.
    if "T" in first or "T" in second:
        return _day_before(first) <= second[:10] if len(second) >= 10 and len(first) >= 10 else _prefix(first, second)
    return _prefix(first, second)


def _prefix(first: str, second: str) -> bool:
    length = min(len(first), len(second), 10)
    return first[:length] <= second[:length]


def _day_before(value: str) -> str:
    try:
        return (datetime.fromisoformat(value[:10]).date() - timedelta(days=1)).isoformat()
    except OverflowError:
        return value[:10]


def _moment(value: str) -> tuple[datetime, str]:
    """Return a comparable pair: the moment to the second and the digits after it."""
    head, rest = value[:19], value[19:]
    fraction = ""
    if rest.startswith("."):
        end = len(rest) - len(rest[1:].lstrip("0123456789"))
        fraction, rest = rest[1:end], rest[end:]
    leap = head.endswith(":60")
    moment = datetime.fromisoformat((head[:-2] + "59" if leap else head) + ("+00:00" if rest == "Z" else rest))
    try:
        moment = moment.astimezone(UTC) + timedelta(seconds=leap)
    except OverflowError:
        moment = moment.replace(tzinfo=UTC)  # the first or last hours of the calendar
    return moment, fraction.rstrip("0")
