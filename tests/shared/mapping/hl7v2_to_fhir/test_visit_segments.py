from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.conversion import Conversion, convert
from shared.terminology.visit_maps import all_maps
from shared.validation import validate
from tests.shared.mapping.hl7v2_to_fhir.converted_resources import only, ref, resources

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
HEADER = "MSH|^~\\&|REG|NG|||20260301120000+0100||ADT^A08|NG-1|P|2.5.1"
PID = "PID|1||100^^^NG^MR||Testcase^Tilda||19800214|F"
PV1 = "PV1|1|I|W^1||||||||||||||||V1^^^NG"
FLOOR = "http://terminology.hl7.org/CodeSystem/"


def converted(*lines: str) -> Conversion:
    (found,) = convert("\r".join((HEADER, *lines)).encode(), source="hl7v2", received=RECEIVED)
    assert [] == [one for one in validate(found.bundle) if one.severity in ("fatal", "error")]
    return found


def kept(resource: dict[str, Any]) -> dict[str, Any]:
    """Return what the extensions of a resource hold, by the last part of their URL."""
    return {
        one["url"].rsplit(":", 1)[-1]: next(value for name, value in one.items() if name != "url")
        for one in resource.get("extension", ())
    }


def test_every_concept_map_has_its_own_name() -> None:
    assert len(all_maps()) == len({one.name for one in all_maps()}) > 10


@pytest.mark.parametrize(
    ("severity", "reaction", "expected"),
    [
        ("SV", "Hives", {"criticality": "high", "reaction": "severe"}),
        ("SV", "", {"criticality": "high"}),
        ("MO", "Hives", {"reaction": "moderate"}),
        ("MO", "", {}),
        ("U", "Hives", {"reaction": None}),
    ],
)
def test_a_severity_is_the_criticality_and_the_reactions_where_there_is_one(
    severity: str, reaction: str, expected: dict[str, Any]
) -> None:
    allergy = only(converted(PID, f"AL1|1|DA|PEN^Penicillin^L|{severity}|{reaction}"), "AllergyIntolerance")
    told = {"criticality": allergy["criticality"]} if "criticality" in allergy else {}
    if "reaction" in allergy:
        told["reaction"] = allergy["reaction"][0].get("severity")

    assert expected == told


def test_an_allergy_of_an_unknown_kind_keeps_the_kind_as_sent() -> None:
    allergy = only(converted(PID, "AL1|1|QQ^Odd|PEN|ZZ||20260101"), "AllergyIntolerance")

    assert ("QQ", "ZZ") == tuple(kept(allergy)[name]["coding"][0]["code"] for name in ("allergen-type", "severity"))
    assert not allergy.keys() & {"category", "type", "criticality"}
    assert "2026-01-01" == allergy["onsetDateTime"]


def test_an_allergy_to_nothing_named_says_that_it_is_unknown() -> None:
    assert "unknown" == only(converted(PID, "AL1|1|DA"), "AllergyIntolerance")["code"]["coding"][0]["code"]


def test_a_coded_reaction_is_a_code_and_a_text_is_a_text() -> None:
    allergy = only(converted(PID, "AL1|1|DA|PEN||247472004^Hives^SCT~itching~^"), "AllergyIntolerance")
    coded, text = allergy["reaction"][0]["manifestation"]

    assert ("247472004", {"text": "itching"}) == (coded["coding"][0]["code"], text)


@pytest.mark.parametrize(
    ("action", "status", "verification", "clinical"),
    [
        ("A", "", None, "active"),
        ("D", "C", "entered-in-error", None),
        ("A", "E", "entered-in-error", None),
        ("A", "I", "confirmed", "inactive"),
        ("U", "S", "unconfirmed", "active"),
    ],
)
def test_an_allergy_has_the_status_that_iam_tells(
    action: str, status: str, verification: str | None, clinical: str | None
) -> None:
    allergy = only(converted(PID, f"IAM|1|FA|PN|||{action}|||||||||||{status}"), "AllergyIntolerance")
    told = [allergy[name]["coding"][0]["code"] if name in allergy else None for name in STATUSES]

    assert [verification, clinical] == told


