"""Invariant 6 for orders and answers: every non-empty field is in the bundle, dropped with a reason, or unknown."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.conversion import convert
from shared.formats.fhir.encoding import serialize
from shared.validation import validate

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
ORDER = (
    "PID|||100^^^H^MR",
    "ORC|NW|P1",
    "TQ1",
    "TQ2",
    "OBR||P1||C^D^LN",
    "TCD|C^D^LN",
    "NTE|||note",
    "PRT",
    "CTD",
    "OBX|1|ST|C^D^LN||v||||||F",
    "SID",
    "SPM||S1||T",
    "SAC|||K1",
    "INV|R1",
    "CTI",
    "BLG",
)
ANSWER = ("MSA|AE|M1", "ERR", "PID|||100^^^H^MR", "ORC|UA|P1", "OBR||P1||C^D^LN")
NAMES = tuple(line[:3] for line in ORDER if line[:3] != "PID")
LONGEST = 56
PLAUSIBLE = (
    "20260101",
    "20260101120000+0100",
    "0800",
    "QD",
    "AC",
    "12",
    "7.10",
    "Y",
    "I",
    "D",
    "LN",
    "ISO",
    "1.2.3",
    "PH",
)


def message(kind: str, lines: tuple[str, ...], values: dict[tuple[str, int], str]) -> bytes:
    written = [f"MSH|^~\\&|EHR|FAC|||20260101||{kind}|X1|P|2.8"]
    for line in lines:
        fields = line.split("|")
        last = max([len(fields) - 1, *(number for name, number in values if name == fields[0])])
        fields += [""] * (last + 1 - len(fields))
        for (name, number), value in values.items():
            if name == fields[0]:
                fields[number] = value
        written.append("|".join(fields))
    return "\r".join(written).encode()


def unaccounted(payload: bytes, tokens: dict[str, tuple[str, int]]) -> list[tuple[str, str, int]]:
    """Return the tokens that are neither in the bundle nor accounted for at their own field."""
    (conversion,) = convert(payload, source="hl7v2", received=RECEIVED)
    wrong = [(one.location, one.text, 0) for one in validate(conversion.bundle) if one.severity in ("fatal", "error")]
    text = serialize(conversion.bundle).decode()
    accounted = {
        (match[1], int(match[2]))
        for entry in conversion.coverage.entries
        if entry.outcome != "mapped" and (match := re.match(r"([A-Z0-9]{3})(?:\[\d+\])?-(\d+)", entry.location))
    }
    return wrong + [(token, *place) for token, place in tokens.items() if token not in text and place not in accounted]


def places(names: tuple[str, ...]) -> list[tuple[str, int]]:
    return [(name, number) for name in names for number in range(1, LONGEST)]


SHAPES = [
    f"{before}{'^' * (component - 1)}{part}{{}}"
    for component in (1, 2, 3, 4, 5, 6, 9, 13)
    for before, part in (("", ""), ("", "&"), ("first~", ""))
]


def lost(kind: str, lines: tuple[str, ...], name: str, shapes: list[str]) -> list[tuple[str, str, int]]:
    """Return what is lost with every field of a segment valued, and with each third of them."""
    found = []
    for shape in shapes:
        for step, start in ((1, 0), (3, 0), (3, 1), (3, 2)):
            chosen = places((name,))[start::step]
            values = {place: shape.format(f"Zq{place[1]}xTok") for place in chosen}
            tokens = {f"Zq{place[1]}xTok": place for place in chosen}
            found += unaccounted(message(kind, lines, values), tokens)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_value_in_any_field_of_an_order_is_accounted_for(name: str) -> None:
    assert [] == lost("OML^O21^OML_O21", ORDER, name, SHAPES)


@pytest.mark.parametrize("name", ["MSA", "ERR"])
def test_a_value_in_any_field_of_an_answer_is_accounted_for(name: str) -> None:
    assert [] == lost("ORL^O22^ORL_O22", ANSWER, name, SHAPES)


@pytest.mark.parametrize("line", ["IPC|||1.2.3", "ODS|D", "ODT|D", "RQD|1"])
def test_a_value_in_any_field_of_an_order_of_another_kind_is_accounted_for(line: str) -> None:
    lines = ("PID|||100^^^H^MR", "ORC|NW|P1", line)
    values = [] if line[:3] != "IPC" else [("IPC", 3)]
    found = lost("ORM^O01^ORM_O01", lines, line[:3], SHAPES)

    assert [] == [one for one in found if one[1:] not in values]


@st.composite
def populated(draw: st.DrawFn) -> tuple[dict[tuple[str, int], str], dict[str, tuple[str, int]]]:
    values: dict[tuple[str, int], str] = {}
    tokens: dict[str, tuple[str, int]] = {}
    for place in draw(st.lists(st.sampled_from(places(NAMES)), min_size=1, max_size=24, unique=True)):
        repetitions = []
        for _ in range(draw(st.integers(1, 2))):
            components = []
            for _ in range(draw(st.integers(1, 6))):
                token = f"Tk{len(tokens)}xQ"
                part = draw(st.sampled_from(("", token, token, *PLAUSIBLE)))
                if part == token:
                    tokens[token] = place
                components.append(part)
            repetitions.append("^".join(components))
        values[place] = "~".join(repetitions)
    return values, tokens


@pytest.mark.unmeasured
@given(populated())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_whatever_is_populated_together_in_an_order_is_accounted_for_and_valid(
    case: tuple[dict[tuple[str, int], str], dict[str, tuple[str, int]]],
) -> None:
    values, tokens = case

    assert [] == unaccounted(message("OML^O21^OML_O21", ORDER, values), tokens)
