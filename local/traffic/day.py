"""
A hospital's day of laboratory messages, made up: the same seed gives the same bytes, whenever it is asked for.

About one message in twenty is wrong or a copy. Every patient and clinician is invented; the day is 14 March 2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import cycle, islice
from random import Random

from local.traffic.cases import CASES, Case, critical_values, states_of, usual_case
from local.traffic.er7 import ODD, USUAL, WITH_TRUNCATION
from local.traffic.messages import DAY, LABORATORIES, VERSIONS, Order, State, Style, write_message
from local.traffic.people import Clinician, Patient, make_clinicians, make_patients
from local.traffic.posting import Expectation, Posting
from local.traffic.refusals import REFUSALS, Refusal

MEDIA_TYPES = ("application/hl7-v2", "application/hl7-v2", "text/plain", "application/hl7-v2+er7")
_FIRST_START, _LAST_START = 5 * 3600, 18 * 3600
_WRONG_IN = 20
_LEAST_PATIENTS = 10


@dataclass(frozen=True, slots=True)
class _Planned:
    """A posting before it is written; `copy_of` is the place of the one that it repeats, in the plan."""

    posted: int
    order: Order
    state: State
    expect: Expectation
    refusal: Refusal | None = None
    reuses_control_id: bool = False
    copy_of: int | None = None
    mark: str = ""


def hospital_day(seed: int = 2026, patients: int = 60, messages: int = 400, *, marks: str = "") -> list[Posting]:
    """
    Return the postings of a day in the order in which they are posted.

    A patient's own messages must be posted one after the other, in this order, and a copy after its original; those
    of different patients may overtake one another. A short day has fewer kinds of everything. With `marks` each
    message carries a mark that begins so: the patient's middle name, or the filler order number where it names no
    patient. ValueError below 10 patients.
    """
    if patients < _LEAST_PATIENTS:
        raise ValueError(f"a day needs at least {_LEAST_PATIENTS} patients")
    return _Planner(Random(seed), patients, messages).day(marks)  # noqa: S311 -- it must be repeatable, not secret


class _Planner:
    """The day under construction."""

    def __init__(self, rng: Random, patients: int, messages: int) -> None:
        self._rng = rng
        people = make_patients(rng, patients, tuple(LABORATORIES))
        held = {partner: sum(1 for case in CASES if case.held and case.partner == partner) for partner in LABORATORIES}
        self._alone: dict[str, list[Patient]] = {}
        self._people: dict[str, list[Patient]] = {}
        for partner, kept in held.items():
            own = [patient for patient in people if patient.partner == partner]
            self._alone[partner], self._people[partner] = own[:kept], own[kept:]
        self._clinicians: tuple[Clinician, ...] = make_clinicians()
        self._wrong, self._copies = _shares(messages)
        self._sound = messages - self._wrong - self._copies
        self._orders = 0

    def day(self, marks: str) -> list[Posting]:
        """Return the postings."""
        plan = list(islice(self._results(), self._sound))
        plan += [self._refused(refusal) for refusal in islice(cycle(REFUSALS), self._wrong)]
        plan += self._repeated(plan)
        return list(_written([_marked(one, place, marks) for place, one in enumerate(plan)] if marks else plan))

    def _results(self) -> Iterator[_Planned]:
        for case in CASES:
            yield from self._course(case)
        while True:
            partner = self._rng.choices(tuple(LABORATORIES), (3, 2))[0]
            yield from self._course(replace(usual_case(self._rng, partner), partner=partner))

    def _course(self, case: Case) -> Iterator[_Planned]:
        partner = case.partner or self._rng.choices(tuple(LABORATORIES), (3, 2))[0]
        start = self._rng.randint(_FIRST_START, _LAST_START)
        order = self._order(partner, start, held=bool(case.held), nameless=case.nameless)
        for posted, state, expect in states_of(self._rng, case, start):
            found = replace(expect, critical=critical_values(order, state))
            yield _Planned(posted, order, state, found, reuses_control_id=case.reuses_control_id)

    def _order(self, partner: str, start: int, *, held: bool = False, nameless: bool = False) -> Order:
        self._orders += 1
        number = self._orders
        patient = self._alone[partner].pop() if held else self._rng.choice(self._people[partner])
        return Order(
            number=number,
            laboratory=LABORATORIES[partner],
            patient=None if nameless else patient,
            clinician=self._rng.choice(self._clinicians),
            collected=start - self._rng.randint(45 * 60, 120 * 60),
            style=_style(number),
        )

    def _refused(self, refusal: Refusal) -> _Planned:
        start = self._rng.randint(_FIRST_START, _LAST_START)
        order = replace(self._order(refusal.partner, start), style=Style())
        _, state, _ = states_of(self._rng, usual_case(self._rng, refusal.partner), start)[0]
        expect = Expectation("rejected", refusal.acknowledgment, refusal.code)
        return _Planned(start, order, state, expect, refusal)

    def _repeated(self, plan: list[_Planned]) -> list[_Planned]:
        """Return exact copies, posted later, of messages that were accepted and are not held."""
        sound = [
            place for place, one in enumerate(plan) if one.expect.verdict == "accepted" and not one.expect.quarantined
        ]
        chosen = self._rng.sample(sound, min(self._copies, len(sound)))
        return [
            replace(
                plan[place],
                posted=plan[place].posted + self._rng.randint(60, 3600),
                expect=Expectation("duplicate"),
                copy_of=place,
            )
            for place in chosen
        ]


def _marked(one: _Planned, place: int, marks: str) -> _Planned:
    if one.copy_of is not None:
        return one
    order = one.order
    if order.patient is None:
        return replace(one, mark=order.filler_number(0))
    mark = f"{marks}{place:06d}"
    return replace(one, mark=mark, order=replace(order, patient=replace(order.patient, middle=mark)))


def _shares(messages: int) -> tuple[int, int]:
    """Return how many messages are wrong, and how many are copies."""
    bad = round(messages / _WRONG_IN)
    copies = bad * 3 // 10
    return bad - copies, copies


def _style(number: int) -> Style:
    version = VERSIONS[number % len(VERSIONS)]
    delimiters = WITH_TRUNCATION if version == "2.8" else USUAL
    if number % 17 == 5:
        delimiters = ODD[number // 17 % len(ODD)]
    return Style(
        version=version,
        delimiters=delimiters,
        line_end={2: "\r\n", 5: "\n"}.get(number % 9, "\r"),
        framed=number % 23 == 11,
        own_segment=number % 7 == 3,
        universal_ids=number % 4 == 1,
    )


def _written(plan: list[_Planned]) -> Iterator[Posting]:
    """Yield the plan as postings in the order of the day; a control id counts per laboratory."""
    counts = dict.fromkeys(LABORATORIES, 0)
    payloads: dict[int, bytes] = {}
    in_order = sorted(range(len(plan)), key=lambda place: (plan[place].posted, place))
    for sequence, place in enumerate(in_order, start=1):
        one = plan[place]
        laboratory = one.order.laboratory
        if one.copy_of is not None:
            payload = payloads[one.copy_of]
        else:
            # The first of the day has no number to use again.
            counts[laboratory.partner] += 0 if one.reuses_control_id and counts[laboratory.partner] else 1
            control_id = f"{laboratory.prefix}{DAY:%y%m%d}{counts[laboratory.partner]:06d}"
            payload = write_message(one.order, one.state, control_id)
            payloads[place] = payload
        if one.refusal is not None:
            payload = one.refusal.damage(payload)
        yield Posting(
            sequence=sequence,
            at=(DAY + timedelta(seconds=one.posted)).time(),
            partner=laboratory.partner,
            payload=payload,
            media_type=MEDIA_TYPES[sequence % len(MEDIA_TYPES)],
            expect=one.expect,
            mark=one.mark if one.copy_of is None else plan[one.copy_of].mark,
            subject=one.order.patient.record if one.order.patient else "",
        )
