"""
The order in which a person's messages must land, and what a wait that ran out explains.

What came too early must land behind what it waited for. Its sender's patience ends that: then it lands as it is, and
what it waited for may come behind it, or nowhere. That is an explanation for messages of a stay that lost its order,
and for nothing else; it is read off the arrivals, and a jump of the host's clock shortens a patience.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from local.soak.disorder import PATIENCE_SECONDS
from local.soak.faults import CLOCK_JUMPS, JUMP_SECONDS, Struck

if TYPE_CHECKING:
    from local.soak.traffic import Errand

_BOTH_WAYS: Final = 2
_SLACK_SECONDS: Final = 1.0


class Answered(NamedTuple):
    """An errand, what its sender was answered, and when it was first posted (unix seconds)."""

    errand: Errand
    code: str
    at: float


class Waits:
    """When each message first came to each destination, against when it was posted."""

    def __init__(
        self, answers: Sequence[Answered], landed: Mapping[str, Mapping[str, float]], faults: Sequence[Struck]
    ) -> None:
        self._posted = {one.errand.posting.mark: one.at for one in answers if one.errand.disordered}
        self._landed = landed
        self._jumps = [fault for fault in faults if fault.fault == CLOCK_JUMPS]
        late = {mark for times in landed.values() for mark in times if mark in self._posted and self.is_over(mark)}
        self._explained = {one.errand.subject for one in answers if one.errand.posting.mark in late}

    def is_over(self, mark: str) -> bool:
        """Tell whether a message of a disordered stay came anywhere only after a patience had ended."""
        return any(
            at - self._posted[mark] >= self._patience(self._posted[mark], at)
            for at in (times[mark] for times in self._landed.values() if mark in times)
        )

    def explain(self, errand: Errand) -> bool:
        """Tell whether something of the errand's stay may have landed because a wait ran out."""
        return errand.disordered and errand.subject in self._explained

    def too_soon(self, errand: Errand) -> Iterator[str]:
        """Yield where a message came that had to wait for one that never came, and had not waited."""
        posted = self._posted.get(errand.posting.mark)
        for destination, times in sorted(self._landed.items()):
            at = times.get(errand.posting.mark)
            if at is not None and posted is not None and at - posted < self._patience(posted, at) - _SLACK_SECONDS:
                yield destination

    def _patience(self, posted: float, at: float) -> float:
        jumped = any(jump.began <= at and posted <= jump.ended for jump in self._jumps)
        return PATIENCE_SECONDS - (_BOTH_WAYS * JUMP_SECONDS if jumped else 0.0)


def disorder(errands: Mapping[str, Errand], told: Mapping[str, Mapping[str, object]], waits: Waits) -> Iterator[str]:
    """Yield what landed behind a later message about its person, and what waited for nothing and not long enough."""
    for errand in errands.values():
        if errand.after == "":
            yield from (f"{errand.posting.mark} did not wait before {where}" for where in waits.too_soon(errand))
    for destination, marks in sorted(told.items()):
        of_person: dict[str, list[Errand]] = defaultdict(list)
        for errand in (errands[mark] for mark in marks if mark in errands):
            of_person[errand.subject].append(errand)
        for subject, landed in of_person.items():
            behind = list(_behind(landed, [_place(errand, errands) for errand in landed])) if subject else []
            if behind and waits.explain(landed[0]):  # then as posted is in order too
                behind = list(_behind(landed, [errand.posting.sequence for errand in landed]))
            yield from (f"{mark} came too late to {destination}" for mark in behind)


def _behind(landed: Sequence[Errand], places: Sequence[float]) -> Iterator[str]:
    newest = 0.0
    for errand, place in zip(landed, places, strict=True):
        if place < newest:
            yield errand.posting.mark
        newest = max(place, newest)


def _place(errand: Errand, errands: Mapping[str, Errand]) -> float:
    """Return where the errand belongs among the postings: its own place, or just behind what it waited for."""
    waited_for = errands.get(errand.after or "")
    return waited_for.posting.sequence + 0.5 if waited_for else float(errand.posting.sequence)
