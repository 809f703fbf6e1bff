"""The intake gate asks seldom, refuses in time and shares an allowance over instances (D11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory import FixedClock, MemoryArchive
from shared.adapters.postgres_ledger import PostgresLedger
from shared.adapters.shared_intake_gate import SharedIntakeGate
from shared.catalog.model import TrafficClass
from shared.delivery.pressure import IntakeLimits
from shared.errors import TransientError
from shared.partners.model import Partners, Rate
from shared.pipeline.decisions import halt
from shared.ports import Ports
from tests.functions.messages import PARTNERS, oru
from tests.shared.adapters.parts import Seconds
from tests.shared.adapters.rooms import post

LIMITS = IntakeLimits(backlog=3, age=timedelta(minutes=15), archive_free=1000)


class Disk(MemoryArchive):
    free = 5000

    def free_bytes(self) -> int | None:
        return self.free


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


Make = Callable[..., SharedIntakeGate]


@pytest.fixture
def make(ledger: PostgresLedger, clock: FixedClock, seconds: Seconds) -> Iterator[Make]:
    def gate(partners: Partners = PARTNERS, archive: MemoryArchive | None = None) -> SharedIntakeGate:
        return SharedIntakeGate(ledger, archive or Disk(), partners, clock=clock, limits=LIMITS, monotonic=seconds)

    return gate


def code_of(gate: SharedIntakeGate, partner: str = "riverside-lab") -> str | None:
    refused: list[TransientError] = []
    try:
        gate.admit(partner)
    except TransientError as error:
        refused.append(error)
    assert all((error.retry_after or 0) >= 1 for error in refused)
    return refused[0].code if refused else None


def test_files_stop_long_before_postings_do_and_use_nothing_of_the_allowance(
    ports: Ports, ledger: PostgresLedger, clock: FixedClock, seconds: Seconds
) -> None:
    partner = PARTNERS.by_name["riverside-lab"]
    assert partner.sends is not None
    rare = replace(partner, sends=replace(partner.sends, allowance=Rate(per_second=0.001, burst=1)))
    partners = Partners({**PARTNERS.by_name, "riverside-lab": rare})
    limits = IntakeLimits(backlog=2, age=timedelta(minutes=15), archive_free=1000)
    gate = SharedIntakeGate(ledger, Disk(), partners, clock=clock, limits=limits, monotonic=seconds)
    for _ in range(3):
        gate.admit("riverside-lab", TrafficClass.BULK)
    gate.admit("riverside-lab")

    post(replace(ports, partners=PARTNERS), oru("T-1"))
    clock.advance(timedelta(seconds=10))
    with ledger.transaction() as tx:
        tx.pressure.measure()
    seconds.now += 3
    with pytest.raises(TransientError, match="backlog-full"):
        gate.admit("riverside-lab", TrafficClass.BULK)
    gate.admit("harbor-hospital")


def test_a_halted_partner_is_refused_within_two_seconds_and_no_other(
    ports: Ports, make: Make, seconds: Seconds
) -> None:
    gate = make()
    assert code_of(gate) is None

    halt("partner", "riverside-lab", "operator/one", "floods us", ports)
    seconds.now += 2

    assert "partner-halted" == code_of(gate)
    assert code_of(gate, "northside-lab") is None


def test_a_backlog_at_its_limit_refuses_everybody(
    ports: Ports, ledger: PostgresLedger, make: Make, seconds: Seconds
) -> None:
    gate = make()
    assert code_of(gate) is None
    for number in range(4):
        post(ports, oru(f"T-{number}"))
    with ledger.transaction() as tx:
        tx.pressure.measure()
    assert code_of(gate) is None  # known for two seconds

    seconds.now += 2

    assert "backlog-full" == code_of(gate)


def test_a_disk_that_is_nearly_full_refuses_before_it_is(make: Make, seconds: Seconds) -> None:
    disk = Disk()
    gate = make(archive=disk)
    assert code_of(gate) is None
    disk.free = 999
    seconds.now += 2

    assert "archive-full" == code_of(gate)


def test_a_partner_that_posts_more_than_agreed_waits_and_instances_share_what_it_has(
    make: Make, clock: FixedClock, seconds: Seconds
) -> None:
    riverside = PARTNERS.by_name["riverside-lab"]
    assert riverside.sends is not None
    limited = replace(riverside, sends=replace(riverside.sends, allowance=Rate(per_second=2.0, burst=6)))
    partners = Partners({**PARTNERS.by_name, "riverside-lab": limited})
    one, other = make(partners), make(partners)

    answers = [code_of(gate) for _ in range(6) for gate in (one, other)]

    assert (6, 6) == (answers.count(None), answers.count("rate-exceeded"))
    assert code_of(one, "northside-lab") is None
    clock.advance(timedelta(seconds=1))
    seconds.now += 1
    assert [None, None, "rate-exceeded"] == [code_of(one) for _ in range(3)]
