import json
from pathlib import Path

VALID = '{"resourceType": "Patient", "birthDate": "1970-01-01"}'
NOT_VALID = '{"resourceType": "Patient", "birthDate": "1970-13-01"}'


def test_a_valid_resource_gets_an_outcome_without_errors(corridor, tmp_path: Path) -> None:
    path = tmp_path / "patient.json"
    path.write_text(VALID)

    run = corridor("validate", path)

    assert (0, "OperationOutcome") == (run.exit_code, json.loads(run.stdout)["resourceType"])


def test_what_is_not_valid_is_named_with_its_place(corridor, tmp_path: Path) -> None:
    path = tmp_path / "patient.json"
    path.write_text(NOT_VALID)

    run = corridor("validate", path)

    assert 1 == run.exit_code
    assert f"not valid {path}: Patient.birthDate: " in run.stderr


def test_a_folder_is_mirrored(corridor, tmp_path: Path) -> None:
    cases = tmp_path / "cases"
    (cases / "ward").mkdir(parents=True)
    (cases / "ward" / "valid.json").write_text(VALID)
    (cases / "not-valid.json").write_text(NOT_VALID)
    (cases / "result.hl7").write_text("MSH|^~\\&|")

    run = corridor("validate", cases, "--out", tmp_path / "out")

    assert (1, True) == (run.exit_code, "valid 1, not valid 1, skipped 1" in run.stderr)
    assert (tmp_path / "out" / "ward" / "valid.json.json").exists()
    assert (tmp_path / "out" / "not-valid.json.json").exists()


def test_a_file_that_is_no_fhir_at_all_is_an_error(corridor, tmp_path: Path) -> None:
    path = tmp_path / "patient.json"
    path.write_text('{"resourceType": "Patient"')

    run = corridor("validate", path, "--out", tmp_path / "out")

    assert 1 == run.exit_code
    issue = json.loads((tmp_path / "out" / "patient.json.error.json").read_text())["issue"][0]
    assert ("fatal", "not-fhir-json") == (issue["severity"], issue["details"]["coding"][0]["code"])
