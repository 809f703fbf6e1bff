from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.terminology.master_file_maps import all_maps
from shared.validation import validate
from tests.shared.mapping.hl7v2_to_fhir.converted_resources import only, ref, resources

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
MFI = "MFI|PRA|HR|UPD|||AL"
STAFF = "STF|S1|88^^^NG&1.2.3&ISO^EI|Mock^Mona"


def converted(kind: str, *lines: str) -> Conversion:
    header = f"MSH|^~\\&|HR|NG|||20260301120000+0100||{kind}|NG-1|P|2.5.1"
    (found,) = convert("\r".join((header, *lines)).encode(), source="hl7v2", received=RECEIVED)
    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    return found


def kept(element: dict[str, Any]) -> dict[str, Any]:
    """Return what the extensions of an element hold, by the last part of their URL."""
    return {
        one["url"].rsplit(":", 1)[-1]: next(value for name, value in one.items() if name != "url")
        for one in element.get("extension", ())
    }


def test_every_concept_map_has_its_own_name() -> None:
    assert len(all_maps()) == len({one.name for one in all_maps()}) == 4


@pytest.mark.parametrize(
    ("event", "flag", "active"),
    [
        ("MAD", "", True),
        ("MUP", "A", True),
        ("MAC", "", True),
        ("MUP", "i", False),
        ("MDC", "A", False),
        ("MDL", "", False),
    ],
)
def test_a_record_is_in_use_unless_its_event_or_its_flag_withdraws_it(event: str, flag: str, active: bool) -> None:
    record = f"MFE|{event}|1||K"
    person = only(converted("MFN^M02", MFI, record, f"{STAFF}||||{flag}"), "Practitioner")
    charge = only(converted("MFN^M04", MFI, record, f"CDM|C1|||||||{flag}"), "ChargeItemDefinition")
    service = only(converted("MFN^M05", MFI, record, "LOC|W1", f"LDP|W1|MED||||{flag}"), "HealthcareService")

    assert (active, "active" if active else "retired") == (person["active"], charge["status"])
    assert active == service["active"]


@pytest.mark.parametrize(("event", "status"), [("MAD", "active"), ("MDC", "inactive"), ("MDL", "inactive")])
def test_a_location_that_is_withdrawn_is_inactive(event: str, status: str) -> None:
    assert status == only(converted("MFN^M05", MFI, f"MFE|{event}|1||W1", "LOC|W1"), "Location")["status"]


def test_an_event_or_a_flag_without_translation_is_reported() -> None:
    found = converted("MFN^M02", MFI, "MFE|XXX|1||K", f"{STAFF}||||Q")

    assert ["MFE-1", "STF-7"] == [one.location for one in found.issues if one.code == "unmapped-code"]
    assert "XXX" == kept(only(found, "Practitioner"))["mfe-1"]


def test_a_member_of_staff_is_the_practitioner_of_every_other_message() -> None:
    staff = only(converted("MFN^M02", MFI, "MFE|MAD|1||K", STAFF), "Practitioner")
    visit = "PV1|1|I|||||88^Mock^Mona^^^^^^NG&1.2.3&ISO^L^^^EI"
    attending = only(converted("ADT^A01", "PID|||1^^^NG||Testcase^Tilda", visit), "Practitioner")

    assert attending["id"] == staff["id"]


def test_a_member_of_staff_without_a_number_has_the_records_key() -> None:
    first, second = (
        only(converted("MFN^M02", MFI, "MFE|MAD|1||K", f"STF|S1|{numbers}|{name}"), "Practitioner")
        for numbers, name in (("^^^NG", "Mock^Mona"), ("", "Mock^Monika"))
    )

    assert [{"value": "S1"}] == first["identifier"]
    assert first["id"] == second["id"]


def test_staff_and_practitioner_detail_of_the_same_institution_are_one_role() -> None:
    staff = f"{STAFF}|PHY^Physician||||||||20100101||||||Consultant"
    found = converted(
        "MFN^M02", MFI, "MFE|MAD|1||K", staff, "PRA|S1||ST^Staff||C|||20110101", "PRA|S1||||||||CL^Clinic"
    )
    own, clinic = resources(found, "PractitionerRole")

    assert ["Physician", "Consultant", "Staff"] == [one["text"] for one in own["code"]]
    assert ("2010-01-01", "20110101") == (own["period"]["start"], kept(own)["pra-8"])
    assert "Clinic" == next(
        one["name"] for one in resources(found, "Organization") if ref(one) == clinic["organization"]
    )
    assert own["practitioner"] == clinic["practitioner"] == ref(only(found, "Practitioner"))


