"""
What is our policy about results: which values are critical, and which state of a report outdates which.

None of this is in a standard; it is versioned, and the version is stored with every outcome (requirement F04).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from shared.formats.hl7v2.results import ObservedResult, ReportState
from shared.partners.profile import CodeMapping
from shared.terminology.concept_maps import INTERPRETATION

RULES = "critical-results/2"

_LOINC = "LN"
_LOINC_URI = "http://loinc.org"

# Table 0078: the laboratory's own word that a value is beyond the panic limits.
_CRITICAL_FLAGS = frozenset({"HH", "LL", "AA"})
# Table 0085: what was deleted, withdrawn or never measured says nothing about the patient.
_VOID_STATUSES = frozenset({"D", "W", "X", "N", "O", "I"})


@dataclass(frozen=True, slots=True)
class Limits:
    """Beyond `low` or `high`, in `units` (case does not count), a value is critical, flagged or not."""

    low: Decimal | None
    high: Decimal | None
    units: tuple[str, ...]


_LIMITS = {
    "2823-3": Limits(Decimal("2.5"), Decimal("6.5"), ("mmol/l", "meq/l")),
    "2951-2": Limits(Decimal(120), Decimal(160), ("mmol/l", "meq/l")),
    "2345-7": Limits(Decimal(40), Decimal(500), ("mg/dl",)),
    "718-7": Limits(Decimal(6), Decimal(20), ("g/dl",)),
    "777-3": Limits(Decimal(20), None, ("10*3/ul", "k/ul", "x10e3/ul")),
}

# How far a report has come (table 0123): a state of a lower rank never replaces one of a higher.
_RANK = {"O": 0, "I": 0, "S": 0, "A": 1, "P": 1, "R": 1, "F": 2, "C": 3, "X": 3}
_UNKNOWN_RANK = 1


@dataclass(frozen=True, slots=True)
class CriticalFinding:
    """A critical value: where it stands, and the rule that says so. Its value stays in the message."""

    result: ObservedResult
    rule: str

    @property
    def identity(self) -> tuple[str, ...]:
        """What a later message must repeat to be the same finding; another value alerts anew."""
        values = (f"{sign}{number}" for number, sign in self.result.numbers)
        return (self.result.report, self.result.code, self.result.sub_id, *values)

    def explanation(self) -> dict[str, Any]:
        """Return why the task was opened, with the inputs of the rule (requirement F10)."""
        return {
            "rules": RULES,
            "rule": self.rule,
            "location": self.result.location,
            "code": self.result.code,
            "codeText": self.result.code_text,
            # Only what table 0078 knows: a sender may write anything there, and this is shown (invariant 5).
            "flags": [flag for flag in self.result.flags if INTERPRETATION.get(flag)],
        }


def critical_findings(
    results: Iterable[ObservedResult], code_map: Mapping[str, CodeMapping] | None = None
) -> Iterator[CriticalFinding]:
    """
    Yield each result that is critical, by the laboratory's flag or by our limits.

    `code_map` is the partner's own (local code to LOINC): a local code has the limits of what it means.
    """
    for result in results:
        if result.status in _VOID_STATUSES:
            continue
        if _CRITICAL_FLAGS.intersection(result.flags):
            yield CriticalFinding(result, "flagged-by-laboratory")
        elif any(_beyond(limits, result) for limits in _limits_of(result, code_map or {})):
            yield CriticalFinding(result, "beyond-limits")


def _limits_of(result: ObservedResult, code_map: Mapping[str, CodeMapping]) -> Iterator[Limits]:
    for code, system in result.codes:
        meant = code_map.get(code)
        if meant is not None and meant.system == _LOINC_URI:
            code, system = meant.code, _LOINC
        if system == _LOINC and code in _LIMITS:
            yield _LIMITS[code]


def _beyond(limits: Limits, result: ObservedResult) -> bool:
    # A value at a limit with a comparator that points beyond it (`>500`) is beyond it.
    if not any(name.lower() in limits.units for name in result.unit_names):
        return False
    for number, comparator in result.numbers:
        points_up, points_down = comparator.startswith(">"), comparator.startswith("<")
        low = limits.low is not None and (number < limits.low or (points_down and number == limits.low))
        high = limits.high is not None and (number > limits.high or (points_up and number == limits.high))
        if (low and not points_up) or (high and not points_down):
            return True
    return False


def rank_of(status: str) -> int:
    """Return how far a report with this result status (OBR-25) has come."""
    return _RANK.get(status, _UNKNOWN_RANK)


def most_advanced(states: Sequence[ReportState]) -> str:
    """Return the result status that speaks for a message of several reports."""
    return max((state.status for state in states), key=rank_of, default="")


def is_outdated(newest: tuple[int, datetime | None] | None, rank: int, at: datetime | None) -> bool:
    """
    Tell whether a state of a report must not be passed on, because a newer one was.

    The filler's own time decides where both states have one; otherwise the rank does.
    """
    if newest is None:
        return False
    newest_rank, newest_at = newest
    if at is not None and newest_at is not None and at != newest_at:
        return at < newest_at
    return rank < newest_rank
