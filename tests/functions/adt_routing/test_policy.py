"""Which event stands on what, which of two overtakes the other, and what a late one may still say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from functions.adt_routing.policy import State, Verdict, judge, overlay, settle, visit_after, whereabouts
from functions.adt_routing.reading import Told
from shared.workflow.visits import EarlyMessage, Visit

TEN = datetime(2026, 3, 14, 10, 0, tzinfo=UTC)
OWN, OTHER = UUID(int=1), UUID(int=2)


def at(minute: int) -> datetime:
    return TEN + timedelta(minutes=minute)


def told(trigger: str, minute: int | None = 5, **more: Any) -> Told:
    stated = None if minute is None else at(minute)
    return replace(Told(trigger, "visit", stated, stated, "HILL", "I", "3W", "", False), **more)


def visit(state: State, moved: int | None = 0, stated: int | None = 0) -> Visit:
    times = [None if minute is None else at(minute) for minute in (moved, stated)]
    return Visit("visit", state, times[0], times[1], "HILL", "I", "2N", uuid4())


@pytest.mark.parametrize(
    ("trigger", "before", "verdict"),
    [
        ("A01", None, Verdict.IN_TURN),
        ("A03", None, Verdict.EARLY),
        ("A08", None, Verdict.IN_TURN),
        ("A13", State.OPEN, Verdict.EARLY),
        ("A13", State.DISCHARGED, Verdict.IN_TURN),
        ("A22", State.OPEN, Verdict.EARLY),
        ("A02", State.DISCHARGED, Verdict.EARLY),
        ("A08", State.CANCELLED, Verdict.EARLY),
        ("A11", State.PLANNED, Verdict.IN_TURN),
        ("A23", None, Verdict.EARLY),
        ("A42", None, Verdict.IN_TURN),
    ],
)
def test_an_event_without_what_it_stands_on_is_early(trigger: str, before: State | None, verdict: Verdict) -> None:
    assert verdict == judge(told(trigger), visit(before) if before else None, [], OWN)


@pytest.mark.parametrize(
    ("trigger", "moved", "stated", "verdict"),
    [
        ("A03", 6, 6, Verdict.OUTDATED),
        ("A03", 1, 6, Verdict.LATE),
        ("A03", 5, 5, Verdict.IN_TURN),
        ("A08", 1, 6, Verdict.OUTDATED),
        ("A08", 6, 1, Verdict.IN_TURN),
        ("A03", None, None, Verdict.IN_TURN),
        ("A40", 6, 6, Verdict.LATE),
        ("A17", 6, 6, Verdict.LATE),
    ],
)
def test_a_change_is_held_against_changes_and_a_description_against_descriptions(
    trigger: str, moved: int | None, stated: int | None, verdict: Verdict
) -> None:
    assert verdict == judge(told(trigger), visit(State.OPEN, moved, stated), [], OWN)


@pytest.mark.parametrize(
    ("waiting", "verdict"),
    [
        ([EarlyMessage(OTHER, "visit", at(4), "waiting")], Verdict.EARLY),
        ([EarlyMessage(OTHER, "visit", at(6), "waiting")], Verdict.IN_TURN),
        ([EarlyMessage(OTHER, "visit", None, "waiting")], Verdict.IN_TURN),
        (
            [EarlyMessage(OWN, "visit", at(5), "released"), EarlyMessage(OTHER, "visit", at(4), "waiting")],
            Verdict.IN_TURN,
        ),
    ],
)
def test_what_was_written_down_after_an_event_that_waits_waits_too(
    waiting: list[EarlyMessage], verdict: Verdict
) -> None:
    assert verdict == judge(told("A08"), visit(State.OPEN), waiting, OWN)


def test_nothing_is_too_early_for_a_message_that_has_waited_long_enough() -> None:
    assert Verdict.IN_TURN == judge(told("A03"), None, [], OWN, impatient=True)


@pytest.mark.parametrize(
    ("trigger", "over", "state", "moved"),
    [
        ("A01", False, State.OPEN, at(5)),
        ("A05", False, State.PLANNED, at(5)),
        ("A08", False, State.OPEN, None),
        ("A08", True, State.DISCHARGED, None),
        ("A03", False, State.DISCHARGED, at(5)),
    ],
)
def test_the_first_that_is_heard_of_a_visit_says_where_it_stands(
    trigger: str, over: bool, state: State, moved: datetime | None
) -> None:
    found = visit_after(told(trigger, is_over=over), None, Verdict.IN_TURN, OWN)

    assert found is not None
    assert (state, moved, at(5), "3W") == (found.state, found.moved_at, found.stated_at, found.unit)


def test_a_late_change_moves_the_visit_and_describes_nothing() -> None:
    found = visit_after(told("A03", 5), visit(State.OPEN, 0, 7), Verdict.LATE, OWN)

    assert found is not None
    assert (State.DISCHARGED, at(5), at(7), "2N") == (found.state, found.moved_at, found.stated_at, found.unit)


def test_a_message_without_a_visit_number_leaves_no_visit_behind() -> None:
    assert None is visit_after(told("A01", visit=None), None, Verdict.IN_TURN, OWN)


def test_who_left_a_unit_concerns_it() -> None:
    assert {"3W", "ICU", "2N"} == whereabouts(told("A02", prior_unit="ICU"), visit(State.OPEN)).units
    assert frozenset() == whereabouts(told("A40", unit=""), None).units


def bundle(family: str, status: str, **period: str) -> dict[str, Any]:
    encounter = {"resourceType": "Encounter", "id": "visit", "status": status, "period": period}
    place = {"location": [{"location": {"reference": "Location/a"}, "status": "active"}]}
    return {
        "resourceType": "Bundle",
        "entry": [
            {"fullUrl": "urn:uuid:p", "resource": {"resourceType": "Patient", "id": "p", "name": family}},
            {"fullUrl": "urn:uuid:visit", "resource": {**encounter, **place}},
            {"fullUrl": f"urn:uuid:{family}", "resource": {"resourceType": "Provenance", "id": family}},
        ],
    }


def named(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["resource"]["resourceType"]: entry["resource"] for entry in content["entry"]}


def test_a_late_event_adds_its_times_to_the_newer_description() -> None:
    known = visit(State.DISCHARGED)
    late, newer = bundle("OLD", "finished", end="11"), bundle("NEW", "in-progress", start="9")

    found = named(overlay(late, newer, known))

    assert ("NEW", "finished", {"start": "9", "end": "11"}, "OLD") == (
        found["Patient"]["name"],
        found["Encounter"]["status"],
        found["Encounter"]["period"],
        found["Provenance"]["id"],
    )  # fmt: skip


def test_a_late_reopening_takes_the_end_away() -> None:
    found = named(overlay(bundle("OLD", "in-progress"), bundle("NEW", "finished", end="11"), visit(State.OPEN)))

    assert "period" not in found["Encounter"]


@pytest.mark.parametrize(
    ("left", "found_again"),
    [
        (["completed", "completed"], ["active", "completed"]),
        (["active", "completed"], ["active", "completed"]),
        (["reserved"], ["reserved"]),
    ],
)
def test_a_late_reopening_brings_the_patient_back_to_the_assigned_place(
    left: list[str], found_again: list[str]
) -> None:
    newer = bundle("NEW", "finished", end="11")
    encounter = newer["entry"][1]["resource"]
    encounter["location"] = [{"location": {"reference": "Location/a"}, "status": status} for status in left]

    found = named(overlay(bundle("OLD", "in-progress"), newer, visit(State.OPEN)))

    assert found_again == [place["status"] for place in found["Encounter"]["location"]]


@pytest.mark.parametrize(
    ("state", "status", "place"),
    [
        (State.DISCHARGED, "finished", "completed"),
        (State.ON_LEAVE, "onleave", "active"),
        (State.OPEN, "in-progress", "active"),
        (State.CANCELLED, "cancelled", "completed"),
        (State.DELETED, "entered-in-error", "completed"),
    ],
)
def test_an_update_says_what_state_the_visit_is_in(state: State, status: str, place: str) -> None:
    found = named(settle(bundle("NEW", "in-progress"), visit(state)))["Encounter"]

    assert (status, place) == (found["status"], found["location"][0]["status"])
