from __future__ import annotations

import re
from datetime import UTC, datetime
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.formats.fhir.encoding import serialize
from shared.mapping.hl7v2_to_fhir import segments
from shared.mapping.hl7v2_to_fhir.messages.any_message import MAP as ANY
from shared.mapping.hl7v2_to_fhir.messages.oru_r01 import MAP
from shared.partners.profile import CodeMapping, ExtensionMapping, PartnerProfile, Quirks
from shared.terminology.concept_maps import OBSERVATION_STATUS, REPORT_STATUS, all_maps
from tests.shared.mapping.hl7v2_to_fhir.converted_resources import ref, resources

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
HEADER = "MSH|^~\\&|LIS|RIV|||20260301120000+0100||ORU^R01^ORU_R01|RIV-1|P|2.5.1"
PID = "PID|1||100^^^NG^MR||Doe^Dora||19620707|F"
OBR = "OBR|1|P-1^NG|F-1^RV|GLU^Glucose^L|||20260301080000+0100|||||||||||||||20260301110000+0100||CH|F"


def conversion(*lines: str, partner: PartnerProfile | None = None) -> Conversion:
    payload = "\r".join((HEADER, *lines)).encode()
    (found,) = convert(payload, source="hl7v2", partner=partner, received=RECEIVED)
    return found


def observation(obx: str, partner: PartnerProfile | None = None) -> dict[str, Any]:
    return resources(conversion(PID, OBR, obx, partner=partner), "Observation")[0]


@pytest.mark.parametrize(("code", "status"), OBSERVATION_STATUS.codes.items())
def test_each_observation_status_of_the_table_is_mapped(code: str, status: str) -> None:
    assert status == observation(f"OBX|1|NM|GLU||5.5||||||{code}")["status"]


@pytest.mark.parametrize(("code", "status"), REPORT_STATUS.codes.items())
def test_each_report_status_of_the_table_is_mapped(code: str, status: str) -> None:
    found = conversion(PID, OBR.removesuffix("|F") + f"|{code}")

    assert [status] == [report["status"] for report in resources(found, "DiagnosticReport")]


@pytest.mark.parametrize(
    ("lines", "location"),
    [
        ((OBR, "OBX|1|NM|GLU||5||||||F", "OBX|2|NM|GLU||5||||||F", "OBX|3|NM|GLU||5||||||Q"), "OBX[3]-11"),
        ((OBR, "OBX|1|NM|GLU||5||||||Q"), "OBX-11"),
        ((OBR.removesuffix("|F") + "|Q",), "OBR-25"),
    ],
)
def test_an_unmapped_status_is_unknown_kept_and_reported(lines: tuple[str, ...], location: str) -> None:
    found = conversion(PID, *lines)
    resources = [entry["resource"] for entry in found.bundle["entry"]]
    kept = [one["_status"]["extension"][0]["valueCoding"]["code"] for one in resources if "_status" in one]

    assert ["Q"] == kept
    assert {"unknown"} == {one["status"] for one in resources if "_status" in one}
    assert [("warning", location)] == [
        (issue.severity, issue.location) for issue in found.issues if issue.code == "unmapped-code"
    ]


def test_a_partner_may_map_a_status_of_its_own() -> None:
    partner = PartnerProfile("riv", code_maps={"OBX-11": {"Q": CodeMapping("", "preliminary")}})

    assert "preliminary" == observation("OBX|1|NM|GLU||5||||||Q", partner)["status"]


def test_a_message_type_without_a_map_is_read_by_its_segments_and_says_so() -> None:
    header = HEADER.replace("ORU^R01^ORU_R01", "ZZZ^Z01")
    (found,) = convert(f"{header}\r{PID}".encode(), source="hl7v2", received=RECEIVED)

    assert (ANY.identity, 1) == (found.mapping, len(resources(found, "Patient")))
    assert ("message-type-unmapped", "MSH-9") in [(issue.code, issue.location) for issue in found.issues]


def test_the_mapping_and_its_version_go_with_the_conversion() -> None:
    found = conversion(PID)

    assert (MAP.identity, 1, "RIV-1") == (found.mapping, found.item, found.message.control_id)


