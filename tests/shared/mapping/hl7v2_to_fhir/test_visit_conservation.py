"""Invariant 6 for ADT, BAR and DFT: what a field says is in the bundle, dropped with a reason, or unknown."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from shared.conversion import convert
from shared.formats.fhir.encoding import serialize
from shared.validation import validate

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
HEADER = "MSH|^~\\&|REG|FAC|||20260101||{type}|X1|P|2.5.1"
BASE = {
    "EVN": {2: "20260101120000+0100"},
    "PID": {3: "100^^^H^MR", 5: "Testcase^Tilda", 18: "A1"},
    "PD1": {},
    "ARV": {},
    "NK1": {2: "Example^Edda"},
    "PV1": {2: "I", 19: "V1^^^H"},
    "PV2": {},
    "ROL": {3: "AT", 4: "7^Mock^Mona"},
    "PRT": {4: "CP", 5: "8^Mock^Moritz"},
    "DB1": {},
    "AL1": {3: "PN^Peanut^L"},
    "IAM": {3: "LX^Latex^L"},
    "IAR": {},
    "DG1": {3: "I10^Hypertension^I10"},
    "DRG": {},
    "PR1": {3: "47000^Biopsy^C4"},
    "GT1": {3: "Example^Gustav"},
    "IN1": {3: "77", 4: "Sample Insurance"},
    "IN2": {},
    "IN3": {},
    "ACC": {},
    "UB1": {},
    "UB2": {},
    "ABS": {},
    "BLC": {},
    "RMI": {},
    "PDA": {},
    "CON": {},
    "FT1": {7: "X^Charge^L"},
    "MRG": {1: "90^^^H^MR"},
    "NPU": {1: "W^1^2"},
}
TYPES = {"FT1": "DFT^P03", "MRG": "ADT^A40", "NPU": "ADT^A20"}
ABOVE = {"IAR": "IAM", "IN2": "IN1", "IN3": "IN1"}
# The first of them take the ways through the maps that are measured; the others take the same ways again.
MEASURED = 3
SHAPES = [
    f"{before}{'^' * (component - 1)}{part}Zq7xTok"
    for component in (1, 2, 4, 6, 9, 11, 14)
    for before, part in ((("", ""), ("", "&"), ("first~", "")) if component < 6 else (("", ""),))
]


def message(kind: str, name: str, values: dict[int, str]) -> bytes:
    lines = [HEADER.format(type=kind)]
    for segment, base in BASE.items():
        if segment not in ("EVN", "PID", "PV1", ABOVE.get(name), name):
            continue
        fields = {**base, **(values if segment == name else {})}
        lines.append("|".join((segment, *(fields.get(number, "") for number in range(1, max(fields, default=0) + 1)))))
    return "\r".join(lines).encode()


def unaccounted(kind: str, name: str, number: int, value: str) -> list[str]:
    (conversion,) = convert(message(kind, name, {number: value}), source="hl7v2", received=RECEIVED)
    accounted = {
        (match[1], int(match[2]))
        for entry in conversion.coverage.entries
        if entry.outcome != "mapped" and (match := re.match(r"([A-Z0-9]{3})(?:\[\d+\])?-(\d+)", entry.location))
    }
    if "Zq7xTok" in serialize(conversion.bundle).decode() or (name, number) in accounted:
        return []
    return [f"{name}-{number} {value}"]


def lost(name: str, shapes: list[str]) -> list[str]:
    """Return what is lost when one field of a segment after the other is written in each of the shapes."""
    kind = TYPES.get(name, "ADT^A01")
    numbers = range(1, 58 if name in ("GT1", "IN1", "FT1") else 75 if name == "IN2" else 54)
    return [found for number in numbers for shape in shapes for found in unaccounted(kind, name, number, shape)]


@pytest.mark.parametrize("name", BASE)
def test_a_value_in_any_field_is_accounted_for(name: str) -> None:
    assert [] == lost(name, SHAPES[:MEASURED])


@pytest.mark.unmeasured
@pytest.mark.parametrize("name", BASE)
def test_a_value_in_any_component_or_repetition_is_accounted_for(name: str) -> None:
    assert [] == lost(name, SHAPES[MEASURED:])


@pytest.mark.parametrize("name", BASE)
def test_an_unexpected_value_in_any_field_still_gives_valid_fhir(name: str) -> None:
    wrong = []
    for number in range(1, 58):
        for value in ("x y^z&w~second^2", "^", "12"):
            kind = TYPES.get(name, "ADT^A01")
            (conversion,) = convert(message(kind, name, {number: value}), source="hl7v2", received=RECEIVED)
            issues = (one for one in validate(conversion.bundle) if one.severity in ("fatal", "error"))
            wrong += [f"{name}-{number} {value}: {one.location} {one.text}" for one in issues]

    assert [] == wrong