STATUSES = ("verificationStatus", "clinicalStatus")


def test_an_allergy_with_an_identifier_is_the_same_whatever_it_is_called() -> None:
    first, second = (
        only(converted(PID, f"IAM|1|FA|{name}|||A|ALG-1^NG"), "AllergyIntolerance") for name in ("PN", "LX")
    )

    assert first["id"] == second["id"]


def test_an_identifier_without_a_number_is_kept() -> None:
    assert "^NG" in kept(only(converted(PID, "IAM|1|FA|PN|||A|^NG"), "AllergyIntolerance")).values()


@pytest.mark.parametrize(
    ("onset", "words", "expected"), [("2018", "spring", "2018"), ("", "in spring", "in spring"), ("x", "spring", None)]
)
def test_an_onset_is_a_time_or_else_in_words(onset: str, words: str, expected: str | None) -> None:
    allergy = only(converted(PID, f"IAM|1|FA|PN|||A|||||{onset}|{words}"), "AllergyIntolerance")

    assert expected == allergy.get("onsetDateTime", allergy.get("onsetString"))


@pytest.mark.parametrize(
    ("name", "relationship", "expected"),
    [
        ("Testcase^Theo", "SPO", "RelatedPerson"),
        ("Testcase^Theo", "", {"display": "Theo Testcase"}),
        ("^^^^Dr", "", None),
        ("", "SPO", "RelatedPerson"),
        ("", "SEL", "Patient"),
        ("", '""', None),
        ("", "", None),
    ],
)
def test_who_reported_an_allergy_asserts_it(name: str, relationship: str, expected: Any) -> None:
    allergy = only(converted(PID, f"IAM|1|FA|PN|||A||||||||{name}|{relationship}"), "AllergyIntolerance")
    asserter = allergy.get("asserter")

    assert expected == (asserter["reference"].split("/")[0] if asserter and "reference" in asserter else asserter)


def test_clinicians_codes_join_the_senders() -> None:
    allergy = only(
        converted(PID, "IAM|1|FA|PN^Peanut^L||||||||||||||||||||||||91935009^Peanut^SCT"), "AllergyIntolerance"
    )
    words = only(
        converted(PID, "IAM|1|FA|PN^Peanut^L||||||||||||||||||||||||^^^^^^^^nut, ground"), "AllergyIntolerance"
    )

    assert ["PN", "91935009"] == [one["code"] for one in allergy["code"]["coding"]]
    assert {"display": "nut, ground"} in words["code"]["coding"]


def test_a_reaction_below_an_allergy_is_one_of_its_reactions() -> None:
    found = converted(PID, "IAM|1|FA|PN|||A", "IAR|HIV^Hives^L|MI|AL|rest", "IAR||SV||ice", "NTE|1||remark")
    allergy = only(found, "AllergyIntolerance")

    assert ["rest"] == [one["description"] for one in allergy["reaction"]]
    assert ("high", "ice", [{"text": "remark"}]) == (allergy["criticality"], kept(allergy)["iar-4"], allergy["note"])


def test_a_diagnosis_keeps_code_system_and_words_of_old_versions() -> None:
    condition = only(converted(PID, PV1, "DG1|1|I9|715.96^Short^|Long words|20260101"), "Condition")

    assert ("http://hl7.org/fhir/sid/icd-9-cm", "Long words") == (
        condition["code"]["coding"][0]["system"],
        condition["code"]["text"],
    )
    assert "Short" == condition["code"]["extension"][0]["valueString"]


@pytest.mark.parametrize(
    ("dg1", "verification"),
    [("A", "provisional"), ("W", "provisional"), ("F", "confirmed"), ("Q", None)],
)
def test_a_diagnosis_is_as_certain_as_its_type(dg1: str, verification: str | None) -> None:
    condition = only(converted(PID, PV1, f"DG1|1||I10^H^I10C|||{dg1}"), "Condition")
    told = condition.get("verificationStatus", {"coding": [{"code": None}]})["coding"][0]["code"]

    assert (verification, "active") == (told, condition["clinicalStatus"]["coding"][0]["code"])


