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
    (cases / "claim.x12").write_text("ISA*00*")

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


HEADER = "MSH|^~\\&|LAB|RIVERSIDE|CORRIDOR|HUB|20240501103000-0500||ORU^R01^ORU_R01|{}|P|2.5.1\r"
RESULT = (
    "PID|1||TEST-0001^^^RIVERSIDE^MR||Example^Invented||19700101|F\r"
    "OBR|1||F-1^LAB|718-7^Hemoglobin^LN|||20240501100000\r"
    "OBX|1|NM|718-7^Hemoglobin^LN||{}|g/dL|12-16|N|||F\r"
)


def issues(text: str) -> list[tuple[str, str, str]]:
    return [
        (issue["severity"], issue["details"]["coding"][0]["code"], issue.get("expression", [""])[0])
        for issue in json.loads(text)["issue"]
    ]


def test_a_message_that_conforms_gets_a_report_that_says_what_was_not_checked(corridor, tmp_path: Path) -> None:
    path = tmp_path / "result.hl7"
    path.write_text(HEADER.format("1") + RESULT.format("13.5"), newline="")

    run = corridor("validate", path)

    assert (0, [("information", "lengths-not-checked", "")]) == (run.exit_code, issues(run.stdout))


def test_a_message_that_does_not_conform_is_named_with_its_place(corridor, tmp_path: Path) -> None:
    path = tmp_path / "result.hl7"
    path.write_text(HEADER.format("1") + RESULT.format("five"), newline="")

    run = corridor("validate", path)

    assert 1 == run.exit_code
    assert ("error", "number-invalid", "OBX-5") in issues(run.stdout)
    assert f"not valid {path}: OBX-5: " in run.stderr


def test_a_batch_is_checked_message_by_message(corridor, tmp_path: Path) -> None:
    path = tmp_path / "day.hl7"
    first, second = HEADER.format("1") + RESULT.format("13.5"), HEADER.format("2") + RESULT.format("five")
    path.write_text(f"BHS|^~\\&|\r{first}{second}BTS|3\r", newline="")

    found = issues(corridor("validate", path).stdout)

    assert ("error", "number-invalid", "message 2, OBX-5") in found
    assert ("information", "lengths-not-checked", "message 1") in found
    assert ("error", "batch-count-differs", "BTS-1") in found


def test_messages_are_checked_against_what_a_partner_agreed_to(corridor, tmp_path: Path) -> None:
    path, partner = tmp_path / "result.hl7", tmp_path / "example-lab.yaml"
    path.write_text(HEADER.format("1") + RESULT.format("13.5"), newline="")
    partner.write_text(
        "name: example-lab\ntitle: Example\ncontact: lab@example.example\n"
        "sends:\n  conformance:\n    PID-19: {usage: R}\n    PID-5.1: {length: 3}\n"
    )

    run = corridor("validate", path, "--partner", partner)

    assert [("error", "profile-required", "PID-19"), ("error", "profile-too-long", "PID-5.1")] == issues(run.stdout)
    assert 2 == corridor("validate", path, "--partner", "nobody").exit_code


def test_a_file_without_any_message_that_can_be_read_is_an_error(corridor, tmp_path: Path) -> None:
    path = tmp_path / "result.hl7"
    path.write_text("MSH|^^|", newline="")

    run = corridor("validate", path, "--out", tmp_path / "out")

    assert 1 == run.exit_code
    assert [("fatal", "delimiters-invalid", "MSH-2")] == issues((tmp_path / "out/result.hl7.error.json").read_text())
