"""
What is posted during a soak, and who must hear of it: results of two laboratories and the movements of a hospital.

Every message carries a mark that every destination can be asked for: the patient's middle name, or the filler order
number where no patient is named. Who is told of what is written down here once more, on purpose independent of the
partner files that Corridor reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import time
from heapq import merge

from local.soak.disorder import Arrived, out_of_order
from local.soak.partners import PLAIN
from local.traffic.day import hospital_day
from local.traffic.posting import Expectation, Posting
from local.traffic.stays import SENDER, Movement, hospital_stays

MARKS = "MARK"
RECORD, PORTAL, BEDS, REGISTRY = "harbor-ehr", "insight-portal", "harbor-beds", "county-registry"

_RESULTS = {"result.preliminary": frozenset({RECORD})}
_RESULT = frozenset({RECORD, PORTAL})
_WARDS = frozenset({RECORD, BEDS, PLAIN})
_MOVEMENTS = {
    "A05": frozenset({RECORD, PLAIN}),
    "A31": frozenset({RECORD}),
    **dict.fromkeys(("A01", "A03", "A08", "A11", "A12", "A13", "A40"), _WARDS | {REGISTRY}),
}
_REPLACEABLE = "A08"
_LABORATORY_SHARE = 0.6
_MESSAGES_PER_STAY = 6.0
_COPY_EVERY = 40
_FEWEST = 60


@dataclass(frozen=True, slots=True)
class Errand:
    """
    One posting and what must come of it.

    `subject` is the person, under whatever number: what concerns one arrives in the order of posting, but for what is
    posted before the message whose mark is `after`, behind which it belongs ("": that one never comes). `due` are the
    destinations that must hear of it; those in `replaceable` may hear of a later message about the person instead.
    A merge names the surviving and the retired number and the visit. A `disordered` one is of a stay out of order.
    """

    posting: Posting
    subject: str
    due: frozenset[str]
    replaceable: frozenset[str] = frozenset()
    merge: tuple[str, str, str] | None = None
    after: str | None = None
    disordered: bool = False


def soak_traffic(seed: int, count: int) -> list[Errand]:
    """Return about `count` errands in the order of posting; the same for the same seed. ValueError below 60."""
    if count < _FEWEST:
        raise ValueError(f"a soak needs at least {_FEWEST} messages")
    results = max(round(count * _LABORATORY_SHARE), 1)
    patients = max(results // 6, 20)
    stays = max(round((count - results) / _MESSAGES_PER_STAY), 7)
    day = out_of_order(seed, hospital_stays(seed, stays, first=patients, marked=True))
    lines = (
        _evenly([_of_laboratory(one) for one in hospital_day(seed, patients, results, marks=MARKS)]),
        _evenly(list(_with_copies(day))),
    )
    return [
        replace(errand, posting=replace(errand.posting, sequence=number))
        for number, (_, errand) in enumerate(merge(*lines, key=lambda one: one[0]), start=1)
    ]


def _evenly(line: list[Errand]) -> list[tuple[float, Errand]]:
    return [((number + 0.5) / len(line), errand) for number, errand in enumerate(line)]


def _of_laboratory(posting: Posting) -> Errand:
    expect = posting.expect
    silent = not expect.event or expect.superseded
    due = frozenset[str]() if silent else _RESULTS.get(expect.event, _RESULT)
    return Errand(posting, f"{posting.partner}/{posting.subject}" if posting.subject else "", due)


def _with_copies(day: list[Arrived]) -> Iterator[Errand]:
    """Yield every movement, and now and then the same bytes again, as a sender does that missed the answer."""
    persons = {one.movement.merges: one.movement.record for one in day if one.movement.merges}
    for number, arrived in enumerate(day, start=1):
        movement = arrived.movement
        person = persons.get(movement.record, movement.record)
        due = frozenset[str]() if arrived.outdated else _MOVEMENTS.get(movement.event, _WARDS)
        yield Errand(
            _posting(movement, Expectation("accepted")),
            f"{SENDER}/{person}",
            due,
            due & {REGISTRY} if movement.event == _REPLACEABLE else frozenset(),
            (movement.record, movement.merges, movement.visit) if movement.merges else None,
            arrived.after,
            arrived.disordered,
        )
        if number % _COPY_EVERY == 0:
            yield Errand(_posting(movement, Expectation("duplicate")), "", frozenset())


def _posting(movement: Movement, expect: Expectation) -> Posting:
    return Posting(
        sequence=0,
        at=time(),
        partner=SENDER,
        payload=movement.payload,
        media_type="application/hl7-v2",
        expect=expect,
        mark=movement.control_id,
        subject=movement.record,
    )
