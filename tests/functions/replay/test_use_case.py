"""A plan is frozen, forecast, approved and run: exactly those deliveries, once each, linked to theirs (D07)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from functions.replay.forecasting import forecast, freeze
from functions.replay.use_case import advance_replays
from shared.adapters.memory import FakeDestinations, MemoryArchive
from shared.adapters.postgres_books import read_books
from shared.errors import RejectedError
from shared.ledger_ports import Ledger, Transaction
from shared.partners.profile import CodeMapping
from shared.pipeline import replaying
from shared.pipeline.decisions import discard
from shared.replay.plan import MAX_RATE, Forecast, NewPlan, PlanKind, Query
from tests.functions.messages import PARTNERS
from tests.functions.replay.rooms import APPROVER, PLANNER, Room
from tests.shared.adapters.rooms import delivery_of


def effects(room: Room, plan_id: Any) -> list[str | None]:
    return [item.effect for item in room.items(plan_id)]


def test_of_a_batch_with_some_failed_exactly_those_are_sent_once(room: Room) -> None:
    assert isinstance(room.whole.destinations, FakeDestinations)
    room.whole.destinations.named("harbor-ehr")
    room.whole.destinations.by_name["harbor-ehr"].failures += [RejectedError("destination-refused")] * 3
    messages = room.send_results(5)
    for (identifier,) in room.rows("select quarantine_id from quarantine"):
        discard(identifier, PLANNER, "sent again by a plan", room.whole)
    assert 2 == len(room.sent())

    plan_id = room.plan(code="destination-refused")
    room.approve_and_run(plan_id)
    for _ in range(3):
        room.clock.advance(timedelta(seconds=5))
        room.advance()
        room.work_off()

    items = room.items(plan_id)
    assert (["create"] * 3, "done") == ([item.effect for item in items], room.get(plan_id).state)
    assert [str(item.key) for item in items] == [key for key, _ in room.sent()][2:]
    assert sorted((item.key, item.original) for item in items) == sorted(
        room.rows("select delivery_id, replay_of from delivery where replay_plan is not null")
    )
    assert {delivery_of(message) for message in messages} > {item.original for item in items}
    books = read_books(room.url)
    line = next(line for line in books.deliveries if line.flow == "lab-results (replay)")
    assert (True, "harbor-ehr", 3, 3) == (books.balance, line.destination, line.due, line.delivered)


def test_what_would_be_sent_now_is_held_against_what_was_sent_without_a_value(room: Room) -> None:
    room.send_results(1)
    riverside = PARTNERS.by_name["riverside-lab"]
    assert riverside.sends is not None
    codes = {"OBX-3": {"2823-3": CodeMapping("http://loinc.org", "6298-4")}}
    profile = replace(riverside.sends.profile, code_maps={**riverside.sends.profile.code_maps, **codes})
    mended = replace(riverside, sends=replace(riverside.sends, profile=profile))
    same = room.plan(destination="harbor-ehr")
    assert ["no-change"] == effects(room, same)
    replaying.cancel(same, PLANNER, "nothing changes", room.api)

    room.give(replace(PARTNERS, by_name={**PARTNERS.by_name, "riverside-lab": mended}))
    plan_id = room.plan(destination="harbor-ehr")
    (item,) = room.items(plan_id)
    assert ("update", True) == (item.effect, bool(item.differences))
    assert all(one["place"].startswith("Observation[") for one in item.differences or ())
    assert "6298-4" not in str(item)
    room.approve_and_run(plan_id)
    room.advance()
    room.send_owed()

    (_, before), (key, after) = room.sent()
    assert (str(item.key), False, True) == (key, b"6298-4" in before, b"6298-4" in after)


def test_an_older_state_is_not_sent_over_a_newer_one(room: Room) -> None:
    room.send_results(1, status="P", stated="20260314100000-0400")
    room.send_results(1, status="F", stated="20260314110000-0400")

    both = room.plan(destination="harbor-ehr")
    assert ["no-change", "no-change"] == effects(room, both)
    replaying.cancel(both, PLANNER, "one alone", room.api)
    alone = room.plan(destination="harbor-ehr", event="result.preliminary")
    assert ["overtaken"] == effects(room, alone)
    with pytest.raises(RejectedError, match="replay-empty"):
        replaying.approve(alone, APPROVER, "looked at it", room.api)


def test_what_is_overtaken_after_the_approval_is_left_out(room: Room) -> None:
    room.send_results(1, status="P", stated="20260314100000-0400")
    plan_id = room.plan(destination="harbor-ehr")
    room.approve_and_run(plan_id)
    room.send_results(1, status="F", stated="20260314110000-0400")

    room.advance()
    room.work_off()

    assert (["overtaken"], "done", 2) == (effects(room, plan_id), room.get(plan_id).state, len(room.sent()))
    assert read_books(room.url).balance


def test_more_than_a_few_are_approved_by_somebody_else(room: Room) -> None:
    room.send_results(2)
    room.api = replace(room.api, four_eyes_above=1)
    plan_id = room.plan(destination="harbor-ehr")

    with pytest.raises(RejectedError, match="four-eyes-needed"):
        replaying.approve(plan_id, PLANNER, "looked at it", room.api)
    replaying.approve(plan_id, APPROVER, "looked at it", room.api)

    assert ("approved", APPROVER) == (room.get(plan_id).state, room.get(plan_id).approved_by)


def test_a_plan_runs_once_and_in_its_order_of_states(room: Room) -> None:
    room.send_results(1)
    plan_id = room.plan(destination="harbor-ehr")

    with pytest.raises(RejectedError, match="replay-state"):
        replaying.run(plan_id, PLANNER, "too early", room.api)
    room.approve_and_run(plan_id)
    room.advance()
    for decide in (replaying.run, replaying.approve, replaying.cancel):
        with pytest.raises(RejectedError, match="replay-state"):
            decide(plan_id, APPROVER, "again", room.api)
    with pytest.raises(RejectedError, match="replay-unknown"):
        replaying.run(uuid4(), PLANNER, "what", room.api)
    with pytest.raises(RejectedError, match="reason-missing"):
        replaying.cancel(plan_id, PLANNER, " ", room.api)
    room.advance()
    assert [
        ("plan-replay",),
        ("forecast-replay",),
        ("approve-replay",),
        ("run-replay",),
        ("end-replay",),
    ] == room.rows(f"select action from audit where subject = '{plan_id}' order by audit_id")


@dataclass
class DyingLedger:
    """A ledger whose process dies at the commit with this number."""

    ledger: Ledger
    dies_at: int
    commits: int = 0

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self.ledger.transaction() as tx:
            yield tx
            self.commits += 1
            if self.commits == self.dies_at:
                raise KeyboardInterrupt

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ledger, name)


def test_a_crash_at_any_commit_neither_loses_nor_doubles_a_delivery(room: Room) -> None:
    room.send_results(3)
    plan_id = uuid4()
    replaying.plan(NewPlan(plan_id, "replay", Query(destination="harbor-ehr"), 100, PLANNER, "a test"), room.api)
    for dies_at in range(1, 12):
        if room.get(plan_id).state == "ready":
            room.approve_and_run(plan_id)
        room.clock.advance(timedelta(seconds=1))
        dying: Any = DyingLedger(room.batch.ledger, dies_at)
        try:
            advance_replays(replace(room.batch, ledger=dying))
        except KeyboardInterrupt:
            continue
    room.advance()
    room.work_off()

    assert "done" == room.get(plan_id).state
    assert {str(item.key) for item in room.items(plan_id)} == {key for key, _ in room.sent()[3:]}
    assert (6, True) == (len(room.sent()), read_books(room.url).balance)


def test_a_plan_keeps_to_its_rate_and_does_not_catch_up_on_an_outage(room: Room) -> None:
    room.send_results(8)
    plan_id = room.plan(rate=1.0, destination="harbor-ehr")
    room.approve_and_run(plan_id)
    owed = []
    for seconds in (0, 1, 1, 60):
        room.clock.advance(timedelta(seconds=seconds))
        room.advance()
        owed.append(sum(item.delivery_id is not None for item in room.items(plan_id)))

    assert [1, 2, 3, 6] == owed
    replaying.cancel(plan_id, PLANNER, "enough", room.api)
    room.clock.advance(timedelta(seconds=60))
    room.advance()
    room.work_off()
    assert (8 + 6, "cancelled") == (len(room.sent()), room.get(plan_id).state)


def test_one_runner_advances_at_a_time(room: Room) -> None:
    room.send_results(1)
    plan_id = room.plan(destination="harbor-ehr")
    room.approve_and_run(plan_id)

    advance_replays(replace(room.batch, instance="another-worker"))

    assert ["no-change"] == effects(room, plan_id)
    assert "running" == room.get(plan_id).state


def test_what_another_open_plan_makes_is_not_made_twice(room: Room) -> None:
    room.send_results(1)
    first = room.plan(destination="harbor-ehr")

    assert (["no-change"], ["planned-elsewhere"]) == (
        effects(room, first),
        effects(room, room.plan(destination="harbor-ehr")),
    )


def test_of_two_plans_that_are_forecast_side_by_side_one_makes_a_delivery(room: Room) -> None:
    room.send_results(1)
    first, second = uuid4(), uuid4()
    for plan_id in (first, second):
        replaying.plan(NewPlan(plan_id, "replay", Query(destination="harbor-ehr"), 1, PLANNER, "twice"), room.api)
        freeze(plan_id, room.batch)
    (item,) = room.items(first)
    with room.batch.ledger.transaction() as tx:
        tx.replays.forecast(item, Forecast("create"))

    forecast(second, room.batch)

    assert ("forecasting", ["planned-elsewhere"]) == (room.get(first).state, effects(room, second))


def test_what_may_not_or_cannot_be_sent_is_left_out_with_its_reason(room: Room) -> None:
    denied, altered, good = room.send_results(3)
    with psycopg.connect(room.url) as connection:
        connection.execute(
            "insert into consent select patient_key, 'harbor-ehr', 'deny', 'asked to', now() from message"
            " where message_id = %s",
            (denied,),
        )
    assert isinstance(room.whole.archive, MemoryArchive)
    room.whole.archive.contents[f"received/{altered}"] += b" "

    items = {item.message_id: item for item in room.items(room.plan(destination="harbor-ehr"))}

    assert {
        denied: ("withheld", "consent-denied"),
        altered: ("refused", "archive-altered"),
        good: ("no-change", None),
    } == {message: (item.effect, item.code) for message, item in items.items()}


def test_a_destination_that_is_gone_refuses_its_items(room: Room) -> None:
    room.send_results(1)
    room.give(replace(PARTNERS, by_name={k: v for k, v in PARTNERS.by_name.items() if k != "harbor-ehr"}))

    (item,) = room.items(room.plan(destination="harbor-ehr"))

    assert ("refused", "destination-unknown") == (item.effect, item.code)


def test_a_list_that_is_too_long_ends_the_plan_and_leaves_nothing_behind(room: Room) -> None:
    room.send_results(3)
    plan_id = uuid4()
    replaying.plan(NewPlan(plan_id, "replay", Query(destination="harbor-ehr"), 1, PLANNER, "a test"), room.api)

    freeze(plan_id, room.batch, limit=2)

    plan = room.get(plan_id)
    assert ("cancelled", "replay-too-large", []) == (plan.state, plan.problem, room.items(plan_id))


def test_each_condition_narrows_the_list(room: Room) -> None:
    first, second = room.send_results(2)
    (moment,) = room.rows("select max(received_at) from message")[0]
    (mapping,) = room.rows("select distinct mapping from conversion")[0]

    def found(**query: Any) -> list[Any]:
        plan_id = room.plan(destination="harbor-ehr", **query)
        replaying.cancel(plan_id, PLANNER, "a look", room.api)
        return [item.message_id for item in room.items(plan_id)]

    assert [first, second] == found(partner="riverside-lab", flow="lab-results", mapping=mapping)
    assert [second] == found(since=moment)
    assert [first] == found(until=moment)
    assert [second] == found(messages=(second,))
    for nothing in ({"partner": "x"}, {"flow": "x"}, {"mapping": "x"}, {"event": "x"}, {"code": "x"}):
        assert [] == found(**nothing)


@pytest.mark.parametrize(
    ("kind", "rate", "query", "code", "place"),
    [
        ("replay", 0, {"partner": "a"}, "request-invalid", "rate"),
        ("replay", MAX_RATE + 1, {"partner": "a"}, "request-invalid", "rate"),
        ("replay", 1, {}, "request-invalid", "query"),
        ("feed", 1, {"destination": "nobody"}, "destination-unknown", "destination"),
        ("feed", 1, {"destination": "harbor-ehr", "code": "x"}, "request-invalid", "code"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused_where_it_does_not(
    room: Room, kind: PlanKind, rate: float, query: dict[str, str], code: str, place: str
) -> None:
    with pytest.raises(RejectedError) as refused:
        replaying.plan(NewPlan(uuid4(), kind, Query(**query), rate, PLANNER, "a test"), room.api)  # type: ignore[arg-type]

    assert (code, place) == (refused.value.code, refused.value.location)


def test_the_same_question_again_is_the_same_plan_and_another_is_refused(room: Room) -> None:
    asked = NewPlan(uuid4(), "replay", Query(partner="riverside-lab"), 1, PLANNER, "a test")
    for _ in range(2):
        replaying.plan(asked, room.api)

    with pytest.raises(RejectedError, match="idempotency-key-reused"):
        replaying.plan(replace(asked, query=Query(partner="northside-lab")), room.api)
    assert [(1,)] == room.rows("select count(*) from replay_plan")


def test_a_feed_whose_destination_is_gone_before_it_begins_is_cancelled(room: Room) -> None:
    plan_id = uuid4()
    replaying.plan(NewPlan(plan_id, "feed", Query(destination="harbor-ehr"), 1, PLANNER, "a test"), room.api)
    room.give(replace(PARTNERS, by_name={}))

    room.advance()

    assert ("cancelled", "destination-unknown") == (room.get(plan_id).state, room.get(plan_id).problem)


class DefectiveArchive(MemoryArchive):
    """An archive with a defect of ours in it."""

    def get(self, name: str) -> bytes:
        raise ZeroDivisionError(name)


def test_a_defect_refuses_its_item_is_seen_and_does_not_stop_the_plan(room: Room) -> None:
    room.send_results(1)
    plan_id = uuid4()
    replaying.plan(NewPlan(plan_id, "replay", Query(destination="harbor-ehr"), 1, PLANNER, "a test"), room.api)

    with pytest.raises(ZeroDivisionError):
        advance_replays(replace(room.batch, archive=DefectiveArchive()))
    room.advance()

    assert ("ready", ["unexpected-error"]) == (room.get(plan_id).state, [item.code for item in room.items(plan_id)])


def test_a_record_is_made_once_for_all_its_destinations(room: Room) -> None:
    room.send_results(1)
    riverside = PARTNERS.by_name["riverside-lab"]
    assert riverside.sends is not None
    codes = {"OBX-3": {"2823-3": CodeMapping("http://loinc.org", "6298-4")}}
    profile = replace(riverside.sends.profile, code_maps={**riverside.sends.profile.code_maps, **codes})
    mended = replace(riverside, sends=replace(riverside.sends, profile=profile))
    room.give(replace(PARTNERS, by_name={**PARTNERS.by_name, "riverside-lab": mended}))

    assert ["update", "update"] == effects(room, room.plan(partner="riverside-lab"))
    assert [(1,)] == room.rows("select count(*) from replay_bundle")
