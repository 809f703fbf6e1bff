from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.formats.fhir.encoding import serialize
from shared.mapping.hl7v2_to_fhir.messages.oru_r01 import MAP
from shared.terminology.concept_maps import ORDER_CONTROL_STATUS
from shared.terminology.order_maps import ACKNOWLEDGMENT_STATUS, OPEN_ORDER_CONTROL_STATUS, TASK_STATUS
from shared.validation import validate

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
PID = "PID|1||100^^^NG^MR||Testcase^Dora||19620707|F"
PV1 = "PV1|1|O|W3|||||||||||||||||V-1^^^NG"
ORC = "ORC|NW|P-1^NG|F-1^RV"
OBR = "OBR|1|P-1^NG|F-1^RV|GLU^Glucose^L"
OBX = "OBX|1|NM|FAST^Fasting hours^L||8||||||F"
SPM = "SPM|1|S-1&NG^S-9&RV||BLD^Blood^HL70487"

Resources = list[dict[str, Any]]


def conversion(kind: str, *lines: str) -> Conversion:
    code, event = kind.split("^")
    header = f"MSH|^~\\&|EHR|RIV|||20260301120000+0100||{kind}^{code}_{event}|RIV-1|P|2.5.1"
    payload = "\r".join((header, *lines)).encode()
    (found,) = convert(payload, source="hl7v2", received=RECEIVED)
    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    names = [f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in found.bundle["entry"]]
    text = serialize(found.bundle).decode()
    assert len(names) == len(set(names))
    assert set() == set(re.findall(r'"reference":"([^"#]+)"', text)) - set(names)
    return found


def resources(found: Conversion, kind: str) -> Resources:
    return [entry["resource"] for entry in found.bundle["entry"] if entry["resource"]["resourceType"] == kind]


def one(found: Conversion, kind: str) -> dict[str, Any]:
    (resource,) = resources(found, kind)
    return resource


def ref(resource: dict[str, Any]) -> dict[str, str]:
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def extension(resource: dict[str, Any], name: str) -> Any:
    values = [
        value
        for found in resource.get("extension", ())
        if found["url"].endswith(name)
        for key, value in found.items()
        if key != "url"
    ]
    return values[0] if values else None


def unknown(found: Conversion) -> list[str]:
    return [entry.location for entry in found.coverage.unknown]


# What is an order, and what a report


@pytest.mark.parametrize("kind", ["ORM^O01", "OML^O21", "OMG^O19", "OMI^O23", "OMD^O03", "OMS^O05", "OMN^O07"])
def test_an_order_is_a_request_and_no_report(kind: str) -> None:
    found = conversion(kind, PID, PV1, ORC, OBR)
    request = one(found, "ServiceRequest")

    assert ("active", "order", "Glucose") == (request["status"], request["intent"], request["code"]["text"])
    assert [] == resources(found, "DiagnosticReport")
    assert ref(one(found, "Patient")) == request["subject"]
    assert ref(one(found, "Encounter")) == request["encounter"]


def test_what_is_observed_for_an_order_supports_the_request() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, OBX, "NTE|1||since midnight")
    observation = one(found, "Observation")

    assert [ref(observation)] == one(found, "ServiceRequest")["supportingInfo"]
    assert "basedOn" not in observation
    assert "since midnight" == observation["note"][0]["text"]


def test_an_order_whose_result_has_a_status_is_a_report_too() -> None:
    found = conversion("OML^O21", PID, ORC, f"{OBR}{'|' * 21}F", OBX)
    report = one(found, "DiagnosticReport")

    assert ("final", [ref(one(found, "Observation"))]) == (report["status"], report["result"])


def test_the_answers_to_questions_about_the_order_are_no_results_of_the_report() -> None:
    answer = "OBX|1|ST|Q^Pregnant^L||no||||||F" + "|" * 18 + "QST"
    found = conversion("ORU^R01", PID, ORC, f"{OBR}{'|' * 21}F", answer, OBX.replace("OBX|1", "OBX|2"))
    asked, measured = resources(found, "Observation")

    assert [ref(asked)] == one(found, "ServiceRequest")["supportingInfo"]
    assert [ref(measured)] == one(found, "DiagnosticReport")["result"]


@pytest.mark.parametrize("kind", ["ORU^R30", "ORU^R31"])
def test_a_point_of_care_result_without_an_order_is_a_report(kind: str) -> None:
    found = conversion(kind, PID, "ORC|NW", f"{OBR}{'|' * 21}F", OBX)

    assert [ref(one(found, "Observation"))] == one(found, "DiagnosticReport")["result"]
    assert MAP.identity == found.mapping


def test_an_order_and_its_result_are_the_same_request() -> None:
    ids = {
        one(conversion(kind, PID, orc, OBR), "ServiceRequest")["id"]
        for kind, orc in (("OML^O21", ORC), ("ORL^O22", ORC.replace("NW", "OK")), ("ORU^R01", ORC.replace("NW", "RE")))
    }

    assert 1 == len(ids)


def test_a_diagnosis_below_an_order_is_a_reason_of_it() -> None:
    found = conversion("OML^O21", PID, PV1, ORC, OBR, "DG1|1||R73^High glucose^I10")
    condition = one(found, "Condition")

    assert [ref(condition)] == one(found, "ServiceRequest")["reasonReference"]
    assert ref(one(found, "Encounter")) == condition["encounter"]


def test_a_diagnosis_before_the_orders_is_the_patients() -> None:
    found = conversion("OML^O21", PID, "DG1|1||R73^High glucose^I10", ORC, OBR)

    assert "reasonReference" not in one(found, "ServiceRequest")
    assert ref(one(found, "Patient")) == one(found, "Condition")["subject"]


# Order control and status


@pytest.mark.parametrize(("code", "status"), {**ORDER_CONTROL_STATUS.codes, **OPEN_ORDER_CONTROL_STATUS.codes}.items())
def test_the_order_control_gives_the_status_where_no_status_is_sent(code: str, status: str) -> None:
    assert status == one(conversion("ORM^O01", PID, f"ORC|{code}|P-1"), "ServiceRequest")["status"]


def test_an_order_control_without_a_translation_is_kept_beside_unknown() -> None:
    request = one(conversion("ORM^O01", PID, "ORC|DE|P-1"), "ServiceRequest")

    assert "unknown" == request["status"]
    assert "DE" == extension(request["_status"], "original-code")["code"]


def test_the_order_status_goes_before_the_order_control() -> None:
    request = one(conversion("ORM^O01", PID, "ORC|SC|P-1|||CM"), "ServiceRequest")

    assert "completed" == request["status"]


def test_a_reflex_order_has_the_intent_of_one() -> None:
    found = conversion("OML^O21", PID, ORC, f"{OBR}|||||||G")

    assert "reflex-order" == one(found, "ServiceRequest")["intent"]


def test_group_numbers_are_the_requisition_and_an_identifier_of_the_filler() -> None:
    old = one(conversion("OML^O21", PID, "ORC|NW|P-1||G-1^NG"), "ServiceRequest")
    new = one(conversion("OML^O21", PID, "ORC|NW|P-1||G-1&NG^G-2&RV"), "ServiceRequest")
    own = one(conversion("OML^O21", PID, "ORC|NW|P-1" + "|" * 36 + "G-3^RV"), "ServiceRequest")

    assert ("G-1", "G-1") == (old["requisition"]["value"], new["requisition"]["value"])
    assert ["PLAC P-1", "FGN G-2"] == numbers(new)
    assert ["PLAC P-1", "FGN G-3"] == numbers(own)


