"""The courses that a laboratory order takes: what is found, and which states of the report are posted when."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from local.traffic import chemistry, narrative
from local.traffic.content import Report
from local.traffic.messages import NORTHSIDE, RIVERSIDE, Order, State
from local.traffic.posting import CriticalValue, Expectation

Content = Callable[[Random], tuple[Report, ...]]

_EVENTS = {"P": "preliminary", "F": "finalized", "C": "corrected", "X": "cancelled"}
UNKNOWN_STATUS = "Q"


@dataclass(frozen=True, slots=True)
class Case:
    """
    One order's course. `states` are posted in order; `late` adds a preliminary state, posted after its final.

    A correction is `corrected` from what was said, else everything measured anew. `held` names the field (`OBX-11`,
    `OBR-25`) whose status code nobody knows: accepted, then quarantined.
    """

    content: Content
    states: str = "F"
    partner: str = ""
    late: bool = False
    held: str = ""
    nameless: bool = False
    reuses_control_id: bool = False
    corrected: Callable[[tuple[Report, ...]], tuple[Report, ...]] | None = None


_RIVER, _NORTH = RIVERSIDE.partner, NORTHSIDE.partner

# What every day has, as far as it is long enough.
CASES = (
    Case(chemistry.flagged_critical, "PF"),
    Case(chemistry.basic_metabolic, "F", late=True),
    Case(chemistry.basic_metabolic, held="OBX-11", partner=_RIVER),
    Case(chemistry.unflagged_critical),
    Case(chemistry.blood_count, "PFCX"),
    Case(narrative.positive_culture, "PFC"),
    Case(chemistry.local_critical, "PF", partner=_NORTH),
    Case(narrative.report_as_pdf),
    Case(narrative.pathology, "PF"),
    Case(chemistry.flagged_critical, held="OBR-25", partner=_NORTH),
    Case(chemistry.local_chemistry, partner=_NORTH),
    Case(chemistry.beyond_measure),
    Case(narrative.urinalysis),
    Case(chemistry.troponin, reuses_control_id=True),
    Case(chemistry.flagged_critical, "FC", corrected=chemistry.no_longer_critical),
    Case(chemistry.two_panels, nameless=True, partner=_RIVER),
    Case(chemistry.blood_count, "F", late=True, partner=_NORTH),
    Case(narrative.quiet_culture, "PX"),
    Case(chemistry.lipids, "PFC"),
    Case(chemistry.glycated_haemoglobin, "PFCX", partner=_NORTH),
    Case(narrative.positive_culture, "PF", partner=_NORTH),
    Case(chemistry.two_panels, "F", late=True),
    Case(chemistry.lipids, reuses_control_id=True, partner=_NORTH),
    Case(chemistry.flagged_critical, "FX"),
    Case(narrative.urinalysis, held="OBX-11", partner=_NORTH),
    Case(narrative.pathology, "FC", partner=_NORTH),
    Case(chemistry.troponin, "F", late=True),
)

_USUAL: tuple[tuple[Content, int], ...] = (
    (chemistry.basic_metabolic, 26),
    (chemistry.blood_count, 26),
    (chemistry.lipids, 10),
    (chemistry.troponin, 10),
    (chemistry.glycated_haemoglobin, 8),
    (chemistry.two_panels, 6),
    (narrative.urinalysis, 10),
    (narrative.quiet_culture, 8),
    (narrative.pathology, 6),
    (narrative.report_as_pdf, 3),
    (chemistry.flagged_critical, 2),
    (chemistry.unflagged_critical, 2),
)
_COURSES = (("F", 60), ("PF", 26), ("PFC", 7), ("PX", 4), ("PFCX", 3))


def usual_case(rng: Random, partner: str) -> Case:
    """Return an everyday case of this partner."""
    contents, weights = zip(*_USUAL, strict=True)
    content: Content = rng.choices(contents, weights)[0]
    if partner == _NORTH and content is chemistry.basic_metabolic and rng.random() < 0.5:
        content = chemistry.local_chemistry
    return Case(content, rng.choices([course for course, _ in _COURSES], [weight for _, weight in _COURSES])[0])


def states_of(rng: Random, case: Case, start: int) -> list[tuple[int, State, Expectation]]:
    """Return (second of the day, state, what must follow) for each posting; critical values are left out."""
    reports = case.content(rng)
    posted, course = start, []
    for status in case.states:
        if status == "C":
            reports = case.corrected(reports) if case.corrected else case.content(rng)
        state = State(status, posted - rng.randint(5, 50), _held(reports, case.held))
        expect = Expectation("accepted", event=f"result.{_EVENTS[status]}")
        if case.held:
            expect = Expectation("accepted", code="unmapped-code", quarantined=True)
        course.append((posted, state, expect))
        posted += rng.randint(20 * 60, 90 * 60)
    if case.late:
        stated = start - rng.randint(20 * 60, 30 * 60)
        expect = Expectation("accepted", event="result.preliminary", superseded=True)
        course.append((start + rng.randint(60, 1200), State("P", stated, reports), expect))
    return course


def critical_values(order: Order, state: State) -> tuple[CriticalValue, ...]:
    """Return the values of a state that a person must be told of; a cancelled report says nothing."""
    if state.status == "X":
        return ()
    return tuple(
        CriticalValue(order.filler_number(index), str(report.service[0]), str(result.code[0]), result.sub_id)
        for index, report in enumerate(state.reports)
        for result in report.results
        if result.critical
    )


def _held(reports: tuple[Report, ...], field: str) -> tuple[Report, ...]:
    """Return the reports with a status code that no table knows in the given field of the first one."""
    first, *others = reports
    if field == "OBR-25":
        first = replace(first, status=UNKNOWN_STATUS)
    elif field == "OBX-11":
        first = replace(first, results=(replace(first.results[0], status=UNKNOWN_STATUS), *first.results[1:]))
    return (first, *others)