def test_a_deleted_diagnosis_is_an_error_without_a_clinical_status() -> None:
    condition = only(converted(PID, PV1, "DG1|1||I10^H^I10C|||F" + "|" * 15 + "D"), "Condition")

    assert "entered-in-error" == condition["verificationStatus"]["coding"][0]["code"]
    assert "clinicalStatus" not in condition


def test_a_diagnosis_knows_its_number_its_cause_and_who_asserts_it() -> None:
    dg1 = "DG1|1||I10^H^I10C|||F|||||||||0|1^Ask~2^Also|||20260102|D-1^NG|A|D-0^NG"
    condition = only(converted(PID, PV1, dg1), "Condition")
    due_to = next(one for one in condition["extension"] if one["url"].endswith("condition-dueTo"))

    assert "D-0" == due_to["valueReference"]["identifier"]["value"]
    assert ("D-1", "2026-01-02") == (condition["identifier"][0]["value"], condition["recordedDate"])
    assert {"dg1-15": "0", "dg1-16": "1^Ask~2^Also", "dg1-21": "A"}.items() <= kept(condition).items()


def test_a_diagnosis_whose_numbers_name_nothing_keeps_them() -> None:
    condition = only(converted(PID, PV1, "DG1|1|||||F" + "|" * 14 + "^NG||^XG"), "Condition")

    assert {"^NG", "^XG"} <= set(map(str, (one.get("valueString") for one in condition["extension"])))
    assert "unknown" == condition["code"]["coding"][0]["code"]


def test_the_same_diagnosis_twice_is_two_conditions() -> None:
    found = converted(PID, PV1, "DG1|1||I10^H^I10C|||A", "DG1|2||I10^H^I10C|||F")

    assert 2 == len({one["id"] for one in resources(found, "Condition")})


@pytest.mark.parametrize(
    ("pr1", "status"), [("20260101", "completed"), ("", "unknown"), ("20260101" + "|" * 15 + "D", "entered-in-error")]
)
def test_a_procedure_with_a_time_is_completed(pr1: str, status: str) -> None:
    assert status == only(converted(PID, f"PR1|1||P^Proc^L||{pr1}"), "Procedure")["status"]


def test_a_procedure_knows_who_where_why_and_of_what_it_is_part() -> None:
    pr1 = "PR1|1||P^Short^L|Long|2026|D|5|1^Sleep|||2^Cut|3^Do|||R^Reason^L|M1^Mod^L|||N-1^NG||||OR^1||N-0^NG"
    found = converted(PID, PV1, pr1, "ROL|1|AD|XX|4^Help")
    procedure = only(found, "Procedure")

    assert ["88189002", "304292004", None, "XX"] == [
        one["function"]["coding"][0]["code"] if "function" in one else None for one in procedure["performer"]
    ]
    assert ("N-1", "N-0") == (procedure["identifier"][0]["value"], procedure["partOf"][0]["identifier"]["value"])
    assert ("Long", "R", True) == (
        procedure["code"]["text"],
        procedure["reasonCode"][0]["coding"][0]["code"],
        "location" in procedure,
    )


def test_a_procedure_whose_numbers_name_nothing_keeps_them() -> None:
    procedure = only(converted(PID, "PR1|1" + "|" * 17 + "^NG"), "Procedure")

    assert ["^NG"] == list(kept(procedure).values())
    assert "unknown" == procedure["code"]["coding"][0]["code"]


