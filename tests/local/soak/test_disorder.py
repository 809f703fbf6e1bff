"""Stays lose their order by the seed; Corridor's policy says of each message what the traffic says of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import NAMESPACE_OID, uuid5

import pytest

from functions.adt_routing.policy import Verdict, judge, visit_after
from functions.adt_routing.reading import Told
from local.soak.disorder import Arrived, out_of_order
from local.traffic.stays import Movement, hospital_stays
from shared.workflow.visits import EarlyMessage, Visit

DAY = hospital_stays(4, 90, marked=True)
POSTED = out_of_order(4, DAY)


def stay_of(one: Arrived) -> list[Arrived]:
    return [other for other in POSTED if other.movement.visit == one.movement.visit]


def test_the_same_seed_changes_the_same_stays_round() -> None:
    assert POSTED == out_of_order(4, DAY)
    assert POSTED != out_of_order(5, DAY)


def test_there_is_something_of_every_kind_and_the_rest_is_as_it_was() -> None:
    events = {one.movement.event for one in POSTED if one.after}
    assert {"A02", "A03", "A11", "A13", "A21", "A22"} >= events >= {"A03"}
    assert [] != [one for one in POSTED if one.outdated]
    assert [] != [one for one in POSTED if one.after == ""]
    plain = [one.movement for one in POSTED if not one.disordered]
    assert plain == [one for one in DAY if one in plain]


def test_what_is_early_is_posted_shortly_before_what_it_must_land_behind() -> None:
    order = [one.movement.control_id for one in POSTED]
    for one in POSTED:
        if one.after:
            assert 0 < order.index(one.after) - order.index(one.movement.control_id) <= 24


def test_a_stay_that_ends_in_a_merge_or_begins_with_an_update_keeps_its_order() -> None:
    kept = {one.visit for one in DAY if one.merges or one.event == "A31"}

    assert set() == kept & {one.movement.visit for one in POSTED if one.disordered}


def told_by(movement: Movement) -> Told:
    stamp = movement.payload.split(b"\rEVN|")[1].split(b"|")[1][:14].decode()
    at = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    return Told(movement.event, movement.visit, at, at, "HARBOR", "I", "", "", is_over=False)


@pytest.mark.parametrize("kind", ["early", "outdated", "orphans"])
def test_the_flows_policy_comes_to_the_same(kind: str) -> None:
    chosen = {
        "early": [one for one in POSTED if one.after],
        "outdated": [one for one in POSTED if one.outdated],
        "orphans": [one for one in POSTED if one.after == ""],
    }[kind]
    assert [] != chosen
    for one in chosen:
        verdict = {"early": Verdict.EARLY, "outdated": Verdict.OUTDATED, "orphans": Verdict.EARLY}[kind]
        assert verdict == first_verdicts(stay_of(one))[one.movement.control_id]


def first_verdicts(stay: list[Arrived]) -> dict[str, Verdict]:
    """What the policy says of each message of a stay when it comes; what waits is tried again as the flow does."""
    visit: Visit | None = None
    verdicts: dict[str, Verdict] = {}
    waiting: list[EarlyMessage] = []
    left = [one.movement for one in stay]
    while left:
        movement = left.pop(0)
        told, number = told_by(movement), uuid5(NAMESPACE_OID, movement.control_id)
        verdict = judge(told, visit, waiting, number)
        verdicts.setdefault(movement.control_id, verdict)
        if verdict is Verdict.EARLY:
            if number not in {one.message_id for one in waiting}:
                waiting.append(EarlyMessage(number, movement.visit, told.stated_at, "waiting"))
                waiting.sort(key=lambda one: one.stated_at or datetime.max.replace(tzinfo=UTC) + timedelta(0))
            continue
        waiting = [one for one in waiting if one.message_id != number]
        if verdict is not Verdict.OUTDATED:
            visit = visit_after(told, visit, verdict, number)
            left += [one.movement for one in stay if uuid5(NAMESPACE_OID, one.movement.control_id) in waits(waiting)]
            waiting = [replace(one, state="released") for one in waiting]
    return verdicts


def waits(waiting: list[EarlyMessage]) -> set[object]:
    return {one.message_id for one in waiting if one.state == "waiting"}
