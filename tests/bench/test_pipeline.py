"""Corridor is held against the floor of the same round; stages are told per message."""

from __future__ import annotations

from collections import Counter

from bench.pipeline import Burst, rates
from bench.stages import Stages


def test_each_round_of_ours_is_held_against_the_floor_of_the_same_round() -> None:
    floors = [Burst(100, [0.01], {"floor": 6, "postgres": 2}), Burst(50, [0.02], {"floor": 12, "postgres": 4})]
    ours = [
        Burst(30, [0.03], {"functions-host": 12, "postgres": 4}),
        Burst(20, [0.04], {"functions-host": 24, "x": 8}),
    ]

    floor, corridor, ratio = rates(floors, ours)

    assert (75, 25) == (floor["messages/s"], corridor["messages/s"])
    assert (12, 24) == (floor["CPU ms"], corridor["CPU ms"])
    assert ("[0.3, 0.4]", 0.35, 0.5) == (ratio["each round"], ratio["rate"], ratio["cpu"])


def test_a_stage_tells_what_a_message_has_used_since() -> None:
    before = Stages(Counter(delivery_send=10), Counter(delivery_send=2), Counter(deliver=1000))
    after = Stages(Counter(delivery_send=50), Counter(delivery_send=10), Counter(deliver=5000))

    rows = {row["stage"]: row for row in (after - before).rows(4)}

    assert (10.0, 2.0, 1000) == tuple(rows["deliver"][name] for name in ("function CPU ms", "calls", "bytes"))
    assert (0.0, 0.0, 0) == tuple(rows["accept"][name] for name in ("function CPU ms", "calls", "bytes"))
