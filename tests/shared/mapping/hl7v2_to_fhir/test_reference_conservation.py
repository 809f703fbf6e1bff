"""Invariant 6 for care plans, master files, queries: a field is in the bundle, dropped with a reason, or unknown."""

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
PATIENT = "PID|||100^^^H^MR||Testcase^Tilda"
RECORD = ("MFI|X", "MFE|MAD|1||K")
ANSWER = ("MSA|AA|M1", "QAK|T", "QPD|Q22|T")
MESSAGES: dict[str, tuple[str, ...]] = {
    "PPR^PC1": (PATIENT, "PRB|AD||C^D^L", "GOL|AD||G^D^L", "PTH|AD|P^D^L", "VAR"),
    "MFN^M02": (*RECORD, "STF|1", "PRA", "ORG", "AFF", "LAN||en", "EDU", "CER"),
    "MFN^M04": (*RECORD, "CDM|C1", "PRC"),
    "MFN^M05": (*RECORD, "LOC|W", "LCH", "LRL", "LDP", "LCC"),
    "MFN^M08": (*RECORD, "OM1|1|T1", "OMC", "OM2", "OM3", "OM4", "OM5", "OM6", "OM7"),
    "MFK^M01": ("MSA|AA|M1", "MFI|X", "MFA|MAD"),
    "QBP^Z34": ("QPD|Z34|T", "RCP"),
    "QCN^J01": ("QID|T",),
    "QRY^A19": ("QRD", "QRF"),
    "RSP^K22": (*ANSWER, PATIENT, "QRI"),
    "RTB^K13": (*ANSWER, "RDF", "RDT"),
    "DSR^Q01": ("MSA|AA|M1", "DSP"),
}
CASES = [
    (kind, line.split("|")[0])
    for kind, lines in MESSAGES.items()
    for line in lines
    if not line.startswith(("PID", "MSA"))
]
# How many fields a segment is tried with; most have far fewer.
LENGTHS = {"OM1": 61, "STF": 43, "CER": 33, "PRB": 30, "OM7": 26}
USUAL = 24
TOKEN = "Zq7xTok"


def message(kind: str, name: str, number: int, value: str) -> bytes:
    lines = [f"MSH|^~\\&|SYS|FAC|||20260101||{kind}|X1|P|2.8"]
    for line in MESSAGES[kind]:
        fields = line.split("|")
        if fields[0] == name:
            fields += [""] * (number + 1 - len(fields))
            fields[number] = value
        lines.append("|".join(fields))
    return "\r".join(lines).encode()


def unaccounted(kind: str, name: str, number: int, value: str) -> list[str]:
    (conversion,) = convert(message(kind, name, number, value), source="hl7v2", received=RECEIVED)
    accounted = {
        (match[1], int(match[2]))
        for entry in conversion.coverage.entries
        if entry.outcome != "mapped" and (match := re.match(r"([A-Z0-9]{3})(?:\[\d+\])?-(\d+)", entry.location))
    }
    if TOKEN in serialize(conversion.bundle).decode() or (name, number) in accounted:
        return []
    return [f"{name}-{number} {value}"]


@pytest.mark.unmeasured
@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_value_in_any_field_component_or_repetition_is_accounted_for(kind: str, name: str) -> None:
    values = [f"{'^' * (part - 1)}{TOKEN}" for part in (1, 2, 4, 9)]
    values += [f"first~{TOKEN}", f"5&{TOKEN}", f"5^{TOKEN}"]
    numbers = range(1, LENGTHS.get(name, USUAL))
    lost = [found for number in numbers for value in values for found in unaccounted(kind, name, number, value)]

    assert [] == lost


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_an_unexpected_value_in_any_field_still_gives_valid_fhir(kind: str, name: str) -> None:
    wrong = []
    for number in range(1, LENGTHS.get(name, USUAL)):
        for value in ("x y^z&w~second^2", "12~20260230", " "):
            (conversion,) = convert(message(kind, name, number, value), source="hl7v2", received=RECEIVED)
            issues = (one for one in validate(conversion.bundle) if one.severity in ("fatal", "error"))
            wrong += [f"{name}-{number} {value}: {one.location} {one.text}" for one in issues]

    assert [] == wrong


LINES = st.sampled_from(sorted({line for lines in MESSAGES.values() for line in lines}))


@pytest.mark.unmeasured
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(MESSAGES)), st.lists(LINES, max_size=12))
def test_segments_in_any_order_give_valid_fhir(kind: str, lines: list[str]) -> None:
    payload = "\r".join((f"MSH|^~\\&|SYS|FAC|||20260101||{kind}|X1|P|2.8", *lines)).encode()
    (conversion,) = convert(payload, source="hl7v2", received=RECEIVED)

    assert [] == [one for one in validate(conversion.bundle) if one.severity in ("fatal", "error")]
