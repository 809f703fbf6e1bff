"""CON: what a patient consented to, and whether anybody may act upon it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.validation import validate
from tests.shared.mapping.hl7v2_to_fhir.converted_resources import only, ref, resources

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
PID = "PID|1||100^^^NG^MR||Testcase^Tilda"


def converted(*lines: str, kind: str = "ADT^A04") -> Conversion:
    header = f"MSH|^~\\&|REG|NG|||20260301120000+0100||{kind}|NG-1|P|2.8"
    (found,) = convert("\r".join((header, PID, *lines)).encode(), source="hl7v2", received=RECEIVED)
    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    assert [] == list(found.coverage.unknown)
    return found


def consent(*fields: str) -> dict[str, Any]:
    return only(converted("|".join(("CON|1", *fields))), "Consent")


def test_a_consent_has_its_type_form_number_and_times() -> None:
    times = ("20260301100000+0100", "20260301103000+0100", "20260302", "20270302")
    found = consent("001^Release^L", "Form 7, 2.1", "C-1^NG", *[""] * 6, "A^Active^HL70498", *times)

    assert ("active", "Form 7, 2.1", "C-1") == (
        found["status"],
        found["policyRule"]["text"],
        found["identifier"][0]["value"],
    )
    assert "001" == found["category"][0]["coding"][0]["code"]
    assert "2026-03-01T10:30:00+01:00" == found["dateTime"]
    assert {"start": "2026-03-02", "end": "2027-03-02"} == found["provision"]["period"]


@pytest.mark.parametrize(
    ("sent", "status"),
    [("A", "active"), ("L", "active"), ("R", "rejected"), ("P", "proposed"), ("X", "inactive"), ("", "draft")],
)
def test_only_a_consent_that_was_given_is_active(sent: str, status: str) -> None:
    assert status == consent("001", *[""] * 8, sent)["status"]


@pytest.mark.parametrize("sent", ["B", "?"])
def test_a_status_without_a_translation_is_a_draft_beside_the_code_and_is_reported(sent: str) -> None:
    found = converted("|".join(("CON|1|001", *[""] * 8, sent)))
    said = only(found, "Consent")

    assert "draft" == said["status"]
    assert sent == said["_status"]["extension"][0]["valueCoding"]["code"]
    assert [("unmapped-code", "CON-11")] == [
        (one.code, one.location) for one in found.issues if "unmapped" in one.code
    ]


@pytest.mark.parametrize(
    ("name", "relationship", "performers"),
    [
        ("Example^Nora^Q", "2", [{"display": "Nora Q Example"}]),
        ("Testcase^Tilda", "1", [{"reference": "Patient", "display": "Tilda Testcase"}]),
        ("", "1", [{"reference": "Patient"}]),
        ("^^^^^^L", "", None),
    ],
)
def test_who_consented_is_named_and_is_the_patient_where_it_says_so(
    name: str, relationship: str, performers: list[dict[str, str]] | None
) -> None:
    found = converted("|".join(("CON|1|001", *[""] * 21, name, relationship)))
    patient = ref(only(found, "Patient"))["reference"]
    expected = [
        {key: patient if key == "reference" else value for key, value in one.items()} for one in performers or ()
    ]

    assert (expected or None) == only(found, "Consent").get("performer")


def test_two_consents_without_a_number_are_two_and_one_with_a_number_is_known_again() -> None:
    found = converted("CON|1|001", "NTE|1||over the phone", "CON|2|001", "CON|3|001||C-1^NG")
    again = converted("CON|1|002||C-1^NG", kind="ADT^A08")

    assert 3 == len({one["id"] for one in resources(found, "Consent")})
    assert only(again, "Consent")["id"] in {one["id"] for one in resources(found, "Consent")}
    assert "over the phone" in str(resources(found, "Consent")[0])