def test_next_of_kin_is_a_contact_and_a_related_person() -> None:
    nk1 = "NK1|1|Example^Edda|MTH|1 Road|||N|20200101||||E-1|||F|195001021530+0100||||de"
    found = converted(PID, nk1)
    person, contact = only(found, "RelatedPerson"), only(found, "Patient")["contact"][0]

    assert (["MTH", "MTH"], "1950-01-02", "E-1") == (
        [one["code"] for one in person["relationship"][0]["coding"]],
        person["birthDate"],
        person["identifier"][0]["value"],
    )
    assert "birth-time" in person["_birthDate"]["extension"][0]["url"]
    assert "extension" not in contact
    assert ref(only(found, "Patient")) == person["patient"]


def test_an_employer_is_a_contact_alone_and_keeps_what_a_contact_has_no_element_for() -> None:
    found = converted(PID, "NK1|1|Works|EMR|1 Road~2 Road||||||||E-1^^^NG||||1950")

    assert [] == resources(found, "RelatedPerson")
    contact = only(found, "Patient")["contact"][0]
    assert {"nk1-4": "1 Road~2 Road", "nk1-12": "E-1^^^NG", "nk1-16": "1950"} == kept(contact)


def test_a_birth_that_fhir_cannot_hold_keeps_its_time_as_sent() -> None:
    person = only(converted(PID, "NK1|1|E^E|||||||||||||1950010215^x|1950010215"), "RelatedPerson")

    assert "1950010215" == person["_birthDate"]["extension"][0]["valueString"]


def test_a_guarantor_is_a_person_or_else_an_organization() -> None:
    organization = "GT1|1" + "|" * 20 + "Example Works~Other Works"
    person, both = "GT1|1||Example^Gustav", "GT1|1||Example^Gustav" + "|" * 18 + "Example Works"
    parties = [
        only(converted(PID, line), "Account")["guarantor"][0]["party"]["reference"].split("/")[0]
        for line in (person, organization, both)
    ]

    assert ["RelatedPerson", "Organization", "RelatedPerson"] == parties


def test_a_guarantor_who_is_the_patient_is_the_patient() -> None:
    found = converted(PID, "GT1|1||Testcase^Tilda||||||||SEL||20260101|20261231")
    (guarantor,) = only(found, "Account")["guarantor"]

    assert ref(only(found, "Patient")) == guarantor["party"]
    assert {"start": "2026-01-01", "end": "2026-12-31"} == guarantor["period"]
    assert [] == resources(found, "RelatedPerson")
    assert {"gt1-3": "Testcase^Tilda", "gt1-11": "SEL"} == kept(guarantor)


def test_an_employer_of_the_patient_who_is_the_guarantor_is_kept_with_the_guarantor() -> None:
    gt1 = "GT1|1||Testcase^Tilda||||||||SEL" + "|" * 10 + "Example Works" + "|" * 24 + "Call^Cy|555-0100"
    (guarantor,) = only(converted(PID, gt1), "Account")["guarantor"]

    assert ["Example Works", "Call^Cy", "555-0100"] == [kept(guarantor)[f"gt1-{number}"] for number in (21, 45, 46)]


def test_a_guarantor_of_nobody_known_keeps_what_is_said() -> None:
    guarantor = only(converted(PV1, "GT1|1||Example^Gustav"), "Account")["guarantor"][0]

    assert ({"display": "not named in the message"}, "Example^Gustav") == (
        guarantor["party"],
        kept(guarantor)["gt1-3"],
    )


def test_a_guarantor_without_a_name_is_the_one_that_its_number_names() -> None:
    first, second = (only(converted(PID, f"GT1|1|{number}^^^NG"), "RelatedPerson") for number in ("G1", "G2"))

    assert first["id"] != second["id"]


