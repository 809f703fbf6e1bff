"""What the immunization guides say of vaccinations that did not take place, and of vaccines that are only named."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.conversion import Conversion, convert
from shared.validation import validate
from tests.shared.mapping.hl7v2_to_fhir.converted_resources import only, resources

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
REFUSED = "RXA|0|1|20260311||03^MMR^CVX|999||||||||||||00^Parental decision^NIP002||RE"
NOTHING = "RXA|0|1|20260311||998^No vaccine administered^CVX|999||||||||||||||CP"
GIVEN = "RXA|0|1|20260311||03^MMR^CVX|0.5|mL^^UCUM||00^New^NIP001|||||||||||CP|A"
VACCINE_TYPE = "OBX|1|CE|30956-7^Vaccine type^LN|1|21^Varicella^CVX||||||F"


def converted(*lines: str, patient: str = "100") -> Conversion:
    header = "MSH|^~\\&|IIS|NG|||20260311120000+0100||VXU^V04^VXU_V04|NG-1|P|2.5.1"
    pid = f"PID|1||{patient}^^^NG^MR||Testcase^Tilda"
    (found,) = convert("\r".join((header, pid, *lines)).encode(), source="hl7v2", received=RECEIVED)
    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    assert [] == list(found.coverage.unknown)
    return found


@pytest.mark.parametrize("rxa", [REFUSED, REFUSED.replace("|RE", "|NA"), NOTHING], ids=["refused", "not given", "998"])
def test_the_number_of_all_that_was_not_given_does_not_make_two_patients_records_one(rxa: str) -> None:
    first, second = (only(converted("ORC|RE||9999^NG", rxa, patient=one), "Immunization") for one in ("100", "200"))

    assert first["id"] != second["id"]
    assert "identifier" not in first
    reasons = [one.reason for one in converted("ORC|RE||9999^NG", rxa).coverage.dropped if one.location == "ORC-3"]
    assert ["the number that all vaccinations share that were refused or not given: it identifies none"] == reasons


@pytest.mark.parametrize(("number", "rxa"), [("9999", GIVEN), ("7", REFUSED)], ids=["of what was given", "of its own"])
def test_any_other_number_identifies_the_vaccination(number: str, rxa: str) -> None:
    first, second = (
        only(converted(f"ORC|RE||{number}^NG", rxa, patient=one), "Immunization") for one in ("100", "200")
    )

    assert first["id"] == second["id"]
    assert [number] == [one["value"] for one in first["identifier"]]


def test_a_vaccine_that_is_only_named_tells_of_no_education() -> None:
    found = converted("ORC|RE||9999^NG", NOTHING, VACCINE_TYPE)

    assert "education" not in only(found, "Immunization")
    assert 1 == len(resources(found, "Observation"))


def test_a_vaccine_with_the_date_of_its_statement_tells_of_education() -> None:
    found = converted(
        "ORC|RE||7^NG", GIVEN, VACCINE_TYPE, "OBX|2|TS|29769-7^VIS presentation date^LN|1|20260311||||||F"
    )

    assert [{"documentType": "Varicella", "presentationDate": "2026-03-11"}] == only(found, "Immunization")[
        "education"
    ]


def test_a_route_of_the_thesaurus_of_the_cancer_institute_has_its_uri() -> None:
    found = converted("ORC|RE||7^NG", GIVEN, "RXR|C28161^Intramuscular^NCIT")

    assert "http://ncithesaurus-stage.nci.nih.gov" == only(found, "Immunization")["route"]["coding"][0]["system"]


def test_a_comment_on_one_of_two_vaccinations_that_say_the_same_is_not_on_the_other() -> None:
    rxr = "RXR|IM^Intramuscular^HL70162"
    found = converted("ORC|RE||7^NG", GIVEN, rxr, "NTE|1||Cried.", "ORC|RE||8^NG", GIVEN, rxr)

    first, second = resources(found, "Immunization")
    assert first["route"] == second["route"]
    assert [["New", "Cried."], ["New"]] == [[note["text"] for note in one["note"]] for one in (first, second)]


def test_an_explicit_null_is_no_reason_why_a_vaccination_did_not_take_place() -> None:
    immunization = only(
        converted("ORC|RE||7^NG", REFUSED.replace("00^Parental decision^NIP002", '""')), "Immunization"
    )

    assert "not-done" == immunization["status"]
    assert not {"statusReason", "reasonCode"} & immunization.keys()
