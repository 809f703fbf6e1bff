"""Fields that have an element of their own: money, employers, accidents, disabilities, licences, departments."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.validation import validate
from tests.shared.mapping.hl7v2_to_fhir.converted_resources import only, resources

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
PID = "PID|1||100^^^NG^MR||Testcase^Tilda||19800214|F"
PV1 = "PV1|1|I|W^1||||||||||||||||V1^^^NG"


def line(name: str, **fields: str) -> str:
    """Return a segment with these fields: `f7="x"` is its seventh."""
    numbers = {int(key[1:]): value for key, value in fields.items()}
    return "|".join((name, *(numbers.get(number, "") for number in range(1, max(numbers) + 1))))


def converted(*lines: str, kind: str = "ADT^A08", version: str = "2.8") -> Conversion:
    header = f"MSH|^~\\&|REG|NG|||20260301120000+0100||{kind}|NG-1|P|{version}"
    (found,) = convert("\r".join((header, *lines)).encode(), source="hl7v2", received=RECEIVED)
    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    assert [] == list(found.coverage.unknown)
    return found


def referred(found: Conversion, reference: dict[str, Any]) -> dict[str, Any]:
    kind = reference["reference"].split("/")[0]
    return next(one for one in resources(found, kind) if reference["reference"] == f"{kind}/{one['id']}")


def kept(resource: dict[str, Any]) -> dict[str, Any]:
    """Return what the extensions of a resource hold, by the last part of their URL."""
    return {
        one["url"].rsplit(":", 1)[-1]: next(value for name, value in one.items() if name != "url")
        for one in resource.get("extension", ())
    }


@pytest.mark.parametrize(
    ("county", "district", "more"),
    [("W", "W", False), ("&Wayne", "Wayne", False), ("W12&Wayne&FIPS", "Wayne", True), ("W12&", "W12", False)],
)
def test_a_county_is_its_words_else_its_code(county: str, district: str, more: bool) -> None:
    address = only(converted(f"{PID}|||1 Example Way^^Exampleton^^^^^^{county}"), "Patient")["address"][0]

    assert district == address["district"]
    assert more == ("original-value" in kept(address))


def test_a_drivers_licence_has_its_issuer_and_its_end() -> None:
    patient = only(converted(line("PID", f3="100^^^NG^MR", f5="Testcase", f20="D-77^TX^20301231")), "Patient")
    licence = patient["identifier"][-1]

    assert ("D-77", {"display": "TX"}, {"end": "2030-12-31"}) == (
        licence["value"],
        licence["assigner"],
        licence["period"],
    )


def test_a_licence_without_a_number_and_one_that_says_more_are_kept_as_sent() -> None:
    nobody, longer = (
        only(converted(line("PID", f3="100^^^NG^MR", f5="Testcase", f20=sent)), "Patient")
        for sent in ("^TX", "D-77^^^more")
    )

    assert "^TX" == kept(nobody)["original-value"]
    assert "D-77^^^more" == kept(longer["identifier"][-1])["original-value"]


def test_a_deductible_is_what_the_insured_bear_and_their_employer_holds_the_policy() -> None:
    in1 = line("IN1", f2="P1", f3="I-1", f10="E-9", f11="Example Works", f37="150&USD", f44="1 Works Road^^Exampleton")
    found = converted(PID, in1, line("IN2", f49="Clerk^Ada~Clerk^Ben", f50="^WPN^PH^^^555^1234"))
    coverage = only(found, "Coverage")
    employer = referred(found, coverage["policyHolder"])

    assert [{"value": 150, "currency": "USD"}] == [one["valueMoney"] for one in coverage["costToBeneficiary"]]
    assert "deductible" == coverage["costToBeneficiary"][0]["type"]["coding"][0]["code"]
    assert ["1 Works Road"] == employer["address"][0]["line"]
    assert [["Ada"], ["Ben"]] == [contact["name"]["given"] for contact in employer["contact"]]
    assert ["work"] == [one["use"] for one in employer["contact"][0]["telecom"]]


def test_a_price_that_money_cannot_hold_and_a_contact_without_an_employer_are_kept_as_sent() -> None:
    found = converted(PID, line("IN1", f2="P1", f3="I-1", f37="much^DC", f44="1 Works Road"), line("IN2", f49="Clerk"))
    coverage = only(found, "Coverage")

    assert {"in1-37": "much^DC", "in1-44": "1 Works Road", "in2-49": "Clerk"} == kept(coverage)
    assert "costToBeneficiary" not in coverage


def test_who_issued_the_number_of_an_insured_patient_is_kept_beside_it() -> None:
    coverage = only(converted(PID, line("IN1", f2="P1", f3="I-1", f17="SEL", f49="M-1^^^NG")), "Coverage")

    assert ("M-1", "M-1^^^NG") == (coverage["subscriberId"], kept(coverage)["in1-49"])


def test_an_explicit_null_is_neither_a_deductible_nor_a_destination() -> None:
    found = converted(PID, f'{PV1}{"|" * 18}""', line("IN1", f2="P1", f3="I-1", f37='""'))

    assert "costToBeneficiary" not in only(found, "Coverage")
    assert "hospitalization" not in only(found, "Encounter")


def test_a_number_at_the_employer_is_kept_without_a_name() -> None:
    found = converted(PID, line("IN1", f2="P1", f3="I-1", f11="Example Works"), line("IN2", f50="^WPN^PH^^^555^1234"))
    employer = referred(found, only(found, "Coverage")["policyHolder"])

    assert [["telecom"]] == [list(contact) for contact in employer["contact"]]


def test_an_accident_is_told_by_typed_extensions_of_its_visit() -> None:
    acc = "ACC|20260228|WORK^At work^L|corner|||N|77^Clerk^Cora|slipped|||5 Example Street^^Exampleton||A-1"
    found = converted(PID, PV1, acc)
    told = kept(only(found, "Encounter"))

    assert ("2026-02-28", "WORK") == (told["acc-1"], told["acc-2"]["coding"][0]["code"])
    assert "Clerk" == referred(found, told["acc-7"])["name"][0]["family"]
    assert "Exampleton" == told["acc-11"]["city"]
    assert ("corner", "slipped", "A-1") == (told["acc-3"], told["acc-8"], told["acc-13"])


def test_of_an_accident_nothing_is_lost_that_has_no_type() -> None:
    told = only(converted(PID, PV1, line("ACC", f7="^^", f11="^^")), "Encounter")
    odd = only(converted(PID, PV1, line("ACC", f7="^^^^^^^^HARBOR", f11="^^^^^^H")), "Encounter")

    assert "extension" not in told
    assert ["HARBOR", "H"] == [one["valueString"] for one in odd["extension"]]


def test_a_disability_has_its_number_and_its_periods() -> None:
    patient = only(converted(PID, "DB1|1|PT|DB-7^^^NG|Y|20260101|20260131|20260105|20260120"), "Patient")

    assert "DB-7" == patient["identifier"][-1]["value"]
    assert {"start": "2026-01-01", "end": "2026-01-31"} == kept(patient)["disability"]
    assert {"start": "2026-01-05", "end": "2026-01-20"} == kept(patient)["unable-to-work"]


def test_the_number_of_somebody_else_is_not_the_patients() -> None:
    guarantor = only(converted(PID, "DB1|1|GT|DB-7^^^NG|Y"), "Patient")
    unnumbered = only(converted(PID, "DB1|1||^^^NG|Y"), "Patient")

    assert {"GT", "DB-7^^^NG", "Y"} == set(kept(guarantor).values())
    assert 1 == len(guarantor["identifier"]) == len(unnumbered["identifier"])
    assert "^^^NG" == kept(unnumbered)["original-value"]


def test_a_charge_names_its_department_and_the_organizations_that_perform_and_ask() -> None:
    charge = line(
        "FT1", f4="20260301", f6="CG", f7="XR^X-ray^L", f13="RAD^Radiology^L", f32="Example Clinic", f33="Example Ward"
    )
    found = converted(PID, charge, kind="DFT^P03")
    item = only(found, "ChargeItem")

    assert ["Radiology", "Example Clinic", "Example Ward"] == [
        referred(found, item[name])["name"]
        for name in ("costCenter", "performingOrganization", "requestingOrganization")
    ]


def test_an_organization_of_a_charge_that_names_nobody_is_kept_as_sent() -> None:
    charge = line("FT1", f4="20260301", f6="CG", f7="XR^X-ray^L", f33="^L")
    item = only(converted(PID, charge, kind="DFT^P03"), "ChargeItem")

    assert "^L" == kept(item)["ft1-33"]


def test_who_entered_an_appointment_is_reached_at_a_number_and_a_place() -> None:
    sch = line(
        "SCH",
        f1="1",
        f2="2",
        f7="CHK",
        f11="^^30^202603011200+0100",
        f20="77^Clerk^Cora",
        f21="^WPN^PH^^^5^1",
        f22="D^1",
    )
    found = converted(sch, PID, kind="SIU^S12", version="2.5.1")
    agent = next(
        one for one in resources(found, "Provenance")[0]["agent"] if one["type"]["coding"][0]["code"] == "enterer"
    )
    role = referred(found, agent["who"])

    assert "Clerk" == referred(found, role["practitioner"])["name"][0]["family"]
    assert "1" == referred(found, role["location"][0])["name"]
    assert ["5 1"] == [one["value"] for one in role["telecom"]]


def test_a_number_of_nobody_stays_with_the_appointment() -> None:
    sch = line("SCH", f1="1", f2="2", f7="CHK", f11="^^30^202603011200+0100", f21="^WPN^PH^^^5^1", f22="D^1")
    appointment = only(converted(sch, PID, kind="SIU^S12", version="2.5.1"), "Appointment")

    assert {"sch-21": "^WPN^PH^^^5^1", "sch-22": "D^1"}.items() <= kept(appointment).items()


def test_every_courtesy_of_a_visit_is_kept() -> None:
    found = converted(PID, line("PV1", f2="I", f16="VIP~IMP"), version="2.9")

    assert ["VIP", "IMP"] == [
        one["coding"][0]["code"] for one in only(found, "Encounter")["hospitalization"]["specialCourtesy"]
    ]


def test_a_message_names_who_is_responsible_and_who_answers_for_the_receiver() -> None:
    header = "MSH|^~\\&|REG|NG|EHR|WARD|20260301120000+0100||ADT^A08|NG-1|P|2.8||||||||||Example Trust|Example Group"
    (found,) = convert(f"{header}\r{PID}".encode(), source="hl7v2", received=RECEIVED, bundle="message")
    first = found.bundle["entry"][0]["resource"]
    names = {entry["fullUrl"]: entry["resource"].get("name") for entry in found.bundle["entry"]}
    destination = first["destination"][0]

    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    assert "Example Trust" == names[first["responsible"]["reference"]]
    assert "Example Group" == names[destination["receiver"]["reference"]]
    assert "WARD" == names[destination["extension"][0]["valueReference"]["reference"]]


def test_whom_to_ask_at_the_employer_is_named_without_a_number() -> None:
    found = converted(PID, line("IN1", f2="P1", f3="I-1", f11="Example Works"), line("IN2", f49="Clerk^Ada"))
    employer = referred(found, only(found, "Coverage")["policyHolder"])

    assert [["name"]] == [list(contact) for contact in employer["contact"]]