def numbers(resource: dict[str, Any]) -> list[str]:
    return [f"{one['type']['coding'][0]['code']} {one['value']}" for one in resource["identifier"]]


@pytest.mark.parametrize("group", ["^NG", "^&&1.2&ISO", "G&NG^^x", "G^NG^1.2^ISO^x"])
def test_a_group_number_that_fits_nowhere_is_kept_as_sent(group: str) -> None:
    request = one(conversion("OML^O21", PID, f"ORC|NW|P-1||{group}"), "ServiceRequest")

    assert group == extension(request, "orc-4")


def test_reason_secrecy_and_place_of_an_order_have_their_elements() -> None:
    orc = (
        "ORC|DC|P-1"
        + "|" * 14
        + "SE^Side effects^L"
        + "|" * 12
        + "R^Restricted^HL70177~^^^^^^^^some words|O~X^Elsewhere^L"
    )
    request = one(conversion("ORM^O01", PID, orc), "ServiceRequest")

    assert "Side effects" == extension(request, "request-statusReason")["text"]
    assert ["R"] == [coding["code"] for coding in request["meta"]["security"]]
    assert "some words" == extension(request, "original-value")
    assert [["OF", "O"], ["X"]] == [[each["code"] for each in place["coding"]] for place in request["locationCode"]]


def test_alternate_order_numbers_are_placer_numbers() -> None:
    orc = "ORC|NW|P-1" + "|" * 31 + "A-1^^^NG~^^^NG"
    request = one(conversion("ORM^O01", PID, orc), "ServiceRequest")

    assert ["PLAC P-1", "PLAC A-1"] == numbers(request)
    assert "^^^NG" == extension(request, "original-value")


def test_a_parent_order_in_the_message_is_referred_to() -> None:
    child = "ORC|CH|P-2^NG||||||P-1&NG^F-1&RV"
    parent, other = resources(conversion("ORM^O01", PID, ORC, OBR, child), "ServiceRequest")
    alone = one(conversion("ORM^O01", PID, child), "ServiceRequest")

    assert {ref(parent)["reference"]} == {link["reference"] for link in other["basedOn"]}
    assert ["P-1", "F-1"] == [link["identifier"]["value"] for link in alone["basedOn"]]
    assert not any("reference" in link for link in alone["basedOn"])


# Timing


def timing(tq1: str, obr: str = OBR) -> dict[str, Any]:
    return one(conversion("OML^O21", PID, ORC, tq1, obr), "ServiceRequest")


def test_a_timing_that_repeats_is_a_timing() -> None:
    request = timing("TQ1|1|2^mL&milliliter|BID^^^^12^h^^AC^1^h||||202603020800+0100||S|if pain|take rest||15^min|3")
    repeat = request["occurrenceTiming"]["repeat"]

    assert {"value": 2, "unit": "milliliter"} == request["quantityQuantity"]
    assert (12, "h", ["AC"], 60, 15, "min", 3) == tuple(
        repeat[name] for name in ("period", "periodUnit", "when", "offset", "duration", "durationUnit", "count")
    )
    assert (
        "http://terminology.hl7.org/CodeSystem/v3-GTSAbbreviation"
        == (request["occurrenceTiming"]["code"]["coding"][0]["system"])
    )
    assert ("stat", "if pain", "take rest") == (
        request["priority"],
        request["asNeededCodeableConcept"]["text"],
        request["note"][0]["text"],
    )


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("Q6H", {"frequency": 1, "period": 6, "periodUnit": "h"}),
        ("Q2D", {"frequency": 1, "period": 2, "periodUnit": "d"}),
        ("Q3L", {"frequency": 1, "period": 3, "periodUnit": "mo"}),
        ("Q0H", {"frequency": 1, "period": 0, "periodUnit": "h"}),
        ("Once", None),
        ("^^^^x^h", None),
        ("^^^^0^h", None),
    ],
)
def test_a_pattern_says_how_often(pattern: str, expected: dict[str, Any] | None) -> None:
    request = timing(f"TQ1|1||{pattern}")

    assert expected == request.get("occurrenceTiming", {}).get("repeat")
    assert pattern == extension(request, "tq1-3")


@pytest.mark.parametrize("offset", ["x", "99999999999", ""])
def test_an_offset_that_is_no_number_of_minutes_is_kept_as_sent_alone(offset: str) -> None:
    repeat = timing(f"TQ1|1||BID^^^^1^d^^PC^{offset}^h")["occurrenceTiming"]["repeat"]

    assert ({"PC"}, False) == (set(repeat["when"]), "offset" in repeat)


def test_a_timing_that_only_says_when_is_a_period() -> None:
    request = timing("TQ1|1||||||20260302|20260304")

    assert {"start": "2026-03-02", "end": "2026-03-04"} == request["occurrencePeriod"]


def test_the_requested_time_stays_beside_a_period_and_becomes_an_event_of_a_timing() -> None:
    obr = f"{OBR}||20260302"
    when = timing("TQ1|1||||||20260303", obr)
    repeated = timing("TQ1|1||QD", obr)
    half = timing("TQ1|1||QD", f"{OBR}||202603020")

    assert ("2026-03-02", "20260303") == (when["occurrenceDateTime"], extension(when, "tq1-7"))
    assert ["2026-03-02"] == repeated["occurrenceTiming"]["event"]
    assert "occurrenceDateTime" not in repeated
    assert "occurrenceTiming" not in half or "_event" in half["occurrenceTiming"]


def test_an_hour_of_the_requested_time_that_fhir_cannot_hold_goes_along_to_the_event() -> None:
    found = conversion("OML^O21", PID, ORC, "TQ1|1||QD", f"{OBR}||2026030208")
    event = one(found, "ServiceRequest")["occurrenceTiming"]

    assert (["2026-03-02"], "2026030208") == (event["event"], extension(event["_event"][0], "original-value"))


def test_a_length_is_a_bound_where_no_start_is_given() -> None:
    repeat = timing("TQ1|1|||x~0800||7^d")["occurrenceTiming"]["repeat"]

    assert ("d", 7) == (repeat["boundsDuration"]["code"], repeat["boundsDuration"]["value"])


def test_explicit_times_are_times_of_day_and_take_the_place_of_events() -> None:
    repeat = timing("TQ1|1||BID^^^^1^d^^AC|0800~2000")["occurrenceTiming"]["repeat"]

    assert (["08:00:00", "20:00:00"], False) == (repeat["timeOfDay"], "when" in repeat)


def test_a_second_timing_of_an_order_is_kept_as_sent() -> None:
    found = conversion("OML^O21", PID, ORC, "TQ1|1||QD|||||||||a", "TQ1|2|3|QOD|||||||A||b", "TQ2|1|S|P-7", OBR)
    request = one(found, "ServiceRequest")

    assert "QD" == request["occurrenceTiming"]["code"]["text"]
    assert {"QD", "QOD", "S", "P-7"} <= {each.get("valueString") for each in request["extension"]}
    assert [] == unknown(found)


