from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.validation import validate
from tests.shared.mapping.hl7v2_to_fhir.converted_resources import only, ref, resources

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
PID = "PID|1||100^^^NG^MR||Testcase^Tilda"
ANSWER = ("MSA|AA|Q1", "QAK|T1|OK", "QPD|Q22^Find^HL70471|T1|@PID.8^F")


def converted(kind: str, *lines: str) -> Conversion:
    header = f"MSH|^~\\&|IIS|NG|||20260301120000+0100||{kind}|NG-1|P|2.5.1"
    (found,) = convert("\r".join((header, *lines)).encode(), source="hl7v2", received=RECEIVED)
    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    return found


def parts(found: Conversion, name: str) -> list[dict[str, Any]]:
    """Return the parts of the parameters of this name, one dict each: name of the part -> its value."""
    return [
        {
            part["name"]: next(value for key, value in part.items() if key.startswith("value"))
            for part in one.get("part", ())
        }
        for one in only(found, "Parameters")["parameter"]
        if one["name"] == name
    ]


@pytest.mark.parametrize(
    ("query", "event", "value", "expected"),
    [
        ("Z34^History^CDC", "Q11", "1^^^NG^MR", "patient-identifier"),
        ("Z44^Forecast^CDC", "Q11", "1^^^NG^MR", "patient-identifier"),
        ("Q22^Find^HL70471", "Q22", "@PID.8^F", "@PID.8"),
        ("IHE PDQ Query", "Q22", "@PID.8^F", "@PID.8"),
        ("IHE PIX Query", "Q23", "1^^^NG^MR", "person-identifier"),
        ("LOCAL", "Q21", "1^^^NG^MR", "person-identifier"),
        ("LOCAL", "Q11", "1", "QPD-3"),
    ],
)
def test_the_fields_of_a_query_have_the_names_of_the_query(query: str, event: str, value: str, expected: str) -> None:
    (found,) = parts(converted(f"QBP^{event}", f"QPD|{query}|T1|{value}"), "QPD")

    assert ["query", "tag", expected] == list(found)


def test_what_a_query_asks_for_has_its_data_type() -> None:
    query = "QPD|Z34|T1|1^^^NG^MR|Testcase^Tilda|Example|19800214|F|1 Street^^Exampleton|^PRN^PH^^1^555^0100|N|2|x"
    (found,) = parts(converted("QBP^Q11", query), "QPD")

    assert ("Testcase", "1980-02-14", "F", 2) == (
        found["patient-name"]["family"],
        found["birth-date"],
        found["sex"],
        found["birth-order"],
    )
    assert ("Exampleton", "+1 555 0100", "x") == (
        found["address"]["city"],
        found["telephone"]["value"],
        found["last-update"],
    )


def test_a_query_for_a_number_asks_for_it_with_the_e_mail_address_beside_it() -> None:
    (found,) = parts(converted("QBP^Q11", "QPD|Z34|T1|||||||555-0100^PRN^PH^t@example.org"), "QPD")
    telephone = found["telephone"]

    assert ("phone", "555-0100", "t@example.org") == (
        telephone["system"],
        telephone["value"],
        telephone["extension"][0]["valueString"],
    )


def test_the_text_of_a_query_is_kept_beside_what_is_read_from_it() -> None:
    found = only(converted("QBP^Q11", "QPD|Z34|T1|1^^^NG^MR~2^^^NG^PI"), "Parameters")
    kept = [one.get("extension", [{}])[0].get("valueString") for one in found["parameter"][0]["part"]]

    assert ["Z34", None, "1^^^NG^MR~2^^^NG^PI", None] == kept


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("@PID.8^F", {"@PID.8": "F"}),
        ("^F", {"demographics": "F"}),
        ("@PID.8", {"demographics": "@PID.8"}),
        ("@PID.8^", {}),
    ],
)
def test_a_demographic_has_its_own_name(value: str, expected: dict[str, str]) -> None:
    (found,) = parts(converted("QBP^Q22", f"QPD|Q22|T1|{value}"), "QPD")

    assert expected == {name: text for name, text in found.items() if name not in ("query", "tag")}


def test_a_query_and_its_answer_are_two_resources_of_the_same_tag() -> None:
    first, again = (only(converted("QBP^Q22", "QPD|Q22|T1", f"RCP|{one}"), "Parameters")["id"] for one in "IR")
    answer = only(converted("RSP^K22", *ANSWER), "Parameters")["id"]

    assert first == again != answer