def test_a_correction_has_the_ids_of_what_it_corrects() -> None:
    before = conversion(PID, OBR.removesuffix("|F") + "|P", "OBX|1|NM|GLU^Glucose^L||5.0||||||P")
    after = conversion(PID, OBR.removesuffix("|F") + "|C", "OBX|7|NM|GLU^Glucose^L||15.0||||||C")
    same = ("Patient", "ServiceRequest", "DiagnosticReport", "Observation")

    assert [[one["id"] for one in resources(before, kind)] for kind in same] == [
        [one["id"] for one in resources(after, kind)] for kind in same
    ]
    assert ["preliminary", "corrected"] == [resources(one, "Observation")[0]["status"] for one in (before, after)]


def test_the_same_test_twice_in_a_report_is_two_observations() -> None:
    found = conversion(PID, OBR, "OBX|1|NM|GLU||5||||||F", "OBX|2|NM|GLU||6||||||F")

    assert [5, 6] == [one["valueQuantity"]["value"] for one in resources(found, "Observation")]
    assert 2 == len({one["id"] for one in resources(found, "Observation")})


def test_every_result_has_the_laboratory_and_the_method_that_all_name() -> None:
    how = "|F||||||AUTO^Automated^L||||||Example Laboratory^^^^^RV^XX^^^L-1"
    found = conversion(PID, OBR, f"OBX|1|NM|GLU||5|||||{how}", f"OBX|2|NM|NA||140|||||{how}")

    (laboratory,) = (one for one in resources(found, "Organization") if one["name"] == "Example Laboratory")
    results = resources(found, "Observation")
    assert [[ref(laboratory)]] * 2 == [one["performer"] for one in results]
    assert ["Automated"] * 2 == [one["method"]["text"] for one in results]


def test_who_took_part_in_one_result_did_not_in_the_next_of_the_same_laboratory() -> None:
    how = "|F||||||||||||Example Laboratory^^^^^RV^XX^^^L-1"
    part = "PRT|1|AD||RO^^HL70912|7^Testcase^Ada"
    found = conversion(PID, OBR, f"OBX|1|NM|GLU||5|||||{how}", part, f"OBX|2|NM|NA||140|||||{how}")

    assert [2, 1] == [len(one["performer"]) for one in resources(found, "Observation")]


@pytest.mark.parametrize(("sent", "unit"), [("mg/dL~g/L", {"unit": "mg/dL"}), ('""', {}), ("~g/L", {})])
def test_a_result_has_the_first_unit(sent: str, unit: dict[str, str]) -> None:
    assert {"value": 5, **unit} == observation(f"OBX|1|NM|GLU||5|{sent}|||||F")["valueQuantity"]


def test_the_same_number_from_two_senders_is_not_the_same_patient() -> None:
    ids = {
        resources(conversion(PID, partner=PartnerProfile(name)), "Patient")[0]["id"] for name in ("riv", "lakeside")
    }
    shared = {
        resources(
            conversion(PID, partner=PartnerProfile(name, assigning_authorities={"NG": "urn:oid:1.2"})), "Patient"
        )[0]["id"]
        for name in ("riv", "lakeside")
    }

    assert (2, 1) == (len(ids), len(shared))


def test_an_observation_after_a_specimen_is_a_result_like_any_other() -> None:
    found = conversion(PID, OBR, "SPM|1|||BLD", "OBX|1|NM|GLU||5||||||F")
    (report,) = resources(found, "DiagnosticReport")
    (result,) = resources(found, "Observation")

    assert [{"reference": f"Observation/{result['id']}"}] == report["result"]
    assert report["specimen"] == [result["specimen"]]


def test_several_patients_in_one_message_keep_their_results_apart() -> None:
    other = PID.replace("100^", "200^")
    found = conversion(PID, OBR, "OBX|1|NM|A||1||||||F", other, OBR, "OBX|1|NM|A||2||||||F")
    subjects = [one["subject"]["reference"] for one in resources(found, "Observation")]

    assert [f"Patient/{one['id']}" for one in resources(found, "Patient")] == subjects
    assert 2 == len(set(subjects))


