"""What PID, NK1 and the data types of names, addresses, numbers and authorities say about people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.validation.full import validate_fully

RECEIVED = datetime(2026, 3, 12, 8, 0, tzinfo=UTC)
MSH = "MSH|^~\\&|ADT|NORTHGATE|HUB|CORRIDOR|20260312080000+0100||ADT^A08^ADT_A01|P1|P|2.8"
STANDARD = "http://hl7.org/fhir/StructureDefinition/"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
OURS = "urn:corridor:extension:"
TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"


def conversion_of(*segments: str) -> Conversion:
    (conversion,) = convert("\r".join((MSH, *segments)).encode(), source="hl7v2", received=RECEIVED)
    assert [] == [one for one in validate_fully(conversion.bundle) if one.severity in ("fatal", "error")]
    return conversion


def all_of(kind: str, *segments: str) -> list[dict[str, Any]]:
    entries = conversion_of(*segments).bundle["entry"]
    return [one["resource"] for one in entries if one["resource"]["resourceType"] == kind]


def pid(**fields: str) -> str:
    numbers = {int(name.lstrip("f")): value for name, value in fields.items()}
    numbers.setdefault(3, "700001^^^NORTHGATE^MR")
    return "|".join(["PID", *(numbers.get(number, "") for number in range(1, 41))])


def patient(**fields: str) -> dict[str, Any]:
    (found,) = all_of("Patient", pid(**fields))
    return found


def extensions(element: dict[str, Any], url: str) -> list[dict[str, Any]]:
    return [
        {name: part for name, part in one.items() if name != "url"}
        for one in element["extension"]
        if one["url"] == url
    ]


def test_an_authority_is_an_organization_with_its_name_and_its_universal_id() -> None:
    organizations = all_of(
        "Organization", pid(f3="7^^^CITY&2.999.7&ISO^MR~8^^^TOWN&town.example&DNS^PI~9^^^&2.999.8^PN")
    )
    kinds = TERMINOLOGY + "v2-0301"

    assert [
        [{"value": "NORTHGATE"}],
        [
            {"value": "CITY"},
            {
                "type": {"coding": [{"system": kinds, "code": "ISO"}]},
                "system": "urn:ietf:rfc:3986",
                "value": "urn:oid:2.999.7",
            },
        ],
        [{"value": "TOWN"}, {"type": {"coding": [{"system": kinds, "code": "DNS"}]}, "value": "town.example"}],
        [{"system": "urn:ietf:rfc:3986", "value": "urn:oid:2.999.8"}],
    ] == [one["identifier"] for one in organizations]


def test_the_components_of_an_identifier_without_an_element_stay_with_it() -> None:
    (identifier,) = patient(f3="700001^4^M11^NORTHGATE^MR^CLINIC&2.999.9&ISO^20200101^20201231^DE^AGENCY^x^M10")[
        "identifier"
    ]

    assert {"start": "2020-01-01", "end": "2020-12-31"} == identifier["period"]
    assert {2: "4", 3: "M11", 6: "CLINIC&2.999.9&ISO", 9: "DE", 10: "AGENCY", 11: "x", 12: "M10"} == {
        int(one["url"].rpartition("-")[2]): one["valueString"] for one in identifier["extension"]
    }


def test_a_name_has_its_professional_suffix_its_order_and_a_nickname_beside_it() -> None:
    name, nickname = patient(f5="Testcase^Tilda^Maria^JR^Dr.^MD^L^A^x^^G^20200101^20210101^FACP^Tilly")["name"]

    assert ["JR", "MD", "FACP"] == name["suffix"]
    assert {"start": "2020-01-01", "end": "2021-01-01"} == name["period"]
    assert [{"valueCode": "G"}] == extensions(name, f"{STANDARD}humanname-assembly-order")
    assert [{"valueString": "A"}] == extensions(name, f"{OURS}xpn-8")
    assert {"use": "nickname", "given": ["Tilly"]} == nickname


def test_a_validity_range_is_the_period_only_where_no_dates_of_their_own_are_sent() -> None:
    ranged, dated = patient(f5="A^B^^^^^^^^20200101&20210101~C^D^^^^^^^^20200101&20210101^^20220101")["name"]

    assert {"start": "2020-01-01", "end": "2021-01-01"} == ranged["period"]
    assert {"start": "2022-01-01"} == dated["period"]
    assert [{"valueString": "20200101&20210101"}] == extensions(dated, f"{OURS}xpn-10")


def test_an_order_of_the_name_that_no_table_has_is_kept() -> None:
    (name,) = patient(f5="A^B^^^^^^^^^X")["name"]

    assert [{"valueCoding": {"system": f"{TERMINOLOGY}v2-0444", "code": "X"}}] == extensions(
        name, f"{OURS}original-code"
    )


def test_what_somebody_is_called_by_stays_with_a_name_that_stands_alone() -> None:
    (found,) = all_of("Patient", pid(), "NK1|1|Testcase^Tomas^^^^^^^^^^^^^Tom|FTH^^HL70063")

    assert [{"valueString": "Tom"}] == extensions(found["contact"][0]["name"], f"{OURS}xpn-15")


def test_an_address_names_its_addressee_its_tract_and_its_period() -> None:
    (address,) = patient(f11="1 Example St^^Testtown^BE^10115^DEU^H^x^W^T1^A^20200101&20210101^^^^^^^^Near Highway^c")[
        "address"
    ]

    assert ["1 Example St"] == address["line"][:1]
    assert {"start": "2020-01-01", "end": "2021-01-01"} == address["period"]
    assert [{"valueString": "T1"}] == extensions(address, f"{OURS}xad-10")
    assert [{"valueString": "x"}] == extensions(address, f"{OURS}xad-8")


def test_dates_of_an_address_go_before_its_range_and_an_addressee_is_a_line() -> None:
    (address,) = patient(f11="1 Example St^^Testtown^^^^HV^^^^^20200101&20210101^20220101^^^^^^Ward Nine")["address"]

    assert ["1 Example St", "Ward Nine"] == address["line"]
    assert {"start": "2022-01-01"} == address["period"]
    assert [{"valueString": "20200101&20210101"}] == extensions(address, f"{OURS}xad-12")
    assert [{"valueCode": "HV"}] == extensions(address, f"{STANDARD}iso21090-AD-use")


def test_a_telephone_number_keeps_its_parts_its_rank_and_its_period() -> None:
    first, second = patient(
        f13="^PRN^PH^^49^30^5550100^7^ask for Tilda^x^^^20200101^20210101^^^^2~030 5550101^PRN^PH^^^^^^^^^^^^^^^first"
    )["telecom"]

    assert ("+49 30 5550100 ext. 7", 2) == (first["value"], first["rank"])
    assert {"start": "2020-01-01", "end": "2021-01-01"} == first["period"]
    assert ["49", "30", "5550100", "7"] == [
        extensions(first, f"{STANDARD}contactpoint-{part}")[0]["valueString"]
        for part in ("country", "area", "local", "extension")
    ]
    assert [{"valueString": "first"}] == extensions(second, f"{OURS}xtn-18")


@pytest.mark.parametrize(
    ("sent", "number"),
    [
        ("^PRN^PH^tilda@example.org^49^30^5550100", {"system": "phone", "value": "+49 30 5550100", "use": "home"}),
        ("030 5550100^WPN^FX^tilda@example.org", {"system": "fax", "value": "030 5550100", "use": "work"}),
        ("^NET^Internet^tilda@example.org^^30^5550100", {"system": "phone", "value": "30 5550100", "use": "home"}),
        ("^PRN^CP^tilda@example.org^^^^^^^^+493055501", {"system": "phone", "value": "+493055501", "use": "mobile"}),
        ("^NET^^tilda@example.org^^30^5550100", {"system": "phone", "value": "30 5550100", "use": "home"}),
        ("other@example.org^NET^Internet^tilda@example.org", {"system": "email", "value": "other@example.org"}),
    ],
)
def test_a_number_and_an_e_mail_address_in_one_xtn_are_two_contacts(sent: str, number: dict[str, str]) -> None:
    first, second = patient(f13=sent)["telecom"]

    assert number == {name: first[name] for name in number}
    assert {"system": "email", "value": "tilda@example.org"} == {name: second[name] for name in ("system", "value")}
    assert second["use"] == ("work" if "WPN" in sent else "home")
    assert [{"valueBoolean": True}] == extensions(second, f"{OURS}sent-with-number")


def test_an_equipment_that_nobody_knows_is_kept_and_rung() -> None:
    (contact,) = patient(f13="^PRN^XX^^^30^5550100")["telecom"]

    assert "phone" == contact["system"]
    assert [{"valueCoding": {"system": f"{TERMINOLOGY}v2-0202", "code": "XX"}}] == extensions(
        contact, f"{OURS}original-code"
    )


def test_an_e_mail_address_is_one_contact_where_nothing_else_could_be_rung() -> None:
    said = ("^NET^Internet^a@b.example^49", "a@b.example^NET^Internet^a@b.example", "^NET^Internet^a@b.example")

    for sent in said:
        (contact,) = patient(f13=sent)["telecom"]
        assert ("email", "a@b.example") == (contact["system"], contact["value"])


def test_both_contacts_of_an_xtn_hold_for_the_same_time() -> None:
    number, mail = patient(f13="^PRN^PH^a@example.org^^30^5550100^^^^^^20200101^20210101")["telecom"]

    assert {"start": "2020-01-01", "end": "2021-01-01"} == number["period"] == mail["period"]


def test_citizenship_nationality_and_tribe_are_the_extensions_that_know_them() -> None:
    found = patient(
        f26="DE^Germany^ISO3166_1~FR^France^ISO3166_1", f28="DE^Germany^ISO3166_1", f39="170^Example Tribe^HL70171"
    )

    assert ["DE", "FR"] == [
        one["extension"][0]["valueCodeableConcept"]["coding"][0]["code"]
        for one in extensions(found, f"{STANDARD}patient-citizenship")
    ]
    (nation,) = extensions(found, f"{STANDARD}patient-nationality")
    assert "urn:iso:std:iso:3166" == nation["extension"][0]["valueCodeableConcept"]["coding"][0]["system"]
    (tribe,) = extensions(found, f"{US_CORE}tribal-affiliation")
    assert ("tribalAffiliation", "Example Tribe") == (
        tribe["extension"][0]["url"],
        tribe["extension"][0]["valueCodeableConcept"]["text"],
    )


def test_a_veteran_keeps_the_status_as_a_code() -> None:
    (status,) = extensions(patient(f27="R^Retired^HL70172"), f"{OURS}veteran-military-status")

    assert "Retired" == status["valueCodeableConcept"]["text"]


def test_an_animal_has_a_species_and_a_breed() -> None:
    (animal,) = extensions(patient(f35="L-80700^Canine^SNM3", f36="L-80733^Beagle^SNM3"), f"{STANDARD}patient-animal")

    assert ["species", "breed"] == [part["url"] for part in animal["extension"]]
    (plain,) = extensions(patient(f35="L-80700^Canine^SNM3"), f"{STANDARD}patient-animal")
    assert ["species"] == [part["url"] for part in plain["extension"]]


def test_a_breed_without_a_species_stays_as_sent() -> None:
    found = patient(f36="L-80733^Beagle^SNM3")

    assert [{"valueString": "L-80733^Beagle^SNM3"}] == extensions(found, f"{OURS}pid-36")


@pytest.mark.parametrize(
    ("sent", "category"),
    [("H^Hispanic^HL70189", "2135-2"), ("N^Other^HL70189", "2186-5"), ("2135-2^Hispanic or Latino^CDCREC", "2135-2")],
)
def test_an_ethnicity_of_table_0189_is_a_category_of_the_cdc(sent: str, category: str) -> None:
    (ethnicity,) = extensions(patient(f22=sent), f"{US_CORE}ethnicity")

    assert category == ethnicity["extension"][0]["valueCoding"]["code"]


@pytest.mark.parametrize("sent", ["U^Unknown^HL70189", "H^Hispanic^L"])
def test_an_ethnicity_that_is_no_category_stays_the_sender_s(sent: str) -> None:
    found = patient(f22=sent)

    assert [] == extensions(found, f"{US_CORE}ethnicity")
    assert 1 == len(extensions(found, f"{OURS}ethnicity"))


def test_a_religion_is_translated_where_the_guide_knows_how() -> None:
    (known,) = extensions(patient(f17="LUT^Lutheran^HL70006"), f"{STANDARD}patient-religion")

    assert [("v3-ReligiousAffiliation", "1028"), ("v2-0006", "LUT")] == [
        (one["system"].removeprefix(TERMINOLOGY), one["code"]) for one in known["valueCodeableConcept"]["coding"]
    ]


@pytest.mark.parametrize(
    ("sent", "codes"),
    [
        ("ger^German^HL70296", ["de", "ger"]),
        ("EN", ["en", "EN"]),
        ("en^English^ISO639", ["en"]),
        ("xx^Unheard^HL70296", ["xx"]),
        ("GER^German^99LOC", ["GER"]),
    ],
)
def test_a_language_is_a_tag_of_bcp_47_where_the_code_is_one_of_iso_639(sent: str, codes: list[str]) -> None:
    (language,) = patient(f15=sent)["communication"]

    assert codes == [one["code"] for one in language["language"]["coding"]]


def test_the_mother_is_a_related_person_with_her_numbers() -> None:
    (mother,) = all_of("RelatedPerson", pid(f21="600001^^^NORTHGATE^MR~600001^^^NORTHGATE^MR~X7^^^CITY^PN"))

    assert ["600001", "X7"] == [one["value"] for one in mother["identifier"]]
    assert "MTH" == mother["relationship"][0]["coding"][0]["code"]


def test_a_mother_without_a_number_is_nobody_but_what_was_sent_stays() -> None:
    segment = pid(f21="^^^NORTHGATE^MR")
    (found,) = all_of("Patient", segment)

    assert [] == all_of("RelatedPerson", segment)
    assert [{"valueString": "^^^NORTHGATE^MR"}] == extensions(found, f"{OURS}original-value")


def test_the_contact_person_of_an_organization_is_the_organization_s_contact() -> None:
    segment = "|".join(
        [
            *("NK1", "1", "", "E^Employer^HL70131", *[""] * 9, "Example Works^^^^^^^^^77~Second Works", *[""] * 16),
            *("Example^Paula", "^WPN^PH^^^30^5550199", "9 Example Rd^^Testtown"),
        ]
    )
    entries = conversion_of(pid(), segment).bundle["entry"]
    named = {
        one["resource"].get("name"): one["resource"]
        for one in entries
        if one["resource"]["resourceType"] == "Organization"
    }
    (found,) = [one["resource"] for one in entries if one["resource"]["resourceType"] == "Patient"]
    (contact,) = found["contact"]

    (person,) = named["Example Works"]["contact"]
    assert ("Example", "Testtown") == (person["name"]["family"], person["address"]["city"])
    assert ["30 5550199"] == [one["value"] for one in person["telecom"]]
    assert {"name", "telecom", "address"} & contact.keys() == set()
    assert named["Second Works"]["id"] in contact["extension"][0]["valueReference"]["reference"]


def test_the_contact_person_s_address_serves_where_the_contact_has_none() -> None:
    segment = "|".join(["NK1", "1", *[""] * 30, "9 Example Rd^^Testtown~10 Example Rd"])
    (contact,) = all_of("Patient", pid(), segment)[0]["contact"]

    assert "Testtown" == contact["address"]["city"]
    assert 1 == len(extensions(contact, f"{OURS}nk1-32"))


def test_a_qualifier_without_anything_to_qualify_is_dropped_and_said_so() -> None:
    coverage = conversion_of(pid(f5="Testcase^Tilda~^^^^^^L")).coverage

    assert "qualifies a component that is empty" in [one.reason for one in coverage.dropped]
    assert () == coverage.unknown


def test_the_processing_mode_tags_the_provenance() -> None:
    message = MSH.replace("|P1|P|", "|P1|T^A|")
    (conversion,) = convert(f"{message}\r{pid()}".encode(), source="hl7v2", received=RECEIVED)
    (provenance,) = [
        one["resource"] for one in conversion.bundle["entry"] if one["resource"]["resourceType"] == "Provenance"
    ]

    assert [("v2-0103", "T"), ("v2-0207", "A")] == [
        (one["system"].removeprefix(TERMINOLOGY), one["code"]) for one in provenance["meta"]["tag"]
    ]


def test_whoever_observes_and_whoever_directs_the_laboratory_do_so_in_a_role() -> None:
    result = "|".join(
        ["OBX", "1", "ST", "718-7^Hemoglobin^LN", "", "high", *[""] * 5, "F", *[""] * 4, "1^Example^Ole"]
    )
    result = "|".join([result, *[""] * 6, "Example Laboratory", "", "2^Example^Dora"])
    entries = conversion_of(pid(), "PV1|1|N", result).bundle["entry"]
    roles = [one["resource"] for one in entries if one["resource"]["resourceType"] == "PractitionerRole"]

    assert [("RO", False), ("MDIR", True)] == [
        (one["code"][0]["coding"][0]["code"], "organization" in one) for one in roles
    ]


def test_value_sets_of_a_coded_value_stay_with_it() -> None:
    found = patient(f16="M^Married^HL70002^^^^^^^^^^^^2.999.1^20200101")

    assert [{"valueString": "2.999.1"}] == extensions(found["maritalStatus"], f"{OURS}cwe-15")


def appointment(**fields: str) -> list[dict[str, Any]]:
    numbers = {int(name.lstrip("f")): value for name, value in fields.items()}
    numbers |= {2: "F1", 11: "^^^20260401090000+0100^20260401093000+0100", 25: "Booked"}
    sch = "|".join(["SCH", *(numbers.get(number, "") for number in range(1, 28))])
    message = MSH.replace("ADT^A08^ADT_A01", "SIU^S12^SIU_S12")
    (conversion,) = convert(f"{message}\r{sch}\r{pid()}".encode(), source="hl7v2", received=RECEIVED)
    assert [] == [one for one in validate_fully(conversion.bundle) if one.severity in ("fatal", "error")]
    assert () == conversion.coverage.unknown
    return [one["resource"] for one in conversion.bundle["entry"]]


def test_the_contact_person_of_an_appointment_is_reached_in_a_role() -> None:
    found = appointment(
        f12="9^Example^Paula~8^Example^Peter", f13="^WPN^PH^^^30^5550199", f14="9 Example Rd", f15="W1^R2"
    )
    (role,) = [one for one in found if one["resourceType"] == "PractitionerRole"]
    (booked,) = [one for one in found if one["resourceType"] == "Appointment"]
    first, second = [one for one in found if one["resourceType"] == "Practitioner"]

    assert f"Practitioner/{first['id']}" == role["practitioner"]["reference"]
    assert ("30 5550199", 1) == (role["telecom"][0]["value"], len(role["location"]))
    assert ["9 Example Rd"] == first["address"][0]["line"]
    assert [f"PractitionerRole/{role['id']}", f"Practitioner/{second['id']}"] == [
        one["actor"]["reference"] for one in booked["participant"][:2]
    ]


def test_a_contact_of_whom_only_the_address_is_known_needs_no_role() -> None:
    found = appointment(f16="9^Example^Paula", f18="9 Example Rd")

    assert [] == [one for one in found if one["resourceType"] == "PractitionerRole"]
    assert ["9 Example Rd"] == [one["address"][0]["line"][0] for one in found if one["resourceType"] == "Practitioner"]


def test_how_nobody_is_reached_stays_with_the_appointment() -> None:
    found = appointment(f13="^WPN^PH^^^30^5550199", f15="")
    (booked,) = [one for one in found if one["resourceType"] == "Appointment"]

    assert [{"valueString": "^WPN^PH^^^30^5550199"}] == extensions(booked, f"{OURS}sch-13")


def test_a_place_that_says_nothing_is_no_location_of_a_contact() -> None:
    (role,) = [
        one
        for one in appointment(f12="9^Example^Paula", f13="^WPN^PH^^^30^5550199", f15="&")
        if one["resourceType"] == "PractitionerRole"
    ]

    assert "location" not in role
