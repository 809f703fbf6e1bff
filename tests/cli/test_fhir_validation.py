"""`corridor validate` on FHIR: profiles by name, NDJSON, folders, what cannot be read."""

import json
from pathlib import Path

import pytest

from tests.shared.validation.profiles import samples

PATIENT = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"


def issues(text: str) -> list[tuple[str, str, str]]:
    return [
        (one["severity"], one["details"]["coding"][0]["code"], one.get("expression", [""])[0])
        for one in json.loads(text)["issue"]
        if one["severity"] != "information"
    ]


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    """A patient who is sound R4, claims no profile, and lacks what US Core asks for."""
    resource = samples.patient()
    del resource["meta"], resource["gender"]
    path = tmp_path / "patient.json"
    path.write_text(json.dumps(resource))
    return path


@pytest.mark.parametrize("name", ["us-core-patient", PATIENT, f"{PATIENT}|6.1.0"])
def test_a_profile_is_asked_for_by_name_or_url(corridor, patient: Path, name: str) -> None:
    assert 0 == corridor("validate", patient).exit_code

    run = corridor("validate", patient, "--profile", name)

    assert (1, [("error", "element-missing", "Patient.gender")]) == (run.exit_code, issues(run.stdout))


def test_a_profile_that_is_not_known_is_wrong_usage(corridor, patient: Path) -> None:
    run = corridor("validate", patient, "--profile", "us-core-patent")

    assert (2, True) == (run.exit_code, "no such profile: us-core-patent; there is us-core-patient" in run.stderr)
    assert "no such profile: zz" in corridor("validate", patient, "--profile", "zz").stderr


def test_each_line_of_ndjson_is_a_resource(corridor, patient: Path, tmp_path: Path) -> None:
    path = tmp_path / "patients.ndjson"
    path.write_text("\n".join([json.dumps(samples.patient()), "", patient.read_text(), "{"]))

    run = corridor("validate", path, "--profile", "us-core-patient", "--out", tmp_path / "out")

    found = json.loads((tmp_path / "out" / "patients.ndjson.json").read_text())["issue"]
    texts = [one["details"]["text"] for one in found if one["severity"] in ("error", "fatal")]
    assert 1 == run.exit_code
    assert ["Line 3: ", "Line 4: "] == [text[:8] for text in texts]
    assert ["line 4, column 2"] == [place for one in found for place in one.get("expression", ()) if "line" in place]


def test_ndjson_of_which_no_line_can_be_read_is_an_error(corridor, tmp_path: Path) -> None:
    path = tmp_path / "patients.ndjson"
    path.write_text("no\njson\n")

    assert 1 == corridor("validate", path, "--out", tmp_path / "out").exit_code
    assert (tmp_path / "out" / "patients.ndjson.error.json").exists()


def test_a_property_that_comes_twice_is_named_with_its_place(corridor, tmp_path: Path) -> None:
    path = tmp_path / "patient.json"
    path.write_text('{"resourceType": "Patient", "gender": "male", "gender": "female"}')

    run = corridor("validate", path)

    (found,) = json.loads(run.stdout)["issue"]
    assert (1, ["Patient"], "not-fhir-json") == (
        run.exit_code,
        found["expression"],
        found["details"]["coding"][0]["code"],
    )
    assert "gender" in found["details"]["text"]


def test_empty_ndjson_holds_nothing_that_is_wrong(corridor, tmp_path: Path) -> None:
    path = tmp_path / "patients.ndjson"
    path.write_text("\n")

    assert 0 == corridor("validate", path).exit_code


def test_of_a_bundle_the_entries_are_checked(corridor, tmp_path: Path) -> None:
    bundle = samples.collection()
    del bundle["entry"][0]["resource"]["gender"]
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps(bundle))

    run = corridor("validate", path)

    assert 1 == run.exit_code
    assert ("error", "element-missing", "Bundle.entry[0].resource.gender") in issues(run.stdout)
