"""What a partner file changes in a conversion: data, no code."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.partners.profile import ElementMapping, ExtensionMapping, PartnerProfile, Quirks
from shared.validation import validate

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
HEADER = "MSH|^~\\&|LIS|RIV|||20260301120000+0100||ZZZ^Z01|RIV-1|P|2.5.1"
PID = "PID|1|77|100^^^NG^MR||Doe^Dora"


def conversion(partner: PartnerProfile | None, *lines: str) -> Conversion:
    (found,) = convert("\r".join((HEADER, *lines)).encode(), source="hl7v2", partner=partner, received=RECEIVED)
    assert [] == [issue for issue in validate(found.bundle) if issue.severity in ("fatal", "error")]
    return found


def patient_of(found: Conversion) -> dict[str, Any]:
    (patient,) = (one["resource"] for one in found.bundle["entry"] if one["resource"]["resourceType"] == "Patient")
    return dict(patient)


def test_a_system_with_a_blank_in_it_is_none() -> None:
    partner = PartnerProfile("riv", assigning_authorities={"NG": "urn:example:two words"})

    (identifier,) = patient_of(conversion(partner, "PID|1||100^^^NG^MR"))["identifier"]

    assert "system" not in identifier
    assert "NG" == identifier["assigner"]["display"]


def with_element(element: str, datatype: str = "ST") -> PartnerProfile:
    return PartnerProfile("riv", z_fields={"ZPI-2": ElementMapping("Patient", element, datatype)})


@pytest.mark.parametrize(
    ("element", "datatype", "sent", "expected"),
    [
        ("maritalStatus", "CWE", "M^Married^L2", {"text": "Married"}),
        ("maritalStatus.text", "ST", "married, twice", {"text": "married, twice"}),
        ("identifier[]", "CX", "55^^^2.999.4&2.999.4&ISO", {"system": "urn:oid:2.999.4", "value": "55"}),
        ("name[]", "XPN", "Example^Eve", {"family": "Example", "given": ["Eve"]}),
        ("telecom[]", "XTN", "555-0100", {"value": "555-0100"}),
        ("telecom[]", "XTN", "555-0100^^^eve@example.org", {"system": "email", "value": "eve@example.org"}),
        ("address[]", "XAD", "1 Road^^Testville", {"city": "Testville"}),
        ("contact[].name", "XPN", "Example^Eve", {"name": {"family": "Example", "given": ["Eve"]}}),
        ("birthDate", "DT", "19700203", "1970-02-03"),
        ("deceasedDateTime", "DTM", "20260203101500+0100", "2026-02-03T10:15:00+01:00"),
        ("gender", "ID", "female", "female"),
        ("multipleBirthInteger", "NM", "2", 2),
    ],
)
def test_a_field_of_a_z_segment_becomes_the_element_that_the_partner_names(
    element: str, datatype: str, sent: str, expected: object
) -> None:
    found = conversion(with_element(element, datatype), PID, f"ZPI|1|{sent}")
    value = patient_of(found)[element.split("[")[0].split(".")[0]]

    whole = value[-1] if isinstance(value, list) else value
    assert expected == ({name: whole[name] for name in expected} if isinstance(expected, dict) else whole)
    assert ["ZPI-1"] == [entry.location for entry in found.coverage.unknown]


@pytest.mark.parametrize(
    ("element", "datatype", "kind"),
    [("generalPractitioner[]", "XCN", "Practitioner"), ("managingOrganization", "XON", "Organization")],
)
def test_people_and_organizations_of_a_z_segment_are_resources_of_the_bundle(
    element: str, datatype: str, kind: str
) -> None:
    found = conversion(with_element(element, datatype), PID, "ZPI|1|9^Example^^^^^^^^9")
    value = patient_of(found)[element.removesuffix("[]")]
    target = (value[0] if isinstance(value, list) else value)["reference"]

    assert target.startswith(kind)
    assert target in {f"{one['resource']['resourceType']}/{one['resource']['id']}" for one in found.bundle["entry"]}


@pytest.mark.parametrize(
    ("element", "datatype", "sent"),
    [
        ("name", "XPN", "Other^One"),
        ("birthDate", "DT", "soon"),
        ("generalPractitioner[]", "XCN", "^"),
        ("x", "XON", "^"),
    ],
)
def test_what_is_filled_already_or_says_nothing_leaves_the_field_unknown(
    element: str, datatype: str, sent: str
) -> None:
    plain = patient_of(conversion(PartnerProfile("riv"), PID))
    found = conversion(with_element(element, datatype), PID, f"ZPI||{sent}")

    assert plain == patient_of(found)
    assert ["ZPI-2"] == [entry.location for entry in found.coverage.unknown]


def test_a_parent_that_repeats_is_made_once_and_then_used() -> None:
    fields = {
        f"ZPI-{number}": ElementMapping("Patient", path)
        for number, path in ((1, "contact[].name.text"), (2, "contact[].gender"))
    }
    found = conversion(PartnerProfile("riv", z_fields=fields), PID, "ZPI|Example, Eve|female")

    assert [{"name": {"text": "Example, Eve"}, "gender": "female"}] == patient_of(found)["contact"]


@pytest.mark.parametrize(
    ("element", "datatype", "patients", "relatives", "value"),
    [
        ("address[].district", "ST", 11, 4, "120 Invented Way^^Testville"),
        ("address[].line[]", "ST", 11, 4, "120 Invented Way^^Testville"),
        ("telecom[].rank", "NM", 13, 5, "^PRN^PH^^1^555^5550122"),
    ],
)
def test_what_a_partner_adds_to_a_patient_is_not_said_of_who_has_the_same_address_or_telephone(
    element: str, datatype: str, patients: int, relatives: int, value: str
) -> None:
    pid = PID + "|" * (patients - PID.count("|")) + value
    nk1 = "NK1|1|EXAMPLE^KIN" + "|" * (relatives - 2) + value

    def relative(partner: PartnerProfile | None) -> list[dict[str, Any]]:
        entries = conversion(partner, pid, nk1, "ZPI|7").bundle["entry"]
        return [one["resource"] for one in entries if one["resource"]["resourceType"] == "RelatedPerson"]

    (told,), (untold,) = relative(with_element(element, datatype)), relative(None)

    assert untold[element.partition("[")[0]] == told[element.partition("[")[0]]


def test_a_mapped_field_without_a_resource_for_it_stays_unknown() -> None:
    partner = PartnerProfile(
        "riv", z_fields={"ZPI-1": ExtensionMapping("Device", "urn:x"), "ZPI-2": ElementMapping("Device", "type")}
    )
    found = conversion(partner, PID, "ZPI|a|b")

    assert ["ZPI-1", "ZPI-2"] == [entry.location for entry in found.coverage.unknown]


def test_the_sender_says_which_field_holds_the_medical_record_number() -> None:
    usual = patient_of(conversion(None, PID))
    partner = PartnerProfile("riv", quirks=Quirks("PID-2", "urn:oid:2.999.2"))
    changed = patient_of(conversion(partner, PID))
    mrn = next(one for one in changed["identifier"] if one["value"] == "77")

    assert usual["id"] != changed["id"]
    assert ("urn:oid:2.999.2", "MR") == (mrn["system"], mrn["type"]["coding"][0]["code"])
    assert changed["id"] == patient_of(conversion(partner, "PID|1|77|200^^^NG^MR||Doe^Dora"))["id"]


def test_without_a_number_there_the_usual_field_decides() -> None:
    partner = PartnerProfile("riv", quirks=Quirks("PID-4"))

    assert patient_of(conversion(PartnerProfile("riv"), PID))["id"] == patient_of(conversion(partner, PID))["id"]


def test_an_authority_that_is_stated_stays() -> None:
    partner = PartnerProfile("riv", quirks=Quirks("PID-3", "urn:oid:2.999.2"))
    identifiers = patient_of(conversion(partner, "PID|1||100^^^NG~200"))["identifier"]

    assert [("NG", None), (None, "urn:oid:2.999.2")] == [
        (one.get("assigner", {}).get("display"), one.get("system")) for one in identifiers
    ]


@pytest.mark.parametrize(("header_zone", "expected"), [(True, "+01:00"), (False, "-05:00")])
def test_the_zone_of_the_header_counts_unless_the_sender_means_it_otherwise(header_zone: bool, expected: str) -> None:
    partner = PartnerProfile("riv", time_zone="America/New_York", quirks=Quirks(header_zone=header_zone))
    pid = PID + "|" * 24 + "202603011430"

    assert f"2026-03-01T14:30:00{expected}" == patient_of(conversion(partner, pid))["deceasedDateTime"]


def test_the_country_of_a_message_is_that_of_its_sender() -> None:
    (named,) = convert(f"{HEADER}|||||USA\r{PID}".encode(), source="hl7v2", received=RECEIVED)

    assert [{"country": "USA"}] == next(
        one["resource"]["address"] for one in named.bundle["entry"] if one["resource"].get("name") == "RIV"
    )
