"""
The primitive types of R4: value -> what is wrong with it, or nothing.

The specification's regular expressions are followed, except where they are wrong or slow: dates must exist in the
calendar, base64 is checked without backtracking, and strings must hold a visible character.
"""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Callable
from decimal import Decimal

Check = Callable[[object], "str | None"]

WRONG_TYPE = "type-wrong"
INVALID = "value-invalid"
EMPTY = "value-empty"
TOO_LONG = "value-too-long"
OUT_OF_RANGE = "number-out-of-range"

STRING_LIMIT = 1024 * 1024  # specification: strings shall not exceed 1 MB
BASE64_LIMIT = 64 * 1024 * 1024  # policy
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")

_YEAR = r"(?!0000)[0-9]{4}"
_MONTH = r"(0[1-9]|1[0-2])"
_DAY = r"(0[1-9]|[12][0-9]|3[01])"
_TIME = r"([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?"
_ZONE = r"(Z|[+-]((0[0-9]|1[0-3]):[0-5][0-9]|14:00))"

_DATE = re.compile(rf"{_YEAR}(-{_MONTH}(-{_DAY})?)?")
_DATE_TIME = re.compile(rf"{_YEAR}(-{_MONTH}(-{_DAY}(T{_TIME}{_ZONE})?)?)?")
_INSTANT = re.compile(rf"{_YEAR}-{_MONTH}-{_DAY}T{_TIME}{_ZONE}")
_BASE64 = re.compile(r"[0-9a-zA-Z+/]*+={0,2}")


def _text(value: object, limit: int = STRING_LIMIT) -> str | None:
    if not isinstance(value, str):
        return WRONG_TYPE
    if not value:
        return EMPTY
    if len(value) > limit:
        return TOO_LONG
    if value.isprintable():
        return EMPTY if value.isspace() else None
    if FORBIDDEN.search(value):
        return INVALID
    return EMPTY if value.isspace() else None


def _pattern(expression: str) -> Check:
    match = re.compile(expression).fullmatch

    def check(value: object) -> str | None:
        if not isinstance(value, str):
            return WRONG_TYPE
        if not value:
            return EMPTY
        return None if match(value) and FORBIDDEN.search(value) is None else INVALID

    return check


def _calendar(expression: re.Pattern[str]) -> Check:
    match = expression.fullmatch

    def check(value: object) -> str | None:
        if not isinstance(value, str):
            return WRONG_TYPE
        if not value:
            return EMPTY
        if not match(value):
            return INVALID
        if value[8:10] > "28" and int(value[8:10]) > monthrange(int(value[:4]), int(value[5:7]))[1]:
            return INVALID
        return None

    return check


def _integer(lowest: int) -> Check:
    def check(value: object) -> str | None:
        if type(value) is not int:
            return WRONG_TYPE
        return None if lowest <= value <= 2**31 - 1 else OUT_OF_RANGE

    return check


def _boolean(value: object) -> str | None:
    return None if value is True or value is False else WRONG_TYPE


def _decimal(value: object) -> str | None:
    if type(value) is int:
        return None if -(2**63) <= value < 2**63 else OUT_OF_RANGE
    if type(value) is float:
        return None if math.isfinite(value) else OUT_OF_RANGE
    if isinstance(value, Decimal):
        return None if value.is_finite() else OUT_OF_RANGE
    return WRONG_TYPE


def _base64(value: object) -> str | None:
    if not isinstance(value, str):
        return WRONG_TYPE
    if not value:
        return EMPTY
    if len(value) > BASE64_LIMIT:
        return TOO_LONG
    digits = "".join(value.split())
    return None if digits and len(digits) % 4 == 0 and _BASE64.fullmatch(digits) else INVALID


_URI = _pattern(r"\S+")

PRIMITIVES: dict[str, Check] = {
    "base64Binary": _base64,
    "boolean": _boolean,
    "canonical": _URI,
    "code": _pattern(r"[^\s]+(\s[^\s]+)*"),
    "date": _calendar(_DATE),
    "dateTime": _calendar(_DATE_TIME),
    "decimal": _decimal,
    "id": _pattern(r"[A-Za-z0-9\-.]{1,64}"),
    "instant": _calendar(_INSTANT),
    "integer": _integer(-(2**31)),
    "markdown": _text,
    "oid": _pattern(r"urn:oid:[0-2](\.(0|[1-9][0-9]*))+"),
    "positiveInt": _integer(1),
    "string": _text,
    "time": _pattern(_TIME),
    "unsignedInt": _integer(0),
    "uri": _URI,
    "url": _URI,
    "uuid": _pattern(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
    "xhtml": _text,
}
