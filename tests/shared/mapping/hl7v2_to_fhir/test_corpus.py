"""Every third-party ORU message converts to valid FHIR or is refused with a place; nothing else happens."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.conversion import convert
from shared.errors import IntegrationError, RejectedError
from shared.formats.fhir.encoding import serialize
from shared.formats.hl7v2.parse import parse, split_batch
from shared.validation.walker import validate

CORPUS = Path(os.environ.get("CORRIDOR_CORPUS") or Path(__file__).parents[5] / "shared" / "corpus")
RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
KNOWN_REFUSALS = {"unmapped-code", "unsupported-message-type", "undecodable-bytes", "unsupported-character-set"}

pytestmark = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="third-party corpus not present, set CORRIDOR_CORPUS to its folder"
)


def messages() -> Iterator[tuple[str, bytes]]:
    for file in sorted(CORPUS.rglob("*.hl7")):
        for number, payload in enumerate(split_batch(file.read_bytes())):
            yield f"{file.relative_to(CORPUS)}:{number}", payload


def is_oru(payload: bytes) -> bool:
    try:
        return parse(payload).code == "ORU"
    except RejectedError:
        return False


def test_every_oru_message_becomes_valid_fhir_or_is_refused_with_a_place() -> None:
    converted, wrong = 0, []
    for name, payload in messages():
        if not is_oru(payload):
            continue
        try:
            (conversion,) = convert(payload, source="hl7v2", received=RECEIVED)
        except IntegrationError as error:
            wrong += [] if error.location and error.code in KNOWN_REFUSALS else [f"{name}: {error}"]
            continue
        converted += 1
        wrong += [f"{name}: {one}" for one in validate(conversion.bundle) if one.severity in ("fatal", "error")]

    assert [] == wrong
    assert converted > 50


def test_every_message_of_any_type_is_read_or_refused_and_never_crashes() -> None:
    wrong = []
    for name, payload in messages():
        try:
            first, second = (
                [serialize(one.bundle) for one in convert(payload, source="hl7v2", received=RECEIVED)] for _ in "12"
            )
        except IntegrationError as error:
            wrong += [] if error.code else [name]
        else:
            wrong += [] if first == second else [name]

    assert [] == wrong
