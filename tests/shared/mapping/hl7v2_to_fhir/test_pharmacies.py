"""The pharmacy, the rate and the supplementary codes of orders and dispenses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.validation import validate
from tests.shared.mapping.hl7v2_to_fhir.converted_resources import only, ref, resources

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
PID = "PID|1||100^^^NG^MR||Testcase^Tilda"
PHONE = "^WPN^PH^^^^^^^^^555-0177"
ADDRESS = "1 Pharmacy Road^^Springfield"


def converted(kind: str, *lines: str) -> Conversion:
    header = f"MSH|^~\\&|REG|NG|||20260301120000+0100||{kind}|NG-1|P|2.8"
    (found,) = convert("\r".join((header, PID, *lines)).encode(), source="hl7v2", received=RECEIVED)
    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    assert [] == list(found.coverage.unknown)
    return found


def segment(name: str, fields: dict[int, str]) -> str:
    return "|".join([name, *(fields.get(number, "") for number in range(1, max(fields) + 1))])


def kept(resource: dict[str, Any]) -> list[str]:
    return [one["url"].removeprefix("urn:corridor:extension:") for one in resource.get("extension", ())]


ORDERS = pytest.mark.parametrize(
    ("kind", "name", "code", "further", "rate", "pharmacy"),
    [("OMP^O09", "RXO", 1, 24, 21, (32, 33, 36)), ("RDE^O11", "RXE", 2, 31, 23, (40, 41, 45))],
)


@ORDERS
def test_the_pharmacy_of_an_order_has_its_address_and_telephone_once(
    kind: str, name: str, code: int, further: int, rate: int, pharmacy: tuple[int, int, int]
) -> None:
    said = {code: "ASA^Aspirin^L", pharmacy[0]: "PH1^Example Pharmacy^L", pharmacy[1]: ADDRESS, pharmacy[2]: PHONE}
    found = converted(kind, *("ORC|NW|P-1^NG", segment(name, said)), *("ORC|NW|P-2^NG", segment(name, said)))
    (one,) = (place for place in resources(found, "Organization") if place["name"] == "Example Pharmacy")

    assert [["1 Pharmacy Road"], ["555-0177"]] == [
        [line for address in one["address"] for line in address["line"]],
        [telecom["value"] for telecom in one["telecom"]],
    ]
    assert [ref(one)] * 2 == [
        request["dispenseRequest"]["performer"] for request in resources(found, "MedicationRequest")
    ]


@ORDERS
def test_an_address_of_a_pharmacy_without_a_name_stays_with_the_order(
    kind: str, name: str, code: int, further: int, rate: int, pharmacy: tuple[int, int, int]
) -> None:
    said = {code: "ASA^Aspirin^L", pharmacy[1]: ADDRESS, pharmacy[2]: PHONE}
    request = only(converted(kind, "ORC|NW|P-1^NG", segment(name, said)), "MedicationRequest")

    assert [f"{name.lower()}-{pharmacy[1]}", f"{name.lower()}-{pharmacy[2]}"] == kept(request)


@ORDERS
def test_a_rate_is_a_quantity_where_it_is_a_number(
    kind: str, name: str, code: int, further: int, rate: int, pharmacy: tuple[int, int, int]
) -> None:
    dosages = [
        only(
            converted(
                kind, "ORC|NW|P-1^NG", segment(name, {code: "ASA^Aspirin^L", rate: sent, rate + 1: "mL/h^^UCUM"})
            ),
            "MedicationRequest",
        )["dosageInstruction"][0]
        for sent in ("25", "slowly")
    ]

    assert [{"rateQuantity": 25}] == [
        {name: value["value"] for name, value in one.items()} for one in dosages[0]["doseAndRate"]
    ]
    assert [f"{name.lower()}-{rate}", f"{name.lower()}-{rate + 1}"] == kept(dosages[1])


@pytest.mark.parametrize(
    ("sent", "codings"),
    [
        ("N-1^Tablets^NDC", [("ASA", "Aspirin"), ("N-1", "Tablets")]),
        ("ASA^Aspirin^L", [("ASA", "Aspirin")]),
        ("^blue box", [("ASA", "Aspirin"), (None, "blue box")]),
    ],
)
def test_a_supplementary_code_is_one_more_coding_of_the_product(sent: str, codings: list[tuple[str, str]]) -> None:
    for kind, name, code, further in (("OMP^O09", "RXO", 1, 24), ("RDE^O11", "RXE", 2, 31)):
        request = only(
            converted(kind, "ORC|NW|P-1^NG", segment(name, {code: "ASA^Aspirin^L", further: sent})),
            "MedicationRequest",
        )
        said = request["medicationCodeableConcept"]["coding"]

        assert codings == [(one.get("code"), one["display"]) for one in said]


DISPENSED = {2: "ASA^Aspirin^L", 3: "20260301", 4: "10", 5: "TAB"}


def dispensed(more: dict[int, str]) -> Conversion:
    return converted("RDS^O13", "ORC|RE|P-1^NG|F-1^NG", segment("RXD", DISPENSED | more))


def test_a_dispense_goes_to_the_pharmacy_that_it_names() -> None:
    found = dispensed({25: "N-1^Tablets^NDC", 30: "PH1^Example Pharmacy^L", 31: ADDRESS, 34: PHONE})
    place, dispense = only(found, "Location"), only(found, "MedicationDispense")

    assert ref(place) == dispense["destination"]
    assert ("Example Pharmacy", "Springfield") == (place["name"], place["address"]["city"])
    assert ["PH1", "555-0177"] == [place["identifier"][0]["value"], place["telecom"][0]["value"]]
    assert ["ASA", "N-1"] == [one["code"] for one in dispense["medicationCodeableConcept"]["coding"]]


def test_a_pharmacy_of_which_only_the_address_is_known_is_a_place_without_a_name() -> None:
    place = only(dispensed({31: ADDRESS}), "Location")

    assert ["address", "id", "mode", "resourceType"] == sorted(name for name in place if name != "meta")


def test_a_pharmacy_beside_another_destination_stays_as_it_was_sent() -> None:
    found = dispensed({13: "W7^12^B", 30: "PH1^Example Pharmacy^L"})

    assert ["rxd-30"] == kept(only(found, "MedicationDispense"))


def orc(**fields: str) -> str:
    return segment("ORC", {1: "NW", 2: "P-1^NG"} | {int(name[1:]): value for name, value in fields.items()})


def test_who_asks_for_a_medication_does_so_in_the_facility_that_the_order_names() -> None:
    said = {
        "f12": "7^Order^Olga~8^Second^Sam",
        "f14": PHONE,
        "f21": "Example Clinic^^1",
        "f22": ADDRESS,
        "f24": "9 Lane",
    }
    found = converted("OMP^O09", orc(**said), segment("RXO", {1: "ASA^Aspirin^L", 14: "7^Order^Olga"}))
    role, request = only(found, "PractitionerRole"), only(found, "MedicationRequest")
    (clinic,) = (one for one in resources(found, "Organization") if one["name"] == "Example Clinic")
    olga, sam = resources(found, "Practitioner")

    assert [ref(role), ref(clinic), ref(olga)] == [request["requester"], role["organization"], role["practitioner"]]
    assert ["555-0177", "Springfield", ["9 Lane"]] == [
        role["telecom"][0]["value"],
        clinic["address"][0]["city"],
        olga["address"][0]["line"],
    ]
    assert [ref(sam)] == [one["valueReference"] for one in request["extension"] if "further" in one["url"]]


def test_a_facility_asks_itself_where_nobody_is_named() -> None:
    found = converted("OMP^O09", orc(f14=PHONE, f21="Example Clinic^^1"), segment("RXO", {1: "ASA^Aspirin^L"}))
    (clinic,) = (one for one in resources(found, "Organization") if one["name"] == "Example Clinic")
    request = only(found, "MedicationRequest")

    assert ref(clinic) == request["requester"]
    assert "orc-14" in kept(request)


def test_another_person_of_the_prescription_stays_beside_the_role_of_the_one_who_asks() -> None:
    found = converted(
        "OMP^O09",
        orc(f12="7^Order^Olga", f21="Example Clinic^^1"),
        segment("RXO", {1: "ASA^Aspirin^L", 14: "9^Other^Otto"}),
    )
    request = only(found, "MedicationRequest")

    assert "Practitioner" == request["requester"]["reference"].split("/")[0]
    assert ["PractitionerRole"] == [
        one["valueReference"]["reference"].split("/")[0] for one in request["extension"] if "further" in one["url"]
    ]


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("OMP^O09", (segment("RXO", {1: "ASA^Aspirin^L"}),)),
        ("OML^O21", ("OBR|1|P-1^NG||GLU^Glucose^L",)),
        ("VXU^V04", ("RXA|0|1|20260301||08^HepB^CVX|1",)),
    ],
)
def test_who_acted_on_an_order_is_an_agent_beside_who_entered_and_verified_it(kind: str, lines: tuple[str]) -> None:
    found = converted(kind, orc(f10="1^Enter^Eve", f11="2^Verify^Vic", f19="3^Perform^Pat"), *lines)
    names = {ref(one)["reference"]: one["name"][0]["given"][0] for one in resources(found, "Practitioner")}
    agents = only(found, "Provenance")["agent"]

    assert {"enterer": "Eve", "verifier": "Vic", "performer": "Pat"} == {
        one["type"]["coding"][0]["code"]: names[one["who"]["reference"]]
        for one in agents
        if one["who"].get("reference") in names
    }


def test_the_sequence_of_an_order_leaves_its_route_and_components_alone() -> None:
    lines = (
        "ORC|NW|P-1^NG",
        "RXE||KCL^Potassium chloride^L|20||meq",
        "TQ1|1||BID",
        "TQ2|1|S|P-0^NG",
        "NTE|1||after P-0",
    )
    found = converted("RDE^O11", *lines, "RXR|PO", "RXC|B|NS^Saline^L|1000|mL")
    request = only(found, "MedicationRequest")

    assert ["tq2-2", "tq2-3"] == kept(request)
    assert ["after P-0"] == [one["text"] for one in request["note"]]
    assert "PO" == request["dosageInstruction"][0]["route"]["coding"][0]["code"]
    assert ["Saline"] == [one["itemCodeableConcept"]["text"] for one in only(found, "Medication")["ingredient"]]


def test_an_order_of_before_2_5_is_timed_by_its_common_order_segment() -> None:
    orc = "ORC|NW|P-1^NG|||||1^BID^D5^202603011200+0100~1^PRN^^202603061200+0100"
    found = converted("OMP^O09", orc, "RXO|ASA^Aspirin^L|500||mg", "RXR|PO")
    first, second = only(found, "MedicationRequest")["dosageInstruction"]

    assert ["BID", "PRN"] == [one["timing"]["code"]["coding"][0]["code"] for one in (first, second)]
    assert [False, True] == ["asNeededBoolean" in one for one in (first, second)]
    assert [500, 500] == [one["doseAndRate"][0]["doseQuantity"]["value"] for one in (first, second)]
    assert "2026-03-01T12:00:00+01:00" == first["timing"]["repeat"]["boundsPeriod"]["start"]


def test_the_timing_of_the_encoded_order_stands_before_that_of_the_common_order_segment() -> None:
    found = converted("RDE^O11", "ORC|NW|P-1^NG|||||1^BID", "RXE|1^Q6H|ASA^Aspirin^L|500||mg")
    (dosage,) = only(found, "MedicationRequest")["dosageInstruction"]

    assert "Q6H" == dosage["timing"]["code"]["coding"][0]["code"]


def test_an_amount_without_a_time_is_no_timing() -> None:
    found = converted("OMP^O09", "ORC|NW|P-1^NG|||||2&TAB", "RXO|ASA^Aspirin^L|500||mg")
    request = only(found, "MedicationRequest")

    assert "timing" not in request["dosageInstruction"][0]
    assert ["orc-7"] == kept(request)


def test_how_an_infusion_is_given_stays_with_its_order() -> None:
    lines = (
        "ORC|NW|P-1^NG",
        "RXE||HEP^Heparin^L|1||U",
        "RXR|IV",
        "RXV|1|C^Continuous|5|U",
        "RXC|B|NS^Saline^L|500|mL",
    )
    found = converted("RDE^O11", *lines)
    request = only(found, "MedicationRequest")

    assert {"rxv-2", "rxv-3", "rxv-4"} <= set(kept(request))
    assert "route" in request["dosageInstruction"][0]


@pytest.mark.parametrize(
    ("kind", "detail"), [("OMP^O09", "RXO|"), ("RDE^O11", "RXE|"), ("RAS^O17", "RXA|0|1|20260301||")]
)
def test_a_medication_belongs_to_its_study_and_is_charged_to_its_account(kind: str, detail: str) -> None:
    study, account = "CTI|S-1^NG|2^Phase two|D1", "BLG|I|CH|AC-1^^^NG"
    lines = (f"{detail}{'|' * (kind == 'RDE^O11')}ASA^Aspirin^L|500||mg", "RXR|PO", study, account)
    found = converted(kind, "ORC|NW|P-1^NG", *lines)
    request = only(found, "MedicationRequest")
    linked = {one["url"].rsplit(":", 1)[-1]: one.get("valueReference") for one in request["extension"]}

    assert ref(only(found, "ResearchStudy")) == linked["research-study"]
    assert ref(only(found, "Account")) == linked["account"]
    assert {"cti-3", "blg-1", "blg-2"} <= linked.keys()


@pytest.mark.parametrize(("amount", "dose"), [("999", None), ("999||mg", 999), ("500", 500)])
def test_an_administration_of_999_of_nothing_has_no_dose(amount: str, dose: int | None) -> None:
    found = converted("RAS^O17", "ORC|RE|P-1^NG", f"RXA|0|1|20260301||ASA^Aspirin^L|{amount.replace('||', '|')}")
    given = only(found, "MedicationAdministration")

    assert dose == given.get("dosage", {}).get("dose", {}).get("value")
    assert ("rxa-6" in kept(given)) is (dose is None)


@pytest.mark.parametrize(
    ("orc", "status", "codes"),
    [
        ("ORC|DC|P-1^NG|||IP", "active", ["DC"]),
        ("ORC|DC|P-1^NG", "stopped", ["DC"]),
        ("ORC|HD|P-1^NG|||A", "active", ["HD"]),
        ("ORC|RF|P-1^NG", "active", ["RF"]),
        ("ORC|NW|P-1^NG", "active", []),
        ("ORC|NW|P-1^NG|||DC", "stopped", ["NW"]),
        ("ORC|CA|P-1^NG|||??", "unknown", ["??", "CA"]),
        ("ORC|RE|P-1^NG|||CM", "completed", []),
    ],
)
def test_what_is_asked_of_a_prescription_stands_beside_its_status(orc: str, status: str, codes: list[str]) -> None:
    request = only(converted("RDE^O11", orc, "RXE||ASA^Aspirin^L|500||mg"), "MedicationRequest")
    beside = request.get("_status", {}).get("extension", [])

    assert (status, codes) == (request["status"], [one["valueCoding"]["code"] for one in beside])