def test_a_coverage_names_its_insurer_plan_group_holder_and_order() -> None:
    payer = "IN1|1|P1^Plan^L|7001^^^PAY~7002^^^PAY|Ins^L~Ins Ltd|1 Box|Call^Cy|555"
    in1 = f"{payer}|G1|Group^L|H-1|Holder|2025|2027||HMO|||||||x"
    found = converted(PID, in1)
    coverage, payor = only(found, "Coverage"), resources(found, "Organization")

    insurer = next(one for one in payor if one.get("name") == "Ins")
    assert [ref(insurer)] == coverage["payor"]
    assert (["7001", "7002"], ["Ins Ltd"]) == ([one["value"] for one in insurer["identifier"]], insurer["alias"])
    assert [("plan", "P1", "Plan"), ("group", "G1", "Group")] == [
        (one["type"]["coding"][0]["code"], one["value"], one["name"]) for one in coverage["class"]
    ]
    holder = next(one for one in payor if one.get("name") == "Holder")
    assert (ref(holder), "x", "H-1") == (
        coverage["policyHolder"],
        kept(coverage)["in1-22"],
        holder["identifier"][0]["value"],
    )


@pytest.mark.parametrize(("plan", "expected"), [("^Plan", "Plan"), ("P1", "P1")])
def test_a_plan_without_a_code_or_words_is_what_is_there(plan: str, expected: str) -> None:
    (found,) = only(converted(PID, f"IN1|1|{plan}|7001|Ins"), "Coverage")["class"]

    assert (expected, False) == (found["value"], "name" in found)


def test_a_coverage_without_any_insurer_says_so_and_keeps_the_rest() -> None:
    coverage = only(converted(PID, "IN1|1|P1||^L|1 Box||||Group~More|H-1|"), "Coverage")

    assert [{"display": "not named in the message"}] == coverage["payor"]
    assert {"in1-4": "^L", "in1-5": "1 Box", "in1-9": "Group~More", "in1-10": "H-1"}.items() <= kept(coverage).items()


def test_a_holder_whose_number_is_none_keeps_it() -> None:
    coverage = only(converted(PID, "IN1|1|P1|7|I||||||^x|Holder~Other"), "Coverage")

    assert {"in1-10": "^x", "in1-11": "Holder~Other"} == kept(coverage)


def test_the_insured_is_the_patient_or_a_related_person() -> None:
    itself = converted(PID, "IN1|1|P|7|I|||||||||||||SEL|", "IN2|E-1|999-00-1111|||||||||")
    spouse = converted(PID, "IN1|1|P|7|I||||||||||||Testcase^Theo|SPO" + "|" * 32 + "S-1", "IN2|^x|999-00-1111|||||||")

    assert ref(only(itself, "Patient")) == only(itself, "Coverage")["subscriber"]
    assert {"in2-1": "E-1", "in2-2": "999-00-1111"} == kept(only(itself, "Coverage"))
    person = only(spouse, "RelatedPerson")
    assert (ref(person), "S-1") == (only(spouse, "Coverage")["subscriber"], only(spouse, "Coverage")["subscriberId"])
    assert ["S-1", "999-00-1111"] == [one["value"] for one in person["identifier"]]


def test_the_same_insured_in_two_coverages_is_one_person() -> None:
    lines = (f"IN1|{n}|P{n}|7|I||||||||||||Testcase^Theo|SPO|19790505" for n in (1, 2))

    assert 1 == len(resources(converted(PID, *lines), "RelatedPerson"))


def test_numbers_of_public_insurance_and_of_the_member_identify_the_coverage() -> None:
    found = converted(
        PID, "IN1|1|P|7|I", "IN2||||||MC1||MA1" + "|" * 53 + "M1~^x", "IN3|1|C1", "ROL|1|AD|CM|1^Case", "NTE|1||n"
    )
    coverage = only(found, "Coverage")

    assert [("MC", "MC1"), ("MA", "MA1"), ("MB", "M1")] == [
        (one["type"]["coding"][0]["code"], one["value"]) for one in coverage["identifier"]
    ]
    assert {"in3-2", "participant", "note", "original-value"} <= kept(coverage).keys()


