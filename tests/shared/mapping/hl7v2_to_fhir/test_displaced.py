"""A segment where its message's structure has no place for it is read all the same, by its own map."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.validation import validate

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
PID = "PID|1||100^^^NG^MR||Testcase^Tilda||19800214|F"
PV1 = "PV1|1|I|W^1||||||||||||||||V1^^^NG"


def converted(kind: str, *lines: str) -> Conversion:
    header = f"MSH|^~\\&|REG|NG|||20260301120000+0100||{kind}|NG-1|P|2.5.1"
    (found,) = convert("\r".join((header, *lines)).encode(), source="hl7v2", received=RECEIVED)
    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    return found


def only(found: Conversion, kind: str) -> dict[str, Any]:
    (resource,) = [entry["resource"] for entry in found.bundle["entry"] if entry["resource"]["resourceType"] == kind]
    return resource


def unknown(found: Conversion) -> list[str]:
    return [entry.location for entry in found.coverage.unknown]


def test_an_order_in_an_admission_is_a_request_about_its_patient_and_visit() -> None:
    order = ("ORC|NW|P-1^NG", "OBR|1|P-1^NG||GLU^Glucose^L|||20260301", "NTE|1||fasting", "TQ1|1||||||||R")
    found = converted("ADT^A01", PID, PV1, *order)
    request = only(found, "ServiceRequest")

    assert [] == unknown(found)
    assert f"Patient/{only(found, 'Patient')['id']}" == request["subject"]["reference"]
    assert f"Encounter/{only(found, 'Encounter')['id']}" == request["encounter"]["reference"]
    assert ["fasting"] == [note["text"] for note in request["note"]]


def test_a_report_with_its_document_in_an_admission_is_a_report() -> None:
    lines = (
        "OBR|1||F-1^NG|GLU^Glucose^L|||20260301||||||||||||||||||F",
        "TXA|1|CN|TX|20260301||||||||D-1^NG|||||AU||AV",
    )
    found = converted("ADT^A01", PID, *lines)

    assert [] == unknown(found)
    assert "final" == only(found, "DiagnosticReport")["status"]
    related = only(found, "DocumentReference")["context"]["related"]
    assert [{"reference": f"DiagnosticReport/{only(found, 'DiagnosticReport')['id']}"}] == related


def test_a_prescription_in_an_admission_is_a_request_for_a_medication() -> None:
    found = converted("ADT^A01", PID, "ORC|NW|P-1^NG", "RXO|ASA^Aspirin^L|1||TAB")

    assert [] == unknown(found)
    assert "Aspirin" in str(only(found, "MedicationRequest"))


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("FT1|1|||20260301||CG|XR^X-ray^L", "ChargeItem"),
        ("TXA|1|CN|TX|20260301||||||||D-1^NG|||||AU||AV", "DocumentReference"),
        ("PRB|AD|20260301|I10^Hypertension^L|P-7", "Condition"),
        ("GOL|AD|20260301|WGT^Weight^L|G-7", "Goal"),
        ("PTH|AD|HIP^Hip^L|PW-7|20260301", "CarePlan"),
    ],
)
def test_what_stands_alone_is_what_its_own_map_makes_of_it(line: str, kind: str) -> None:
    found = converted("SIU^S12", "SCH|1|2|||||CHK||||^^30^202603011200+0100", PID, line)

    assert [] == [place for place in unknown(found) if place.startswith(line[:3])]
    assert f"Patient/{only(found, 'Patient')['id']}" in str(only(found, kind))


def test_a_result_and_a_comment_after_a_segment_of_the_senders_own_are_kept() -> None:
    found = converted("MFN^M02", "ZAA|1", "NTE|1||to whom it may concern", "OBX|1|NM|GLU^Glucose^L||5||||||F")

    assert not {"NTE-3", "OBX-3", "OBX-5"} & set(unknown(found))
    assert "to whom it may concern" in str(found.bundle)
    assert 5 == only(found, "Observation")["valueQuantity"]["value"]


def test_without_a_patient_it_is_about_somebody_who_is_not_identified() -> None:
    found = converted("ADT^A01", "OBR|1|P-1^NG||GLU^Glucose^L")

    assert "not identified in the message" == only(found, "ServiceRequest")["subject"]["display"]
