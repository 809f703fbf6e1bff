"""
Which values are critical: our policy, which no standard has; its version is stored with every finding (F04).

It is asked twice: at the door, whether there is anything to look at (`nothing_critical`), and by the step that opens
the tasks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared.formats.hl7v2.message import Message
from shared.formats.hl7v2.results import ObservedResult, observed_results
from shared.partners.profile import CodeMapping, PartnerProfile
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


def findings_in(message: Message, profile: PartnerProfile) -> Iterator[CriticalFinding]:
    """
    Yield each result of a message that is critical, by the laboratory's flag or by our limits.

    A local code has the limits of what its sender's code map for OBX-3 says that it means.
    """
    code_map = profile.code_maps.get("OBX-3", {})
    for result in observed_results(message):
        if result.status in _VOID_STATUSES:
            continue
        if _CRITICAL_FLAGS.intersection(result.flags):
            yield CriticalFinding(result, "flagged-by-laboratory")
        elif any(_beyond(limits, result) for limits in _limits_of(result, code_map)):
            yield CriticalFinding(result, "beyond-limits")


def nothing_critical(message: Message, profile: PartnerProfile) -> bool:
    """Tell whether no result of the message is critical."""
    return next(findings_in(message, profile), None) is None


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