def test_roles_are_where_they_stand() -> None:
    lines = (
        "ROL|1|AD|PP|1^Family",
        "ROL|2|DE|PP|2^Former",
        "PRT|3|AD||CM|4^Manage||||||20260101",
        PV1,
        "PRT|4|AD||AT|3^Attend",
    )
    found = converted(PID, *lines)
    patient, team = only(found, "Patient"), only(found, "CareTeam")

    roles = {f"PractitionerRole/{one['id']}": one for one in resources(found, "PractitionerRole")}
    assert ["1"] == [roles[one["reference"]]["identifier"][0]["value"] for one in patient["generalPractitioner"]]
    assert [("3", {"start": "2026-01-01"})] == [
        (roles[one["member"]["reference"]]["identifier"][0]["value"], one["period"]) for one in team["participant"]
    ]
    (participant,) = only(found, "Encounter")["participant"]
    assert "ATND" == participant["type"][0]["coding"][0]["code"]
    assert {"1": True, "2": False, "3": True, "4": True} == {
        one["identifier"][0]["value"]: one["active"] for one in roles.values()
    }


def test_a_role_has_its_organization_places_and_telecoms_and_keeps_what_more_there_is() -> None:
    rol = "ROL|^x||AT|1^One~2^Two|||||S^Spec^L||1 Road|555|W^1|Clinic"
    first, nobody = resources(converted(PID, PV1, rol, "ROL|1|||||||||1 Road|"), "PractitionerRole")

    assert {"specialty", "location", "organization", "telecom", "practitioner"} <= first.keys()
    assert {"rol-4": "1^One~2^Two", "original-value": "^x"} == kept(first)
    assert "practitioner" not in nobody


def test_a_role_of_nobody_named_keeps_the_address() -> None:
    assert "1 Road" == kept(only(converted(PID, PV1, "ROL|1||AT||||||||1 Road"), "PractitionerRole"))["rol-11"]


def test_a_place_is_a_part_of_the_places_that_hold_it() -> None:
    found = converted(PID, PV1.replace("W^1", "WARD^101^2^NORTH&1.2.3&ISO^A^N^MAIN^4^by the door^L-1&NG^NGA"))
    places = {one["name"]: one for one in resources(found, "Location")}

    assert ["NORTH", "MAIN", "4", "WARD", "101", "2"] == list(places)
    for above, below in zip(list(places)[:-1], list(places)[1:], strict=True):
        assert ref(places[above]) == places[below]["partOf"]
    assert ("by the door", "L-1") == (places["2"]["description"], places["2"]["identifier"][0]["value"])
    assert [{"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3"}] == places["NORTH"]["identifier"]


@pytest.mark.parametrize(
    ("pl", "name"),
    [
        ("^^^^^^^^by the door", "by the door"),
        ("^^^^A", "^^^^A"),
        ("^^^&house&L", "house"),
        ("W&&L", "W"),
        ("&9.9&X", "9.9"),
    ],
)
def test_a_place_always_has_a_name(pl: str, name: str) -> None:
    found = converted(PID, PV1.replace("W^1", pl))

    assert [name] == [one["name"] for one in resources(found, "Location")]


@pytest.mark.parametrize("identifier", ["L-1&NG&1.2.3&ISO", "L-1&&9.9&X", "L-1", "&NG^NGA"])
def test_the_number_of_a_place_is_kept_with_its_authority(identifier: str) -> None:
    place = resources(converted(PID, PV1.replace("W^1", f"W^^^^^^^^^{identifier}")), "Location")[0]

    assert all(part in str(place) for part in identifier.replace("^", "&").split("&"))


def test_one_place_in_two_messages_is_one_location() -> None:
    first, second = (resources(converted(PID, PV1.replace("W^1", pl)), "Location") for pl in ("W^1", "W^1^2"))

    assert [one["id"] for one in first] == [one["id"] for one in second[:2]]


@pytest.mark.parametrize(
    ("pv1", "kept_as"),
    [("HOME", None), ("HOME&At home^2026", "HOME&At home^2026"), ("^2026", "^2026")],
)
def test_where_a_patient_is_discharged_to_is_a_place(pv1: str, kept_as: str | None) -> None:
    encounter = only(converted(PID, PV1 + "|" * 18 + pv1), "Encounter")

    assert kept_as == kept(encounter).get("pv1-37")
    assert ("HOME" in pv1) == ("destination" in encounter.get("hospitalization", {}))


