"""The judge of a soak finds each kind of failure, and nothing when all went well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from local.destinations.arrivals import Arrival
from local.soak.disorder import PATIENCE_SECONDS
from local.soak.evidence import Effect, Merged
from local.soak.faults import CLOCK_JUMPS, Struck
from local.soak.judge import BOOKS, Evidence, judge
from local.soak.order import Answered
from local.soak.partners import PLAIN
from local.soak.traffic import BEDS, RECORD, REGISTRY, Errand, soak_traffic

_PATHS = {RECORD: "/fhir", "insight-portal": "/webhook", BEDS: "/hl7v2", PLAIN: "/plain"}
TRAFFIC = soak_traffic(5, 300)
MERGE = next(one for one in TRAFFIC if one.merge)
WARDS = [one for one in TRAFFIC if PLAIN in one.due and one.subject == MERGE.subject]
QUARANTINED = next(one for one in TRAFFIC if one.posting.expect.quarantined)
EARLY = next(one for one in TRAFFIC if one.after)
WAITED_FOR = next(one for one in TRAFFIC if one.posting.mark == EARLY.after)
ORPHAN = next(one for one in TRAFFIC if one.after == "")
OUTDATED = next(one for one in TRAFFIC if one.disordered and not one.due)
DISTANT = Struck("kill-host", 10_000.0, 10_001.0, "")


def due_place(errand: Errand) -> float:
    """Where it must land: what came too early, behind what it waited for."""
    behind = WAITED_FOR if errand is EARLY else errand
    return behind.posting.sequence + (errand is EARLY) / 2


@dataclass
class Day:
    """What was answered and what the destinations saw; as it stands, a good day."""

    answers: list[Answered] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    files: list[tuple[Effect, str]] = field(default_factory=list)
    merges: dict[str, Merged] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)
    took: dict[str, float] = field(default_factory=lambda: {ORPHAN.posting.mark: float(PATIENCE_SECONDS)})

    @classmethod
    def good(cls, **took: float) -> Day:
        day = cls()
        day.took.update(took)
        for errand in TRAFFIC:
            at = float(errand.posting.sequence)
            day.answers.append(Answered(errand, errand.posting.expect.acknowledgment or "HTTP 400", at))
        for errand in sorted(TRAFFIC, key=due_place):
            for destination in sorted(errand.due):
                day.deliver(errand, destination)
            if errand.merge:
                day.merges[errand.posting.mark] = Merged(("p-1",), ("p-1",), "p-1")
        return day

    def deliver(self, errand: Errand, destination: str, again: str = "") -> None:
        mark, at = errand.posting.mark, float(errand.posting.sequence) + self.took.get(errand.posting.mark, 0.1)
        key = f"{mark}-{destination}{again}"
        if destination == REGISTRY:
            self.files.append((Effect(REGISTRY, key, "file", at), mark))
            return
        self.arrivals.append(Arrival(key, at, _PATHS[destination], key, f"...{mark}...".encode(), 200))
        self.effects.append(Effect(destination, key, "Patient/1", at))

    def verdict(self, *faults: Struck) -> dict[str, list[str]]:
        evidence = Evidence(self.arrivals, self.effects, self.files, self.merges, self.leaks)
        return judge(self.answers, evidence, faults)


def broken(day: Day, *faults: Struck) -> set[str]:
    return {book for book, found in day.verdict(*faults).items() if found}


def test_on_a_good_day_every_book_is_empty() -> None:
    assert {book: [] for book in BOOKS} == Day.good().verdict()


def lose_a_delivery(day: Day) -> None:
    day.effects = [one for one in day.effects if one.key != f"{MERGE.posting.mark}-{BEDS}"]


def lose_a_file(day: Day) -> None:
    day.files = [one for one in day.files if one[1] != MERGE.posting.mark]


def deliver_under_two_keys(day: Day) -> None:
    day.deliver(WARDS[-1], RECORD, "-again")


def write_twice_under_one_key(day: Day) -> None:
    day.effects.append(day.effects[0])


def deliver_what_was_held(day: Day) -> None:
    day.deliver(QUARANTINED, RECORD)


def swap_two_of_one_person(day: Day) -> None:
    places = [number for number, one in enumerate(day.effects) if one.key.endswith(f"-{BEDS}")]
    mine = [number for number in places if day.effects[number].key.removesuffix(f"-{BEDS}") in marks_of_merge()]
    first, last = mine[0], mine[-1]
    day.effects[first], day.effects[last] = day.effects[last], day.effects[first]


def marks_of_merge() -> set[str]:
    return {one.posting.mark for one in WARDS}


def leave_two_patients(day: Day) -> None:
    day.merges[MERGE.posting.mark] = Merged(("p-1", "p-2"), ("p-1",), "p-1")


def leave_the_retired_one_active(day: Day) -> None:
    day.merges[MERGE.posting.mark] = Merged(("p-1",), ("p-2",), "p-1")


def leave_the_visit_behind(day: Day) -> None:
    day.merges[MERGE.posting.mark] = Merged(("p-1",), ("p-1",), "p-2")


def forget_a_merge(day: Day) -> None:
    del day.merges[MERGE.posting.mark]


def refuse_what_is_sound(day: Day) -> None:
    day.answers[0] = day.answers[0]._replace(code="AE")


def refuse_at_the_destination(day: Day) -> None:
    day.arrivals[0] = replace(day.arrivals[0], status=422)


def land_early_before_what_it_waited_for(day: Day) -> None:
    swap(day, EARLY, WAITED_FOR, BEDS)


def swap(day: Day, one: Errand, other: Errand, destination: str) -> None:
    keys = [effect.key for effect in day.effects]
    first, second = (keys.index(f"{each.posting.mark}-{destination}") for each in (one, other))
    day.effects[first], day.effects[second] = day.effects[second], day.effects[first]


def let_no_one_wait(day: Day) -> None:
    day.arrivals = [
        replace(one, at=one.at - 2) if one.key.startswith(ORPHAN.posting.mark) else one for one in day.arrivals
    ]


def deliver_what_was_overtaken(day: Day) -> None:
    day.deliver(OUTDATED, RECORD)


def find_a_patient_in_a_log(day: Day) -> None:
    day.leaks.append("a record number in logs/functions-host.log")


@pytest.mark.parametrize(
    ("break_it", "book"),
    [
        (lose_a_delivery, "lost"),
        (lose_a_file, "lost"),
        (deliver_under_two_keys, "doubled"),
        (write_twice_under_one_key, "doubled"),
        (deliver_what_was_held, "strays"),
        (swap_two_of_one_person, "disorder"),
        (land_early_before_what_it_waited_for, "disorder"),
        (let_no_one_wait, "disorder"),
        (deliver_what_was_overtaken, "strays"),
        (leave_two_patients, "merges"),
        (leave_the_retired_one_active, "merges"),
        (leave_the_visit_behind, "merges"),
        (forget_a_merge, "merges"),
        (refuse_what_is_sound, "refusals"),
        (refuse_at_the_destination, "refusals"),
        (find_a_patient_in_a_log, "phi"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_each_failure_is_found_in_its_book(break_it: Callable[[Day], None], book: str) -> None:
    day = Day.good()
    break_it(day)

    assert {book} == broken(day)


def test_an_update_that_gave_way_to_a_later_one_is_not_lost() -> None:
    day = Day.good()
    given_way = next(one for one in TRAFFIC if one.replaceable)
    day.files = [one for one in day.files if one[1] != given_way.posting.mark]

    assert set() == broken(day)


def test_a_repetition_that_was_cut_before_its_body_takes_nothing_back() -> None:
    day = Day.good()
    whole = next(one for one in day.arrivals if one.path != _PATHS[PLAIN])
    day.arrivals.append(replace(whole, identity=f"{whole.identity}-cut", at=whole.at + 1, body=b"", status=0))

    assert set() == broken(day)


def test_a_throttled_request_is_no_refusal() -> None:
    day = Day.good()
    day.arrivals[0] = replace(day.arrivals[0], status=429)

    assert set() == broken(day)


def test_a_repetition_where_keys_are_not_honoured_needs_a_fault_near_it() -> None:
    day = Day.good()
    day.deliver(WARDS[0], PLAIN)
    at = float(WARDS[0].posting.sequence)

    assert {"doubled"} == broken(day)
    assert {"doubled"} == broken(day, DISTANT)
    assert set() == broken(day, Struck("kill-host", at - 1, at, ""))


def test_what_waited_longer_than_its_sender_is_patient_may_land_as_it_was_posted() -> None:
    day = Day.good(**{EARLY.posting.mark: PATIENCE_SECONDS + 1.0})
    swap(day, EARLY, WAITED_FOR, BEDS)
    swap(day, EARLY, WAITED_FOR, RECORD)

    assert set() == broken(day)


def test_what_nobody_waited_for_any_longer_may_land_nowhere_but_not_in_some_places_alone() -> None:
    day = Day.good(**{EARLY.posting.mark: PATIENCE_SECONDS + 1.0})
    gone = {f"{WAITED_FOR.posting.mark}-{destination}" for destination in WAITED_FOR.due}
    day.files = [one for one in day.files if one[0].key not in gone]
    day.effects = [one for one in day.effects if one.key not in gone]

    assert set() == broken(day)
    day.deliver(WAITED_FOR, PLAIN)
    assert "lost" in broken(day)


def test_a_clock_that_jumped_meanwhile_shortens_a_patience() -> None:
    soon = ORPHAN.posting.sequence + 12.0
    day = Day.good(**{ORPHAN.posting.mark: 12.0})

    assert {"disorder"} == broken(day)
    assert set() == broken(day, Struck(CLOCK_JUMPS, soon - 3, soon - 1, ""))
