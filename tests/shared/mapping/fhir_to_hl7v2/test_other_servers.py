"""Bundles as other servers write them: contained, named and numbered resources, panels, logical references."""

from __future__ import annotations

from typing import Any

import pytest

from shared.formats.hl7v2.parse import parse
from shared.mapping.fhir_to_hl7v2.generate import messages_from_bundle
from tests.shared.mapping.fhir_to_hl7v2.written_messages import (
    PATIENT,
    SENT,
    SUBJECT,
    Resource,
    generated,
    raw,
    typed,
    written,
)

LOINC = "http://loinc.org"


def observation(identity: str, **more: Any) -> Resource:
    return {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "code": {"text": identity},
        "subject": SUBJECT,
        **more,
    }


def report(*results: str, **more: Any) -> Resource:
    return {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "code": {"text": "Chemistry"},
        "subject": SUBJECT,
        "result": [{"reference": f"Observation/{one}"} for one in results],
        **more,
    }


def holding(person: str) -> dict[str, Any]:
    contained = [{"resourceType": "Practitioner", "id": "who", "name": [{"family": person}]}]
    return {"contained": contained, "performer": [{"reference": "#who"}]}


def test_what_two_resources_contain_under_the_same_id_are_two() -> None:
    first, second = (observation(name, **holding(person)) for name, person in (("a", "First"), ("b", "Second")))
    message = written(report("a", "b"), first, second, kind="ORU^R01")

    assert ["^First", "^Second"] == [one.raw(16) for one in message.all("OBX")]


def test_what_is_contained_and_not_carried_is_reported() -> None:
    specimen = {"resourceType": "Specimen", "id": "s", "type": {"text": "Blood"}, "text": {"div": "<div/>"}}
    handling = {"resourceType": "Specimen", "id": "t", "processing": [{"description": "Spun"}]}
    contained = {"contained": [specimen, handling, "none"], "specimen": [{"reference": "#s"}, {"reference": "#t"}]}
    one = generated(PATIENT, report(**contained), observation("a", contained=specimen), kind="ORU^R01")
    also = generated(PATIENT, report(contained=[specimen]), kind="ORU^R01")

    assert ["Bundle.entry[1].resource.contained[1].processing"] == [
        issue.location for issue in one.issues if "contained" in issue.location
    ]
    assert "Bundle.entry[1].resource.contained[0]" in {issue.location for issue in also.issues}


def test_a_patient_may_be_contained_in_what_is_about_them() -> None:
    alone = {**observation("a"), "contained": [{**PATIENT, "id": "own"}], "subject": {"reference": "#own"}}
    other = {**alone, "id": "b", "contained": [{**PATIENT, "id": "own", "identifier": [{"value": "4712"}]}]}
    entries = [{"resource": alone}, {"resource": other}]
    both = messages_from_bundle({"resourceType": "Bundle", "entry": entries}, sent=SENT)

    assert "4711" == raw(parse(generated(alone, kind="ORU^R01", version="2.5.1").payload), "PID", 3)
    assert ["4711", "4712"] == [raw(parse(one.payload), "PID", 3) for one in both]


@pytest.mark.parametrize("version", ["2.3.1", "2.5.1", "2.8"])
def test_the_members_of_a_panel_that_a_report_names_are_results(version: str) -> None:
    panel = observation("panel", hasMember=[{"reference": f"Observation/{one}"} for one in ("inner", "c", "x")])
    inner = observation("inner", hasMember=[{"reference": "Observation/a"}, {"reference": "Observation/panel"}])
    leaves = [observation(name, valueString=name) for name in "abc"]
    panel["hasMember"].append({"reference": "MolecularSequence/x"})
    sequence = {"resourceType": "MolecularSequence", "id": "x"}
    message = written(report("panel", "b", "c"), panel, inner, *leaves, sequence, kind="ORU^R01", version=version)

    assert ["^panel", "^inner", "^a", "^b", "^c"] == [one.raw(3) for one in message.all("OBX")]
    assert ["", "", "a", "b", "c"] == [one.raw(5) for one in message.all("OBX")]


REQUEST: Resource = {
    "resourceType": "ServiceRequest",
    "id": "o",
    "identifier": [typed("PLAC", "P-1")],
    "status": "active",
    "intent": "order",
    "code": {"text": "Chemistry"},
    "subject": SUBJECT,
}
BLOOD: Resource = {"resourceType": "Specimen", "id": "s", "type": {"text": "Blood"}, "subject": SUBJECT}


def test_a_result_without_a_report_stands_with_the_order_that_it_answers() -> None:
    answer = {"basedOn": [{"reference": "ServiceRequest/o"}], "specimen": [{"reference": "Specimen/s"}]}
    results = [
        observation("a", **answer, effectivePeriod={"start": "2026-03-01", "end": "2026-03-02"}),
        observation("b", **answer),
        observation("c", basedOn=[{"identifier": {"value": "P-2"}}], issued="2026-03-02T10:00:00Z"),
    ]
    one = generated(PATIENT, REQUEST, BLOOD, *results, kind="ORU^R01", version="2.5.1")
    first, second = parse(one.payload).all("OBR")

    assert ["MSH", "PID", "ORC", "OBR", "OBX", "OBX", "SPM", "OBR", "OBX"] == [
        segment.name for segment in parse(one.payload).segments
    ]
    assert ("P-1", "20260301", "20260302", "F") == tuple(first.raw(number) for number in (2, 7, 8, 25))
    assert ("P-2", "20260302100000+0000", "F") == tuple(second.raw(number) for number in (2, 22, 25))
    assert [] == [issue.location for issue in one.issues if issue.code == "element-not-carried"]


