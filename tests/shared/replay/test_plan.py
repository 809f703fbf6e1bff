"""What a plan takes, what it leaves out, who must approve it: our policy, case by case (D07, D08)."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest

from shared.replay.plan import (
    Item,
    Passed,
    Query,
    Tally,
    is_overtaken,
    needs_four_eyes,
    query_of,
    subjects,
    to_send,
)

PLAN = UUID("7c0e5a52-3d5e-4a2b-9d0b-0c7f2b9f7a11")
NOON = datetime(2026, 3, 14, 12, tzinfo=UTC)
RESULT = {"reports": ["DiagnosticReport/r"], "observations": ["Observation/o"]}
STAY = {"encounters": ["Encounter/e"], "patients": ["Patient/p"]}


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query(since=NOON, until=NOON, messages=(PLAN,)),
        Query(partner="a", destination="b", flow="c", event="d", code="e", mapping="f"),
    ],
    ids=["everything", "a span and a list", "every condition"],
)
def test_a_query_is_read_as_it_was_written(query: Query) -> None:
    assert query == query_of(query.document())


def test_what_is_left_out_is_not_counted_as_sent() -> None:
    tallies = [
        Tally("a", "create", 2, 0),
        Tally("a", "overtaken", 5, 0),
        Tally("b", "no-change", 1, 0),
        Tally("b", None, 9, 0),
    ]

    assert (3, False, True) == (to_send(tallies), needs_four_eyes(tallies, 3), needs_four_eyes(tallies, 2))


def test_an_item_keeps_the_key_of_its_delivery() -> None:
    item = Item(PLAN, 7, PLAN, "harbor-ehr", None, None, None, None, None, 0, None, None)

    assert uuid5(PLAN, "7") == item.key


@pytest.mark.parametrize(
    ("event", "data", "about"),
    [
        ("result.finalized", RESULT, {"DiagnosticReport/r", "Observation/o"}),
        ("encounter.updated", STAY, {"Encounter/e"}),
        ("patient.updated", {"patients": ["Patient/p"], "retired": []}, {"Patient/p"}),
        ("patient.updated", {"version": 1}, set()),
    ],
)
def test_an_event_is_about_what_it_says_something_new_of(event: str, data: dict[str, object], about: set[str]) -> None:
    assert about == subjects(event, data)


@pytest.mark.parametrize(
    ("later", "overtaken"),
    [
        ([], False),
        ([("encounter.updated", STAY)], False),
        ([("result.corrected", {"reports": ["DiagnosticReport/r"], "observations": []})], True),
    ],
    ids=["nothing later", "something else later", "the same report later"],
)
def test_what_was_told_anew_since_overtakes(later: list[tuple[str, dict[str, object]]], overtaken: bool) -> None:
    assert overtaken == is_overtaken(Passed("result.finalized", RESULT, 1, None, None), later)