def test_a_second_condition_is_kept_as_sent() -> None:
    found = conversion("OML^O21", PID, ORC, "TQ1|1|||||||||if pain", "TQ1|2|||||||||if fever", OBR)
    request = one(found, "ServiceRequest")

    assert ("if pain", "if fever") == (request["asNeededCodeableConcept"]["text"], extension(request, "tq1-10"))


@pytest.mark.parametrize(
    "lines", [("ORC|NW|P-1|||||2^Q4H^^^^S", OBR), (ORC, f"{OBR}{'|' * 23}2^Q4H^^^^S^^^^^^5")], ids=["ORC-7", "OBR-27"]
)
def test_the_old_quantity_and_timing_is_read_where_nothing_newer_speaks(lines: tuple[str, ...]) -> None:
    request = one(conversion("ORM^O01", PID, *lines), "ServiceRequest")

    assert (2, "stat") == (request["quantityQuantity"]["value"], request["priority"])
    assert 4 == request["occurrenceTiming"]["repeat"]["period"]


def test_the_old_timing_of_both_segments_is_read_once() -> None:
    request = one(
        conversion("ORM^O01", PID, "ORC|NW|P-1|||||1^^^20260301^20260302", f"{OBR}{'|' * 23}~1^^^20260305"),
        "ServiceRequest",
    )

    assert {"start": "2026-03-01", "end": "2026-03-02"} == request["occurrencePeriod"]


# Specimens and containers


@pytest.mark.parametrize("kind", ["OML^O33", "OML^O35"])
def test_a_specimen_before_the_orders_is_that_of_all_orders_until_the_next(kind: str) -> None:
    second = (SPM.replace("S-1", "S-2").replace("S-9", "S-8"), "ORC|NW|P-3", OBR.replace("P-1", "P-3"))
    lines = (SPM, "SAC|||C-1", ORC, OBR, "ORC|NW|P-2", OBR.replace("P-1", "P-2"), *second)
    found = conversion(kind, PID, *lines)
    first, other = resources(found, "Specimen")

    assert [[ref(first)], [ref(first)], [ref(other)]] == [
        request["specimen"] for request in resources(found, "ServiceRequest")
    ]
    assert ref(one(found, "Patient")) == first["subject"] == other["subject"]


def test_two_specimens_in_a_row_before_an_order_are_both_its_own() -> None:
    found = conversion("OML^O33", PID, SPM, SPM.replace("S-1", "S-2").replace("S-9", "S-8"), ORC, OBR)

    assert 2 == len(one(found, "ServiceRequest")["specimen"])


def test_what_is_observed_of_a_specimen_before_the_orders_is_observed_once() -> None:
    found = conversion("OML^O33", PID, SPM, OBX, ORC, OBR, "ORC|NW|P-2", OBR.replace("P-1", "P-2"))

    assert ref(one(found, "Specimen")) == one(found, "Observation")["specimen"]
    assert not any("supportingInfo" in request for request in resources(found, "ServiceRequest"))


def test_a_specimen_of_nobody_names_no_subject() -> None:
    found = conversion("OML^O33", SPM, ORC, OBR)

    assert "subject" not in one(found, "Specimen")


def test_a_second_container_after_an_order_is_of_the_same_specimen() -> None:
    found = conversion("OML^O35", PID, SPM, "SAC|||C-1", ORC, OBR, "SAC|||C-2", OBX, "ORC|NW|P-2")
    specimen = one(found, "Specimen")

    assert ["C-1", "C-2"] == [each["identifier"][0]["value"] for each in specimen["container"]]
    assert 2 == len(specimen["request"])


@pytest.mark.parametrize("lines", [(ORC, OBR, "SAC|||C-1"), ("SAC|||C-1", ORC, OBR), ("SAC|A-1", ORC, OBR)])
def test_a_container_without_a_specimen_segment_makes_the_specimen(lines: tuple[str, ...]) -> None:
    found = conversion("OML^O21", PID, *lines)

    assert [ref(one(found, "Specimen"))] == one(found, "ServiceRequest")["specimen"]


def test_a_container_describes_what_it_holds() -> None:
    sac = "SAC|X-1|A-1|C-1|C-0|||20260301|I|||||||||||||10|7|9|mL^Milliliter^UCUM|||HEPL^Heparin^HL70371~EDTK^EDTA"
    inv = "INV|R-1^Reagent^L|OK|RC^Calibrator^HL70384|K-1|||50|25|20||mL|20270131||||LOT-1"
    note = "NTE|1||cracked lid"
    found = conversion(
        "OML^O21", PID, ORC, OBR, "SPM|1|||BLD", sac, note, inv, "PRT|1|AD||PB^Packed by^HL70912|7^Pack"
    )
    specimen, substance = one(found, "Specimen"), one(found, "Substance")
    (container,) = specimen["container"]

    assert ("A-1", "available", 9) == (
        specimen["accessionIdentifier"]["value"],
        specimen["status"],
        specimen["collection"]["quantity"]["value"],
    )
    assert (10, 7) == (container["capacity"]["value"], container["specimenQuantity"]["value"])
    assert "Heparin" == container["additiveCodeableConcept"]["text"]
    assert "EDTA" == extension(container, "further-additive")["text"]
    assert ref(substance) == extension(container, "inventory")
    assert ("K-1", "2027-01-31", 20) == (
        substance["instance"][0]["identifier"]["value"],
        substance["instance"][0]["expiry"],
        substance["instance"][0]["quantity"]["value"],
    )
    assert "cracked lid" == specimen["note"][0]["text"]
    assert ref(one(found, "PractitionerRole")) == extension(specimen, "participant")
    assert [] == unknown(found)


def test_a_container_adds_to_what_the_specimen_segment_says_and_changes_none_of_it() -> None:
    spm = "SPM|1|S-1||BLD||EDTK^EDTA^HL70371||||||5^mL" + "|" * 8 + "Y" + "|" * 10 + "A-0"
    found = conversion("OML^O21", PID, ORC, OBR, spm, "SAC||A-1|C-1|||URN||X|||||||||||||||9||||HEPL")
    specimen = one(found, "Specimen")

    assert ("available", 5, "A-0", ["A-1"]) == (
        specimen["status"],
        specimen["collection"]["quantity"]["value"],
        specimen["accessionIdentifier"]["value"],
        [each["value"] for each in specimen["identifier"] if each["value"].startswith("A")],
    )
    assert "BLD" == specimen["type"]["coding"][0]["code"]


def test_an_inventory_without_substance_or_container_is_kept() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, SPM, "SAC|||C-1", "INV||OK")

    assert "OK" == extension(one(found, "Substance"), "inv-2")


def test_specimen_numbers_handling_and_modifiers_have_their_places() -> None:
    spm = "SPM|1|S-1|S-0|BLD|M1|||ARM|LFT|ROOM|P||||FRZ|||||||||||||||A-1~A-2~^^^NG|O-1^^^NG|SH-1^NG"
    found = conversion("OML^O21", PID, ORC, OBR, spm)
    specimen = one(found, "Specimen")

    assert ("A-1", "LFT", "FRZ") == (
        specimen["accessionIdentifier"]["value"],
        extension(specimen["collection"]["bodySite"], "spm-9")["coding"][0]["code"],
        extension(specimen["collection"], "specimen-specialHandling")["coding"][0]["code"],
    )
    assert ["S-1", "A-2", "O-1", "SH-1"] == [each["value"] for each in specimen["identifier"]]
    assert "^^^NG" == extension(specimen, "original-value")
    assert [] == unknown(found)


