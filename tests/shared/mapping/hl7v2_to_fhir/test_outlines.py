from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from shared.formats.hl7v2.delimiters import Delimiters
from shared.formats.hl7v2.message import Message, Segment
from shared.formats.hl7v2.parse import parse
from shared.mapping.coverage import CoverageEntry
from shared.mapping.hl7v2_to_fhir.accounts import coverage_of
from shared.mapping.hl7v2_to_fhir.context import Context
from shared.mapping.hl7v2_to_fhir.outlines import Outline, outlines
from shared.mapping.hl7v2_to_fhir.segments.pid import TABLE

USUAL = Delimiters()
# Few characters, so that many segments have the same outline.
FIELDS = st.lists(st.text("ab^^~&\\", max_size=6) | st.just('""') | st.just(""), max_size=9)


def outline_of(*fields: str, delimiters: Delimiters = USUAL) -> Outline | None:
    return outlines_of([["PID", *fields]], delimiters)[0]


def outlines_of(rows: list[list[str]], delimiters: Delimiters = USUAL) -> list[Outline | None]:
    """Return the outlines of segments that were not kept as text, without that of the header."""
    header = Segment("MSH", ["MSH", *"|" * 9], delimiters, 1)
    segments = [Segment(fields[0], fields, delimiters, number) for number, fields in enumerate(rows, start=1)]
    return list(outlines(Message([header, *segments], delimiters, "", ())))[1:]


def account_of(fields: list[str], component: str = "^") -> tuple[CoverageEntry, ...]:
    return accounts_of([fields], component)


def accounts_of(rows: list[list[str]], component: str = "^") -> tuple[CoverageEntry, ...]:
    lines = ["|".join(["PID", *fields]).replace("^", component) for fields in rows]
    message = parse("\r".join([f"MSH|{component}~\\&|A|B|||2026||ADT^A08|1|P|2.5.1", *lines]).encode())
    context = Context(message, None, datetime(2026, 3, 1, tzinfo=UTC))
    for pid in message.segments[1:]:
        context.claim(pid, TABLE)
    return coverage_of(context).entries


def test_an_outline_tells_what_is_filled_and_not_with_what() -> None:
    assert outline_of("1", "", "A^^B~C&D") == outline_of("20", "", "Muñoz^^\\T\\x~\ud800&2")


def test_what_is_empty_null_or_separated_otherwise_has_another_outline() -> None:
    values = ("", "A", '""', "A^", "^A", "A^B", "A~B", "A&B", "&", "A^B^C", '"')

    assert len({outline_of("1", value, "") for value in values}) == len(values)


def test_the_characters_that_separate_do_not_matter_but_what_they_separate() -> None:
    other = Delimiters("$", "~", "^", "\\", "!")

    assert outline_of("1", "A^B~C&D") == outline_of("1", "A~B^C!D", delimiters=other)
    assert outline_of("1", "A^B~C&D") != outline_of("1", "A^B~C&D", delimiters=other)


def test_a_message_whose_separators_are_unusual_has_no_outlines() -> None:
    unusual = (Delimiters(subcomponent=""), Delimiters(component="§"), Delimiters(component='"'))

    assert [None] * 3 == [outline_of("1", delimiters=delimiters) for delimiters in unusual]


def test_every_segment_of_a_long_message_has_its_outline_and_none_among_very_long_ones() -> None:
    rows = [["PID", *["1"] * number] for number in range(200)]

    found = outlines_of([*rows, ["PID", "A" * 200_000]])

    assert [outline_of(*row[1:]) for row in rows[:191]] == found[:191]
    assert [None] * 10 == found[191:]


def test_more_outlines_than_are_kept_change_no_account() -> None:
    rows = [["1" if number >> bit & 1 else "" for bit in range(13)] for number in range(5_000)]

    told = [entry.location for entry in accounts_of(rows) if entry.location.startswith("PID")]

    filled = [f"PID[{at}]-{number}" for at, row in enumerate(rows, 1) for number, one in enumerate(row, 1) if one]
    assert filled == told


@given(FIELDS)
def test_an_account_that_is_known_by_its_outline_is_the_one_that_is_made_without(fields: list[str]) -> None:
    longer, thinner = ([field.replace("a", text) for field in fields] for text in ("bb", ""))

    assert outline_of(*fields) == outline_of(*longer)
    assert account_of(fields) == account_of(longer)
    for told in (fields, thinner):
        assert account_of(told, component="§")[1:] == account_of(told)[1:]