def test_staff_without_anything_of_a_role_makes_none() -> None:
    assert [] == resources(converted("MFN^M02", MFI, "MFE|MAD|1||K", STAFF), "PractitionerRole")


@pytest.mark.parametrize(("sent", "kept_as_sent"), [("19700505", False), ("19700505083000+0100", True)])
def test_a_birth_date_keeps_its_time_of_day(sent: str, kept_as_sent: bool) -> None:
    person = only(converted("MFN^M02", f"{STAFF}|||{sent}"), "Practitioner")

    assert ("1970-05-05", kept_as_sent) == (person["birthDate"], "_birthDate" in person)


def test_licences_and_languages_and_degrees_are_the_practitioners() -> None:
    lines = (
        "PRA|S1|||||L-7^SL^NY~^SL",
        "LAN|1|en^English^ISO639|1^Read|1",
        "EDU|1|MD^Doctor||19900101^1996|||U|1 Street",
    )
    person = only(converted("MFN^M02", MFI, "MFE|MAD|1||K", STAFF, *lines), "Practitioner")

    assert "L-7" == person["identifier"][1]["value"]
    assert {"lan-3": "1^Read", "lan-4": "1"} == kept(person["communication"][0])
    assert {"start": "1990-01-01", "end": "1996"} == person["qualification"][0]["period"]
    assert {"edu-7": "U", "edu-8": "1 Street"} == kept(person["qualification"][0])


def test_a_degree_or_certificate_without_a_code_says_so() -> None:
    found = converted("MFN^M02", MFI, "MFE|MAD|1||K", STAFF, "EDU|1", "CER|1|SN-1")
    degree, certificate = only(found, "Practitioner")["qualification"]

    assert "unknown" == degree["code"]["coding"][0]["code"] == certificate["code"]["coding"][0]["code"]
    assert [{"value": "SN-1"}] == certificate["identifier"]


def test_a_school_is_an_organization_with_its_address() -> None:
    found = converted("MFN^M02", MFI, "MFE|MAD|1||K", STAFF, "EDU|1|MD||||Sample University|U|1 Campus^^Exampleton")
    school = next(one for one in resources(found, "Organization") if "University" in one["name"])

    assert "Exampleton" == school["address"][0]["city"]
    assert ref(school) == only(found, "Practitioner")["qualification"][0]["issuer"]


def test_a_membership_is_a_role_in_the_organization() -> None:
    found = converted(
        "MFN^M02", MFI, "MFE|MAD|1||K", STAFF, "AFF|1|Sample College|1 Street^^Exampleton|2000^2030~1999"
    )
    role = only(found, "PractitionerRole")
    college = next(one for one in resources(found, "Organization") if ref(one) == role["organization"])

    assert ("Sample College", "Exampleton") == (college["name"], college["address"][0]["city"])
    assert ({"start": "2000", "end": "2030"}, "2000^2030~1999") == (role["period"], kept(role)["aff-4"])


def test_what_describes_an_organization_that_is_not_named_is_kept_on_the_role() -> None:
    found = converted("MFN^M02", MFI, "MFE|MAD|1||K", STAFF, "ORG|1||D^Department", "AFF|1||1 Street")
    unit, membership = (kept(role) for role in resources(found, "PractitionerRole"))

    assert ({"org-3": "D^Department"}, {"aff-3": "1 Street"}) == (unit, membership)


def test_a_segment_before_its_record_is_the_records_all_the_same() -> None:
    found = converted("MFN^M02", MFI, "MFE|MAD|1||K", "LAN|1|en", STAFF)

    assert "en" == only(found, "Practitioner")["communication"][0]["coding"][0]["code"]
    assert () == found.coverage.unknown


def test_a_record_without_mfe_is_mapped_all_the_same() -> None:
    assert only(converted("MFN^M02", STAFF), "Practitioner")["active"]


