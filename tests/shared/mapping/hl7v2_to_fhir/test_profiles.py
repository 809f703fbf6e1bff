"""A profile is claimed where the resource meets it, and only there."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.conversion import convert
from shared.mapping.hl7v2_to_fhir.profiles import claim_profiles
from shared.validation.full import validate_fully

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*/*.hl7"))
RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
IDENTIFIER = {"system": "urn:oid:2.999.1", "value": "7"}
CODED = {"text": "x"}
PATIENT = {"identifier": [IDENTIFIER], "name": [{"family": "Example"}], "gender": "female"}
PRACTITIONER = {"identifier": [IDENTIFIER], "name": [{"family": "Example"}]}


def claimed(kind: str, content: dict[str, Any]) -> str:
    resource = {"resourceType": kind, "id": "1", **content}
    claim_profiles([resource])
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
    resource = {"resourceType": "Location", "id": "1", "name": "Ward", "meta": {"tag": [{"code": "x"}]}}
    claim_profiles([resource])

    assert ["tag", "profile"] == list(resource["meta"])


TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"
LABORATORY = [{"coding": [{"system": f"{TERMINOLOGY}observation-category", "code": "laboratory"}]}]
LAB = [{"coding": [{"system": f"{TERMINOLOGY}v2-0074", "code": "LAB"}]}]
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
DATED = {"effectiveDateTime": "2026-03-12", "issued": "2026-03-12T08:00:00Z"}


@pytest.mark.parametrize(
    ("kind", "content", "profile"),
    [
        ("Observation", {"category": LABORATORY}, "observation-lab|6.1.0"),
        ("Observation", {"category": LABORATORY, "effectiveDateTime": "2026-03"}, ""),
        ("Observation", {"category": LABORATORY, "valueQuantity": {"system": "urn:oid:2.999.2"}}, ""),
        ("Observation", {"category": LAB}, ""),
        ("DiagnosticReport", {"status": "final", "category": LAB, **DATED}, "diagnosticreport-lab|6.1.0"),
        ("DiagnosticReport", {"status": "final", "category": LAB, "issued": DATED["issued"]}, ""),
        ("DiagnosticReport", {"status": "registered", "category": LAB}, "diagnosticreport-lab|6.1.0"),
        ("DiagnosticReport", {"status": "registered"}, ""),
    ],
)
def test_a_result_claims_the_profile_of_laboratories(kind: str, content: dict[str, Any], profile: str) -> None:
    assert profile == claimed(kind, content)


def claims(*resources: dict[str, Any]) -> list[str]:
    claim_profiles(list(resources))
    return [str(one["id"]) for one in resources if "meta" in one]


def test_a_claim_falls_with_that_of_what_it_refers_to() -> None:
    patient = {"resourceType": "Patient", "id": "p", "name": [{"family": "Example"}], "gender": "female"}
    visit = {"resourceType": "Encounter", "id": "e", "type": [CODED], "subject": {"reference": "Patient/p"}}
    condition = {
        "resourceType": "Condition",
        "id": "c",
        "code": CODED,
        "category": category("encounter-diagnosis"),
        "encounter": {"reference": "Encounter/e"},
    }

    assert [] == claims(dict(patient), dict(visit), dict(condition))
    assert ["p", "e", "c"] == claims({**patient, "identifier": [IDENTIFIER]}, dict(visit), dict(condition))


def test_a_participant_has_to_meet_its_profile_as_well() -> None:
    doctor = {"resourceType": "Practitioner", "id": "d", "name": [{"family": "Example"}]}
    visit = {
        "resourceType": "Encounter",
        "id": "e",
        "type": [CODED],
        "subject": {"display": "somebody"},
        "participant": [{"individual": {"reference": "Practitioner/d"}}],
    }

    assert [] == claims(dict(doctor), dict(visit))
    assert ["d", "e"] == claims({**doctor, "identifier": [IDENTIFIER]}, dict(visit))


def test_an_observation_of_a_laboratory_section_is_one_of_a_laboratory() -> None:
    message = (
        "MSH|^~\\&|LIS|RIVERSIDE|HUB|CORRIDOR|20260312080000+0100||ORU^R01^ORU_R01|L1|P|2.5.1\r"
        "PID|1||700001^^^&2.999.1&ISO^MR||Testcase^Tilda||19800101|F\r"
        "OBR|1||F1|718-7^Hemoglobin^LN|||20260312070000+0100|||||||||||||||20260312080000+0100||HM|F\r"
        "OBX|1|NM|718-7^Hemoglobin^LN||13.2|g/dL^^UCUM|||||F\r"
    )

    (conversion,) = convert(message.encode(), source="hl7v2", received=RECEIVED)
    claims = {
        one["resource"]["resourceType"]: one["resource"].get("meta", {}).get("profile")
        for one in conversion.bundle["entry"]
    }

    assert [f"{US_CORE}observation-lab|6.1.0"] == claims["Observation"]
    assert [f"{US_CORE}diagnosticreport-lab|6.1.0"] == claims["DiagnosticReport"]
    assert [] == [one for one in validate_fully(conversion.bundle) if one.severity in ("fatal", "error")]