def test_a_query_without_a_tag_is_that_of_its_message() -> None:
    assert only(converted("QBP^Q22", "RCP|I"), "Parameters")["parameter"]


def test_each_candidate_has_its_score() -> None:
    found = converted("RSP^K22", *ANSWER, PID, "QRI|95.5|NA", PID.replace("100^", "200^"), "QRI")
    first, second = resources(found, "Patient")

    assert [(ref(first), 95.5), (ref(second), None)] == [
        (one["patient"], one.get("score")) for one in parts(found, "QRI")
    ]


def test_a_score_before_its_patient_is_the_patients_all_the_same() -> None:
    found = converted("RSP^K22", *ANSWER, "QRI|80", PID)

    assert [{"score": 80, "patient": ref(only(found, "Patient"))}] == parts(found, "QRI")


def test_a_score_of_nobody_stays_unknown() -> None:
    assert ["QRI-1"] == [one.location for one in converted("RSP^K22", *ANSWER, "QRI|80").coverage.unknown]
    assert ["QRI-1"] == [one.location for one in converted("RSP^K22", PID, "QRI|80").coverage.unknown]


def test_an_immunization_history_has_its_immunizations() -> None:
    found = converted(
        "RSP^K11", *ANSWER, PID, "ORC|RE||F1", "RXA|0|1|20250901||141^Influenza^CVX", "RXA|0|1|2024||08^HepB^CVX"
    )

    assert 2 == len(resources(found, "Immunization"))
    assert ref(only(found, "Patient")) == resources(found, "Immunization")[0]["patient"]


def test_an_answer_with_results_has_reports() -> None:
    found = converted(
        "ORF^R04",
        "MSA|AA|Q1",
        "QRD|20260301|R|I|T1",
        PID,
        "OBR|1|O1|F1|G^Glucose^L",
        "OBX|1|NM|G^Glucose^L||95||||||F",
    )

    assert [ref(only(found, "Observation"))] == only(found, "DiagnosticReport")["result"]
    assert ("completed", "T1") == (only(found, "Task")["status"], parts(found, "QRD")[0]["tag"])


def test_an_answer_with_prescriptions_has_medication_requests() -> None:
    found = converted("RSP^K31", *ANSWER, PID, "ORC|RE|R1", "RXO|1^Ramipril^L|5||mg", "RXD|1|1^Ramipril^L|20260301|10")

    assert [ref(only(found, "MedicationRequest"))] == only(found, "MedicationDispense")["authorizingPrescription"]


def test_an_answer_of_staff_has_practitioners() -> None:
    found = converted("RSP^K25", *ANSWER, "STF|S1||Mock^Mona", "LAN|1|en")

    assert "Mock" == only(found, "Practitioner")["name"][0]["family"]


def test_rows_have_the_names_of_their_columns() -> None:
    found = converted("RTB^K13", *ANSWER, "RDT|early", "RDF|2|PID.3^CX^20~^XPN", "RDT|100|Tilda|more", "RDT")

    assert [{"RDT-1": "early"}, {"PID.3": "100", "RDT-2": "Tilda", "RDT-3": "more"}, {}] == parts(found, "RDT")


def test_a_number_that_is_none_and_a_quantity_without_a_number_are_text() -> None:
    found = converted("QBP^Q22", "QPD|Q22|T1||many", "RCP|I|some")

    assert "many" == parts(found, "QPD")[0]["confidence-threshold"]
    assert "some" == parts(found, "RCP")[0]["quantity-limit"]


def test_a_time_that_fhir_cannot_hold_is_text() -> None:
    (found,) = parts(converted("QRY^A19", "QRD|2026030112|R|I|T1"), "QRD")

    assert "2026030112" == found["query-time"]


def test_an_acknowledgment_is_a_task_in_its_state() -> None:
    found = converted("ACK^R01", "MSA|AE|M1", "ERR||PID^1^3|101^Required^HL70357|E")
    task = only(found, "Task")

    assert ("failed", "M1") == (task["status"], task["focus"]["identifier"]["value"])
    assert ["PID-3"] == task["contained"][0]["issue"][0]["expression"]
    assert not found.issues


def test_an_acknowledgment_of_nothing_is_reported() -> None:
    found = converted("ACK", "ERR||PID^1^3|101|E")

    assert [("acknowledgment-without-msa", "MSA")] == [(one.code, one.location) for one in found.issues]
    assert {"ERR-2", "ERR-3", "ERR-4"} == {one.location for one in found.coverage.unknown}