def test_a_charge_has_its_prices_and_the_period_of_the_first() -> None:
    prices = ("PRC|1||||120.50&usd^UP~5^TP~free||||||20260101|20261231", "PRC|1||||100&EURO||||||20270101")
    definition = only(
        converted("MFN^M04", MFI, "MFE|MAD|1||99213", "CDM|99213^Visit^L|||Long", *prices), "ChargeItemDefinition"
    )
    first, second = definition["propertyGroup"]

    assert [{"value": 120.5, "currency": "USD"}, {"value": 5}] == [one["amount"] for one in first["priceComponent"]]
    assert "UP" == first["priceComponent"][0]["code"]["coding"][0]["code"]
    assert [{"type": "base", "amount": {"value": 100}}] == second["priceComponent"]
    assert {"start": "2026-01-01", "end": "2026-12-31"} == definition["effectivePeriod"]
    assert ("20270101", "100&EURO") == (kept(second)["prc-11"], kept(second)["prc-5"])


@pytest.mark.parametrize(("cost", "amounts"), [("80^EUR", [{"value": 80, "currency": "EUR"}]), ("none", []), ("", [])])
def test_the_cost_of_a_charge_is_informational(cost: str, amounts: list[dict[str, Any]]) -> None:
    definition = only(converted("MFN^M04", "CDM|1", f"PRC|1||||||||||||||||{cost}"), "ChargeItemDefinition")
    (group,) = definition["propertyGroup"]

    assert amounts == [one["amount"] for one in group.get("priceComponent", ()) if one["type"] == "informational"]


def test_a_charge_has_a_url_that_its_code_decides() -> None:
    first, second = (
        only(converted("MFN^M04", MFI, f"MFE|{event}|1||1", "CDM|1^A^L"), "ChargeItemDefinition")
        for event in ("MAD", "MUP")
    )

    assert f"urn:uuid:{first['id']}" == first["url"] == second["url"]


def test_a_location_is_the_one_of_every_visit_with_the_levels_above_it() -> None:
    master = converted("MFN^M05", MFI, "MFE|MAD|1||W1", "LOC|W1^R1^B1^NG|Window bed")
    visit = converted("ADT^A01", "PID|||1^^^NG||Testcase^Tilda", "PV1|1|I|W1^R1^B1^NG")
    bed = next(one for one in resources(master, "Location") if one.get("description") == "Window bed")

    assert {one["id"] for one in resources(visit, "Location")} == {one["id"] for one in resources(master, "Location")}
    assert "active" == bed["status"]


def test_a_location_keeps_what_it_has_one_element_for_and_gets_two() -> None:
    found = converted("MFN^M05", "LOC|W1^^^^^^^^Old|New||One~Two|1 Street~2 Street")
    place = only(found, "Location")

    assert ("Old", "1 Street") == (place["description"], place["address"]["line"][0])
    assert {"loc-2": "New", "loc-4": "One~Two", "loc-5": "1 Street~2 Street"} == kept(place)


def test_a_characteristic_stays_together_at_the_place_or_the_department() -> None:
    lines = ("LOC|W1", "LCH|W1|A||PRI^Private|Y", "LCH|W1|A||SMK^Smoking|N", "LDP|W1|MED", "LCH|W1|A||OVR|N")
    found = converted("MFN^M05", *lines)
    of_place = [kept(one) for one in only(found, "Location")["extension"]]
    of_service = [kept(one) for one in only(found, "HealthcareService")["extension"] if "extension" in one]

    assert [("PRI^Private", "Y"), ("SMK^Smoking", "N")] == [(one["lch-4"], one["lch-5"]) for one in of_place]
    assert [("OVR", "N")] == [(one["lch-4"], one["lch-5"]) for one in of_service]


def test_an_empty_detail_leaves_no_empty_extension() -> None:
    assert "extension" not in only(converted("MFN^M05", "LOC|W1", "LCH"), "Location")


