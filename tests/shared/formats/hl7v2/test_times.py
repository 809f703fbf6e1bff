from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.formats.hl7v2.times import (
    LocalOffset,
    Moment,
    Reading,
    is_time_of_day,
    offset_at,
    read_leniently,
    read_moment,
    read_time,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026", Moment("2026")),
        ("202603", Moment("2026", "03")),
        ("20260301", Moment("2026", "03", "01")),
        ("2026030114", Moment("2026", "03", "01", "14")),
        ("202603011430", Moment("2026", "03", "01", "14", "30")),
        ("20260301143015.1234-0530", Moment("2026", "03", "01", "14", "30", "15", "1234", "-05:30")),
        ("20260301+0000", Moment("2026", "03", "01", zone="+00:00")),
        (" 20260301 ", Moment("2026", "03", "01")),
    ],
)
def test_a_time_is_read_to_the_precision_it_has(text: str, expected: Moment) -> None:
    assert expected == read_moment(text)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "20261301", "20260230", "2026030125", "20260301+9900", "٢٠٢٦", "0000"]
)
def test_what_is_no_time_is_none(text: str) -> None:
    assert read_moment(text) is None


def test_the_older_precision_code_shortens_a_time() -> None:
    assert [Moment("2026"), Moment("2026", "03"), Moment("2026", "03", "01"), Moment("2026", "03", "01", "14")] == [
        read_moment("20260301140000+0100", code) if code != "H" else read_moment("20260301140000", code)
        for code in "YLDH"
    ]


def test_a_time_of_day_needs_its_minutes() -> None:
    assert ["07:45:00", "07:45:10.5", None, None] == [read_time(text) for text in ("0745", "074510.5", "07", "2460")]


@given(st.text(max_size=30))
def test_any_text_is_a_time_or_none(text: str) -> None:
    assert read_moment(text) is None or text.strip()[:4].isdigit()


DAY = Moment("2026", "03", "01")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-01", Reading(DAY, "format")),
        ("2026/03/01", Reading(DAY, "format")),
        ("2026-03", Reading(Moment("2026", "03"), "format")),
        ("2026-03-01T14:30Z", Reading(Moment("2026", "03", "01", "14", "30", zone="+00:00"), "format")),
        ("20260301 143015", Reading(Moment("2026", "03", "01", "14", "30", "15"), "format")),
        ("20260301143015+01:00", Reading(Moment("2026", "03", "01", "14", "30", "15", zone="+01:00"), "format")),
        ("20260301143015,5-05", Reading(Moment("2026", "03", "01", "14", "30", "15", "5", "-05:00"), "format")),
        ("202602282400", Reading(Moment("2026", "03", "01", "00", "00"), "24-hours")),
        ("2026-12-31T24:00:00", Reading(Moment("2027", "01", "01", "00", "00", "00"), "24-hours")),
        ("20260300", Reading(Moment("2026", "03"), "zero-parts")),
        ("20260000", Reading(Moment("2026"), "zero-parts")),
        ("20260000000000", Reading(Moment("2026"), "zero-parts")),
    ],
)
def test_what_is_plain_but_not_hl7_is_read_and_said_to_be_odd(text: str, expected: Reading) -> None:
    assert expected == read_leniently(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "01/02/2026", "2026-02-30", "2026-03-01T25:00", "20260301240100", "202602302400"),
        *("00000000", "20260001", "2026030012", "2026-0301", "99991231240000", "2026-03-01T14:30+99:00"),
    ],
)
def test_what_nobody_can_mean_is_not_read_leniently_either(text: str) -> None:
    assert read_leniently(text) is None


@given(st.from_regex(r"\A[0-9]{4}([0-9]{2}){0,6}(\.[0-9]{1,4})?([+-][0-9]{4})?\Z"))
def test_what_hl7_allows_reads_leniently_to_the_same(text: str) -> None:
    moment, lenient = read_moment(text), read_leniently(text)

    if moment is not None and len(text) > len("YYYY") and lenient is not None:
        assert moment == lenient.moment


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("202607011200", "America/New_York", LocalOffset("-04:00", "exact")),
        ("202603080230", "America/New_York", LocalOffset("-05:00", "gap")),
        ("202611010130", "America/New_York", LocalOffset("-04:00", "fold")),
        ("2026070112", "Asia/Kolkata", LocalOffset("+05:30", "exact")),
        ("20161231235960", "UTC", LocalOffset("+00:00", "exact")),
        ("0001010100", "Asia/Tokyo", LocalOffset("+09:18", "exact")),
        ("20260701", "UTC", None),
    ],
)
def test_a_local_time_has_the_offset_of_its_day(text: str, zone: str, expected: LocalOffset | None) -> None:
    moment = read_moment(text)
    assert moment is not None

    assert expected == offset_at(moment, ZoneInfo(zone))


def test_a_leap_second_is_a_second() -> None:
    moment = read_moment("20161231235960")

    assert ("60", None) == (moment and moment.second, read_moment("20161231235961"))


def test_a_time_of_day_is_told_by_its_parts() -> None:
    assert [True, True, True, False, False, False] == [
        is_time_of_day(text) for text in ("07", "0745", "074510.5-0500", "2460", "7:45", "0745+9900")
    ]