def test_a_site_modifier_without_a_site_stays_with_the_specimen() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, "SPM|1|S-1||BLD|||||LFT")

    assert "LFT" == extension(one(found, "Specimen"), "spm-9")["coding"][0]["code"]


def test_a_parent_specimen_in_the_message_is_referred_to() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, "SPM|1|S-1&NG||BLD", "SPM|2|S-2&NG|S-1&NG|SER")
    parent, child = resources(found, "Specimen")

    assert ref(parent)["reference"] == child["parent"][0]["reference"]


@pytest.mark.parametrize(
    ("rest", "where"),
    [
        ("|||||5^mL", ("collection", "quantity", "value", 5)),
        ("||||||7^Collect", ("collection", "collector", "reference", "Practitioner")),
        ("||||||||||20260301", ("receivedTime", "", "", "2026-03-01")),
        ("|||||||||||BLD&Blood&HL70070^EDTK&EDTA&HL70371", ("type", "text", "", "Blood")),
    ],
)
def test_an_order_that_says_how_a_specimen_was_got_makes_one(rest: str, where: tuple[str, str, str, object]) -> None:
    specimen: Any = one(conversion("OML^O21", PID, ORC, f"{OBR}{rest}"), "Specimen")
    for name in filter(None, where[:3]):
        specimen = specimen[name]

    assert str(specimen).startswith(str(where[3]))


def test_a_specimen_before_spm_keeps_its_additive_site_and_method() -> None:
    found = conversion("OML^O21", PID, ORC, f"{OBR}|||||||||||BLD^EDTK&EDTA&HL70371^by hand^ARM")
    specimen = one(found, "Specimen")

    assert "EDTA" == specimen["container"][0]["additiveCodeableConcept"]["text"]
    assert ("by hand", "ARM") == (
        specimen["collection"]["method"]["text"],
        specimen["collection"]["bodySite"]["text"],
    )


@pytest.mark.parametrize(
    ("obr", "name", "expected"),
    [
        (f"{OBR}|||20260301||||||||BLD", "collectedDateTime", "2026-03-01"),
        (f"{OBR}|||20260301|20260302|||||||BLD", "collectedPeriod", {"start": "2026-03-01", "end": "2026-03-02"}),
    ],
)
def test_the_time_of_the_order_is_that_of_the_collection(obr: str, name: str, expected: object) -> None:
    ordered = one(conversion("OML^O21", PID, ORC, obr), "Specimen")
    reported = one(conversion("ORU^R01", PID, ORC, obr), "Specimen")

    assert expected == ordered["collection"][name] == reported["collection"][name]


def test_what_the_specimen_segment_says_of_the_collection_stands() -> None:
    spm = "SPM|1|S-1||BLD||||||||3^mL|||||20260228|20260301"
    found = conversion("OML^O21", PID, ORC, f"{OBR}|||20260301||5^mL|||||20260302|BLD", spm)
    specimen, request = one(found, "Specimen"), one(found, "ServiceRequest")

    assert ("2026-02-28", "2026-03-01", 3) == (
        specimen["collection"]["collectedDateTime"],
        specimen["receivedTime"],
        specimen["collection"]["quantity"]["value"],
    )
    assert ("20260302", "5^mL", "BLD") == tuple(extension(request, f"obr-{number}") for number in (14, 9, 15))


def test_what_an_order_says_of_specimens_stays_with_the_order_where_there_are_several() -> None:
    obr = f"{OBR}|||20260301||5^mL|7^Collect||||20260302{'|' * 25}late"
    found = conversion("OML^O21", PID, ORC, obr, SPM, SPM.replace("S-1", "S-2").replace("S-9", "S-8"))
    request = one(found, "ServiceRequest")

    assert ("20260301", "5^mL", "7^Collect", "20260302", "late") == tuple(
        extension(request, f"obr-{number}") for number in (7, 9, 10, 14, 39)
    )


def test_a_second_collector_is_kept_as_sent() -> None:
    found = conversion("OML^O21", PID, ORC, f"{OBR}||||||7^Collect~8^Helper{'|' * 29}late")

    assert "7^Collect~8^Helper" == extension(one(found, "ServiceRequest"), "obr-10")
    assert "late" == one(found, "Specimen")["note"][0]["text"]


# Results with specimens (OUL)


def test_in_an_oul_the_order_control_follows_the_order_detail() -> None:
    second = (OBR.replace("P-1", "P-2"), "ORC|OK|P-2")
    found = conversion("OUL^R22", PID, SPM, "SAC|||C-1", OBR, ORC, OBX, *second, OBX.replace("FAST", "X"))

    assert ["P-1", "P-2"] == [each["identifier"][0]["value"] for each in resources(found, "ServiceRequest")]
    assert 2 == len(resources(found, "DiagnosticReport"))
    assert {ref(one(found, "Specimen"))["reference"]} == {
        each["specimen"]["reference"] for each in resources(found, "Observation")
    }


def test_an_oul_may_have_its_orders_first() -> None:
    found = conversion("OUL^R24", PID, OBR, ORC, "TQ1|1||QD", OBX, "TCD|GLU", "SID|M|LOT-1", SPM, "SAC|||C-1")

    assert [ref(one(found, "Specimen"))] == one(found, "DiagnosticReport")["specimen"]
    assert ("GLU", "LOT-1") == tuple(extension(one(found, "Observation"), name) for name in ("tcd-1", "sid-2"))
    assert [] == unknown(found)


# Previous results


@pytest.mark.parametrize("opener", [(PV1.replace("V-1", "V-0"), "ORC|SC|P-0"), ("ORC|PR|P-0",)])
def test_previous_results_are_reports_that_support_the_request(opener: tuple[str, ...]) -> None:
    prior = (*opener, OBR.replace("P-1", "P-0").replace("F-1", "F-0"), OBX)
    found = conversion("OML^O21", PID, PV1, ORC, OBR, *prior, "ORC|NW|P-2", OBR.replace("P-1", "P-2"))
    report = one(found, "DiagnosticReport")
    requests = {each["identifier"][0]["value"]: each for each in resources(found, "ServiceRequest")}

    assert [ref(report)] == requests["P-1"]["supportingInfo"]
    assert [ref(one(found, "Observation"))] == report["result"]
    assert {"P-0", "P-1", "P-2"} == set(requests)
    assert "supportingInfo" not in requests["P-2"]
    assert ref(one(found, "Patient")) == report["subject"]


def test_previous_results_without_an_order_control_belong_to_the_visit_before_them() -> None:
    prior = (
        PV1.replace("V-1", "V-0"),
        "PV2|||OLD",
        "AL1|1|DA|PEN",
        OBR.replace("P-1", "P-0").replace("F-1", "F-0"),
        OBX,
    )
    found = conversion("OMG^O19", PID, PV1, ORC, OBR, *prior)
    _, before = resources(found, "Encounter")

    assert ref(before) == one(found, "DiagnosticReport")["encounter"]
    assert ref(one(found, "Patient")) == one(found, "AllergyIntolerance")["patient"]