def test_the_bed_status_is_the_beds_or_else_the_visits() -> None:
    bed = converted(PID, PV1 + "|" * 21 + "K")
    none = converted(PID, PV1.replace("W^1", "") + "|" * 21 + "K")

    assert "K" == resources(bed, "Location")[-1]["operationalStatus"]["code"]
    assert "K" == kept(only(none, "Encounter"))["pv1-40"]


def test_a_visit_is_a_part_of_its_episode_of_care() -> None:
    found = converted(PID, PV1 + "|" * 34 + "Heart|E-1^^^NG")
    nobody = converted(PV1 + "|" * 34 + "Heart|E-1^^^NG")

    assert [ref(only(found, "EpisodeOfCare"))] == only(found, "Encounter")["episodeOfCare"]
    assert {"pv1-53": "Heart", "pv1-54": "E-1^^^NG"} == kept(only(nobody, "Encounter"))


def test_pv2_tells_what_is_planned_how_long_and_how_the_patient_came() -> None:
    pv2 = "PV2|X^1||R^Reason^L|||||20260401|x||3.5||1^Refer" + "|" * 12 + "2" + "|" * 13 + "C^Car"
    encounter = only(converted(PID, PV1, pv2), "Encounter")
    urls = [one["url"].rsplit("/", 1)[-1] for one in encounter["extension"]]

    assert ({"value": 3.5, "unit": "d", "system": "http://unitsofmeasure.org", "code": "d"}, "UR") == (
        encounter["length"],
        encounter["priority"]["coding"][0]["code"],
    )
    assert ["active", "planned"] == [one["status"] for one in encounter["location"]]
    assert {"extension-Encounter.plannedStartDate", "encounter-modeOfArrival"} <= set(urls)


@pytest.mark.parametrize("arrival", ["^^^^^^^^by car", "C^Car^^^^^^^by car"])
def test_a_way_of_arrival_that_a_coding_cannot_hold_is_kept(arrival: str) -> None:
    pv2 = "PV2" + "|" * 11 + "long" + "|" * 27 + arrival
    encounter = only(converted(PID, PV1, pv2), "Encounter")

    assert {"pv2-11": "long", "pv2-38": arrival} == {
        name: value for name, value in kept(encounter).items() if name.startswith("pv2")
    }


def test_segments_without_a_map_of_their_own_travel_with_patient_visit_or_account() -> None:
    lines = (
        "ARV|1|A|DEM",
        "DB1|1|PT",
        PV1,
        "ARV|1|A|LOC",
        "NTE|1||n",
        "ACC|2026",
        "UB1||1",
        "UB2||2",
        "ABS|7^Mock^Mona|SUR",
        "BLC|FFPL^Plasma^L|2^U",
        "BLC|RBC^Cells^L|1^U",
        "RMI|F^Fall^L|20260301",
        "PDA|C",
    )
    found = converted(PID, *lines)

    assert {"arv-2", "db1-2", "pda-1"} <= kept(only(found, "Patient")).keys()
    stay = only(found, "Encounter")
    assert {"arv-2", "acc-1", "note", "abs-1", "abs-2", "rmi-1", "rmi-2"} <= kept(stay).keys()
    assert 2 == sum(one["url"].endswith(":blc-1") for one in stay["extension"])
    assert {"ub1-2", "ub2-2"} == kept(only(found, "Account")).keys()


def test_an_accident_or_a_group_without_anybody_stays_unknown() -> None:
    found = converted("ACC|2026", "DRG|280", "UB1||1", "PDA|C")

    assert {"DRG-1", "PDA-1"} == {one.location for one in found.coverage.unknown}
    assert "acc-1" in kept(only(found, "Account"))
    assert ["ACC-1"] == [one.location for one in converted("ACC|2026").coverage.unknown]