def test_a_message_without_a_patient_names_none() -> None:
    found = conversion(OBR, "OBX|1|NM|A||1||||||F")

    assert [] == resources(found, "Patient")
    assert {"display": "not identified in the message"} == resources(found, "ServiceRequest")[0]["subject"]


def test_a_local_code_keeps_its_place_beside_what_it_means() -> None:
    meaning = CodeMapping("http://loinc.org", "2345-7", "Glucose")
    partner = PartnerProfile("riv", code_maps={"OBX-3": {"GLU": meaning}})

    assert [
        {"system": "http://loinc.org", "code": "2345-7", "display": "Glucose"},
        {"system": "urn:corridor:codes:riv:L", "code": "GLU", "display": "Blood sugar"},
    ] == observation("OBX|1|NM|GLU^Blood sugar^L||5||||||F", partner)["code"]["coding"]


def test_a_local_unit_stays_the_words_of_what_it_means() -> None:
    meaning = CodeMapping("http://unitsofmeasure.org", "mg/dL")
    partner = PartnerProfile("riv", code_maps={"OBX-6": {"MGPD": meaning}})
    measured = [
        observation(f"OBX|1|NM|GLU||5|{unit}|||||F", partner)["valueQuantity"]
        for unit in ("MGPD", "MGPD^mg per dl^L", "g/L")
    ]

    assert [
        {"value": 5, "unit": "MGPD", "system": "http://unitsofmeasure.org", "code": "mg/dL"},
        {"value": 5, "unit": "mg per dl", "system": "http://unitsofmeasure.org", "code": "mg/dL"},
        {"value": 5, "unit": "g/L"},
    ] == measured