def test_a_previous_result_may_name_the_patient_again() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, PID, OBR.replace("P-1", "P-0").replace("F-1", "F-0"), OBX)

    assert ref(one(found, "Patient")) == one(found, "DiagnosticReport")["subject"]
    assert any("previous result" in entry.reason for entry in found.coverage.dropped)


@pytest.mark.parametrize("own", [(PID,), ()])
def test_a_previous_result_of_another_identity_is_about_that(own: tuple[str, ...]) -> None:
    then = PID.replace("100^", "099^")
    found = conversion("OML^O21", *own, ORC, OBR, then, OBR.replace("P-1", "P-0").replace("F-1", "F-0"), OBX)

    assert "099" == resources(found, "Patient")[-1]["identifier"][0]["value"]
    assert ref(resources(found, "Patient")[-1]) == one(found, "DiagnosticReport")["subject"]


def test_a_second_patient_of_an_orm_is_a_patient() -> None:
    found = conversion("ORM^O01", PID, ORC, OBR, PID.replace("100^", "200^"), "ORC|NW|P-2", OBR.replace("P-1", "P-2"))

    assert [ref(each) for each in resources(found, "Patient")] == [
        each["subject"] for each in resources(found, "ServiceRequest")
    ]


def test_a_visit_before_the_patient_is_the_patients() -> None:
    found = conversion("ORM^O01", PV1, PID, ORC, OBR)

    assert ref(one(found, "Patient")) == one(found, "Encounter")["subject"]
    assert ref(one(found, "Encounter")) == one(found, "ServiceRequest")["encounter"]


# Who took part


@pytest.mark.parametrize(
    ("code", "find"),
    [
        ("OP", lambda found: one(found, "ServiceRequest")["requester"]),
        ("SC", lambda found: one(found, "Specimen")["collection"]["collector"]),
        ("PRI", lambda found: one(found, "DiagnosticReport")["resultsInterpreter"][0]),
        ("TN", lambda found: one(found, "DiagnosticReport")["performer"][0]),
        ("RCT", lambda found: one(found, "ServiceRequest")["supportingInfo"][0]),
    ],
)
def test_a_participation_in_a_report_has_its_element(code: str, find: Callable[[Conversion], object]) -> None:
    prt = f"PRT|1|AD||{code}^^HL70912|7^Part^Pat"
    found = conversion("ORU^R01", PID, ORC, OBR, prt, SPM)

    assert ref(one(found, "PractitionerRole")) == find(found)


def test_a_participation_in_an_order_performs_it_or_supports_it() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, "PRT|1|AD||PRI|7^Read", "PRT|2|AD||SC|8^Collect")
    performer, collector = resources(found, "PractitionerRole")

    assert [ref(performer)] == one(found, "ServiceRequest")["performer"]
    assert [ref(collector)] == one(found, "ServiceRequest")["supportingInfo"]


def test_who_asks_in_obr_alone_is_called_back_there() -> None:
    found = conversion("ORU^R01", PID, f"{OBR}||||||||||||7^Testcase^Ada|^WPN^PH^^^^5550123||||||||F")

    role = one(found, "PractitionerRole")
    assert ref(role) == one(found, "ServiceRequest")["requester"]
    assert ["5550123"] == [contact["value"] for contact in role["telecom"]]


def test_a_second_requester_is_an_extension() -> None:
    found = conversion("OML^O21", PID, "ORC|NW|P-1" + "|" * 10 + "9^Order", OBR, "PRT|1|AD||OP|7^Order")

    assert ref(one(found, "PractitionerRole")) == extension(one(found, "ServiceRequest"), "further-requester")


def test_a_participation_that_is_deleted_is_left_out_with_a_reason() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, "PRT|1|D||OP|7^Order", OBX, "PRT|1|D||RO|7^O", SPM, "PRT|1|D||SC|7^O")

    assert [] == resources(found, "PractitionerRole")
    assert {"a participation that no longer holds"} == {
        entry.reason for entry in found.coverage.dropped if entry.location.startswith("PRT")
    }


def test_place_and_device_of_an_order_are_referred_to() -> None:
    prt = "PRT|1|AD||EQUIP|||||W3^12^B|D-1^RV~D-2^RV||||||UDI-1^FDA|20250101|20270101|LOT-1|SN-1|DIN-1|AN^Analyzer^L"
    found = conversion("OML^O21", PID, ORC, OBR, prt)
    request = one(found, "ServiceRequest")
    first, second = resources(found, "Device")

    assert [ref(first), ref(second)] == request["supportingInfo"]
    assert 1 == len(request["locationReference"])
    assert ("UDI-1", "2025-01-01", "2027-01-01", "LOT-1", "SN-1", "DIN-1", "Analyzer") == (
        first["udiCarrier"][0]["deviceIdentifier"],
        *(first[name] for name in ("manufactureDate", "expirationDate", "lotNumber", "serialNumber")),
        first["distinctIdentifier"],
        first["type"]["text"],
    )
    assert [] == resources(found, "PractitionerRole")
    assert [] == unknown(found)


def test_what_is_said_otherwise_of_the_same_device_is_kept_as_sent() -> None:
    prt = "PRT|1|AD||EQUIP||||||D-1^RV||||||U-1|2025|2027|L-1|S-1|DIN-1|AN"
    other = "PRT|2|AD||EQUIP||||||D-1^RV||||||U-2|2024|2026|L-2|S-2|DIN-2|BN"
    device = one(conversion("OML^O21", PID, ORC, OBR, prt, other), "Device")

    assert ["U-1", "U-2"] == [each["deviceIdentifier"] for each in device["udiCarrier"]]
    assert ["2024", "2026", "L-2", "S-2", "DIN-2", "BN"] == [extension(device, f"prt-{n}") for n in range(17, 23)]


def test_a_device_without_a_number_is_one_by_what_it_is() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, OBX, "PRT|1|AD||EQUIP" + "|" * 15 + "L-1")

    assert ref(one(found, "Device")) == one(found, "Observation")["device"]


def test_participations_in_a_result_are_performer_place_and_device() -> None:
    prt = "PRT|1|AD||PO^^HL70912|||HL^Hospital lab^HL70406|Test Lab^^L-7|W3|D-1^RV"
    found = conversion("ORU^R01", PID, ORC, OBR, OBX, prt, "PRT|2|AD||EQUIP||||||D-2^RV")
    observation, role = one(found, "Observation"), one(found, "PractitionerRole")
    first, second = resources(found, "Device")

    assert [ref(role)] == observation["performer"]
    assert ref(one(found, "Location")) == extension(observation, "event-location")
    assert (ref(first), ref(second)) == (observation["device"], extension(observation, "further-device"))
    assert (
        "Hospital lab" == next(each for each in resources(found, "Organization") if "type" in each)["type"][0]["text"]
    )


def test_participations_in_a_specimen_are_its_collector_or_extensions() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, SPM, "PRT|1|AD||SC|7^Collect||HL", "PRT|2|AD||EQUIP||||||D-1^RV")
    specimen, role = one(found, "Specimen"), one(found, "PractitionerRole")

    assert ref(role) == specimen["collection"]["collector"]
    assert ref(one(found, "Device")) == extension(specimen, "participant")
    assert "HL" == extension(role, "prt-7")


