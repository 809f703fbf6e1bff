"""A destination that is down is asked by one probe at a time, and an answer opens the way again (D12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.delivery.breaker import CLOSED, Breaker, BreakerPolicy

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
POLICY = BreakerPolicy(threshold=3, pause=timedelta(seconds=2), longest=timedelta(seconds=30))
PATIENCE = timedelta(seconds=20)


def failed(breaker: Breaker, times: int = 1, now: datetime = NOON, retry_after: float | None = None) -> Breaker:
    for _ in range(times):
        breaker = breaker.failed(POLICY, now, Random(7), retry_after)
    return breaker


def test_failures_in_a_row_open_it_and_an_answer_in_between_forgets_them() -> None:
    assert "closed" == failed(CLOSED, 2).state
    assert "open" == failed(CLOSED, 3).state
    assert "closed" == failed(failed(CLOSED, 2).answered(), 2).state


def test_nothing_passes_before_the_pause_is_over_and_then_one_probe_does() -> None:
    opened = failed(CLOSED, 3)
    assert opened.probe_at is not None

    assert "wait" == opened.verdict(opened.probe_at - timedelta(microseconds=1))
    assert "probe" == opened.verdict(opened.probe_at)
    probing = opened.probing(opened.probe_at, PATIENCE)
    assert "wait" == probing.verdict(opened.probe_at + PATIENCE / 2)


def test_a_probe_that_is_lost_makes_room_for_the_next() -> None:
    probing = failed(CLOSED, 3).probing(NOON, PATIENCE)

    assert "probe" == probing.verdict(NOON + PATIENCE)


def test_a_probe_that_sent_nothing_proves_nothing() -> None:
    probing = failed(CLOSED, 3).probing(NOON, PATIENCE)

    assert ("open", "probe") == (probing.untried(NOON).state, probing.untried(NOON).verdict(NOON))
    assert CLOSED == CLOSED.untried(NOON)


def test_each_failed_probe_doubles_the_pause_up_to_the_longest() -> None:
    breaker, ceilings = failed(CLOSED, 3), []
    for _ in range(6):
        assert breaker.probe_at is not None
        ceilings.append(breaker.probe_at - NOON)
        breaker = failed(breaker.probing(NOON, PATIENCE))

    assert all(pause / 2 <= wait <= pause for wait, pause in zip(ceilings, map(longest_pause, range(6)), strict=True))


def longest_pause(openings: int) -> timedelta:
    return min(POLICY.pause * 2**openings, POLICY.longest)


@pytest.mark.parametrize(("wish", "least"), [(10.0, 10), (3600.0, 30), (-5.0, 1)])
def test_the_destinations_own_wish_is_honoured_up_to_the_longest_pause(wish: float, least: int) -> None:
    opened = failed(CLOSED, 3, retry_after=wish)

    assert opened.probe_at is not None
    assert timedelta(seconds=least) <= opened.probe_at - NOON <= POLICY.longest


def test_a_straggler_changes_neither_the_outage_nor_the_pause() -> None:
    opened = failed(CLOSED, 3)
    later = failed(opened, now=NOON + timedelta(seconds=1))

    assert (opened.opened_at, opened.probe_at, opened.openings) == (later.opened_at, later.probe_at, later.openings)


class AnyHistory(RuleBasedStateMachine):
    """Whatever happens in whatever order: one probe at most, one outage from its first opening to an answer."""

    @initialize(seed=st.integers(0, 1000))
    def begin(self, seed: int) -> None:
        self.breaker, self.now, self.jitter = CLOSED, NOON, Random(seed)
        self.outage: datetime | None = None
        self.probes: list[datetime] = []

    @rule(seconds=st.integers(0, 40))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule()
    def somebody_asks(self) -> None:
        if self.breaker.verdict(self.now) == "probe":
            self.breaker = self.breaker.probing(self.now, PATIENCE)
            self.probes.append(self.now)

    @rule()
    def an_attempt_fails(self) -> None:
        self.breaker = self.breaker.failed(POLICY, self.now, self.jitter)
        if self.breaker.state == "open" and self.outage is None:
            self.outage = self.now

    @precondition(lambda self: self.breaker.state != "closed")
    @rule()
    def a_probe_sends_nothing(self) -> None:
        self.breaker = self.breaker.untried(self.now)
        self.probes.clear()

    @rule()
    def the_destination_answers(self) -> None:
        self.breaker, self.outage = self.breaker.answered(), None
        self.probes.clear()

    @invariant()
    def the_outage_is_dated_from_its_first_opening(self) -> None:
        assert self.outage == self.breaker.opened_at

    @invariant()
    def it_opens_at_the_threshold_and_never_waits_longer_than_the_longest_pause(self) -> None:
        if self.breaker.state == "closed":
            assert self.breaker.failures < POLICY.threshold
        else:
            assert self.breaker.probe_at is not None
            assert self.breaker.probe_at - self.now <= max(POLICY.longest, PATIENCE)

    @invariant()
    def probes_are_a_pause_or_a_patience_apart(self) -> None:
        least = min(POLICY.pause / 2, PATIENCE)
        assert all(after - before >= least for before, after in zip(self.probes, self.probes[1:], strict=False))


TestAnyHistory = AnyHistory.TestCase
