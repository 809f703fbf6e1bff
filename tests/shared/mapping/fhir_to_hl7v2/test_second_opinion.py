"""What is written stands up to our own conformance report and to hl7apy."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message

from shared.conversion import convert
from shared.errors import RejectedError
from shared.formats.hl7v2.conformance.report import check
from shared.formats.hl7v2.parse import parse
from shared.mapping.fhir_to_hl7v2.choice import MESSAGES
from shared.mapping.fhir_to_hl7v2.generate import messages_from_bundle
from shared.partners.hl7v2_writing import WRITTEN_VERSIONS, WritingPreferences

EXAMPLES = [
    file
    for file in sorted((Path(__file__).parents[1] / "hl7v2_to_fhir" / "examples").glob("*/*.hl7"))
    if (message := parse(file.read_bytes())).event in MESSAGES.get(message.code, ())
]
SENT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
STRUCTURE = frozenset({"missing-segment", "segment-out-of-order", "segment-repeats-too-often", "segment-unexpected"})


def written(file: Path, version: str) -> list[bytes]:
    """Return the example as it is written in a version; skips what the version cannot say."""
    payload = file.read_bytes()
    message = parse(payload)
    (conversion,) = convert(payload, source="hl7v2", received=SENT)
    preferences = WritingPreferences(version=version)
    kind = f"{message.code}^{message.event}"
    try:
        found = list(messages_from_bundle(conversion.bundle, message_type=kind, preferences=preferences, sent=SENT))
    except RejectedError as error:
        pytest.skip(f"the version requires what the example lacks: {error.location}")
    return [one.payload for one in found]


@pytest.mark.unmeasured
@pytest.mark.parametrize("version", WRITTEN_VERSIONS)
@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_the_structure_is_that_of_the_version(file: Path, version: str) -> None:
    # A document without any content has no OBX, which the structure of an MDM requires.
    known = {("missing-segment", "OBX")} if file.parent.name == "mdm" else set()
    found = {
        (issue.code, issue.location)
        for payload in written(file, version)
        for issue in check(parse(payload))
        if issue.code in STRUCTURE
    }

    assert set() == found - known


@pytest.mark.parametrize("name", ["adt/a03-discharge", "oru_r01/01-final-blood-count", "dft/p03-charges"])
def test_hl7apy_reads_what_is_written(name: str) -> None:
    (file,) = (one for one in EXAMPLES if f"{one.parent.name}/{one.stem}" == name)
    for payload in written(file, "2.5.1"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                message = parse_message(payload.decode(), find_groups=True)
            except HL7apyException as error:
                pytest.fail(f"hl7apy refuses the message: {type(error).__name__}")

        assert payload.count(b"\r") == message.to_er7().count("\r") + 1