def test_a_participation_without_anybody_is_kept_with_what_it_is_in() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, "PRT|1|AD||OP||||||^^1.2^ISO")

    assert "OP" == extension(one(found, "ServiceRequest"), "prt-4")


def test_an_instrument_named_by_a_result_is_a_device() -> None:
    found = conversion("ORU^R01", PID, ORC, OBR, f"{OBX}{'|' * 7}D-1^RV^^^^x~D-2^RV")
    first, second = resources(found, "Device")

    observation = one(found, "Observation")

    assert (ref(first), ref(second)) == (observation["device"], extension(observation, "further-device"))


def test_a_contact_for_the_order_is_a_role_that_supports_it() -> None:
    ctd = "CTD|C^Contact^L|Asker^Ann|1 Test Road|W3|^WPN^PH^ask@example.org~^WPN|PH|N-1^L"
    found = conversion("OML^O21", PID, ORC, OBR, ctd, "CTD|C||||^WPN")
    role = resources(found, "PractitionerRole")[0]

    assert ref(role) in one(found, "ServiceRequest")["supportingInfo"]
    assert ("Asker", "ask@example.org") == (
        one(found, "Practitioner")["name"][0]["family"],
        role["telecom"][0]["value"],
    )
    assert "N-1^L" == extension(role, "ctd-7")


def test_a_study_that_the_order_is_part_of_is_one_for_all_its_orders() -> None:
    cti = "CTI|ST-1^NG|2^Phase 2^L|T1"
    other = ("ORC|NW|P-2", OBR.replace("P-1", "P-2"), cti.replace("2^Phase 2", "3^Phase 3"))
    found = conversion("OML^O21", PID, ORC, OBR, cti, *other, "CTI||2")
    study = one(found, "ResearchStudy")
    requests = resources(found, "ServiceRequest")

    assert ("ST-1", "active", "Phase 2") == (study["identifier"][0]["value"], study["status"], study["phase"]["text"])
    assert [ref(study)] * 2 == [extension(each, "research-study") for each in requests]
    assert ["T1", "3^Phase 3^L"] == [extension(requests[0], "cti-3"), extension(requests[1], "cti-2")]


def test_the_account_that_an_order_is_charged_to_is_referred_to() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, "BLG|D|CH|AC-1^^^NG|02", "BLG|||^^^NG")
    account, request = one(found, "Account"), one(found, "ServiceRequest")

    assert ("AC-1", [ref(one(found, "Patient"))]) == (account["identifier"][0]["value"], account["subject"])
    assert (ref(account), "CH", "^^^NG") == tuple(extension(request, name) for name in ("account", "blg-2", "blg-3"))


def test_an_account_of_nobody_names_no_subject() -> None:
    assert "subject" not in one(conversion("OML^O21", ORC, OBR, "BLG|||AC-1"), "Account")


def test_a_charge_below_an_order_refers_to_it_and_to_its_report() -> None:
    ft1 = "FT1|1|T-1||20260301||CG|GLU^Glucose^L"
    ordered = conversion("OML^O21", PID, ORC, OBR, ft1)
    reported = conversion("ORU^R01", PID, ORC, OBR, ft1)

    assert [ref(one(ordered, "ServiceRequest"))] == one(ordered, "ChargeItem")["supportingInformation"]
    assert [ref(one(reported, "DiagnosticReport"))] == one(reported, "ChargeItem")["service"]


# Answers


@pytest.mark.parametrize(("code", "status"), ACKNOWLEDGMENT_STATUS.codes.items())
def test_an_acknowledgment_is_the_state_of_the_task_to_process_the_message(code: str, status: str) -> None:
    task = one(conversion("ORR^O02", f"MSA|{code}|M-1|as it is"), "Task")

    assert (status, "M-1", "as it is") == (
        task["status"],
        task["focus"]["identifier"]["value"],
        task["note"][0]["text"],
    )


def test_an_acknowledgment_code_that_nobody_knows_is_kept_and_reported() -> None:
    found = conversion("ORR^O02", "MSA|ZZ")

    assert "failed" == one(found, "Task")["status"]
    assert "ZZ" == extension(one(found, "Task")["_status"], "original-code")["code"]
    assert [("unmapped-code", "MSA-1")] == [(issue.code, issue.location) for issue in found.issues]


@pytest.mark.parametrize(("code", "status"), {**TASK_STATUS.codes, "ZZ": "received"}.items())
def test_the_answer_to_an_order_is_the_state_of_the_task_to_carry_it_out(code: str, status: str) -> None:
    found = conversion("ORL^O22", "MSA|AA|M-1", PID, f"ORC|{code}|P-1^NG|||SC", OBR)
    acknowledgment, task = resources(found, "Task")

    assert (status, [ref(acknowledgment)], ref(one(found, "ServiceRequest"))) == (
        task["status"],
        task["partOf"],
        task["focus"],
    )
    assert [code, "SC"] == [each["code"] for each in task["businessStatus"]["coding"]]


def test_the_answer_to_an_order_of_nobody_is_a_task_for_nobody() -> None:
    found = conversion("ORG^O20", "MSA|AA|M-1", "ORC|OK|P-1", OBR)

    assert "for" not in resources(found, "Task")[1]


def test_the_errors_of_an_answer_are_its_output() -> None:
    errors = (
        "ERR||PID^1^5^1^2~OBX^2^3|101^Required field missing^HL70357|W|X1^Ours^L||line 3|Please send a name",
        "ERR|PID^1^8^103&Table value not found&HL70357",
        "ERR|||999|Z",
    )
    found = conversion("ORL^O22", "MSA|AE|M-1", *errors)
    task = one(found, "Task")
    (outcome,) = task["contained"]
    new, old, odd = outcome["issue"]

    assert {"reference": f"#{outcome['id']}"} == task["output"][0]["valueReference"]
    assert ("warning", "required", ["101", "X1"], "line 3", "Please send a name") == (
        new["severity"],
        new["code"],
        [each["code"] for each in new["details"]["coding"]],
        new["diagnostics"],
        new["details"]["text"],
    )
    assert ["PID-5.2", "OBX[2]-3"] == new["expression"]
    assert ("code-invalid", ["PID-8"]) == (old["code"], old["expression"])
    assert ("processing", "error") == (odd["code"], odd["severity"])
    assert "Z" == extension(odd["_severity"], "original-code")["code"]
    assert [] == unknown(found)


# Orders of other kinds


def test_an_order_for_a_medication_is_a_medication_request() -> None:
    rxo = ("RXO|A1^Drug A^L|5||mg", "RXR|PO^Oral^HL70162", "NTE|1||with food")
    lines = (PID, PV1, "ORC|NW|P-5", *rxo, "DG1|1||R73^High glucose^I10", "ORC|NW|P-6", OBR.replace("P-1", "P-6"))
    found = conversion("ORM^O01", *lines, "ORC|NW|P-7", "RXO|B1^Drug B^L|1")
    first, second = resources(found, "MedicationRequest")

    assert ["P-5", "P-7"] == [each["identifier"][0]["value"] for each in (first, second)]
    assert [ref(one(found, "Condition"))] == first["reasonReference"]
    assert "P-6" == one(found, "ServiceRequest")["identifier"][0]["value"]
    assert [] == unknown(found)