def test_results_of_an_order_that_are_not_all_final_give_it_no_status() -> None:
    results = [observation(name, basedOn=[{"reference": "ServiceRequest/o"}]) for name in "ab"]
    message = written(REQUEST, results[0], {**results[1], "status": "preliminary"}, kind="ORU^R01")

    assert ("", ["F", "P"]) == (raw(message, "OBR", 25), [one.raw(11) for one in message.all("OBX")])


def test_a_result_that_its_report_does_not_name_stands_alone() -> None:
    based = {"basedOn": [{"reference": "ServiceRequest/o"}]}
    message = written(REQUEST, report("a", **based), observation("a"), observation("b", **based), kind="ORU^R01")

    assert ["OBX", "OBR", "OBX"] == [one.name for one in message.segments][-3:]


@pytest.mark.parametrize(("version", "place"), [("2.3.1", ("OBR", 15)), ("2.5.1", ("SPM", 4))])
def test_the_specimen_of_an_observation_is_that_of_its_order(version: str, place: tuple[str, int]) -> None:
    specimen = {"specimen": {"reference": "Specimen/s"}}
    alone = written(observation("a", **specimen), BLOOD, kind="ORU^R01", version=version)
    reported = written(report("a"), observation("a", **specimen), BLOOD, kind="ORU^R01", version=version)

    assert "Blood" in raw(alone, *place)
    assert "Blood" in raw(reported, *place)


def test_an_order_that_a_report_only_numbers_is_named_by_its_number() -> None:
    numbers = [{"identifier": {"value": "ORD-1", "system": "urn:oid:2.999.5"}}, {"identifier": typed("FILL", "F-1")}]
    message = written(report(basedOn=[{"reference": "ServiceRequest/none"}, *numbers]), kind="ORU^R01")
    own = written(report(basedOn=numbers[:1], identifier=[{"value": "R-1"}]), kind="ORU^R01")

    assert ("ORD-1^^2.999.5^ISO", "F-1") == (raw(message, "OBR", 2), raw(message, "ORC", 3))
    assert ("ORD-1^^2.999.5^ISO", "R-1") == (raw(own, "ORC", 2), raw(own, "OBR", 3))


def test_a_patient_whom_no_result_is_about_holds_the_others_results_back_in_no_bundle() -> None:
    mother = {**PATIENT, "id": "m", "identifier": [{"value": "1"}]}
    one = generated(mother, PATIENT, report("a"), observation("a"), kind="ORU^R01", version="2.5.1")

    assert "4711" == raw(parse(one.payload), "PID", 3)
    assert "Bundle.entry[0].resource" in {issue.location for issue in one.issues}


NPI = "http://hl7.org/fhir/sid/us-npi"


@pytest.mark.parametrize(
    "reference",
    [
        {"reference": "Organization/none", "display": "Example Clinic"},
        {"reference": "https://fhir.example.org/r4/Organization/none/_history/2", "display": "Example Clinic"},
        {"type": "Organization", "display": "Example Clinic"},
    ],
    ids=["relative", "absolute", "typed"],
)
def test_an_organization_that_is_only_named_is_no_person(reference: Resource) -> None:
    patient = {**PATIENT, "generalPractitioner": [reference]}
    request = {**REQUEST, "requester": reference}
    order = parse(generated(patient, request, kind="OML^O21", version="2.5.1").payload)
    result = written(observation("a", performer=[reference]), kind="ORU^R01", version="2.5.1")

    assert ("Example Clinic", "") == (raw(order, "PD1", 3), raw(order, "PD1", 4))
    assert ("", "Example Clinic") == (raw(order, "ORC", 12), raw(order, "ORC", 21))
    assert ("", "Example Clinic") == (raw(result, "OBX", 16), raw(result, "OBX", 23))


def test_a_person_who_is_only_numbered_keeps_who_gave_the_number() -> None:
    number = {"identifier": typed("NPI", "123", system=NPI), "display": "Example, Pat"}
    role = {"resourceType": "PractitionerRole", "id": "r", "practitioner": number}
    empty = {"resourceType": "PractitionerRole", "id": "e"}
    visit: Resource = {
        "resourceType": "Encounter",
        "id": "v",
        "status": "in-progress",
        "class": {"code": "IMP"},
        "participant": [
            {"type": [{"coding": [{"code": code}]}], "individual": one}
            for code, one in (("ATND", number), ("ADM", {"reference": "PractitionerRole/r"}))
        ],
    }
    visit["participant"].append(
        {"type": [{"coding": [{"code": "CON"}]}], "individual": {"reference": f"{empty['id']}"}}
    )
    visit["participant"].append(
        {"type": [{"coding": [{"code": "REF"}]}], "individual": {"reference": "PractitionerRole/e"}}
    )
    message = written(visit, role, empty, kind="ADT^A01", version="2.5.1")
    told = "123^Example, Pat^^^^^^^&2.16.840.1.113883.4.6&ISO^^^^NPI"

    assert [told, told, "", ""] == [raw(message, "PV1", number) for number in (7, 17, 9, 8)]


def test_the_laboratory_of_a_report_made_its_results_that_name_nobody() -> None:
    laboratory = {
        "type": "Organization",
        "display": "Example Lab",
        "identifier": {"value": "11D", "system": "urn:oid:2.999.4"},
    }
    person = {"display": "Example, Kim"}
    named = observation("b", performer=[person])
    one = report("a", "b", performer=[laboratory, person], resultsInterpreter=[person])
    message = written(one, observation("a"), named, kind="ORU^R01", version="2.5.1")

    assert [("11D^Example Lab^2.999.4", ""), ("", "^Example, Kim")] == [
        (line.raw(15), line.raw(16)) for line in message.all("OBX")
    ]
    assert ("&Example, Kim", "&Example, Kim") == (raw(message, "OBR", 32), raw(message, "OBR", 34))
