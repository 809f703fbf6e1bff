"""Every third-party HL7 v2 message of any type: converted, valid, whole, repeatable, accounted for field by field."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.formats.fhir.encoding import serialize
from shared.formats.hl7v2.message import Message
from shared.formats.hl7v2.parse import split_batch
from shared.mapping.hl7v2_to_fhir.bundles import BUNDLE_KINDS
from shared.validation import validate

CORPUS = Path(os.environ.get("CORRIDOR_CORPUS") or Path(__file__).parents[5] / "shared" / "corpus")
RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
EMPTY = re.compile(r'""|\[\]|\{\}')

pytestmark = [
    pytest.mark.unmeasured,
    pytest.mark.skipif(
        not CORPUS.is_dir(), reason="third-party corpus not present, set CORRIDOR_CORPUS to its folder"
    ),
]


def messages() -> Iterator[tuple[str, bytes]]:
    files = [*CORPUS.rglob("*.hl7"), *CORPUS.rglob("*.txt")]
    for file in sorted(files):
        content = file.read_bytes()
        if b"MSH|" in content[:2000]:
            for number, payload in enumerate(split_batch(content)):
                yield f"{file.relative_to(CORPUS)}:{number}", payload


def conversions() -> Iterator[tuple[str, Conversion]]:
    for name, payload in messages():
        (conversion,) = convert(payload, source="hl7v2", received=RECEIVED)
        yield name, conversion


def names_of(bundle: dict[str, Any]) -> list[str]:
    return [f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in bundle["entry"]]


def test_every_message_becomes_valid_fhir() -> None:
    converted, wrong = 0, []
    for name, conversion in conversions():
        converted += 1
        wrong += [f"{name}: {one}" for one in validate(conversion.bundle) if one.severity in ("fatal", "error")]

    assert [] == wrong
    assert converted > 150


def test_no_id_is_empty_or_there_twice_and_every_reference_leads_somewhere() -> None:
    wrong = []
    for name, conversion in conversions():
        names = names_of(conversion.bundle)
        text = serialize(conversion.bundle).decode()
        dangling = set(re.findall(r'"reference":"([^"#]+)"', text)) - set(names)
        if len(names) != len(set(names)) or not all(one.rpartition("/")[2] for one in names) or dangling:
            wrong.append((name, dangling))
        wrong += [(name, found) for found in set(EMPTY.findall(text))]

    assert [] == wrong


def test_the_same_bytes_come_out_twice() -> None:
    wrong = []
    for name, payload in messages():
        first, second = (
            [serialize(one.bundle) for one in convert(payload, source="hl7v2", received=RECEIVED)] for _ in "12"
        )
        wrong += [] if first == second else [name]

    assert [] == wrong


def test_every_field_that_holds_anything_is_accounted_for() -> None:
    wrong = []
    for name, conversion in conversions():
        accounted = {entry.location for entry in conversion.coverage.entries}
        wrong += [(name, place) for place in valued(conversion.message) if place not in accounted]
        wrong += [
            (name, entry.location)
            for entry in conversion.coverage.entries
            if not (entry.targets if entry.outcome == "mapped" else entry.reason)
        ]

    assert [] == wrong


def valued(message: Message) -> Iterator[str]:
    for segment in message.segments:
        yield from (f"{segment.label}-{number}" for number, raw in enumerate(segment.fields) if raw and number)


@pytest.mark.long
def test_every_kind_of_bundle_is_valid_for_every_message() -> None:
    wrong = []
    for name, payload in messages():
        for kind in BUNDLE_KINDS[1:]:
            (conversion,) = convert(payload, source="hl7v2", received=RECEIVED, bundle=kind)
            wrong += [
                f"{name} {kind}: {one}" for one in validate(conversion.bundle) if one.severity in ("fatal", "error")
            ]

    assert [] == wrong