def test_a_numeric_test_has_units_precision_and_ranges() -> None:
    ranges = "70&99^F^18&120^20&40^^^fasting~60|&40|x"
    lines = ("OM1|1|GLU^Glucose^L|NM~ED", f"OM2|1|mg/dL^^UCUM|5~1|mmol/L^^UCUM|0.0555|{ranges}")
    definition = only(converted("MFN^M08", *lines), "ObservationDefinition")
    details, intervals = definition["quantitativeDetails"], definition["qualifiedInterval"]

    assert (0.0555, 1) == (details["conversionFactor"], details["decimalPrecision"])
    assert ["Quantity"] == definition["permittedDataType"]
    assert ["reference", "reference", "critical"] == [one["category"] for one in intervals]
    assert ("female", "fasting", 18, 20) == (
        intervals[0]["gender"],
        intervals[0]["condition"],
        intervals[0]["age"]["low"]["value"],
        intervals[0]["gestationalAge"]["low"]["value"],
    )
    assert {
        "high": {"value": 40, "unit": "mg/dL", "system": "http://unitsofmeasure.org", "code": "mg/dL"}
    } == intervals[2]["range"]


def test_the_answers_of_a_categorical_test_are_value_sets_inside_of_it() -> None:
    answers = "N^Negative^L~P^Positive^L~words"
    definition = only(
        converted("MFN^M09", "OM1|1|T1", f"OM3|1||{answers}|N^Negative^L", f"OM3|1||{answers}"),
        "ObservationDefinition",
    )
    valid, normal = definition["contained"]

    assert ["N", "P"] == [one["code"] for one in valid["compose"]["include"][0]["concept"]]
    assert ({"reference": "#valid"}, {"reference": "#normal"}) == (
        definition["validCodedValueSet"],
        definition["normalCodedValueSet"],
    )
    assert normal["id"] == "normal"


@pytest.mark.parametrize(
    ("derived", "preference", "expected"),
    [("Y", "A", (True, "alternate")), ("N", "P", (False, "preferred")), ("", "", (None, "preferred"))],
)
def test_a_specimen_of_a_test_is_a_definition_of_its_own(
    derived: str, preference: str, expected: tuple[bool | None, str]
) -> None:
    found = converted("MFN^M08", "OM1|1|T1", f"OM4|1|{derived}|Tube|5|mL^^UCUM|SER|||||1^mL|||||{preference}")
    specimen = only(found, "SpecimenDefinition")
    (tested,) = specimen["typeTested"]

    assert expected == (tested.get("isDerived"), tested["preference"])
    assert ("Tube", 5, 1) == (
        tested["container"]["description"],
        tested["container"]["capacity"]["value"],
        tested["container"]["minimumVolumeQuantity"]["value"],
    )
    assert ref(specimen) == kept(only(found, "ObservationDefinition"))["specimen-definition"]


def test_whoever_has_a_part_in_a_test_is_named() -> None:
    found = converted("MFN^M12", "OM1|1|T1", "PRT||AD||RO|7^Mock^Mona", "OM7|1|T1", "PRT||AD||RO|8^Sample^Sven")

    assert 2 == len(only(found, "ObservationDefinition")["extension"]) - 2
    assert 2 == len(resources(found, "PractitionerRole"))


def test_a_record_of_another_kind_is_reported_and_stays_unknown() -> None:
    found = converted("MFN^M15", MFI, "MFE|MAD|1||ITEM", "IIM|ITEM")

    assert [("master-file-unmapped", "MFE")] == [(one.code, one.location) for one in found.issues]
    assert {"MFE-1", "IIM-1"} <= {one.location for one in found.coverage.unknown}
    assert "UPD" == kept(only(found, "Provenance"))["mfi-3"]


def test_an_answer_tells_the_result_of_each_record() -> None:
    found = converted("MFK^M01", "MSA|AE|M1", MFI, "MFA|MAD|C1||S|K1", "MFA|MAD|C2||U|K2", "MFA|MAD|C3")
    outputs = only(found, "Task")["output"]

    assert ["S", "U", "unknown"] == [one["valueCodeableConcept"]["coding"][0]["code"] for one in outputs]
    assert ["C1", "C2", "C3"] == [kept(one)["mfa-2"] for one in outputs]


def test_results_without_the_answer_that_they_belong_to_stay_unknown() -> None:
    assert {"MFA-1", "MFA-2"} == {one.location for one in converted("MFK^M01", "MFA|MAD|C1").coverage.unknown}
