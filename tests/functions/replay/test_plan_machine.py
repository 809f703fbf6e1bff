"""Whatever people and crashes do to plans, in any order: what was approved is owed once, nothing else (D07)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from functions.replay.use_case import advance_replays
from shared.adapters.postgres_books import read_books
from shared.errors import RejectedError
from shared.pipeline import replaying
from shared.replay.plan import LEFT_OUT
from tests.functions.replay.rooms import APPROVER, Room
from tests.functions.replay.test_use_case import DyingLedger

DECIDE = {"approve": replaying.approve, "run": replaying.run, "cancel": replaying.cancel}
ALLOWED = {
    "approve": {"ready"},
    "run": {"approved"},
    "cancel": {"requested", "forecasting", "ready", "approved", "running"},
}


def machine_of(room: Room) -> type[RuleBasedStateMachine]:
    class Plans(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.plans: list[UUID] = []
            self.approved: dict[UUID, set[UUID]] = {}

        @rule(rate=st.sampled_from([0.5, 5.0]))
        def plan(self, rate: float) -> None:
            self.plans.append(room.plan(destination="harbor-ehr", rate=rate))

        @rule()
        def send_a_result(self) -> None:
            room.send_results(1)

        @rule(which=st.integers(0, 3), decision=st.sampled_from(sorted(DECIDE)))
        def decide(self, which: int, decision: str) -> None:
            if not self.plans:
                return
            plan_id = self.plans[-1 - which % len(self.plans)]
            before = room.get(plan_id).state
            refused = ""
            try:
                DECIDE[decision](plan_id, APPROVER, "a test", room.api)
            except RejectedError as error:
                refused = error.code
            assert (before in ALLOWED[decision]) == (refused in {"", "replay-empty"})
            if decision == "approve" and not refused:
                self.approved[plan_id] = {item.key for item in room.items(plan_id) if item.effect not in LEFT_OUT}

        @rule(dies_at=st.integers(1, 9), seconds=st.integers(0, 3))
        def advance_and_perhaps_die(self, dies_at: int, seconds: int) -> None:
            room.clock.advance(timedelta(seconds=seconds))
            dying: Any = DyingLedger(room.batch.ledger, dies_at)
            try:
                advance_replays(replace(room.batch, ledger=dying))
            except KeyboardInterrupt:
                return

        @rule()
        def deliver(self) -> None:
            room.work_off()

        @invariant()
        def only_what_was_approved_is_owed_and_once(self) -> None:
            owed = room.rows("select replay_plan, delivery_id from delivery where replay_plan is not null")
            assert all(delivery in self.approved.get(plan, ()) for plan, delivery in owed)
            keys = [key for key, _ in room.sent()]
            assert len(set(keys)) == len(keys)

        @invariant()
        def a_plan_that_is_done_has_owed_all_of_it(self) -> None:
            for plan_id in self.plans:
                if room.get(plan_id).state == "done":
                    left = [i for i in room.items(plan_id) if i.effect not in LEFT_OUT and i.delivery_id is None]
                    assert [] == left

        def teardown(self) -> None:
            assert read_books(room.url).balance

    return Plans


def test_plans_hold_whatever_happens_in_whatever_order(room: Room) -> None:
    run_state_machine_as_test(
        machine_of(room),
        settings=settings(
            max_examples=6,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
