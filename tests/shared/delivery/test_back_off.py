from __future__ import annotations

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.back_off import RetryPolicy
from tests.fixtures.ledger import NOON

POLICY = RetryPolicy(base=timedelta(seconds=1), cap=timedelta(minutes=5), budget=timedelta(hours=1))


@given(attempts=st.integers(0, 10_000), seed=st.integers())
def test_the_wait_is_never_longer_than_the_cap(attempts: int, seed: int) -> None:
    due = POLICY.next_attempt(attempts, None, NOON, Random(seed))

    assert due is not None
    assert timedelta(0) <= due - NOON <= min(POLICY.cap, POLICY.base * 2 ** min(attempts, 30))


@given(seed=st.integers())
def test_the_other_sides_wish_is_not_undercut_and_not_followed_beyond_the_cap(seed: int) -> None:
    for wish, least in ((120.0, timedelta(minutes=2)), (1e9, POLICY.cap), (-5.0, timedelta(0))):
        due = POLICY.next_attempt(0, None, NOON, Random(seed), retry_after=wish)
        assert due is not None
        assert least <= due - NOON <= POLICY.cap


def test_a_spent_budget_ends_the_attempts() -> None:
    assert POLICY.next_attempt(3, NOON - POLICY.budget, NOON, Random(1)) is None
    assert POLICY.next_attempt(3, NOON - POLICY.budget + timedelta(seconds=1), NOON, Random(1)) is not None
