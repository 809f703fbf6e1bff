"""Who may go at a gate: halt, breaker, concurrency, rate (D11, D12)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.breaker import CLOSED, Breaker
from shared.delivery.bucket import Bucket
from shared.delivery.gate import BUSY, HALTED, OPEN, THROTTLED, Gate, passage
from shared.partners.model import Limits, Rate

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
PATIENCE = timedelta(seconds=20)
GATE = Gate("harbor-ehr")
OPENED = Breaker("open", 5, 1, NOON, NOON + timedelta(seconds=2))


def test_a_clean_gate_lets_through_and_need_not_be_written() -> None:
    found = passage(GATE, Limits(), 1, NOON, PATIENCE)

    assert ("pass", GATE) == (found.verdict, found.gate)


def test_a_halt_comes_before_everything_and_ends_by_itself_only() -> None:
    found = passage(replace(GATE, breaker=OPENED), Limits(), 1, NOON, PATIENCE, halted=True)

    assert ("wait", HALTED, None) == (found.verdict, found.reason, found.until)


def test_an_open_breaker_holds_until_its_probe_and_then_lets_one_through() -> None:
    gate = replace(GATE, breaker=OPENED)
    probe_at = NOON + timedelta(seconds=2)

    early, probe = (passage(gate, Limits(), 1, now, PATIENCE) for now in (NOON, probe_at))

    assert ("wait", OPEN, probe_at) == (early.verdict, early.reason, early.until)
    assert ("probe", "half-open") == (probe.verdict, probe.gate.breaker.state)
    assert OPEN == passage(probe.gate, Limits(), 1, probe_at, PATIENCE).reason


def test_no_more_at_once_than_the_destination_wants() -> None:
    limits = Limits(concurrency=2)

    assert ["pass", "pass", "wait"] == [passage(GATE, limits, n, NOON, PATIENCE).verdict for n in (1, 2, 3)]
    assert BUSY == passage(GATE, limits, 3, NOON, PATIENCE).reason


def test_a_busy_destination_is_not_probed_and_spends_no_token() -> None:
    gate = replace(GATE, breaker=OPENED, bucket=Bucket(1.0, NOON))
    found = passage(gate, Limits(1, Rate(1, 1)), 2, NOON + timedelta(minutes=1), PATIENCE)

    assert (BUSY, gate) == (found.reason, found.gate)


def test_a_rate_lets_a_burst_through_and_then_says_when_the_next_may_go() -> None:
    limits, gate = Limits(9, Rate(2.0, 3)), GATE
    for _ in range(3):
        found = passage(gate, limits, 1, NOON, PATIENCE)
        assert "pass" == found.verdict
        gate = found.gate

    found = passage(gate, limits, 1, NOON, PATIENCE)

    assert (THROTTLED, NOON + timedelta(seconds=0.5)) == (found.reason, found.until)
    assert "pass" == passage(gate, limits, 1, NOON + timedelta(seconds=0.5), PATIENCE).verdict


def test_only_one_wake_up_is_planned_at_a_time() -> None:
    until = NOON + timedelta(seconds=5)
    planned = GATE.waking(until, NOON)

    assert planned is not None
    assert planned.waking(until, NOON) is None
    assert planned.waking(until + timedelta(seconds=9), until) is not None
    assert GATE.waking(None, NOON) is None


@given(
    st.lists(st.tuples(st.floats(0, 5), st.integers(1, 4)), max_size=60),
    st.floats(0.1, 20),
    st.integers(1, 10),
)
def test_a_bucket_never_gives_more_than_its_burst_and_its_rate(
    draws: list[tuple[float, int]], per_second: float, burst: int
) -> None:
    rate, now = Rate(per_second, burst), NOON
    bucket, given_in_all = Bucket.full(rate, now), 0
    for seconds, wanted in draws:
        now += timedelta(seconds=seconds)
        bucket, drawn = bucket.drawn(rate, now, wanted)
        given_in_all += drawn
        assert 0 <= drawn <= wanted

    assert given_in_all <= burst + per_second * (now - NOON).total_seconds() + 1e-3


@given(st.floats(0.1, 20), st.integers(1, 10), st.floats(0, 30))
def test_after_the_wait_that_it_names_a_bucket_gives(per_second: float, burst: int, tokens: float) -> None:
    rate = Rate(per_second, burst)
    bucket = Bucket(min(tokens, burst), NOON)

    _, drawn = bucket.drawn(rate, NOON + bucket.wait(rate, NOON) + timedelta(microseconds=1))

    assert 1 == drawn


def test_a_clock_that_goes_back_refills_nothing() -> None:
    rate = Rate(1.0, 5)

    assert Bucket(1.0, NOON) == Bucket(1.0, NOON).refilled(rate, NOON - timedelta(minutes=1))


def test_a_clock_that_was_far_ahead_holds_nobody_once_it_is_right() -> None:
    rate, tomorrow = Rate(1.0, 5), NOON + timedelta(days=1)
    outage = Breaker("open", 5, 1, tomorrow, tomorrow + timedelta(seconds=2))

    drained = Bucket(0.0, tomorrow).refilled(rate, NOON)
    assert (Bucket(0.0, NOON), 3) == (drained, drained.drawn(rate, NOON + timedelta(seconds=3), 9)[1])
    assert "probe" == outage.verdict(NOON)
    assert replace(GATE, wake_at=tomorrow).waking(NOON + timedelta(seconds=1), NOON) is not None


def test_a_clean_breaker_is_the_closed_one() -> None:
    assert [True, False] == [breaker.is_clean for breaker in (CLOSED, Breaker(failures=1))]
