from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.validation import validate
from tests.shared.mapping.hl7v2_to_fhir.converted_resources import only, ref, resources

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
HEADER = "MSH|^~\\&|REG|NG|||20260301120000+0100||{kind}|NG-1|P|2.5.1"
PID = "PID|1||100^^^NG^MR||Testcase^Tilda||19800214|F||||||||||A1^^^NG"
PV1 = "PV1|1|I|W^1||||||||||||||||V1^^^NG|SELF"


def converted(kind: str, *lines: str) -> Conversion:
    payload = "\r".join((HEADER.format(kind=kind), *lines)).encode()
    (found,) = convert(payload, source="hl7v2", received=RECEIVED)
    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    return found


@pytest.mark.parametrize(
    ("event", "status"),
    [("P01", "active"), ("P05", "active"), ("P12", "active"), ("P02", "inactive"), ("P06", "inactive")],
)
def test_an_account_is_open_until_it_is_ended_or_purged(event: str, status: str) -> None:
    assert status == only(converted(f"BAR^{event}", PID, PV1), "Account")["status"]


def test_an_account_holds_what_the_visit_says_of_charges() -> None:
    found = converted("BAR^P01", PID, PV1)
    account = only(found, "Account")

    assert [{"url": "urn:corridor:extension:pv1-20", "valueString": "SELF"}] == account["extension"]
    assert [ref(account)] == only(found, "Encounter")["account"]


def test_charges_of_a_visit_are_dropped_where_no_account_is_made() -> None:
    found = converted("ADT^A01", PID.replace("A1^^^NG", ""), PV1)

    assert [] == resources(found, "Account")
    assert ["PV1-20"] == [
        one.location for one in found.coverage.dropped if "not part of a clinical record" in one.reason
    ]


def test_an_account_without_a_number_is_the_patients_with_that_sender() -> None:
    pid = PID.replace("A1^^^NG", "")
    first, second = (only(converted(f"BAR^{event}", pid), "Account") for event in ("P01", "P06"))

    assert first["id"] == second["id"]
    assert "identifier" not in first


def test_a_bill_about_nobody_is_an_account_of_nobody() -> None:
    assert "subject" not in only(converted("BAR^P01", PV1, "UB1||x"), "Account")


def test_several_visits_of_an_account_keep_their_diagnoses_apart() -> None:
    second = PV1.replace("V1^", "V2^")
    found = converted("BAR^P01", PID, PV1, "DG1|1||A00^A^I10|||F", second, "DG1|1||B00^B^I10|||F")

    by_code = {one["code"]["coding"][0]["code"]: one["encounter"] for one in resources(found, "Condition")}
    one, other = resources(found, "Encounter")
    assert {"A00": ref(one), "B00": ref(other)} == by_code
    assert [1, 1] == [len(visit["diagnosis"]) for visit in (one, other)]


def test_a_diagnosis_beside_several_visits_is_of_none_of_them() -> None:
    found = converted("BAR^P01", PID, "DG1|1||A00^A^I10|||F|||||||||2", PV1, PV1.replace("V1^", "V2^"))
    condition = only(found, "Condition")

    assert "encounter" not in condition
    assert {"urn:corridor:extension:diagnosis-type", "urn:corridor:extension:dg1-15"} == {
        one["url"] for one in condition["extension"]
    }


def test_a_charge_is_billed_to_the_account_for_the_visit() -> None:
    found = converted("DFT^P03", PID, PV1, "FT1|1|T1|B1|20260301|20260302|CG|X^Charge^L|one|two|2|10.50&USD")
    charge = only(found, "ChargeItem")

    assert ("billable", ref(only(found, "Encounter")), [ref(only(found, "Account"))]) == (
        charge["status"],
        charge["context"],
        charge["account"],
    )
    assert ("2026-03-01", "2026-03-02") == (charge["occurrenceDateTime"], charge["enteredDate"])
    assert [{"text": "one"}, {"text": "two"}] == charge["note"]
    assert "USD" == charge["priceOverride"]["currency"]


@pytest.mark.parametrize("kind", ["PY", "CD", "AJ", "", "Q"])
def test_what_is_no_charge_is_not_billable(kind: str) -> None:
    charge = only(converted("DFT^P03", PID, f"FT1|1|T1||20260301||{kind}|X"), "ChargeItem")

    assert "unknown" == charge["status"]
    assert bool(kind) == any(one["url"].endswith("transaction-type") for one in charge.get("extension", ()))


@pytest.mark.parametrize(
    ("price", "money", "kept"),
    [
        ("10.50&USD", {"value": 10.5, "currency": "USD"}, False),
        ("10.50", {"value": 10.5}, False),
        ("10.50&dollars", {"value": 10.5}, True),
        ("10.50&USD^UP", {"value": 10.5, "currency": "USD"}, True),
        ("ten&USD", None, True),
    ],
)
def test_a_price_that_money_cannot_hold_is_kept_as_sent(price: str, money: dict[str, Any] | None, kept: bool) -> None:
    charge = only(converted("DFT^P03", PID, f"FT1|1|T1||20260301||CG|X||||{price}"), "ChargeItem")

    assert money == charge.get("priceOverride")
    assert kept == any(one["url"].endswith("ft1-11") for one in charge["extension"])


