"""`corridor convert --to hl7v2`: FHIR in JSON becomes HL7 v2."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.fhir_to_hl7v2 import NO_TIME, stated_time

PATIENT = {
    "resourceType": "Patient",
    "identifier": [{"system": "urn:oid:2.999.1", "value": "4711"}],
    "name": [{"family": "Testcase", "given": ["Tilda"]}],
    "photo": [{"title": "portrait"}],
}


@pytest.fixture
def patient(tmp_path: Path) -> Path:
    file = tmp_path / "patient.json"
    file.write_text(json.dumps(PATIENT), encoding="utf-8")
    return file


def test_a_patient_is_an_update_of_its_data(corridor, patient: Path) -> None:
    run = corridor("convert", patient, "--to", "hl7v2")

    assert 0 == run.exit_code
    assert "|ADT^A08^ADT_A01|" in run.stdout
    assert "\rPID|1||4711^^^&2.999.1&ISO||Testcase^Tilda\r" in run.stdout


def test_the_version_and_the_type_are_the_callers(corridor, patient: Path) -> None:
    run = corridor("convert", patient, "--to", "hl7v2", "--hl7-version", "2.3.1", "--message-type", "ADT^A04")

    assert (0, True, True) == (run.exit_code, "|ADT^A04^ADT_A01|" in run.stdout, "|P|2.3.1" in run.stdout)


def test_a_field_that_the_version_lacks_is_a_warning(corridor, tmp_path: Path) -> None:
    path = tmp_path / "patient.json"
    reliable = {"url": "urn:corridor:extension:pid-32", "valueString": "AL"}
    path.write_text(json.dumps(PATIENT | {"extension": [reliable]}), encoding="utf-8")

    old, new = (corridor("convert", path, "--to", "hl7v2", "--hl7-version", one) for one in ("2.3.1", "2.5.1"))

    text = "Version 2.3.1 does not have this field."
    assert (0, f"corridor: {path}: field-not-carried: PID-32: {text}\n") == (old.exit_code, old.stderr)
    assert (0, "") == (new.exit_code, new.stderr)


def test_the_coverage_names_what_is_not_carried(corridor, patient: Path) -> None:
    run = corridor("convert", patient, "--to", "hl7v2", "--coverage")

    expressions = [one for issue in json.loads(run.stdout)["issue"] for one in issue.get("expression", ())]
    assert "Patient.photo" in expressions


def test_a_folder_gives_messages_and_outcomes(corridor, patient: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text('{"resourceType": "Patient"}', encoding="utf-8")
    run = corridor("convert", tmp_path, "--to", "hl7v2", "--out", tmp_path / "out")

    assert 1 == run.exit_code
    assert {"patient.json.hl7", "broken.json.error.json"} == {one.name for one in (tmp_path / "out").iterdir()}
    issue = json.loads((tmp_path / "out" / "broken.json.error.json").read_text())["issue"][0]
    assert ["Patient.identifier"] == issue["expression"]


def test_a_type_that_is_not_written_is_wrong_usage(corridor, patient: Path) -> None:
    run = corridor("convert", patient, "--to", "hl7v2", "--message-type", "ADT^A99")

    assert 2 == run.exit_code
    assert "ADT^A40" in run.stderr


def test_a_partner_that_receives_nothing_is_wrong_usage(corridor, patient: Path) -> None:
    run = corridor("convert", patient, "--to", "hl7v2", "--partner", "riverside-lab")

    assert (2, True) == (run.exit_code, "receives nothing" in run.stderr)


def test_a_partners_preferences_are_followed(corridor, patient: Path) -> None:
    run = corridor("convert", patient, "--to", "hl7v2", "--partner", "harbor-ehr")

    assert (0, True) == (run.exit_code, "|2.5.1" in run.stdout)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'{"timestamp": "2026-03-02T08:30:00Z"}', datetime(2026, 3, 2, 8, 30, tzinfo=UTC)),
        (
            b'{"entry": [{"resource": {"resourceType": "Provenance", "recorded": "2026-03-02T08:30:00Z"}}, 1]}',
            datetime(2026, 3, 2, 8, 30, tzinfo=UTC),
        ),
        (b'{"timestamp": "2026-03-02", "entry": 1}', NO_TIME),
        (b'{"timestamp": "2026-03-02T08:30:00"}', NO_TIME),
        (b'{"timestamp": "2026-99-02T08:30:00Z"}', NO_TIME),
        (b"[", NO_TIME),
    ],
)
def test_the_time_of_a_message_is_the_one_that_the_bundle_states(payload: bytes, expected: datetime) -> None:
    assert expected == stated_time(payload)
