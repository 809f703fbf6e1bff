import itertools

from hypothesis import given
from hypothesis import strategies as st

from local.functions_host.appetite import Appetite


def taken(appetite: Appetite, waiting: int) -> tuple[int, int]:
    """Return how many messages a call takes from a queue, and how many it asks for in vain."""
    more = appetite.after_first(had_waited=waiting > 0)
    rest = min(more, max(waiting - 1, 0))
    if more:
        appetite.came(more, rest)
    return 1 + rest, more - rest


def test_a_message_that_had_to_be_waited_for_is_taken_alone() -> None:
    appetite = Appetite(100)

    assert [taken(appetite, 0) for _ in range(5)] == [(1, 0)] * 5


def test_a_queue_that_builds_up_is_taken_in_ever_larger_pieces() -> None:
    appetite = Appetite(10)
    waiting, pieces = 40, []
    while waiting:
        piece, _ = taken(appetite, waiting)
        pieces.append(piece)
        waiting -= piece

    assert pieces == [1, 1, 2, 3, 5, 9, 10, 9]


def test_one_that_waited_by_chance_is_not_waited_upon() -> None:
    appetite = Appetite(10)

    assert [taken(appetite, waiting) for waiting in (1, 1, 0, 1, 1, 0)] == [(1, 0)] * 6


@given(st.integers(1, 50), st.lists(st.integers(0, 200), max_size=60))
def test_never_more_than_the_most_and_never_twice_in_vain_in_a_row(most: int, queue: list[int]) -> None:
    appetite = Appetite(most)

    calls = [taken(appetite, waiting) for waiting in queue]

    assert all(1 <= count <= most for count, _ in calls)
    assert all(not vain or not following for (_, vain), (_, following) in itertools.pairwise(calls))
