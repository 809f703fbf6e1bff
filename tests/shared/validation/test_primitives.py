"""The primitive types against the regular expressions of the specification."""

from __future__ import annotations

from decimal import Decimal

import pytest

from shared.validation.instants import not_after
from shared.validation.primitives import PRIMITIVES

GOOD: list[tuple[str, object]] = [
    ("date", "2024-02-29"), ("date", "2024"), ("date", "2024-12"),
    ("dateTime", "2024-12-31T23:59:60Z"), ("dateTime", "2024-12-31T23:59:59.123456789-14:00"), ("dateTime", "2024"),
    ("instant", "2024-12-31T23:59:59Z"), ("time", "23:59:60"), ("id", "a.B-9"), ("code", "a b"),
    ("oid", "urn:oid:2.16.840.1.113883"), ("uuid", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"),
    ("uri", "urn:a"), ("decimal", 1), ("decimal", -0.5), ("decimal", Decimal("7.40")), ("integer", -(2**31)),
    ("positiveInt", 2**31 - 1), ("unsignedInt", 0), ("base64Binary", "QQ=="), ("base64Binary", "QUJD\nQUJD"),
    ("string", "line\nbreak\ttab"), ("string", "naïve ☃ \u00a0x"), ("boolean", False),
]  # fmt: skip
BAD: list[tuple[str, object]] = [
    ("date", "2023-02-29"), ("date", "2024-13"), ("date", "2024-1"), ("date", "2024-04-31"), ("date", "24"),
    ("dateTime", "2024-12-31T23:59:59"), ("dateTime", "2024-12-31T24:00:00Z"), ("dateTime", "2024-12-31 23:59:59Z"),
    ("instant", "2024-12-31"), ("time", "24:00:00"), ("time", "12:00"), ("id", ""), ("code", "a  b"), ("code", "a "),
    ("oid", "urn:oid:3.1"), ("oid", "1.2.3"), ("uuid", "urn:uuid:C757873D-EC9A-4326-A141-556F43239520"),
    ("uri", ""), ("decimal", True), ("decimal", Decimal("NaN")), ("decimal", 2**64), ("integer", 2**31),
    ("positiveInt", 0), ("unsignedInt", -1), ("base64Binary", "Q"), ("base64Binary", "Q?=="), ("boolean", "false"),
    ("string", "\u001b"), ("string", 5), ("markdown", "  "),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "value"), GOOD)
def test_a_value_of_the_type_is_accepted(kind: str, value: object) -> None:
    assert PRIMITIVES[kind](value) is None


@pytest.mark.parametrize(("kind", "value"), BAD)
def test_a_value_of_another_form_is_refused(kind: str, value: object) -> None:
    assert PRIMITIVES[kind](value) is not None


@pytest.mark.parametrize(("first", "second", "ordered"), [
    ("2024", "2024-05", True),
    ("2024-05", "2024", True),
    ("2024-05", "2023", False),
    ("2024-01-01T00:30:00+01:00", "2023-12-31T23:30:00Z", True),
    ("2024-01-01T00:30:00Z", "2023-12-31T23:30:00Z", False),
    ("2024-01-01T00:00:00.25Z", "2024-01-01T00:00:00.3Z", True),
    ("2024-01-01T00:00:00.5Z", "2024-01-01T00:00:00.3Z", False),
    ("2024-01-01T00:00:00-05:00", "2024-01-01T00:00:01-05:00", True),
    ("2024-01-01T00:00:01-05:00", "2024-01-01T00:00:00-05:00", False),
    ("2024-01-01T00:00:00Z", "2023-12-31T23:59:60Z", True),
    ("2024-01-01T23:30:00Z", "2024-01-01", True),
    ("2024-01-03T00:00:00Z", "2024-01-01", False),
    ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:60Z", True),
])  # fmt: skip
def test_dates_are_compared_only_as_far_as_both_are_known(first: str, second: str, ordered: bool) -> None:
    assert ordered is not_after(first, second)