def test_the_congregation_is_named_and_the_rest_of_it_kept() -> None:
    patient = only(converted(PID, "PD1" + "|" * 14 + "Chapel^L~^x"), "Patient")

    assert "Chapel" in [one.get("valueString") for one in patient["extension"]]
    assert "Chapel^L~^x" == kept(patient)["pd1-14"]


def test_the_event_tells_when_where_why_and_by_whom() -> None:
    evn = "EVN|A01|20260301110000+0100|20260401|01|7^Clerk|20260301|HOUSE^h.example^DNS"
    provenance = only(converted(evn, PID), "Provenance")

    assert ("2026-03-01T11:00:00+01:00", "2026-03-01", "PATRQT") == (
        provenance["recorded"],
        provenance["occurredDateTime"],
        provenance["reason"][0]["coding"][0]["code"],
    )
    assert ["A08", "A01"] == [one["code"] for one in provenance["activity"]["coding"]]
    assert "enterer" == provenance["agent"][-1]["type"]["coding"][0]["code"]
    assert {"evn-3": "20260401", "msh-7": "20260301120000+0100"} == kept(provenance)


@pytest.mark.parametrize("facility", ["HOUSE", "^1.2.3^ISO", "HOUSE^9.x^L", "^^DNS", " "])
def test_the_place_of_the_event_has_a_name_whatever_names_it(facility: str) -> None:
    found = converted(f"EVN|A08|||||20260301|{facility}", PID)

    assert bool(facility.strip()) == bool(resources(found, "Location"))
    assert all(one["name"].strip() for one in resources(found, "Location"))


def test_a_visit_without_a_number_is_known_by_its_admission() -> None:
    unnumbered = PV1.replace("V1^^^NG", "") + "|" * 25 + "20260301"
    first, second = (only(converted(PID, line), "Encounter") for line in (unnumbered, unnumbered + "|20260305"))

    assert first["id"] == second["id"]


@pytest.mark.parametrize("kind", ["Q^Quick^L", "^Quick", "I^Inpatient^HL70004"])
def test_a_class_keeps_its_words_as_a_type(kind: str) -> None:
    encounter = only(converted(PID, PV1.replace("|I|", f"|{kind}|")), "Encounter")

    assert kind.split("^")[1] in str(encounter["type"])
    assert encounter["class"]["code"]


def test_a_class_with_blanks_is_made_a_code() -> None:
    assert "A B" == only(converted(PID, PV1.replace("|I|", "|A  B|")), "Encounter")["class"]["code"]


def test_a_next_of_kin_without_a_name_is_a_contact_that_is_not_named() -> None:
    found = converted(PID, "NK1|1||MTH")

    assert {"text": "not named"} == only(found, "Patient")["contact"][0]["name"]
    assert [] == resources(found, "RelatedPerson")


def test_a_diagnosis_without_a_type_has_no_use() -> None:
    found = converted(PID, PV1, "DG1|1||I10^H^I10C")
    alone = converted(PID, "DG1|1||I10^H^I10C")

    assert "use" not in only(found, "Encounter")["diagnosis"][0]
    assert "extension" not in only(alone, "Condition")


def test_a_performer_without_a_role_has_no_function() -> None:
    assert ["actor"] == list(only(converted(PID, "PR1|1||P^P^L", "ROL|1|AD||1^One"), "Procedure")["performer"][0])


def test_software_is_not_the_record() -> None:
    reasons = {one.location: one.reason for one in converted("SFT|Vendor", PID).coverage.dropped}

    assert "software" in reasons["SFT-1"]


@pytest.mark.parametrize("pl", [" ", "^ ^"])
def test_a_blank_place_is_none(pl: str) -> None:
    assert [] == resources(converted(PID, PV1.replace("W^1", pl)), "Location")


@pytest.mark.parametrize("name", ["BED", "BED^^^^^^^^by the door"])
def test_a_coverage_of_nobody_known_keeps_the_insured(name: str) -> None:
    in1 = f"IN1|1|P|7|I||||||||||||{name}|SPO"

    assert name == kept(only(converted(PV1, in1), "Coverage"))["in1-16"]
