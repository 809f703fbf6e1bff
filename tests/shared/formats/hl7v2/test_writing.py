"""Messages are written so that reading them gives what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RejectedError
from shared.formats.hl7v2.delimiters import Delimiters
from shared.formats.hl7v2.parse import parse
from shared.formats.hl7v2.writing import OutgoingSegment, write_message

OTHER = Delimiters("#", "*", "@", "!", "%", "?")
HEADER = OutgoingSegment("MSH", {9: [["ADT", "A08", "ADT_A01"]], 10: [["CASE-1"]], 12: [["2.8"]]})
TEXT = st.text(st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\x85\u2028\u2029"), max_size=12)


def written(text: str, delimiters: Delimiters = Delimiters(), charset: str = "") -> bytes:  # noqa: B008
    note = OutgoingSegment("NTE", {3: [[text, ["a", text]], ["b"]]})
    return write_message([HEADER, note], delimiters=delimiters, charset=charset).payload


@given(text=TEXT, delimiters=st.sampled_from([Delimiters(), OTHER]))
def test_whatever_a_text_holds_is_read_back(text: str, delimiters: Delimiters) -> None:
    message = parse(written(text, delimiters))
    first = message.segments[1].repetitions(3)[0]

    assert ["NTE", text.strip(), "a", text.strip()] == [
        message.segments[1].name,
        first.component(1),
        first.subcomponent(2, 1),
        first.subcomponent(2, 2),
    ]


def test_line_breaks_and_the_null_are_escaped() -> None:
    assert b"\\X2222\\^a&\\X2222\\~b" in written('""')
    assert b"one\\.br\\two^a&one\\.br\\two~b" in written("one\r\ntwo")
    assert b"ab^a&ab~b" in written("a\x0bb")


def test_empty_parts_at_the_end_are_left_out() -> None:
    segments = [HEADER, OutgoingSegment("PID", {3: [["1", "", ["", ""]]], 5: [], 7: [[""]]})]

    assert b"\rPID|||1\r" in write_message(segments).payload


def test_text_is_ascii_until_it_needs_more() -> None:
    assert b"UNICODE" not in written("plain")
    assert b"|||||UNICODE UTF-8\r" in written("Zo\u00eb")


def test_a_character_that_the_character_set_lacks_is_reported() -> None:
    note = OutgoingSegment("NTE", {3: [["Zo\u00eb \u0416"]]})
    result = write_message([HEADER, note, note], charset="8859/1")

    assert b"Zo\xeb ?" in result.payload
    assert [("character-not-representable", "NTE"), ("character-not-representable", "NTE[2]")] == [
        (issue.code, issue.location) for issue in result.issues
    ]


@pytest.mark.parametrize("charset", ["UNICODE UTF-8", "8859/1", "GB 18030-2000", "BIG-5", "KS X 1001", "ASCII"])
def test_a_declared_character_set_is_read_back(charset: str) -> None:
    assert "plain | text" == parse(written("plain | text", charset=charset)).segments[1].repetitions(3)[0].component(1)


def test_a_character_set_that_is_not_written_is_refused() -> None:
    with pytest.raises(RejectedError) as refused:
        written("x", charset="ISO IR87")

    assert ("unsupported-character-set", "MSH-18") == (refused.value.code, refused.value.location)


def test_without_an_escape_character_delimiters_become_blanks() -> None:
    bare = Delimiters("|", "^", "", "", "")

    assert b"\rNTE|||a b^aa b\r" in written("a^b", bare)