def test_an_order_for_a_medication_needs_no_order_control() -> None:
    found = conversion("ORM^O01", PID, "RXO|A1^Drug A^L|5||mg")

    assert ref(one(found, "Patient")) == one(found, "MedicationRequest")["subject"]


def test_a_medication_below_an_order_of_a_test_is_a_request_of_its_own() -> None:
    found = conversion("ORM^O01", PID, ORC, OBR, "RXO|A1")

    assert [] == unknown(found)
    assert "A1" == one(found, "MedicationRequest")["medicationCodeableConcept"]["coding"][0]["code"]


def test_a_diet_is_a_nutrition_order_that_supports_its_request() -> None:
    orc = "ORC|NW|P-5|||||||20260301|||9^Order"
    found = conversion("ORM^O01", PID, PV1, orc, "ODS|D|BR^Breakfast^L|LS^Low salt^L~VG^Vegetarian^L|no nuts")
    order = one(found, "NutritionOrder")

    assert ("active", "order", "2026-03-01", "no nuts") == (
        order["status"],
        order["intent"],
        order["dateTime"],
        order["oralDiet"]["instruction"],
    )
    assert ["Low salt", "Vegetarian"] == [each["text"] for each in order["oralDiet"]["type"]]
    assert [ref(order)] == one(found, "ServiceRequest")["supportingInfo"]
    assert ref(one(found, "Practitioner")) == order["orderer"]
    assert [] == unknown(found)


@pytest.mark.parametrize(
    ("line", "diet"), [("ODT|EARLY||bring it late", "bring it late"), ("ODT|EARLY", ""), ("ODS|D", "")]
)
def test_a_tray_is_a_nutrition_order_whose_time_nobody_said(line: str, diet: str) -> None:
    order = one(conversion("ORM^O01", PID, "ORC|NW|P-5", line), "NutritionOrder")

    assert diet == order.get("oralDiet", {}).get("instruction", "")
    assert "unknown" == extension(order["_dateTime"], "data-absent-reason")


def test_a_requisition_is_a_supply_request() -> None:
    rqd = "RQD|1|I-1^Gloves^L|E-1^Nitrile gloves^L|H-1^^L|20|BX^Box^L||CC1||20260310"
    found = conversion("ORM^O01", PID, "ORC|HD|P-5" + "|" * 10 + "9^Order", rqd)
    supply = one(found, "SupplyRequest")

    assert ("active", 20, "Box", "2026-03-10", "Gloves; Nitrile gloves") == (
        supply["status"],
        supply["quantity"]["value"],
        supply["quantity"]["unit"],
        supply["occurrenceDateTime"],
        supply["itemCodeableConcept"]["text"],
    )
    assert ["I-1", "E-1", "H-1"] == [each["code"] for each in supply["itemCodeableConcept"]["coding"]]
    assert (ref(one(found, "Patient")), ref(one(found, "Practitioner"))) == (supply["deliverTo"], supply["requester"])


def test_a_requisition_without_item_number_or_patient_says_so() -> None:
    supply = one(conversion("ORM^O01", "ORC|DE|P-5", "RQD|1||||||AC"), "SupplyRequest")

    assert "unknown" == supply["status"]
    assert "unknown" == extension(supply["quantity"], "data-absent-reason")
    assert not supply.keys() & {"deliverTo", "requester"}


@pytest.mark.parametrize(
    "line",
    [
        "IPC|ACC-1^RIS|RP-1^RIS|1.2.840.99.1|SPS-1^RIS|CT^Computed Tomography^DCM~^no code|P1^Protocol^L|ROOM1",
        "ZDS|1.2.840.99.1^PACS^Application^DICOM",
    ],
    ids=["IPC", "ZDS"],
)
def test_a_study_of_images_is_known_by_its_uid(line: str) -> None:
    ordered = conversion("OMI^O23", PID, PV1, ORC, OBR, line)
    reported = conversion("ORU^R01", PID, ORC, OBR, line)
    study = one(ordered, "ImagingStudy")

    assert {"system": "urn:dicom:uid", "value": "urn:oid:1.2.840.99.1"} == study["identifier"][0]
    assert ("registered", [ref(one(ordered, "ServiceRequest"))]) == (study["status"], study["basedOn"])
    assert ref(one(ordered, "Encounter")) == study["encounter"]
    assert [ref(one(reported, "ImagingStudy"))] == one(reported, "DiagnosticReport")["imagingStudy"]
    assert [] == unknown(ordered)


def test_procedure_and_modality_of_a_study_have_their_elements() -> None:
    line = "IPC|ACC-1^RIS|RP-1|1.2.840.99.1^PACS|SPS-1|CT^Computed Tomography^DCM~^no code|P1^Protocol^L"
    study = one(conversion("OMI^O23", PID, ORC, OBR, line), "ImagingStudy")

    assert ["CT"] == [each["code"] for each in study["modality"]]
    assert ["ACC-1", "RP-1", "SPS-1"] == [each["value"] for each in study["identifier"][1:]]
    assert {"1.2.840.99.1^PACS", "no code"} == {each["valueString"] for each in study["extension"]}
    assert "Protocol" == study["procedureCode"][0]["text"]


def test_a_study_without_a_uid_is_unknown_and_not_lost() -> None:
    assert ["IPC-1"] == unknown(conversion("OMI^O23", PID, ORC, OBR, "IPC|ACC-1"))


# Notes, and what is accounted for


def test_a_comment_on_the_whole_message_is_a_note_on_its_provenance() -> None:
    found = conversion("OML^O21", "NTE|1||all urgent", PID, ORC, OBR, "NTE|1||before noon")

    assert "all urgent" == extension(one(found, "Provenance"), "note")["text"]
    assert "before noon" == one(found, "ServiceRequest")["note"][0]["text"]


def test_software_and_credentials_are_dropped_with_a_reason() -> None:
    found = conversion("OML^O21", "SFT|Corp|1|App|2", "UAC|KERB^Kerberos^HL70615|^^^^x", PID, ORC, OBR)

    assert {"SFT", "UAC"} == {entry.location[:3] for entry in found.coverage.dropped if entry.location[0] in "SU"}


def test_details_of_an_order_before_any_order_are_unknown_and_not_lost() -> None:
    found = conversion("OML^O21", PID, "TQ1|1||QD", ORC, OBR)

    assert ["TQ1-1", "TQ1-3"] == unknown(found)


def test_relevant_clinical_information_is_coded_or_plain() -> None:
    found = conversion("OML^O21", PID, ORC, f"{OBR}|||||||||F^Fasting^L~cough & fever")
    values = [
        each["valueCodeableConcept"]["text"]
        for each in one(found, "ServiceRequest")["extension"]
        if each["url"].endswith("relevant-clinical-information")
    ]

    assert ["Fasting", "cough & fever"] == values


def test_supplemental_information_details_the_order() -> None:
    found = conversion("OML^O21", PID, ORC, f"{OBR}{'|' * 42}L^Left^L|P^Portable^L")

    assert ["Left", "Portable"] == [each["text"] for each in one(found, "ServiceRequest")["orderDetail"]]


def test_who_is_to_report_an_order_is_its_performer() -> None:
    found = conversion("OML^O21", PID, ORC, f"{OBR}{'|' * 20}CH{'|' * 8}5001&Reader&Rita|||5003&Typist&Tom")
    request = one(found, "ServiceRequest")

    assert [ref(each) for each in resources(found, "Practitioner")] == request["performer"]
    assert "CH" == request["category"][0]["coding"][0]["code"]


