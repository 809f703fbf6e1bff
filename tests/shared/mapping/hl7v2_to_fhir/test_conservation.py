"""Invariant 6: every non-empty source field is in the bundle, dropped with a reason, or reported as unknown."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.conversion import convert
from shared.errors import IntegrationError
from shared.formats.fhir.encoding import serialize

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
BASE = {
    "MSH": {3: "LIS", 4: "FAC", 7: "20260101", 9: "ORU^R01^ORU_R01", 10: "X1", 11: "P", 12: "2.5.1"},
    "PID": {3: "100^^^H^MR"},
    "PD1": {},
    "NK1": {},
    "PV1": {},
    "PV2": {},
    "ORC": {},
    "OBR": {2: "P1", 3: "F1", 4: "C^D^LN", 25: "F"},
    "TQ1": {},
    "NTE": {3: "note"},
    "OBX": {1: "1", 2: "ST", 3: "C^D^LN", 5: "v", 11: "F"},
    "SPM": {4: "T"},
    "ZZZ": {},
}
# What MSH says of the message itself is not free to be anything.
FIXED = {("MSH", 1), ("MSH", 2), ("MSH", 9), ("MSH", 18)}
TYPES = (
    "NM",
    "SN",
    "ST",
    "TX",
    "FT",
    "CE",
    "CWE",
    "CNE",
    "DT",
    "TM",
    "TS",
    "DTM",
    "DR",
    "NR",
    "CQ",
    "ED",
    "RP",
    "CX",
    "QQ",
)
PLAUSIBLE = (
    "20260101",
    "20260101120000+0100",
    "M",
    "F",
    "Y",
    "N",
    "12",
    "7.10",
    "NM",
    "LN",
    "ISO",
    "L",
    "1.2.3",
    "PH",
)

# The first of them take the ways through the maps that are measured; the others take the same ways again.
MEASURED = 3
SHAPES = [
    f"{before}{'^' * (component - 1)}{part}Zq7xTok"
    for component in (1, 2, 3, 4, 6, 8, 9, 10, 13, 14)
    for before, part in (("", ""), ("", "&"), ("first~", ""))
]


def message(values: dict[str, dict[int, str]]) -> bytes:
    lines = []
    for name, base in BASE.items():
        fields = {**base, **values.get(name, {})}
        last = max(fields, default=0)
        texts = [fields.get(number, "") for number in range(1, last + 1)]
        lines.append("|".join((name, "^~\\&", *texts[2:])) if name == "MSH" else "|".join((name, *texts)))
    return "\r".join(lines).encode()


def unaccounted(payload: bytes, tokens: dict[str, tuple[str, int]]) -> list[tuple[str, str, int]]:
    """Return the tokens that are neither in the bundle nor accounted for at their own field."""
    try:
        (conversion,) = convert(payload, source="hl7v2", received=RECEIVED)
    except IntegrationError as error:
        return [] if re.match(r"[A-Z0-9]{3}(?:\[\d+\])?-\d+", error.location) else [(error.code, "no place", 0)]
    text = serialize(conversion.bundle).decode()
    accounted = {
        (match[1], int(match[2]))
        for entry in conversion.coverage.entries
        if entry.outcome != "mapped" and (match := re.match(r"([A-Z0-9]{3})(?:\[\d+\])?-(\d+)", entry.location))
    }
    return [(token, *place) for token, place in tokens.items() if token not in text and place not in accounted]


def lost(name: str, shapes: list[str]) -> list[tuple[str, str, int]]:
    """Return what is lost when one field of a segment after the other is written in each of the shapes."""
    found = []
    for number in range(1, 45):
        if (name, number) in FIXED:
            continue
        for shape in shapes:
            found += unaccounted(message({name: {number: shape}}), {"Zq7xTok": (name, number)})
    return found


@pytest.mark.parametrize("name", BASE)
def test_a_value_in_any_field_is_accounted_for(name: str) -> None:
    assert [] == lost(name, SHAPES[:MEASURED])


@pytest.mark.unmeasured
@pytest.mark.parametrize("name", BASE)
def test_a_value_in_any_component_or_repetition_is_accounted_for(name: str) -> None:
    assert [] == lost(name, SHAPES[MEASURED:])


@st.composite
def populated(draw: st.DrawFn) -> tuple[dict[str, dict[int, str]], dict[str, tuple[str, int]]]:
    values: dict[str, dict[int, str]] = {}
    tokens: dict[str, tuple[str, int]] = {}
    for name in draw(st.lists(st.sampled_from(list(BASE)), min_size=1, max_size=4, unique=True)):
        for number in draw(st.lists(st.integers(1, 40), min_size=1, max_size=8, unique=True)):
            if (name, number) in FIXED or (name, number) in {("OBX", 11), ("OBR", 25)}:
                continue
            repetitions = []
            for _ in range(draw(st.integers(1, 2))):
                components = []
                for _ in range(draw(st.integers(1, 10))):
                    parts = []
                    for _ in range(draw(st.sampled_from((1, 1, 1, 3)))):
                        token = f"Tk{len(tokens)}xQ"
                        part = draw(st.sampled_from(("", token, token, *PLAUSIBLE)))
                        if part == token:
                            tokens[token] = (name, number)
                        parts.append(part)
                    components.append("&".join(parts))
                repetitions.append("^".join(components))
            values.setdefault(name, {})[number] = "~".join(repetitions)
    return values, tokens


@pytest.mark.unmeasured
@given(populated())
@settings(max_examples=150, deadline=None, derandomize=True)
def test_whatever_is_populated_together_is_accounted_for(
    case: tuple[dict[str, dict[int, str]], dict[str, tuple[str, int]]],
) -> None:
    values, tokens = case

    assert [] == unaccounted(message(values), tokens)


@pytest.mark.parametrize("kind", TYPES)
def test_a_value_of_any_type_is_kept_even_where_it_is_not_of_that_type(kind: str) -> None:
    for value in ("Tk1xQ", "Tk1xQ~Tk2xQ", "12^Tk1xQ", "^Tk1xQ^-^Tk2xQ", "Tk1xQ&Tk2xQ", "1^2^3^Base64^Tk1xQ", "<Tk1xQ"):
        tokens = dict.fromkeys(re.findall(r"Tk\dxQ", value), ("OBX", 5))

        assert [] == unaccounted(message({"OBX": {2: kind, 5: value, 6: "Tk9xQ"}}), {**tokens, "Tk9xQ": ("OBX", 6)})
