"""Values at the edge of their data types: nothing is lost, nothing is said twice, nothing is made up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.formats.hl7v2.parse import parse
from shared.mapping.hl7v2_to_fhir.context import Context, extend, original_value
from shared.mapping.hl7v2_to_fhir.recurrent import recurrent
from shared.partners.profile import CodeMapping, PartnerProfile
from shared.validation import validate
from tests.shared.mapping.hl7v2_to_fhir.converted_resources import only, resources

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
PID = "PID|1||100^^^NG^MR||Testcase^Tilda||19800214|F"
OBR = "OBR|1|P-1^NG|F-1^NG|GLU^Glucose^L|||20260301||||||||||||||||||F"
LOINC = "http://loinc.org"
V2 = "http://terminology.hl7.org/CodeSystem/v2-"


def converted(kind: str, *lines: str, partner: PartnerProfile | None = None, version: str = "2.5.1") -> Conversion:
    header = f"MSH|^~\\&|REG|NG|||20260301120000+0100||{kind}|NG-1|P|{version}"
    text = "\r".join((header, *lines))
    (found,) = convert(text.encode(), source="hl7v2", received=RECEIVED, partner=partner)
    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    return found


def result(
    value: str, kind: str = "ST", code: str = "GLU^Glucose^L", unit: str = "", limits: str = ""
) -> dict[str, Any]:
    return only(converted("ORU^R01", PID, OBR, f"OBX|1|{kind}|{code}||{value}|{unit}|{limits}||||F"), "Observation")


@pytest.mark.parametrize(
    ("value", "element", "expected"),
    [
        # A grade of a series (1+, 2+, 3+), as HL7's own example has it: not two or more of anything.
        ("^2^+", "valueString", "2+"),
        ("^^-^5", "valueRange", {"high": {"value": 5}}),
        ("^5^-", "valueRange", {"low": {"value": 5}}),
        ("^abc^-^5", "valueString", "abc-5"),
    ],
)
def test_a_structured_number_says_what_it_can(value: str, element: str, expected: Any) -> None:
    assert expected == result(value, "SN")[element]


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("1430+0100", "TM", {"valueTime": "14:30:00"}),
        ("soon", "TM", {"valueString": "soon"}),
        ("1^2^3", "NR", {"valueString": "1^2^3"}),
        ("<5", "NM", {"valueQuantity": {"value": 5, "comparator": "<"}}),
        ("few", "NM", {"valueString": "few"}),
        (" ", "NM", {}),
    ],
)
def test_a_value_keeps_its_type_as_far_as_it_goes(value: str, kind: str, expected: dict[str, Any]) -> None:
    found = result(value, kind)

    assert expected == {name: content for name, content in found.items() if name.startswith("value")}


def test_limits_in_the_wrong_order_are_words_alone() -> None:
    assert [{"text": "9-5"}] == result("7", "NM", limits="9-5")["referenceRange"]


def test_data_in_hexadecimal_are_data() -> None:
    assert "SGVsbG8=" in str(converted("ORU^R01", PID, OBR, "OBX|1|ED|DOC||^AP^pdf^HEX^48656c6c6f||||||F").bundle)


def test_a_local_code_whose_meaning_is_sent_beside_it_is_said_once() -> None:
    codes = {"OBX-3": {"K": CodeMapping(LOINC, "2823-3", "Potassium"), "L": CodeMapping(LOINC, "1-8")}}
    lines = (PID, OBR, "OBX|1|ST|2823-3^Potassium^LN^K^Kalium^99NG||4", "OBX|2|ST|L^Local^99NG||4")
    found = converted("ORU^R01", *lines, partner=PartnerProfile("ng", code_maps=codes))
    first, second = (one["code"]["coding"] for one in resources(found, "Observation"))

    assert ["2823-3", "K"] == [one["code"] for one in first]
    assert {"system": LOINC, "code": "1-8"} == second[0]


def test_words_without_a_code_are_text_and_with_a_named_system_a_coding() -> None:
    words = result("4", code=" ^Glucose")["code"]
    named = result("4", code="^Glucose^NAMES^^^^^^^^^^^2.999.1")["code"]["coding"][0]

    assert {"text": "Glucose"} == words
    assert ("urn:oid:2.999.1", "NAMES") == (named["system"], named["extension"][0]["valueString"])


def test_a_translation_that_is_sent_already_is_not_added() -> None:
    act = "http://terminology.hl7.org/CodeSystem/v3-ActPriority"
    pv2 = "PV2||||||||||||||||||||||||" + f"|1^Emergency^HL70217^EM^emergency^{act}"
    priority = only(converted("ADT^A08", PID, "PV1|1|I", pv2), "Encounter")["priority"]

    assert ["1", "EM"] == [one["code"] for one in priority["coding"]]


def test_a_bed_that_is_named_twice_is_one_location() -> None:
    pv1 = "PV1|1|I|W^1^1|||||||||||||||||||||||||||||||||||||O"
    found = converted("ADT^A08", PID, pv1, "PV2|W^1^1^^^N")

    assert 3 == len(resources(found, "Location"))


def test_a_place_is_known_by_a_number_that_nobody_issued() -> None:
    found = converted("ADT^A08", PID, "PV1|1|I|W^^^^^^^^^ID7", version="2.8")

    assert [{"value": "ID7"}] == only(found, "Location")["identifier"]


def test_a_surname_without_parts_is_none() -> None:
    assert [{"given": ["Ada"]}] == only(converted("ADT^A08", "PID|1||7||&^Ada"), "Patient")["name"]


def test_a_message_of_an_unknown_type_without_a_patient_still_has_its_results() -> None:
    assert 5 == only(converted("ZZZ^Z01", "OBX|1|NM|GLU^Glucose^L||5||||||F"), "Observation")["valueQuantity"]["value"]


@pytest.mark.parametrize("kind", ["RDE^O11", "RDS^O13", "VXU^V04"])
def test_a_participation_that_no_longer_holds_or_names_a_device_alone_is_accounted_for(kind: str) -> None:
    head = {"RDE^O11": "RXE||ASA^Aspirin^L|1||TAB", "RDS^O13": "RXD|1|ASA^Aspirin^L|20260301|1"}
    act = head.get(kind, "RXA|0|1|20260301||08^HepB^CVX|1")
    gone, device = "PRT||D||OP|7^Gone^Gwen", "PRT||AD||EQUIP||||||DEV-7^NG"
    found = converted(kind, PID, "ORC|RE|P-1^NG|F-1^NG", act, gone, device, version="2.8")

    assert "Gwen" not in str(found.bundle)
    assert "DEV-7" in str(found.bundle)
    assert [] == list(found.coverage.unknown)


def test_a_producer_with_two_codes_keeps_both_names() -> None:
    obx = "OBX|1|NM|GLU^Glucose^L||5||||||F||||A^Lab A^99A^B^Lab B^99B"
    found = converted("ORU^R01", PID, OBR, obx)
    producer = next(one for one in resources(found, "Organization") if one.get("alias"))

    assert ("Lab A", ["Lab B"]) == (producer["name"], producer["alias"])


def test_a_document_without_text_has_no_content_and_says_so() -> None:
    txa = "TXA|1|CN|TX|20260301||||||||D-1^NG||^NS|||AU||AV"
    document = only(converted("MDM^T02", PID, txa, "OBX|1|TX|||"), "DocumentReference")

    assert ["unknown"] == [
        one["valueCode"] for one in document["content"][0]["attachment"]["extension"] if "valueCode" in one
    ]


def test_a_dosage_without_a_time_has_the_order_of_its_priority_alone() -> None:
    found = converted("RDE^O11", PID, "ORC|NW|P-1^NG", "RXE||ASA^Aspirin^L|1||TAB", "TQ1|1||||||||S")

    assert "stat" == only(found, "MedicationRequest")["priority"]
    assert "timing" not in only(found, "MedicationRequest")["dosageInstruction"][0]


def test_a_resource_of_an_appointment_that_names_nobody_is_a_participant_by_its_role() -> None:
    lines = ("SCH|1|2|||||CHK||||^^30^202603011200+0100", PID, "RGS|1", "AIP|1|A||SURG^Surgeon^L")
    appointment = only(converted("SIU^S12", *lines), "Appointment")

    assert "Surgeon" in [one["type"][0].get("text") for one in appointment["participant"] if "actor" not in one]


def test_blanks_are_no_original_worth_keeping() -> None:
    resource: dict[str, Any] = {}
    extend(resource, "birthDate", original_value("  "))

    assert {} == resource


def test_what_is_there_already_and_says_the_same_is_taken_from_memory() -> None:
    message = parse(f"MSH|^~\\&|REG|NG|||20260301||ADT^A08|1|P|2.5.1\r{PID}".encode())
    context = Context(message, PartnerProfile("memory-example"), RECEIVED)

    def build(within: Context) -> dict[str, Any]:
        ward = within.shared("Location", "ward")
        ward["name"] = "Ward"
        return ward

    build(context)
    found = recurrent(context, ("WARD", "1"), build)

    assert found is context.resources[0]
    assert 1 == len(context.resources)


def test_a_reaction_of_an_escaped_separator_alone_is_a_reaction() -> None:
    allergy = only(converted("ADT^A08", PID, "AL1|1||ASA^Aspirin^L||\\S\\~^~^^LN"), "AllergyIntolerance")

    assert ["^", "^^LN"] == [one["text"] for one in allergy["reaction"][0]["manifestation"]]


def test_the_place_of_an_immunization_is_that_of_a_participation_where_no_other_is_sent() -> None:
    lines = (PID, "ORC|RE|P-1^NG|F-1^NG", "RXA|0|1|20260301||08^HepB^CVX|1", "PRT||AD||SC|||||W^1")
    found = converted("VXU^V04", *lines, version="2.8")
    places = {f"Location/{one['id']}": one["name"] for one in resources(found, "Location")}

    assert "1" == places[only(found, "Immunization")["location"]["reference"]]


def test_an_authority_of_which_only_the_type_is_known_is_no_organization() -> None:
    found = converted("ADT^A08", PID, "PV1|1|I|W^^^^^^^^^ID7^&&ISO", version="2.8")

    assert "reference" not in only(found, "Location")["identifier"][0]["assigner"]


def test_an_application_that_receives_for_nobody_has_no_receiver() -> None:
    text = f"MSH|^~\\&|REG|NG|EHR||20260301120000+0100||ADT^A08|NG-1|P|2.5.1\r{PID}"
    (found,) = convert(text.encode(), source="hl7v2", received=RECEIVED, bundle="message")

    assert ["EHR"] == [one["name"] for one in found.bundle["entry"][0]["resource"]["destination"]]
    assert "receiver" not in found.bundle["entry"][0]["resource"]["destination"][0]


@pytest.mark.parametrize("length", ["99999999999999", "9" * 40, "-30", "527041"])
def test_a_length_that_no_appointment_has_is_kept_as_sent(length: str) -> None:
    sch = f"SCH|A-1|||||R|||{length}|MIN|^^^20260310090000+0100"
    found = only(
        converted("SIU^S12", sch, PID, "RGS|1", f"AIL|1||W1|||20260310090000+0100|||{length}|MIN"), "Appointment"
    )

    assert not {"minutesDuration", "end"} & found.keys()
    assert ["2026-03-10T09:00:00+01:00"] == [one["period"]["start"] for one in found["participant"] if "period" in one]
    assert length in str(found["extension"])


def test_an_end_beyond_the_year_9999_is_not_known() -> None:
    sch = "SCH|A-1|||||R|||30|MIN|^^^99991231235500+0100"
    ail = "AIL|1||W1|||99991231235500+0100|||30|MIN"
    found = only(converted("SIU^S12", sch, PID, "RGS|1", ail), "Appointment")

    assert "end" not in found
    assert [{"start": "9999-12-31T23:55:00+01:00"}] == [
        one["period"] for one in found["participant"] if "period" in one
    ]


def test_a_leap_second_is_a_time_like_others() -> None:
    visit = "PV1|1|I" + "|" * 42 + "20261231235960+0000|20261231235960+0000"
    sch = "SCH|A-1|||||R|||30|MIN|^^^20261231235960+0000"
    found = converted("SIU^S12", sch, PID, visit)

    assert "2027-01-01T00:29:59+00:00" == only(found, "Appointment")["end"]
    assert {"start": "2026-12-31T23:59:60+00:00", "end": "2026-12-31T23:59:60+00:00"} == only(found, "Encounter")[
        "period"
    ]


@pytest.mark.parametrize(
    ("when", "length", "expected"),
    [
        ("20260301091500+0100", "45", {"start": "2026-03-01T09:15:00+01:00", "end": "2026-03-01T10:00:00+01:00"}),
        ("20260301091500+0100", "4.5", None),
        ("20260301091500+0100", "999999999", None),
        ("20260301", "45", None),
        ("99991231235900+0100", "45", None),
    ],
)
def test_the_length_of_a_procedure_makes_its_end(when: str, length: str, expected: dict[str, str] | None) -> None:
    pr1 = f"PR1|1||X^Y^L||{when}||{length}"
    found = only(converted("ADT^A01", PID, "PV1|1|I", pr1), "Procedure")

    assert expected == found.get("performedPeriod")
    assert (expected is None) == ("performedDateTime" in found)
    assert (expected is None) == (length in str(found.get("extension")))


@pytest.mark.parametrize("code", ["CA", "DC", "HD", "RP", "OC", "XO"])
def test_what_is_asked_of_an_order_is_not_lost_in_its_status(code: str) -> None:
    found = only(converted("ORM^O01", PID, f"ORC|{code}|P-1^NG", "OBR|1|P-1^NG||GLU^Glucose^L"), "ServiceRequest")

    assert code == found["_status"]["extension"][0]["valueCoding"]["code"]


def test_a_new_order_is_active_and_no_more() -> None:
    found = only(converted("ORM^O01", PID, "ORC|NW|P-1^NG", "OBR|1|P-1^NG||GLU^Glucose^L"), "ServiceRequest")

    assert ("active", False) == (found["status"], "_status" in found)


@pytest.mark.parametrize(
    ("control", "state", "status"),
    [("RP", "", "stopped"), ("RO", "", "active"), ("NW", "ER", "entered-in-error"), ("XO", "", "active")],
)
def test_a_prescription_that_was_replaced_or_never_was_is_not_active(control: str, state: str, status: str) -> None:
    rxe = "RXE||1049630^amoxicillin^RXNORM|1||{tbl}"
    found = only(converted("RDE^O11", PID, f"ORC|{control}|P-1^NG|||{state}", rxe), "MedicationRequest")

    assert status == found["status"]


@pytest.mark.parametrize("code", ["RE", "NA"])
def test_a_refused_vaccine_is_not_merely_one_that_was_not_given(code: str) -> None:
    rxa = "RXA|0|1|20260301||03^MMR^CVX|999" + "|" * 14 + code
    found = only(converted("VXU^V04", PID, "ORC|RE||F-1^NG", rxa), "Immunization")

    assert ("not-done", code) == (found["status"], found["_status"]["extension"][0]["valueCoding"]["code"])


def test_an_employees_number_without_a_type_is_one() -> None:
    in1 = "IN1|1|P1|I-1|Example Insurance" + "|" * 12 + "Example^Gus|FTH"
    found = only(converted("ADT^A01", PID, "PV1|1|I", in1, "IN2|EMP-1"), "RelatedPerson")

    assert "EI" == found["identifier"][0]["type"]["coding"][0]["code"]


def test_the_kind_of_a_participation_is_of_its_own_table() -> None:
    found = converted("ADT^A01", PID, "PRT||AD||PI|5^Five^Fay", "PV1|1|I", version="2.8")

    assert f"{V2}0912" == only(found, "PractitionerRole")["code"][0]["coding"][0]["system"]


@pytest.mark.parametrize("segment", ['AL1|1|DA|""', 'AL1|""', 'IAM|1|DA|""', 'DG1|1||""|""', 'PR1|1||""'])
def test_an_explicit_null_is_no_allergy_diagnosis_or_procedure_of_nobody_knows_what(segment: str) -> None:
    found = converted("ADT^A01", PID, "PV1|1|I", segment)

    assert {"Patient", "Encounter"} >= {entry["resource"]["resourceType"] for entry in found.bundle["entry"]} - {
        "Provenance",
        "Organization",
    }
    assert any(reason.startswith("explicit null") for reason in (one.reason for one in found.coverage.dropped))


@pytest.mark.parametrize("segment", ['IN1|1|""|""|""', 'GT1|1|""|""'])
def test_an_explicit_null_insures_nobody_and_is_no_guarantor(segment: str) -> None:
    found = converted("ADT^A08", PID, "PV1|1|I", segment)
    account = only(found, "Account")

    assert [] == resources(found, "Coverage")
    assert not {"coverage", "guarantor"} & account.keys()
    assert any(one.reason.startswith("explicit null") for one in found.coverage.dropped)


def test_an_insurance_of_which_more_is_told_is_not_nothing() -> None:
    found = converted("ADT^A08", PID, "PV1|1|I", 'IN1|1|""|""|""', "IN2|E-1")

    assert 1 == len(resources(found, "Coverage"))


@pytest.mark.parametrize(
    "segment",
    [
        'DG1|1||""|Gout',
        "AL1|1|DA|^Latex",
        'IAM|1|DA|""|||D|ALG-1^NG',
        'DG1|1||""|||||||||||||||||D-1^NG|D',
    ],
)
def test_what_is_named_by_words_or_a_number_alone_is_not_nothing(segment: str) -> None:
    found = converted("ADT^A01", PID, "PV1|1|I", segment)

    assert 1 == len(resources(found, "Condition") + resources(found, "AllergyIntolerance"))


def test_a_drug_for_when_it_is_needed_is_not_due() -> None:
    rxe = "RXE||1049630^amoxicillin^RXNORM|1||{tbl}"
    dosages = [
        only(converted("RDE^O11", PID, "ORC|NW|P-1^NG", first, *rest), "MedicationRequest")["dosageInstruction"][0]
        for first, *rest in (
            (rxe, "TQ1|1||PRN|||||||if in pain"),
            (rxe, "TQ1|1||BID~PRN"),
            ("RXE|^PRN" + rxe[4:],),
            ("RXE|^PRN" + rxe[4:], "TQ1|1||PRNQ4H|||||||if in pain"),
            (rxe, "TQ1|1||BID"),
        )
    ]

    assert [
        (None, {"text": "if in pain"}),
        (True, None),
        (True, None),
        (None, {"text": "if in pain"}),
        (None, None),
    ] == [(one.get("asNeededBoolean"), one.get("asNeededCodeableConcept")) for one in dosages]
    assert {"url": "urn:corridor:extension:tq1-3", "valueString": "BID~PRN"} in dosages[1]["extension"]


def test_an_order_for_when_it_is_needed_says_so() -> None:
    lines = (PID, "ORC|NW|P-1^NG", "TQ1|1||PRN", "OBR|1|P-1^NG||GLU^Glucose^L")
    twice = (PID, "ORC|NW|P-1^NG", "TQ1|1||PRN", "TQ1|2||PRN|||||||if dizzy", "OBR|1|P-1^NG||GLU^Glucose^L")

    assert only(converted("OML^O21", *lines), "ServiceRequest")["asNeededBoolean"] is True
    found = only(converted("OML^O21", *twice), "ServiceRequest")
    assert ({"text": "if dizzy"}, False) == (found["asNeededCodeableConcept"], "asNeededBoolean" in found)


@pytest.mark.parametrize(
    ("times", "expected", "kept"),
    [
        ("8^h|20260301100000+0100", {"start": "2026-03-01T10:00:00+01:00", "end": "2026-03-01T18:00:00+01:00"}, True),
        ("3^d|20260301", {"start": "2026-03-01"}, True),
        ("3^mo|20260301100000+0100", {"start": "2026-03-01T10:00:00+01:00"}, True),
        (
            "8^h|20260301100000+0100|20260301120000+0100",
            {"start": "2026-03-01T10:00:00+01:00", "end": "2026-03-01T12:00:00+01:00"},
            True,
        ),
        ("1.001^min|20260301100000+0100", {"start": "2026-03-01T10:00:00+01:00"}, True),
    ],
)
def test_how_long_a_drug_is_given_is_its_end(times: str, expected: dict[str, str], kept: bool) -> None:
    lines = ("ORC|NW|P-1^NG", "RXE||1049630^amoxicillin^RXNORM|1||{tbl}", f"TQ1|1|||||{times}")
    dosage = only(converted("RDE^O11", PID, *lines), "MedicationRequest")["dosageInstruction"][0]

    assert expected == dosage["timing"]["repeat"]["boundsPeriod"]
    assert kept == (times.split("|")[0] in str(dosage.get("extension")))


def test_what_a_timing_has_no_form_for_is_kept_as_sent() -> None:
    tq1 = "TQ1|1||Q6H^A|0800~soon|||||||||half an hour|many"
    lines = ("ORC|NW|P-1^NG", "RXE||1049630^amoxicillin^RXNORM|1||{tbl}", tq1)
    dosage = only(converted("RDE^O11", PID, *lines), "MedicationRequest")["dosageInstruction"][0]

    assert {"Q6H^A", "0800~soon", "half an hour", "many"} == {one["valueString"] for one in dosage["extension"]}


def test_what_was_given_does_not_make_a_prescription_active() -> None:
    lines = (PID, "ORC|RE|P-1^NG", "RXA|0|1|20260301080500+0100||1049630^amoxicillin^RXNORM|1|{tbl}")
    found = converted("RAS^O17", *lines)

    assert ("unknown", "completed") == tuple(
        only(found, kind)["status"] for kind in ("MedicationRequest", "MedicationAdministration")
    )


@pytest.mark.parametrize("event", ["S14", "S15"])
def test_who_was_taken_off_an_appointment_no_longer_takes_part(event: str) -> None:
    lines = (
        "SCH|A-1||||||||30|MIN|^^^20260310090000+0100",
        PID,
        "RGS|1|U",
        "AIS|1|D|X^Old^L|20260401090000+0100",
        "AIP|1|U|5^Doctor^Dora",
        "AIP|2|D|6^Gone^Gus",
        "NTE|1||no longer",
        "RGS|2|D",
        "AIL|1||W1",
    )
    found = converted(f"SIU^{event}", *lines)
    appointment = only(found, "Appointment")
    count = {"S14": 2, "S15": 4}[event]

    assert count == len(appointment["participant"])
    assert (event == "S15") == ("serviceType" in appointment)
    assert (event == "S14") == any(one.reason.startswith("deleted") for one in found.coverage.dropped)


def test_a_charge_without_times_does_not_open_a_visit_again() -> None:
    lines = (PID, "PV1|1|I|W1" + "|" * 16 + "V-1^^^NG^VN", "FT1|1|T-1||20260301||CG|A1^Alpha^L")

    assert "unknown" == only(converted("DFT^P03", *lines), "Encounter")["status"]


def test_each_number_that_a_merge_names_is_retired() -> None:
    found = resources(converted("ADT^A40", PID, "MRG|100^^^NG^MR~90^^^NG^MR~91^^^NG^MR~77^^^LAB^PI"), "Patient")
    values = {tuple(number["value"] for number in one["identifier"]): one.get("active") for one in found}

    assert {("100",): None, ("90", "77"): False, ("91", "77"): False} == values


def test_a_refused_dose_is_not_merely_one_that_was_not_given() -> None:
    lines = (PID, "ORC|RE|P-1^NG", "RXA|0|1|20260301||1049630^amoxicillin^RXNORM|1|{tbl}" + "|" * 13 + "RE")
    given = only(converted("RAS^O17", *lines), "MedicationAdministration")

    assert ("not-done", "RE") == (given["status"], given["_status"]["extension"][0]["valueCoding"]["code"])


def test_nobody_is_related_to_himself() -> None:
    in1 = "IN1|1|P1|I-1|Example Insurance" + "|" * 12 + "Testcase^Tilda|SEL|19800214"
    found = converted("ADT^A01", PID, "PV1|1|I", in1)
    coverage = only(found, "Coverage")

    assert [] == resources(found, "RelatedPerson")
    assert coverage["beneficiary"] == coverage["subscriber"]
    assert ["Testcase^Tilda", "19800214"] == [one["valueString"] for one in coverage["extension"]]