def test_the_unit_price_stands_in_for_the_amount() -> None:
    charge = only(converted("DFT^P03", PID, "FT1|1|T1||20260301||CG|X|||||7&EUR"), "ChargeItem")

    assert {"value": 7, "currency": "EUR"} == charge["priceOverride"]


@pytest.mark.parametrize(
    ("code", "procedure", "expected"),
    [("X^Charge^L", "", "X"), ("", "P^Procedure^L", "P"), ("", "", "unknown")],
)
def test_what_is_charged_always_has_a_code(code: str, procedure: str, expected: str) -> None:
    ft1 = f"FT1|1|T1||20260301^20260302||CG|{code}||||||||||||||||||{procedure}|26^Modifier^L"
    found = converted("DFT^P03", PID, ft1)
    charge = only(found, "ChargeItem")

    assert expected == charge["code"]["coding"][0]["code"]
    assert bool(procedure) == bool(resources(found, "Procedure"))
    assert "26" in str(only(found, "Procedure") if procedure else charge["code"])
    assert {"start": "2026-03-01", "end": "2026-03-02"} == charge["occurrencePeriod"]


def test_a_procedure_without_any_code_to_charge_is_said_in_words() -> None:
    ft1 = "FT1|1|T1||20260301||CG|" + "|" * 18 + "^"
    assert "code" in only(converted("DFT^P03", PID, ft1), "ChargeItem")


def test_people_of_a_charge_have_their_part_in_it() -> None:
    ft1 = "FT1|1|^^^NG||20260301||CG|X||||||||||||D1^Diagnosis^L|1^Perform|2^Order||F1^LIS|3^Enter~4^Also"
    found = converted("DFT^P03", PID, ft1)
    charge = only(found, "ChargeItem")

    assert ["", "ordered by"] == [one.get("function", {}).get("text", "") for one in charge["performer"]]
    assert "3^Enter~4^Also" in [one["valueString"] for one in charge["extension"] if "valueString" in one]
    assert ["F1"] == [one["value"] for one in charge["identifier"]]


def test_transactions_of_p11_keep_their_groups_together() -> None:
    lines = ("FT1|1|T1||2026||CG|X", "DG1|1||A00^A^I10|||F", "FT1|2|T2||2026||CG|Y", "DG1|1||B00^B^I10|||F")
    found = converted("DFT^P11", PID, PV1, *lines, "PR1|1||P1^Proc^L", "NTE|1||remark")
    codes = {f"Condition/{one['id']}": one["code"]["coding"][0]["code"] for one in resources(found, "Condition")}
    first, second = resources(found, "ChargeItem")

    assert [["A00"], ["B00"]] == [
        [codes[one["reference"]] for one in charge["supportingInformation"]] for charge in (first, second)
    ]
    assert [ref(only(found, "Procedure"))] == second["service"]
    assert "service" not in first
    assert [{"text": "remark"}] == only(found, "Procedure")["note"]


def test_diagnoses_of_p03_belong_to_all_transactions() -> None:
    found = converted("DFT^P03", PID, PV1, "FT1|1|T1||2026||CG|X", "DG1|1||A00^A^I10|||F", "DRG|280")

    assert "supportingInformation" not in only(found, "ChargeItem")
    assert "condition" in only(found, "Encounter")["diagnosis"][0]


def test_orders_of_a_charge_support_it_and_its_reports_are_its_services() -> None:
    obr = "OBR|1|P1|F1|GLU^Glucose^L|||20260301" + "|" * 18 + "F"
    lines = ("FT1|1|T1||2026||CG|X", "NTE|1||n", "ORC|RE|P1|F1", "TQ1|1", obr, "OBX|1|NM|GLU^Glucose^L||5||||||F")
    found = converted("DFT^P03", PID, PV1, *lines, "FT1|2|T2||2026||CG|Y")
    first, second = resources(found, "ChargeItem")

    assert [ref(only(found, "DiagnosticReport"))] == first["service"]
    assert [ref(only(found, "ServiceRequest"))] == first["supportingInformation"]
    assert [ref(only(found, "Observation"))] == only(found, "DiagnosticReport")["result"]
    assert not second.keys() & {"service", "supportingInformation"}


def test_an_order_beside_the_charges_is_a_request_of_its_own() -> None:
    found = converted("DFT^P03", PID, PV1, "ORC|NW|P1", "OBR|1|P1||GLU^Glucose^L", "FT1|1|T1||2026||CG|X")

    assert ref(only(found, "Encounter")) == only(found, "ServiceRequest")["encounter"]
    assert "supportingInformation" not in only(found, "ChargeItem")


def test_charges_about_nobody_are_kept() -> None:
    found = converted("DFT^P03", "FT1|1|T1||2026||CG|X", "OBX|1|ST|N^Note^L||fine||||||F", "NTE|1||remark")

    assert {"display": "not identified in the message"} == only(found, "ChargeItem")["subject"]
    assert [{"text": "remark"}] == only(found, "Observation")["note"]
