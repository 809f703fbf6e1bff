"""A new subscriber is fed from the log: what its filter takes, from any time on, once and in order (D08)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from functions.adt_routing import use_case as adt_routing
from functions.delivery.use_case import SEND, SEND_BULK
from shared.adapters.postgres_books import read_books
from shared.partners.model import Partner, VisitFilter
from shared.pipeline import drain, replaying
from tests.functions.adt_routing.rooms import adt, resources, with_visit
from tests.functions.messages import PARTNERS
from tests.functions.replay.rooms import PLANNER, Room
from tests.shared.adapters.rooms import post


def subscriber(**about: object) -> Partner:
    model = PARTNERS.by_name["harbor-ehr"]
    assert model.receives is not None
    return replace(model, name="newcomer", receives=replace(model.receives, **about))  # type: ignore[arg-type]


def run(room: Room, newcomer: Partner, **query: Any) -> list[str]:
    """Subscribe, feed, and return the effects of the plan."""
    room.give(replace(room.whole.partners, by_name={**room.whole.partners.by_name, "newcomer": newcomer}))
    plan_id = room.plan("feed", destination="newcomer", **query)
    effects = [str(item.effect) for item in room.items(plan_id)]
    if set(effects) & {"create"}:
        room.approve_and_run(plan_id)
        room.clock.advance(timedelta(seconds=5))
        room.advance()
        for hint in room.hints.take():
            if hint.function == SEND_BULK.step.function:
                drain(SEND_BULK, hint.stream_id, room.whole)
    return effects


def route(room: Room, payload: bytes) -> None:
    post(room.whole, payload, "harbor-hospital")
    work(room)
    room.clock.advance(timedelta(seconds=1))


def work(room: Room) -> None:
    for _ in range(3):
        for hint in room.hints.take():
            stage = {stage.step.function: stage for stage in (adt_routing.PROCESS, SEND, SEND_BULK)}.get(hint.function)
            if stage is not None:
                drain(stage, hint.stream_id, room.whole)


def test_a_newcomer_is_told_what_its_filter_takes_since_a_moment(room: Room) -> None:
    room.send_results(2)
    since = room.clock()
    room.send_results(1, mrn="TEST-LATE", filler="F-LATE")
    room.send_results(1, mrn="TEST-P", filler="F-P", status="P")

    assert ["create"] == run(room, subscriber(events=("result.final*",)), since=since)

    ((_, body),) = room.sent("newcomer")
    assert b"TEST-LATE" in body
    assert [(1,)] == room.rows("select count(*) from delivery where replay_plan is not null")
    assert read_books(room.url).balance
    assert [] == run(room, subscriber(events=("result.final*",)), since=since)


def test_what_a_feed_has_told_can_be_told_again(room: Room) -> None:
    room.send_results(1)
    newcomer = subscriber(events=("result.final*",))
    assert ["create"] == run(room, newcomer)

    plan_id = room.plan(destination="newcomer")
    assert ["no-change"] == [item.effect for item in room.items(plan_id)]
    room.approve_and_run(plan_id)
    room.advance()
    room.send_owed()

    assert (2, 2) == (len(room.sent("newcomer")), len({key for key, _ in room.sent("newcomer")}))
    assert 1 == len(room.items(room.plan(destination="newcomer")))


def test_states_that_were_outdated_when_they_came_are_fed_to_nobody(room: Room) -> None:
    room.send_results(1, status="F", stated="20260314110000-0400")
    room.send_results(1, status="P", stated="20260314100000-0400")

    assert ["create"] == run(room, subscriber(events=("result.*",)))


def discharge_before_its_admission(room: Room) -> UUID:
    """Let a discharge come first and wait for its admission; return its message."""
    discharge = post(room.whole, adt("A03", 5), "harbor-hospital")
    work(room)
    room.clock.advance(timedelta(seconds=1))
    route(room, adt("A01", 0))
    return discharge


def statuses(room: Room, name: str) -> list[str]:
    return [one["status"] for _, body in room.sent(name) for one in resources(orjson.loads(body), "Encounter")]


def test_a_newcomer_is_told_in_the_order_in_which_the_others_were(room: Room) -> None:
    discharge_before_its_admission(room)

    assert ["create", "create"] == run(room, subscriber(events=("encounter.*",)))

    assert ["in-progress", "finished"] == statuses(room, "newcomer") == statuses(room, "harbor-ehr")


def test_what_came_before_and_took_effect_after_is_not_overtaken(room: Room) -> None:
    discharge = discharge_before_its_admission(room)

    plan_id = room.plan(destination="harbor-ehr")
    assert [discharge] == [item.message_id for item in room.items(plan_id)][-1:]
    replaying.cancel(plan_id, PLANNER, "each alone", room.api)
    alone = [room.plan(destination="harbor-ehr", event=f"encounter.{what}") for what in ("admitted", "discharged")]
    assert [["overtaken"], ["no-change"]] == [[item.effect for item in room.items(one)] for one in alone]


def test_a_visit_that_the_filter_does_not_take_is_left_out(room: Room) -> None:
    route(room, adt("A01", 0))
    (unit,) = room.rows("select unit from visit")[0]

    wanted, unwanted = VisitFilter(units=(unit,)), VisitFilter(units=("NOWHERE",))

    assert ["refused"] == run(room, subscriber(events=("encounter.*",), visits=unwanted))
    assert ["create"] == run(room, subscriber(events=("encounter.*",), visits=wanted))
    assert 1 == len(room.sent("newcomer"))


def test_a_merge_that_names_a_visit_is_fed_whatever_the_filter_takes(room: Room) -> None:
    route(room, with_visit(adt("A40", 8, mrn="TEST-2", prior="TEST-1")))

    elsewhere = subscriber(events=("patient.*",), visits=VisitFilter(units=("NOWHERE",)))

    assert ["create"] == run(room, elsewhere)


def test_a_merge_is_fed_behind_a_fence_and_everything_lands_on_the_survivor(room: Room) -> None:
    route(room, adt("A01", 0, mrn="TEST-1"))
    route(room, adt("A40", 8, mrn="TEST-2", prior="TEST-1"))

    assert ["create", "create"] == run(room, subscriber(events=("encounter.*", "patient.*")))

    first, second = (body for _, body in room.sent("newcomer"))
    assert b"replaced-by" in second
    assert b"replaced-by" not in first
    assert read_books(room.url).balance


def test_what_the_survivor_was_told_of_overtakes_what_was_owed_for_the_prior_number(room: Room) -> None:
    for payload in (adt("A08", 0, mrn="TEST-1"), adt("A40", 8, mrn="TEST-2", prior="TEST-1")):
        route(room, payload)
    after = room.clock()
    route(room, adt("A08", 9, mrn="TEST-2"))

    plan_id = room.plan(destination="harbor-ehr", event="encounter.updated", until=after)

    assert ["overtaken"] == [item.effect for item in room.items(plan_id)]
