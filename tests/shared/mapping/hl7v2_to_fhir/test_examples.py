from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fhir.resources.R4B.bundle import Bundle

from shared.conversion import convert
from shared.formats.fhir.encoding import parse, serialize
from shared.partners.profile import CodeMapping, ExtensionMapping, PartnerProfile
from shared.validation.full import validate_fully

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*/*.hl7"))
RECEIVED = datetime(2026, 3, 12, 8, 0, tzinfo=UTC)
PARTNER = PartnerProfile(
    name="riverside-lab",
    time_zone="Europe/Berlin",
    assigning_authorities={"NORTHGATE": "urn:oid:1.3.6.1.4.1.99999.2"},
    code_maps={"OBX-3": {"GLU": CodeMapping("http://loinc.org", "2345-7", "Glucose")}},
    z_fields={"ZPI-2": ExtensionMapping("Patient", "urn:example:donor-group")},
)


def converted(payload: bytes, partner: PartnerProfile | None = None) -> dict[str, object]:
    (conversion,) = convert(payload, source="hl7v2", partner=partner, received=RECEIVED)
    return {
        "bundle": conversion.bundle,
        "issues": [f"{issue.severity} {issue.code} {issue.location}" for issue in conversion.issues],
        "unknown": [entry.location for entry in conversion.coverage.unknown],
        "dropped": {entry.location: entry.reason for entry in conversion.coverage.dropped},
    }


def pretty(content: bytes) -> str:
    """Return JSON indented, its numbers with the digits that the bytes have."""
    numbers: list[str] = []

    def keep(text: str) -> str:
        numbers.append(text)
        return f"\x00{len(numbers) - 1}\x00"

    text = json.dumps(json.loads(content, parse_float=keep), indent=1, ensure_ascii=False)
    return re.sub(r'"\\u0000(\d+)\\u0000"', lambda match: numbers[int(match[1])], text) + "\n"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_becomes_what_is_expected(example: Path, request: pytest.FixtureRequest) -> None:
    expected = example.with_suffix(".expected.json")
    result = serialize(converted(example.read_bytes()))
    if request.config.getoption("--update-examples", default=False):
        expected.write_text(pretty(result), encoding="utf-8")

    assert expected.read_text(encoding="utf-8") == pretty(result)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_bundle_of_an_example_is_valid_r4_and_meets_the_profiles_that_it_claims(example: Path) -> None:
    for partner in (None, PARTNER):
        bundle = converted(example.read_bytes(), partner)["bundle"]

        assert [] == [issue for issue in validate_fully(bundle) if issue.severity in ("fatal", "error")]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_a_second_opinion_reads_the_bundle_of_an_example(example: Path) -> None:
    bundle = converted(example.read_bytes())["bundle"]

    assert "transaction" == Bundle.model_validate(json.loads(serialize(bundle))).type  # type: ignore[arg-type]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_reference_resolves_and_every_id_is_unique(example: Path) -> None:
    text = serialize(converted(example.read_bytes())["bundle"]).decode()  # type: ignore[arg-type]
    bundle = parse(text.encode())
    names = [f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in bundle["entry"]]

    assert len(names) == len(set(names))
    assert set() == set(re.findall(r'"reference":"([^"#]+)"', text)) - set(names)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_same_input_gives_the_same_bytes(example: Path) -> None:
    first, second = (serialize(converted(example.read_bytes(), PARTNER)) for _ in range(2))

    assert first == second
