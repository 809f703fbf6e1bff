"""What senders seldom say: it has its place in FHIR, or a reason in the account, all the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.mapping.hl7v2_to_fhir.bundles import BundleKind
from shared.partners.profile import PartnerProfile
from shared.validation import validate
from tests.shared.mapping.hl7v2_to_fhir.converted_resources import only, resources

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
PID = "PID|1||100^^^NG^MR||Testcase^Tilda||19800214|F"
OBR = "OBR|1|P-1^NG|F-1^NG|GLU^Glucose^L|||20260301|||||||||||||||{}|||F"
ORDER = OBR.format("")
EXTENSION = "urn:corridor:extension:"
UNIVERSAL = "1.3.6.1.4.1.99999.2"


def converted(
    kind: str,
    *lines: str,
    header: str = "20260301120000+0100||{}|NG-1|P|2.8",
    partner: PartnerProfile | None = None,
    bundle: BundleKind = "transaction",
) -> Conversion:
    text = "\r".join((f"MSH|^~\\&|REG|NG|||{header.format(kind)}", *lines))
    (found,) = convert(text.encode(), source="hl7v2", received=RECEIVED, partner=partner, bundle=bundle)
    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    return found


def patient(*fields: str) -> dict[str, Any]:
    """Return the Patient of PID with further fields from PID-8 on."""
    return only(converted("ADT^A08", "|".join(("PID|1||100||Testcase^Tilda||19800214", *fields))), "Patient")


def test_a_message_without_content_still_says_that_it_came() -> None:
    (found,) = convert(b"MSH|^~\\&|||||20260301||ZZZ^Z01|1|P|2.8", source="hl7v2", received=RECEIVED)
    source = only(found, "Provenance")

    assert [{"display": "a message without content"}] == source["target"]


def test_the_language_of_a_message_is_that_of_its_provenance() -> None:
    header = "20260301||{}|NG-1|P|2.8|||||||"

    assert ["en-US", None] == [
        only(converted("ADT^A08", PID, header=f"{header}{language}"), "Provenance").get("language")
        for language in ("en-US", "not a language")
    ]


def test_a_message_bundle_without_a_control_id_has_no_identifier() -> None:
    found = converted("ADT^A08", PID, header="20260301120000+0100||{}||P|2.8", bundle="message")

    assert "identifier" not in found.bundle


@pytest.mark.parametrize(
    ("sent", "issued"),
    [
        ("20260230", None),
        ("20260301113000", "2026-03-01T11:30:00Z"),
        ("20260301113000^S", "2026-03-01T11:30:00Z"),
    ],
)
def test_an_instant_is_one_or_it_is_absent(sent: str, issued: str | None) -> None:
    partner = PartnerProfile("ng", time_zone="UTC")
    found = converted("ORU^R01", PID, OBR.format(sent), partner=partner, header="||{}|1|P|2.8")

    assert issued == only(found, "DiagnosticReport").get("issued")


def test_who_interpreted_a_result_is_numbered_by_whoever_issued_the_number() -> None:
    reader = f"7&Reader&Rita&&&&&&NG&{UNIVERSAL}&ISO"
    found = converted("ORU^R01", PID, f"{ORDER}|||||||{reader}")

    (number,) = only(found, "Practitioner")["identifier"]
    assert (f"urn:oid:{UNIVERSAL}", "7") == (number["system"], number["value"])


def test_an_organization_keeps_its_older_number_beside_the_newer() -> None:
    found = converted("ADT^A08", PID, "PD1|||Example Practice^^77^^^NG^XX^^^88")
    (practice,) = (one for one in resources(found, "Organization") if one["name"] == "Example Practice")

    assert ["88", "77"] == [one["value"] for one in practice["identifier"]]


def test_an_image_without_an_order_stays_with_its_observation_and_has_its_type() -> None:
    obx = "OBX|1|ED|PIC^Picture^L||^image^xyz^Base64^AAAA||||||F"
    (kept,) = (
        one["valueAttachment"]
        for one in only(converted("ORU^R01", PID, obx), "Observation")["extension"]
        if one["url"] == f"{EXTENSION}value-attachment"
    )

    assert ("image/xyz", "AAAA", "Picture") == (kept["contentType"], kept["data"], kept["title"])


def test_a_code_whose_system_has_an_oid_keeps_the_name_that_means_another() -> None:
    obx = "OBX|1|ST|GLU^Glucose^99NG^^^^^^^^^^^2.16.840.1.113883.6.1||5||||||F"
    (coding,) = only(converted("ORU^R01", PID, OBR, obx), "Observation")["code"]["coding"]

    assert "http://loinc.org" == coding["system"]
    assert [{"url": f"{EXTENSION}original-value", "valueString": "99NG"}] == coding["extension"]


def test_an_interpretation_in_words_has_its_known_code_first() -> None:
    obx = "OBX|1|ST|GLU^Glucose^L||5|||H^Too high^L|||F"
    (said,) = only(converted("ORU^R01", PID, ORDER, obx), "Observation")["interpretation"]

    assert ["H", "H"] == [one["code"] for one in said["coding"]]
    assert "Too high" == said["coding"][1]["display"]


def test_limits_producers_and_amounts_of_separators_alone_say_nothing() -> None:
    lines = [f"OBX|{number}|CQ|GLU^Glucose^L|{number}|^|| ||||F||||^" for number in (1, 2)]
    found = resources(converted("ORU^R01", PID, ORDER, *lines), "Observation")

    assert [False] * 6 == [name in one for one in found for name in ("referenceRange", "performer", "valueQuantity")]


def test_a_home_visit_address_is_told_apart_and_a_county_that_fits_no_address_is_one() -> None:
    found = patient("F", "", "", "1 Road^^Town^^^^HV~2 Road^^Town^^^^H", "Sangamon")

    assert "HV" == found["address"][0]["extension"][0]["valueCode"]
    assert {"district": "Sangamon"} == found["address"][2]


def test_a_county_is_the_district_of_the_only_address_and_another_use_is_postal() -> None:
    (address,) = patient("F", "", "", "1 Road^^Town^^^^M", "Sangamon")["address"]

    assert ("postal", "Sangamon") == (address["type"], address["district"])


def test_a_producer_says_the_version_of_its_code() -> None:
    obx = "OBX|1|ST|GLU^Glucose^L||5||||||F||||LAB^Laboratory^L^^^^3"
    found = resources(converted("ORU^R01", PID, ORDER, obx), "Organization")

    assert [[{"url": f"{EXTENSION}version", "valueString": "3"}]] == [
        one["extension"] for one in found if one["name"] == "Laboratory"
    ]


def test_an_immunization_that_ends_as_it_began_says_so_once() -> None:
    given = only(converted("VXU^V04", PID, "ORC|RE|1|2", "RXA|0|1|20260301|20260301|08^HepB^CVX|1"), "Immunization")

    assert f"{EXTENSION}rxa-4" not in [one["url"] for one in given.get("extension", ())]


def test_a_birth_has_its_time_in_an_extension() -> None:
    born = [
        only(converted("ADT^A08", f"PID|1||100||Testcase^Tilda||{sent}", header=header), "Patient")["_birthDate"]
        for sent, header in (("198002141030", "20260301120000+0100||{}|1|P|2.8"), ("198002141030", "||{}|1|P|2.8"))
    ]

    assert ["1980-02-14T10:30:00+01:00", "198002141030"] == [
        one["extension"][0].get("valueDateTime") or one["extension"][0]["valueString"] for one in born
    ]


def test_a_death_at_a_time_that_nobody_can_read_keeps_both_fields() -> None:
    found = patient(*("F", *[""] * 20), "20261399", "Y")

    assert "deceasedBoolean" not in found
    assert {"url": f"{EXTENSION}pid-30", "valueString": "Y"} in found["extension"]


def test_a_flag_alone_says_of_a_birth_and_of_a_death_what_is_known() -> None:
    found = patient("F", *[""] * 15, "Y", *[""] * 5, "N")

    assert (True, False) == (found["multipleBirthBoolean"], found["deceasedBoolean"])


def test_a_time_that_says_more_than_a_time_is_read_and_kept() -> None:
    found = patient("F", *[""] * 20, "20260301&about noon")

    assert "2026-03-01" == found["deceasedDateTime"]
    assert "20260301&about noon" == found["_deceasedDateTime"]["extension"][0]["valueString"]


def test_an_address_of_a_kind_that_nobody_knows_keeps_its_code() -> None:
    (address,) = patient("F", "", "", "1 Road^^Springfield^^^^QQ")["address"]

    assert {"use", "type"}.isdisjoint(address)
    assert "QQ" == address["extension"][0]["valueCoding"]["code"]


def test_the_number_of_an_issuer_that_does_not_say_of_what_kind_it_is_identifies_the_issuer() -> None:
    sent = "PID|1||100^^^NG&77^MR||Testcase^Tilda"
    (identifier,) = only(converted("ADT^A08", sent), "Patient")["identifier"]

    assert {"value": "77"} == identifier["assigner"]["identifier"]


def test_a_race_without_words_is_said_by_its_code() -> None:
    (race,) = patient("F", "", "2106-3^^HL70005")["extension"]

    assert ["2106-3", "2106-3"] == [
        part.get("valueString") or part["valueCoding"]["code"] for part in race["extension"]
    ]


def test_an_authority_of_which_only_the_type_is_known_is_kept_as_it_was_sent() -> None:
    found = only(converted("ADT^A08", "PID|1||100^^^&&ISO||Testcase^Tilda"), "Patient")

    assert [{"url": f"{EXTENSION}original-value", "valueString": "ISO"}] == (
        found["identifier"][0]["assigner"]["extension"]
    )


def test_the_place_of_an_immunization_may_be_an_address_and_its_end_another_time() -> None:
    rxa = "RXA|0|1|20260301|20260302|08^HepB^CVX|1|mL||||{}|||||||||CP|A"
    places = ["^^^Clinic^^^^^1 Road^^Town", "^^^Clinic^^^^^1 Road&&Town", "^^^Clinic^^^^^^", "W1"]
    found = [converted("VXU^V04", PID, "ORC|RE|1|2", rxa.format(place)) for place in places]

    assert ["Town", "Town", None, None] == [
        next((one["address"]["city"] for one in resources(message, "Location") if "address" in one), None)
        for message in found
    ]
    assert all(
        {"url": f"{EXTENSION}rxa-4", "valueString": "20260302"} in only(message, "Immunization")["extension"]
        for message in found
    )


def test_what_is_deleted_repeated_without_a_value_or_left_out_on_purpose_is_in_the_account() -> None:
    pid = "PID|1||100||Testcase^Tilda||19800214~|F" + "|" * 36 + '""'
    found = converted("ADT^A08", pid, "PV1|1|I||||||||||||||||||S^20260301")
    said = {entry.location: entry.outcome for entry in found.coverage.entries}

    assert ["mapped", "unknown", "dropped"] == [said[location] for location in ("PID-7", "PID-44", "PV1-20")]
    assert {"PID-7(2)", "PV1-20.2"}.isdisjoint(said)


def test_a_merge_of_a_patient_into_itself_is_left_out_with_every_number_and_component() -> None:
    found = converted("ADT^A40", PID, "MRG|100^^^NG^MR~100^^^NG^MR")

    assert ["dropped"] == [entry.outcome for entry in found.coverage.entries if entry.location.startswith("MRG-1")]


@pytest.mark.parametrize(
    ("start", "end", "reversed_"),
    [
        ("20260302100000+0100", "20260302090000+0100", True),
        ("20260302100000+0100", "20260302093000-0500", False),
        ("20260302", "20260301", True),
        ("20260302100000+0100", "20260302", False),
        ("20260302", "20260301235959+0100", True),
    ],
)
def test_an_end_before_the_start_is_kept_beside_the_period_and_reported(start: str, end: str, reversed_: bool) -> None:
    visit = "PV1|1|I" + "|" * 42 + f"{start}|{end}"
    name = f"PID|1||100||Testcase^Tilda^^^^^^^^^^{start}^{end}"
    found = converted("ADT^A03", name, visit)
    periods = [only(found, "Encounter")["period"], only(found, "Patient")["name"][0]["period"]]

    assert [not reversed_] * 2 == ["end" in period for period in periods]
    assert [end] * 2 * reversed_ == [
        period["_end"]["extension"][0]["valueString"] for period in periods if "_end" in period
    ]
    assert reversed_ == ("period-reversed" in [issue.code for issue in found.issues])


def test_a_dose_whose_most_is_less_than_its_least_stays_as_it_was_sent() -> None:
    (dosage,) = only(converted("OMP^O09", PID, "ORC|NW|1", "RXO|ASA^Aspirin^L|5|2|mg"), "MedicationRequest")[
        "dosageInstruction"
    ]

    assert ["5", "2", "mg"] == [one["valueString"] for one in dosage["extension"]]


def test_lines_and_blanks_alone_name_no_place_lot_or_birthplace() -> None:
    blank = "\\.br\\"
    found = converted(
        "VXU^V04",
        f"EVN||20260301||||20260301|{blank}",
        f"PID|1||100||Testcase^Tilda{'|' * 18}{blank}",
        f"PV1|1|I|{blank}",
        "ORC|RE|1|2",
        "RXA|0|1|20260301||08^HepB^CVX|1|||||||||| ".replace("||||||||| ", "||||||||") + f"|{blank}",
    )

    assert [] == resources(found, "Location")
    assert "lotNumber" not in only(found, "Immunization")
    assert "extension" not in only(found, "Patient")


def test_a_device_of_separators_alone_is_none() -> None:
    order = "ORC|NW|P-1^NG||||||||||||||||^"

    assert [] == resources(converted("OML^O21", PID, order, "OBR|1|P-1^NG||GLU^Glucose^L"), "Device")
