"""A profile is claimed where the resource meets it, and only there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.conversion import convert
from shared.mapping.hl7v2_to_fhir.profiles import claim_profile
from shared.validation.full import validate_fully

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*/*.hl7"))
RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
IDENTIFIER = {"system": "urn:oid:2.999.1", "value": "7"}
CODED = {"text": "x"}
PATIENT = {"identifier": [IDENTIFIER], "name": [{"family": "Example"}], "gender": "female"}
PRACTITIONER = {"identifier": [IDENTIFIER], "name": [{"family": "Example"}]}


def claimed(kind: str, content: dict[str, Any]) -> str:
    resource = {"resourceType": kind, **content}
    claim_profile(resource)
    (profile,) = resource.get("meta", {}).get("profile", [""])
    return str(profile.rpartition("us-core-")[2])


def category(code: str) -> list[dict[str, Any]]:
    return [{"coding": [{"code": code}]}]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_an_example_claims_it_meets(example: Path) -> None:
    (conversion,) = convert(example.read_bytes(), source="hl7v2", received=RECEIVED)
    claims = [one["resource"] for one in conversion.bundle["entry"] if one["resource"].get("meta", {}).get("profile")]

    wrong = [issue for one in claims for issue in validate_fully(one) if issue.severity in ("fatal", "error")]

    assert [] == [issue for issue in wrong if "us-core" in issue.text or issue.code == "element-missing"]


@pytest.mark.parametrize(
    ("kind", "content", "profile"),
    [
        ("Patient", PATIENT, "patient|6.1.0"),
        ("Patient", {**PATIENT, "identifier": [{"value": "7"}]}, ""),
        ("Patient", {**PATIENT, "telecom": [{"system": "phone"}]}, ""),
        ("Patient", {**PATIENT, "name": [{"text": "Eve"}]}, ""),
        ("Patient", {"name": PATIENT["name"], "gender": "female"}, ""),
        ("Encounter", {"type": [CODED], "subject": {}}, "encounter|6.1.0"),
        ("Encounter", {"type": [CODED], "subject": {}, "identifier": [{"value": "7"}]}, ""),
        ("Encounter", {"subject": {}}, ""),
        (
            "Condition",
            {"code": CODED, "category": category("encounter-diagnosis")},
            "condition-encounter-diagnosis|6.1.0",
        ),
        (
            "Condition",
            {"code": CODED, "category": category("problem-list-item")},
            "condition-problems-health-concerns|6.1.0",
        ),
        ("Condition", {"code": CODED, "category": category("other")}, ""),
        ("Condition", {"category": category("encounter-diagnosis")}, ""),
        ("Procedure", {"code": CODED, "status": "completed", "performedDateTime": "2026"}, "procedure|6.1.0"),
        ("Procedure", {"code": CODED, "status": "completed"}, ""),
        ("Procedure", {"code": CODED, "status": "unknown"}, "procedure|6.1.0"),
        ("Procedure", {"status": "unknown"}, ""),
        ("Practitioner", PRACTITIONER, "practitioner|6.1.0"),
        ("Practitioner", {**PRACTITIONER, "name": [{"text": "Eve"}]}, ""),
        (
            "Practitioner",
            {**PRACTITIONER, "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1"}]},
            "",
        ),
        ("Practitioner", {"name": PRACTITIONER["name"]}, ""),
        ("Coverage", {"relationship": CODED, "subscriberId": "7"}, "coverage|6.1.0"),
        ("Coverage", {"relationship": CODED, "identifier": [{"type": category("MB")[0]}]}, "coverage|6.1.0"),
        ("Coverage", {"relationship": CODED}, ""),
        ("Location", {"name": "Ward"}, "location|6.1.0"),
        ("Location", {}, ""),
        ("Device", {}, ""),
    ],
)
def test_a_profile_is_claimed_where_what_it_asks_for_is_there(
    kind: str, content: dict[str, Any], profile: str
) -> None:
    assert profile == claimed(kind, content)


def test_a_claim_joins_what_meta_says_already() -> None:
    resource = {"resourceType": "Location", "name": "Ward", "meta": {"tag": [{"code": "x"}]}}
    claim_profile(resource)

    assert ["tag", "profile"] == list(resource["meta"])
