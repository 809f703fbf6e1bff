"""HL7 v2 -> FHIR -> HL7 v2 keeps every field that the maps claim: what their tables say is put to the test."""

from __future__ import annotations

import os
import re
from collections import Counter
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.conversion import convert_message, convert_to_hl7v2
from shared.errors import RejectedError
from shared.formats.fhir.encoding import serialize
from shared.formats.hl7v2.message import Message, Segment
from shared.formats.hl7v2.parse import parse, split_batch
from shared.formats.hl7v2.structures import Definitions, definitions_of
from shared.mapping.coverage import FieldTable, Rule
from shared.mapping.fhir_to_hl7v2.choice import MESSAGES
from shared.partners.hl7v2_writing import WritingPreferences
from shared.terminology.systems import system_uri
from tests.shared.mapping.fhir_to_hl7v2.generated import KINDS, messages

SENT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
CORPUS = Path(os.environ.get("CORRIDOR_CORPUS") or Path(__file__).parents[5] / "shared" / "corpus")
SEGMENTS = (
    *("evn", "pid", "pd1", "nk1", "pv1", "pv2", "al1", "dg1", "in1", "gt1", "orc", "obr", "obx", "spm", "nte"),
    *("mrg", "sch", "txa", "rxa", "ft1", "tq1"),
)
TABLES: dict[str, FieldTable] = {
    name.upper(): import_module(f"shared.mapping.fhir_to_hl7v2.segments.{name}").TABLE for name in SEGMENTS
}
# Segments that share a module: their fields stand in its text.
_RULE = Rule(("Appointment",), "", "", repeats=True)
TABLES |= {
    name: FieldTable(name, dict.fromkeys(numbers, _RULE))
    for name, numbers in {"AIS": (3,), "AIL": (3, 4, 6), "AIP": (3, 4, 6), "RXR": (1, 2)}.items()
}
# Fields that mean the same and are written as one: see the tables of `pid` and `pv1`.
MOVED = {
    ("PID", 2): 3,
    ("PID", 4): 3,
    ("PID", 18): 3,
    ("PID", 9): 5,
    ("PID", 14): 13,
    ("PID", 40): 13,
    ("PV1", 50): 19,
}
# Several codes of a table are one status in FHIR, and a mother's maiden name is one text: one of them comes back.
ONE_OF_MANY = {("OBX", 11), ("OBR", 25), ("ORC", 1), ("ORC", 5), ("EVN", 1), ("PID", 6)}
_WITHOUT_SECONDS = re.compile(r"\d{12}([+-]\d{4})?")

Kept = Counter[tuple[str, int, int, str]]


def kept(message: Message, definitions: Definitions) -> Kept:
    """Return the component values of the claimed fields, as far as the version has the component."""
    found: Kept = Counter()
    for segment in message.segments:
        for number in TABLES[segment.name].rules if segment.name in TABLES else ():
            components = _components(segment, number, definitions)
            for repetition in segment.repetitions(number):
                for place, has in enumerate(components, start=1):
                    if has and (text := repetition.component(place)):
                        field = MOVED.get((segment.name, number), number)
                        found[segment.name, field, place, _meaning(text, place)] += 1
    return found


def _components(segment: Segment, number: int, definitions: Definitions) -> list[bool]:
    cells = definitions.segment(segment.name) or ()
    if number > len(cells) or not cells[number - 1].datatype:
        return []
    if cells[number - 1].datatype == "varies":
        return [True] * 6
    row = definitions.datatype(cells[number - 1].datatype)
    return [bool(cell.datatype) for cell in row] if row else [True]


def _meaning(text: str, place: int) -> str:
    """Return what a value means: a time without seconds has them as 00, a code system has one of its names."""
    if match := _WITHOUT_SECONDS.fullmatch(text):
        return f"{text[:12]}00{match[1] or ''}"
    return system_uri(text) if place in (3, 6) else text


def there_and_back(payload: bytes, version: str) -> tuple[Message, list[Message]]:
    message = parse(payload)
    bundle = convert_message(message, received=SENT).bundle
    written = convert_to_hl7v2(
        serialize(bundle),
        message_type=f"{message.code}^{message.event}",
        receiver=WritingPreferences(version=version),
        sent=SENT,
    )
    return message, [parse(one.payload) for one in written]


@pytest.mark.parametrize(("kind", "version"), KINDS, ids=["-".join(one) for one in KINDS])
@settings(
    max_examples=5,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
@given(data=st.data())
def test_a_generated_message_keeps_every_field_that_the_maps_claim(
    kind: str, version: str, data: st.DataObject
) -> None:
    before, (after,) = there_and_back(data.draw(messages(kind, version)), version)
    definitions = definitions_of(version)

    assert definitions is not None
    assert Counter() == kept(before, definitions) - kept(after, definitions)
    assert [kind.split("^")] == [[after.code, after.event]]


def corpus_messages() -> list[tuple[Path, bytes]]:
    found = []
    for file in sorted(CORPUS.rglob("*.hl7")):
        try:
            found += [(file, one) for one in split_batch(file.read_bytes())]
        except RejectedError:
            continue
    return found


def written_version(message: Message) -> str:
    if message.version in ("2.5", "2.5.1", "2.6") or message.code == "OML":
        return "2.5.1"
    return "2.8" if message.version.startswith(("2.7", "2.8")) and message.code != "ORM" else "2.3.1"


@pytest.mark.skipif(not CORPUS.is_dir(), reason="third-party corpus not present, set CORRIDOR_CORPUS to its folder")
def test_the_messages_of_other_peoples_corpora_come_back_with_what_the_maps_claim() -> None:
    values = lost = seen = 0
    for _, payload in corpus_messages():
        try:
            message = parse(payload)
            if message.event not in MESSAGES.get(message.code, ()):
                continue
            before, after = there_and_back(payload, version := written_version(message))
        except RejectedError:
            # A message that cannot be read, or lacks what the version requires.
            continue
        definitions = definitions_of(version)
        assert definitions is not None
        there = Counter({key: count for key, count in kept(before, definitions).items() if key[:2] not in ONE_OF_MANY})
        back = Counter[tuple[str, int, int, str]]()
        for one in after:
            back += kept(one, definitions)
        seen += 1
        values += len(there)
        lost += len([key for key in there if key not in back])

    assert seen > 50
    assert lost / values < 0.09