def test_a_comment_without_words_is_kept_for_its_author_and_an_empty_one_is_not() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, "NTE|1", "NTE|2||||7^Author", SPM, "NTE|1||thawed")

    assert ["(no text)"] == [each["text"] for each in one(found, "ServiceRequest")["note"]]
    assert ["thawed"] == [each["text"] for each in one(found, "Specimen")["note"]]


def test_details_where_nothing_takes_them_are_unknown_and_not_lost() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, OBX, "INV|A", SPM, "TCD|B", "SAC|||C-1", "TCD|C", "RXR|PO")

    assert ["INV-1", "TCD[1]-1", "TCD[2]-1", "RXR-1"] == unknown(found)


def test_a_diagnosis_without_a_visit_is_a_reason_all_the_same() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, "DG1|1||R73^High glucose^I10")

    assert "encounter" not in one(found, "Condition")
    assert [ref(one(found, "Condition"))] == one(found, "ServiceRequest")["reasonReference"]


def test_an_order_without_numbers_is_known_by_its_place_in_the_message() -> None:
    first, second = resources(conversion("OML^O21", PID, "ORC|NW", "ORC|NW"), "ServiceRequest")

    assert first["id"] != second["id"]


def test_an_order_of_a_facility_is_requested_by_it() -> None:
    found = conversion("OML^O21", PID, "ORC|NW|P-1" + "|" * 19 + "Test Clinic^^C-1")
    named = [each for each in resources(found, "Organization") if each["name"] == "Test Clinic"]

    assert [ref(each) for each in named] == [one(found, "ServiceRequest")["requester"]]


def test_a_container_may_name_the_kind_of_specimen() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, "SAC|||C-1|||URN^Urine^HL70070")

    assert "Urine" == one(found, "Specimen")["type"]["text"]


def test_a_member_of_a_panel_is_found_by_its_sub_id() -> None:
    lines = ("OBX|1|ST|A^A^L|1|x||||||F", "OBX|2|ST|B^B^L|1.1|y||||||F", "OBX|3|ST|C^C^L|9.1|z||||||F")
    panel, member, other = resources(conversion("OML^O21", PID, ORC, OBR, *lines), "Observation")

    assert [ref(member)] == panel["hasMember"]
    assert "hasMember" not in other


def test_a_previous_order_without_a_result_supports_nothing() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, "ORC|PR|P-0")

    assert not any("supportingInfo" in each for each in resources(found, "ServiceRequest"))


def test_a_relative_after_the_orders_is_still_the_patients() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, "NK1|1|Testcase^Karl|SPO^Spouse^HL70063", "NTE|1||for the order")

    assert "Karl" in serialize(one(found, "Patient")).decode()
    assert "for the order" == one(found, "ServiceRequest")["note"][0]["text"]


def test_a_parent_result_that_is_not_the_only_one_of_its_kind_is_left_alone() -> None:
    obx = "OBX|1|ST|ORG^Organism^L|1|x||||||F"
    child = OBR.replace("F-1", "F-2") + "|" * 22 + "ORG^1"
    alone = conversion("ORU^R01", PID, OBR, obx, child, obx.replace("ORG^Organism", "SUS"))
    twice = conversion("ORU^R01", PID, OBR, obx, obx, child, obx.replace("ORG^Organism", "SUS"))

    assert [True, False] == [any("hasMember" in o for o in resources(each, "Observation")) for each in (alone, twice)]


def test_who_signs_a_report_at_a_time_and_a_place_is_in_a_role_there() -> None:
    obr = f"{OBR}{'|' * 28}5001&Reader&Rita^20260301^20260302^W3^12^B^MAIN~&^2026||5002&Tech&Tom^^^W4"
    found = conversion("ORU^R01", PID, obr)
    reader, technician = resources(found, "PractitionerRole")
    report = one(found, "DiagnosticReport")

    assert ([ref(reader)], [ref(technician)]) == (report["resultsInterpreter"], report["performer"])
    assert {"start": "2026-03-01", "end": "2026-03-02"} == reader["period"]
    assert ["PRI", "TN"] == [each["code"][0]["coding"][0]["code"] for each in (reader, technician)]
    assert all(each["location"] for each in (reader, technician))
    assert "period" not in technician


def test_who_signs_a_report_at_a_time_alone_has_no_place() -> None:
    role = one(conversion("ORU^R01", PID, f"{OBR}{'|' * 28}5001&Reader^20260301"), "PractitionerRole")

    assert ("2026-03-01", False) == (role["period"]["start"], "location" in role)


def test_a_document_below_a_result_describes_what_the_report_holds() -> None:
    image = "OBX|1|ED|IMG^Image^L||^IM^PNG^Base64^iVBORw0KGgo=||||||F"
    txa = "TXA|1|DI||20260301101818+0100||||||||DOC-1^LIS|||||AU||AV"
    found = conversion("ORU^R01", PID, PV1, ORC, OBR, image, txa)
    document, report = one(found, "DocumentReference"), one(found, "DiagnosticReport")

    assert [{"attachment": {"contentType": "image/png", "title": "Image"}}] == document["content"]
    assert ([ref(report)], [ref(one(found, "Encounter"))]) == tuple(
        document["context"][name] for name in ("related", "encounter")
    )
    assert "data" in report["presentedForm"][0]
    assert [] == unknown(found)


def test_a_document_below_an_order_is_related_to_it_and_its_content_is_unknown() -> None:
    found = conversion("OML^O21", PID, ORC, OBR, "TXA|1|DI|||||||||DOC-1^LIS")
    document = one(found, "DocumentReference")

    assert [ref(one(found, "ServiceRequest"))] == document["context"]["related"]
    assert "unknown" == extension(document["content"][0]["attachment"], "data-absent-reason")


# Who handled which order

CLERK, CHECKER = "9^Clerk^Ann", "8^Checker^Bo"


@pytest.mark.parametrize("second", ["||||||||7^Other^Al", "||||||||9^Clerk^Ann|"], ids=["another", "nobody verified"])
def test_each_order_keeps_who_entered_and_verified_it_where_they_differ(second: str) -> None:
    first = f"ORC|NW|P-1^NG||||||||{CLERK}|{CHECKER}"
    found = conversion("OML^O21", PID, first, OBR, f"ORC|NW|P-2^NG{second}", OBR.replace("P-1", "P-2"))
    one_order, other = resources(found, "ServiceRequest")

    assert (CLERK, CHECKER) == (extension(one_order, "orc-10"), extension(one_order, "orc-11"))
    assert (second.strip("|"), None) == (extension(other, "orc-10"), extension(other, "orc-11"))


def test_what_the_same_people_handled_names_them_once() -> None:
    orders = [f"ORC|NW|P-{number}^NG||||||||{CLERK}|{CHECKER}" for number in (1, 2)]
    found = conversion("OML^O21", PID, orders[0], OBR, orders[1], OBR.replace("P-1", "P-2"))
    roles = [agent["type"]["coding"][0]["code"] for agent in one(found, "Provenance")["agent"]]

    assert [None, None] == [extension(request, "orc-10") for request in resources(found, "ServiceRequest")]
    assert ["author", "assembler", "enterer", "verifier"] == roles
