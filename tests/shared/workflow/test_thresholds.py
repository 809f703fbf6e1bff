"""What is breached, by which limit, at which hours (requirements D05, H04)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.catalog.flows import FLOWS, LAB_RESULTS
from shared.errors import RejectedError
from shared.workflow.thresholds import (
    MEANINGS,
    SEEDED_BY,
    Breach,
    Hours,
    Measure,
    Reading,
    Threshold,
    check,
    hours_of,
    judge,
    limit_of,
    seeds,
)

SATURDAY_NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
MONDAY_NOON = SATURDAY_NOON + timedelta(days=2)
BACKLOG = Threshold("lab-results", "", "backlog", "always", 100, "UTC", "operator/one", "a test")
SILENCE = replace(BACKLOG, measure="silence", hours="day", limit=30)


def reading(value: int, measure: str = "backlog", partner: str = "") -> Reading:
    return Reading("lab-results", partner, measure, value)


def open_breach(measure: str = "backlog") -> Breach:
    return Breach("lab-results", "", measure, SATURDAY_NOON - timedelta(hours=1), 200, 100)


@pytest.mark.parametrize(
    ("at", "zone", "expected"),
    [
        (MONDAY_NOON, "UTC", Hours.DAY),
        (MONDAY_NOON.replace(hour=6, minute=59), "UTC", Hours.EVENING),
        (MONDAY_NOON.replace(hour=7), "UTC", Hours.DAY),
        (MONDAY_NOON.replace(hour=19), "UTC", Hours.EVENING),
        (SATURDAY_NOON, "UTC", Hours.WEEKEND),
        (MONDAY_NOON.replace(hour=3), "America/New_York", Hours.WEEKEND),
        (MONDAY_NOON.replace(hour=10, minute=59), "America/New_York", Hours.EVENING),
    ],
)
def test_the_hours_are_those_of_the_limits_own_place(at: datetime, zone: str, expected: Hours) -> None:
    assert expected == hours_of(at, zone)


def test_a_limit_for_these_hours_goes_before_one_for_always() -> None:
    both = [replace(BACKLOG, hours="weekend", limit=7), BACKLOG]

    assert 7 == limit_of(reading(1), both, SATURDAY_NOON)
    assert 100 == limit_of(reading(1), both, MONDAY_NOON)


def test_a_flows_limit_says_nothing_about_one_partner() -> None:
    assert limit_of(reading(1, "silence", "riverside-lab"), [replace(SILENCE, hours="always")], MONDAY_NOON) is None


def test_what_is_at_its_limit_is_not_breached_and_what_is_above_it_is() -> None:
    assert [] == judge([reading(100)], [BACKLOG], [], MONDAY_NOON).holding
    begun = judge([reading(101)], [BACKLOG], [], MONDAY_NOON)

    assert [Breach("lab-results", "", "backlog", MONDAY_NOON, 101, 100)] == list(begun.begun) == list(begun.holding)


def test_a_breach_that_goes_on_began_when_it_began() -> None:
    judgement = judge([reading(300)], [BACKLOG], [open_breach()], SATURDAY_NOON)

    assert ([open_breach().since], [], []) == (
        [each.since for each in judgement.holding],
        judgement.begun,
        judgement.ended,
    )


@pytest.mark.parametrize(
    ("readings", "thresholds"),
    [
        ([reading(5)], [BACKLOG]),
        ([], [BACKLOG]),
        ([reading(300)], [replace(BACKLOG, limit=None)]),
        ([reading(300)], []),
    ],
)
def test_a_breach_ends_when_it_is_over_or_watched_no_more(
    readings: list[Reading], thresholds: list[Threshold]
) -> None:
    assert [open_breach()] == judge(readings, thresholds, [open_breach()], SATURDAY_NOON).ended


def test_a_silence_of_which_nothing_is_measured_any_more_goes_on_while_it_is_watched() -> None:
    silent = open_breach("silence")

    assert [silent] == judge([], [SILENCE], [silent], MONDAY_NOON).holding
    assert [silent] == judge([], [SILENCE], [silent], SATURDAY_NOON).ended


def test_a_flow_that_never_had_a_message_is_not_silent() -> None:
    assert [] == judge([], list(seeds(FLOWS)), [], MONDAY_NOON).holding


@given(value=st.integers(0, 10_000), limit=st.none() | st.integers(0, 10_000), was_open=st.booleans())
def test_a_breach_holds_exactly_while_a_watched_value_is_above_its_limit(
    value: int, limit: int | None, was_open: bool
) -> None:
    before = [open_breach()] if was_open else []
    judgement = judge([reading(value)], [replace(BACKLOG, limit=limit)], before, SATURDAY_NOON)
    above = limit is not None and value > limit

    assert above == bool(judgement.holding)
    assert (above and not was_open) == bool(judgement.begun)
    assert (was_open and not above) == bool(judgement.ended)


def test_the_seeds_follow_the_sla_and_are_all_sound() -> None:
    for seed in seeds(FLOWS):
        check(seed, FLOWS)
        assert SEEDED_BY == seed.actor
    of_lab = {(each.measure, each.hours): each.limit for each in seeds([LAB_RESULTS])}

    assert (300, 300) == (of_lab[Measure.OLDEST, Hours.ALWAYS], of_lab[Measure.LATENCY, Hours.ALWAYS])
    assert (60, 240, 720) == tuple(
        of_lab[Measure.SILENCE, hours] for hours in (Hours.DAY, Hours.EVENING, Hours.WEEKEND)
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"flow": "no-flow"}, "flow"),
        ({"measure": "mood"}, "measure"),
        ({"partner": "riverside-lab"}, "partner"),
        ({"hours": "tea-time"}, "hours"),
        ({"limit": -1}, "limit"),
        ({"measure": "silence", "limit": 2880}, "limit"),
        ({"time_zone": "Mars/Olympus"}, "time-zone"),
        ({"time_zone": "../etc"}, "time-zone"),
        ({"reason": " "}, "reason"),
    ],
)
def test_a_limit_that_could_not_be_evaluated_is_refused_at_its_field(change: dict[str, object], field: str) -> None:
    with pytest.raises(RejectedError) as refused:
        check(replace(BACKLOG, **change), FLOWS)  # type: ignore[arg-type]

    assert ("threshold-invalid", field) == (refused.value.code, refused.value.location)


def test_every_measure_is_explained() -> None:
    assert set(Measure) == set(MEANINGS)
