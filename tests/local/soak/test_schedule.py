"""When the faults of a soak strike."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from local.soak.schedule import plan

NAMES = ("one", "two", "three", "four", "five")


def test_the_same_seed_gives_the_same_strikes() -> None:
    assert plan(7, 60, NAMES) == plan(7, 60, NAMES)
    assert plan(7, 60, NAMES) != plan(8, 60, NAMES)


def test_without_faults_nothing_strikes() -> None:
    assert [] == plan(7, 60, ())


@given(seed=st.integers(), seconds=st.floats(3, 2_000))
def test_every_fault_strikes_as_often_as_the_others_in_time_and_in_order(seed: int, seconds: float) -> None:
    strikes = plan(seed, seconds, NAMES)
    times = [one.at for one in strikes]

    assert set(NAMES) == {one.fault for one in strikes}
    assert 1 == len(set(Counter(one.fault for one in strikes).values()))
    assert sorted(times) == times
    assert times[0] >= 0
    assert times[-1] <= seconds
    assert len(strikes) <= max(len(NAMES), seconds / 4)
