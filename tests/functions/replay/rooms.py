"""Results that were sent, and plans about them, each tier under its own role (invariant 10)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from functions.delivery.use_case import SEND, SEND_BULK
from functions.replay.use_case import advance_replays
from shared.adapters.memory import FakeDestination, FakeDestinations, FixedClock, RecordedHints
from shared.adapters.postgres_ledger import PostgresLedger
from shared.catalog.model import Tier
from shared.partners.model import Partners
from shared.pipeline import drain, replaying
from shared.ports import Ports
from shared.replay.plan import Item, NewPlan, Plan, PlanKind, Query
from tests.functions.messages import PARTNERS, oru
from tests.shared.adapters.rooms import post, work_off

PLANNER, APPROVER = "operator/olga-example", "operator/otto-example"


@dataclass
class Room:
    """The whole ledger, and what each tier may do with it."""

    whole: Ports
    api: Ports
    batch: Ports
    deliver: Ports
    hints: RecordedHints
    clock: FixedClock
    url: str

    def give(self, partners: Partners) -> None:
        self.whole, self.api, self.batch, self.deliver = (
            replace(ports, partners=partners) for ports in (self.whole, self.api, self.batch, self.deliver)
        )

    def sent(self, name: str = "harbor-ehr") -> list[tuple[str, bytes]]:
        assert isinstance(self.whole.destinations, FakeDestinations)
        found = self.whole.destinations.named(name)
        assert isinstance(found, FakeDestination)
        return found.effects

    def send_results(self, count: int, **about: Any) -> list[UUID]:
        """Let results of as many patients go their whole way; their times differ."""
        messages = []
        for number in range(count):
            about_one = {"mrn": f"TEST-{number}", "filler": f"F-{number}", **about}
            messages.append(post(self.whole, oru(f"T-{uuid4().hex[:12]}", **about_one)))
            self.clock.advance(timedelta(seconds=1))
        self.work_off()
        return messages

    def work_off(self) -> None:
        work_off(self.whole, self.hints)

    def send_owed(self) -> None:
        """Let the tier `deliver` send what is owed, with its own rights alone."""
        for hint in self.hints.take():
            stage = SEND_BULK if hint.function == SEND_BULK.step.function else SEND
            drain(stage, hint.stream_id, self.deliver)

    def plan(self, kind: PlanKind = "replay", rate: float = 100.0, **query: Any) -> UUID:
        """Ask for a plan and let it be forecast."""
        plan_id = uuid4()
        replaying.plan(NewPlan(plan_id, kind, Query(**query), rate, PLANNER, "the map was mended"), self.api)
        self.advance()
        return plan_id

    def advance(self) -> None:
        advance_replays(self.batch)

    def approve_and_run(self, plan_id: UUID) -> None:
        replaying.approve(plan_id, APPROVER, "looked at it", self.api)
        replaying.run(plan_id, PLANNER, "now", self.api)

    def get(self, plan_id: UUID) -> Plan:
        with self.api.ledger.statements() as each:
            found = each.replays.get(plan_id)
        assert found is not None
        return found

    def items(self, plan_id: UUID) -> list[Item]:
        with self.api.ledger.statements() as each:
            return each.replays.items(plan_id, 0, 1000)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
def room(ports: Ports, hints: RecordedHints, clock: FixedClock, ledger_url: str) -> Iterator[Room]:
    with ExitStack() as stack:

        def of(tier: Tier) -> Ports:
            url = f"{ledger_url}?options=-c%20role%3Dcorridor_{tier}"
            ledger = PostgresLedger(url, clock=clock, hints=hints, pool_size=2)
            stack.callback(ledger.close)
            return replace(ports, ledger=ledger, partners=PARTNERS)

        whole = replace(ports, partners=PARTNERS)
        yield Room(whole, of(Tier.API), of(Tier.BATCH), of(Tier.DELIVER), hints, clock, ledger_url)
