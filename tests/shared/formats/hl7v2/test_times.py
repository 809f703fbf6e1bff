from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.formats.hl7v2.times import Moment, read_moment, read_time


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
