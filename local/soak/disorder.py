"""
What a sender with several lines does to its stays: a message comes before the one that it stands on, or never has one.

    early      it is posted before the message that it stands on, and must land after it
    outdated   it is posted after a later message about the visit, and must land nowhere
    orphan     what it stands on is never posted; it must land once the sender's patience with it is over

Which is which is written down here once more, on purpose independent of the flow's policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from random import Random
from typing import Final

from local.traffic.stays import Movement

PATIENCE_SECONDS: Final = 60
"""How long what came too early waits in a soak."""

# Neighbours in the order of the bedside: where the second comes first, it waits.
_DISCHARGE_FIRST = frozenset({("A01", "A03")})
_WAITS = _DISCHARGE_FIRST | frozenset({
    ("A01", "A02"), ("A01", "A11"), ("A01", "A21"), ("A03", "A13"), ("A13", "A02"), ("A21", "A22"),
})  # fmt: skip
# Neighbours of which the first, where it comes second, has nothing left to say.
_OVERTAKEN = frozenset({
    ("A05", "A01"), ("A08", "A02"), ("A02", "A08"), ("A08", "A03"), ("A02", "A12"), ("A12", "A03"), ("A02", "A03"),
})  # fmt: skip
_DISORDERED_EVERY = 2
_ORPHAN_EVERY, _FIRST_ORPHAN = 20, 9  # odd, and so of those in order
_FARTHEST = 6


@dataclass(frozen=True, slots=True)
class Arrived:
    """
    A movement as it is posted.

    `after` is the control id behind which it must land though it is posted before, "" where that never comes, None
    where it is in its place. A `disordered` one belongs to a stay that lost its order.
    """

    movement: Movement
    after: str | None = None
    outdated: bool = False
    disordered: bool = False


def out_of_order(seed: int, day: Sequence[Movement]) -> list[Arrived]:
    """
    Return the day as several lines would post it; the same for the same seed.

    Every second stay has two neighbours changed round, at most six places apart, and one in twenty only its end.
    Stays that end in a merge keep their order: what waits does not hold up a merge, which may land before it. So do
    those of which a person's update (A31) speaks first: nothing waits for an admission behind it.
    """
    rng = Random(f"disorder of stays {seed}")  # noqa: S311 -- it must be repeatable, not secret
    lines: dict[str, list[tuple[float, Arrived]]] = {}
    for number, movement in enumerate(day):
        lines.setdefault(movement.visit, []).append((float(number), Arrived(movement)))
    visits = sorted(lines.keys() - {movement.visit for movement in day if movement.merges or movement.event == "A31"})
    for number, visit in enumerate(visits[::_DISORDERED_EVERY]):
        kinds = (_OVERTAKEN, _WAITS) if number % 2 else (_DISCHARGE_FIRST, _WAITS, _OVERTAKEN)
        lines[visit] = _changed_round(rng, lines[visit], kinds)
    for visit in visits[_FIRST_ORPHAN::_ORPHAN_EVERY]:
        place, end = lines[visit][-1]
        lines[visit] = [(place, replace(end, after="", disordered=True))]
    return [one for _, one in sorted((each for line in lines.values() for each in line), key=lambda each: each[0])]


def _changed_round(
    rng: Random, line: list[tuple[float, Arrived]], kinds: tuple[frozenset[tuple[str, str]], ...]
) -> list[tuple[float, Arrived]]:
    """Return a stay with two of its neighbours changed round: of the first kind that it has."""
    events = [one.movement.event for _, one in line]
    neighbours = list(pairwise(events))
    for kind in kinds:
        pairs = [number for number, pair in enumerate(neighbours) if pair in kind]
        if pairs:
            break
    else:
        return line
    first = rng.choice(pairs)
    earliest = line[first - 1][0] if first else -1.0
    place = max(earliest, line[first][0] - 1 - rng.randrange(_FARTHEST)) + 0.5
    told = [(at, replace(one, disordered=True)) for at, one in line]
    (_, before), (_, early) = told[first : first + 2]
    if kind is not _OVERTAKEN:
        told[first + 1] = place, replace(early, after=before.movement.control_id)
    else:
        told[first : first + 2] = [(told[first][0], replace(before, outdated=True)), (place, early)]
    return told