def test_a_local_flag_means_what_its_sender_says_even_where_the_standard_has_the_same() -> None:
    meaning = CodeMapping("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "A")
    partner = PartnerProfile("riv", code_maps={"OBX-8": {"N": meaning}})
    flags = observation("OBX|1|NM|GLU||5|||N~H|||F", partner)["interpretation"]

    assert ["A", "H"] == [one["coding"][0]["code"] for one in flags]
    assert ["A", "N"] == [one["code"] for one in flags[0]["coding"]]


@pytest.mark.parametrize(
    ("sent", "gender", "kept"), [("2", "female", ["2"]), ("F", "male", ["F"]), ("M", "male", []), ("3", None, ["3"])]
)
def test_a_local_code_of_sex_means_what_its_sender_says_and_is_kept(
    sent: str, gender: str | None, kept: list[str]
) -> None:
    partner = PartnerProfile(
        "riv", code_maps={"PID-8": {"2": CodeMapping("", "female"), "F": CodeMapping("", "male")}}
    )
    (patient,) = resources(conversion(PID.removesuffix("F") + sent, partner=partner), "Patient")

    assert gender == patient.get("gender")
    assert kept == [one["valueCoding"]["code"] for one in patient.get("_gender", {}).get("extension", [])]


def test_a_mapped_z_field_becomes_an_extension_and_the_others_are_unknown() -> None:
    partner = PartnerProfile("riv", z_fields={"ZPI-2": ExtensionMapping("Patient", "urn:example:group")})
    found = conversion(PID, "ZPI|1|blue|x", partner=partner)

    assert {"url": "urn:example:group", "valueString": "blue"} in resources(found, "Patient")[0]["extension"]
    assert ["ZPI-1", "ZPI-3"] == [entry.location for entry in found.coverage.unknown]


@pytest.mark.parametrize(
    ("sent", "zone", "expected"),
    [
        ("20260301", None, "2026-03-01"),
        ("202603", None, "2026-03"),
        ("2026", None, "2026"),
        ("20260301143015-0500", None, "2026-03-01T14:30:15-05:00"),
        ("20260301143015.25-0500", None, "2026-03-01T14:30:15.25-05:00"),
        ("202603011430", None, "2026-03-01"),
        ("202603011430", "Europe/Berlin", "2026-03-01T14:30:00+01:00"),
        ("202607011430", "Europe/Berlin", "2026-07-01T14:30:00+02:00"),
        ("2026030114", "Europe/Berlin", "2026-03-01"),
    ],
)
def test_neither_precision_nor_zone_is_invented(sent: str, zone: str | None, expected: str) -> None:
    payload = "\r".join((HEADER.replace("20260301120000+0100", ""), PID, OBR, f"OBX|1|NM|A||1||||||F|||{sent}"))
    partner = PartnerProfile("riv", time_zone=zone)
    (found,) = convert(payload.encode(), source="hl7v2", partner=partner, received=RECEIVED)
    result = resources(found, "Observation")[0]
    kept = [one["valueString"] for one in result.get("_effectiveDateTime", {}).get("extension", ())]

    assert expected == result["effectiveDateTime"]
    assert ([] if "T" in expected or len(sent) <= 8 else [sent]) == kept


def test_the_zone_of_the_header_serves_times_that_have_none() -> None:
    assert "2026-03-01T14:30:00+01:00" == observation("OBX|1|NM|A||1||||||F|||202603011430")["effectiveDateTime"]


def test_digits_are_kept_as_they_were_sent() -> None:
    found = conversion(PID, OBR, *(f"OBX|{n}|NM|A||{value}||||||F" for n, value in enumerate(("7.10", "+05", ".5"))))

    assert [b"7.10", b"5", b"0.5"] == re.findall(rb'"value":([0-9.]+)\}', serialize(found.bundle))


def test_an_explicit_null_leaves_the_element_out_and_is_accounted_for() -> None:
    found = conversion(PID.replace("|F", '|""'))
    reasons = {entry.location: entry.reason for entry in found.coverage.dropped}

    assert "gender" not in resources(found, "Patient")[0]
    assert "explicit null" in reasons["PID-8"]


def test_an_instant_without_zone_is_refused_as_a_programming_error() -> None:
    with pytest.raises(ValueError, match="zone"):
        list(convert(HEADER.encode(), source="hl7v2", received=RECEIVED.replace(tzinfo=None)))


def test_every_segment_map_documents_its_fields_in_a_table() -> None:
    maps = [import_module(f"{segments.__name__}.{one.name}") for one in iter_modules(segments.__path__)]
    tables = [one.TABLE for one in maps if hasattr(one, "TABLE")]

    assert {"MSH", "PID", "PD1", "NK1", "PV1", "PV2", "ORC", "OBR", "TQ1", "NTE", "OBX", "SPM"} <= {
        table.segment for table in tables
    }
    for table in tables:
        numbers = sorted(table.rules)
        assert list(range(numbers[0], numbers[-1] + 1)) == numbers, table.segment
        assert all(rule.targets or rule.reason for rule in table.rules.values()), table.segment


def test_every_concept_map_has_a_version() -> None:
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", one.version) for one in all_maps())
    assert len(all_maps()) == len({one.name for one in all_maps()})


@pytest.mark.parametrize("text", ["20260329023000", "20261025023000"], ids=["skipped", "doubled"])
def test_a_local_time_that_a_change_of_clocks_skips_or_doubles_gets_no_zone(text: str) -> None:
    partner = PartnerProfile("riv", time_zone="Europe/Berlin", quirks=Quirks(header_zone=False))

    found = observation(f"OBX|1|NM|GLU||5||||||F|||{text}", partner)

    assert f"{text[:4]}-{text[4:6]}-{text[6:8]}" == found["effectiveDateTime"]
    assert text in str(found["_effectiveDateTime"])


def test_a_local_time_beside_a_change_of_clocks_has_its_own_offset() -> None:
    partner = PartnerProfile("riv", time_zone="Europe/Berlin", quirks=Quirks(header_zone=False))
    before, after = (
        observation(f"OBX|1|NM|GLU||5||||||F|||{text}", partner) for text in ("202603290130", "202603290330")
    )

    assert ("2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00") == (
        before["effectiveDateTime"],
        after["effectiveDateTime"],
    )
