"""
A hospital's day of admissions, transfers and discharges, made up: the same seed gives the same bytes.

Each stay is a legal sequence of events; some are taken back, some patients turn out to be one, some updates come in
bursts. What one patient's messages say is in the order of their times. Every patient is invented; the day is
14 March 2026.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from local.traffic.er7 import USUAL, Value, segment
from local.traffic.people import Patient, make_patients

SENDER = "harbor-hospital"
_FIRST = datetime(2026, 3, 14, 5, 0)  # noqa: DTZ001 -- the sender's own time, without a zone
_UNITS = ("3W", "4E", "ICU-1", "ICU-2", "MAT")
_STRUCTURES = {"A02": "ADT_A02", "A03": "ADT_A03", "A05": "ADT_A05", "A11": "ADT_A09", "A12": "ADT_A09"}
_STRUCTURES |= {"A21": "ADT_A21", "A22": "ADT_A21", "A31": "ADT_A05", "A40": "ADT_A39"}

# How a day may go at the bedside, as the sender writes it down.
_COURSES: tuple[tuple[str, ...], ...] = (
    ("A01", "A08", "A02", "A08", "A03"),
    ("A05", "A01", "A02", "A12", "A03"),
    ("A04", "A08", "A08", "A03"),
    ("A01", "A11"),
    ("A01", "A03", "A13", "A02", "A03"),
    ("A01", "A21", "A22", "A08", "A03"),
    ("A01", *["A08"] * 12, "A03"),
    ("A31", "A01", "A02", "A02", "A03"),
)


@dataclass(frozen=True, slots=True)
class Movement:
    """One message: whom it is about (the surviving number), which event, what was posted."""

    record: str
    event: str
    control_id: str
    payload: bytes
    merges: str = ""
    visit: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    unit: str
    before: str = ""


def hospital_stays(seed: int = 2026, patients: int = 20, *, first: int = 0, marked: bool = False) -> list[Movement]:
    """
    Return the day's messages in the order in which they are posted.

    Every seventh patient was registered twice: its stay is under a second number, and a merge (A40) follows. The
    record numbers begin at that of the patient `first`. A `marked` day has each message's control id as the patient's
    middle name, so that it can be told at every destination, and after each merge an update (A08; A01 where the stay
    was cancelled) that still names the retired number.
    """
    rng = Random(seed)  # noqa: S311 -- it must be repeatable, not secret
    people = make_patients(rng, patients, (SENDER,) * 2, first)
    lines = [list(_stay(rng, number, patient, marked=marked)) for number, patient in enumerate(people)]
    return list(_shuffled(rng, lines))


def _stay(rng: Random, number: int, patient: Patient, *, marked: bool) -> Iterator[Movement]:
    at = _FIRST + timedelta(minutes=rng.randrange(240))
    twice = number % 7 == 6
    record = f"{patient.record}B" if twice else patient.record
    place = _Place(rng.choice(_UNITS))
    course = _COURSES[number % len(_COURSES)]

    def moved(about: str, event: str, step: int, last: str, merges: str = "") -> Movement:
        control_id = f"ADT{number:04d}{step:02d}"
        named = replace(patient, middle=control_id) if marked else patient
        return _movement(named, about, event, at, control_id, last, merges, _visit_number(number))

    for step, event in enumerate(course):
        at += timedelta(minutes=rng.randint(1, 40))
        if event in ("A02", "A12"):
            place = _Place(rng.choice([unit for unit in _UNITS if unit != place.unit]), place.unit)
        yield moved(record, event, step, _visit(event, number, place))
    if twice:
        at += timedelta(minutes=5)
        merge = segment(USUAL, "MRG", {1: (record, "", "", "HARBOR", "MR")})
        yield moved(patient.record, "A40", 98 if marked else 99, merge, record)
    if twice and marked:
        at += timedelta(minutes=5)
        last = "A01" if course[-1] == "A11" else "A08"  # a cancelled stay has nothing to update
        yield moved(record, last, 99, _visit(last, number, place))


def _movement(
    patient: Patient, record: str, event: str, at: datetime, control_id: str, last: str, merges: str, visit: str
) -> Movement:
    stamp = f"{at:%Y%m%d%H%M%S}"
    kind = ("ADT", event, _STRUCTURES.get(event, "ADT_A01"))
    header: dict[int, Value] = {
        3: "ADT", 4: "HARBOR", 5: "CORRIDOR", 6: "HARBOR", 7: stamp, 9: kind, 10: control_id, 11: "P", 12: "2.5.1",
        18: patient.charset,
    }  # fmt: skip
    person: dict[int, Value] = {
        1: "1",
        3: (record, "", "", "HARBOR", "MR"),
        5: (patient.family, patient.given, patient.middle),
        7: patient.born,
        8: patient.sex,
        11: (patient.street, "", "TESTVILLE"),
    }
    lines = (
        segment(USUAL, "MSH", header),
        segment(USUAL, "EVN", {1: event, 2: stamp, 6: stamp}),
        segment(USUAL, "PID", person),
        last,
    )
    charset = "latin-1" if patient.charset == "8859/1" else "utf-8"
    return Movement(record, event, control_id, "".join(f"{line}\r" for line in lines).encode(charset), merges, visit)


def _visit_number(number: int) -> str:
    return f"V{700000 + number}"


def _visit(event: str, number: int, place: _Place) -> str:
    fields: dict[int, Value] = {
        1: "1",
        2: {"A04": "E", "A05": "P"}.get(event, "I"),
        3: (place.unit, "1", "A", "HARBOR"),
        6: (place.before, "1", "A", "HARBOR") if place.before else "",
        19: (_visit_number(number), "", "", "HARBOR"),
    }
    return segment(USUAL, "PV1", fields)


def _shuffled(rng: Random, lines: list[list[Movement]]) -> Iterator[Movement]:
    """Yield every patient's messages in their order, the patients' mixed."""
    left = [line for line in lines if line]
    while left:
        line = rng.choice(left)
        yield line.pop(0)
        if not line:
            left.remove(line)
