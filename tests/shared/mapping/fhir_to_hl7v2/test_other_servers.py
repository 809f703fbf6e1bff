"""Bundles as other servers write them: contained, named and numbered resources, panels, logical references."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import RejectedError
from shared.formats.hl7v2.parse import parse
from shared.mapping.fhir_to_hl7v2.generate import Generated, messages_from_bundle
from shared.partners.hl7v2_writing import LocalCode, WritingPreferences
from tests.shared.mapping.fhir_to_hl7v2.written_messages import (
    EXTENSIONS,
    INSURANCE,
    PATIENT,
    REQUEST,
    SENT,
    SUBJECT,
    V2,
    Resource,
    generated,
    raw,
    typed,
    written,
)

V3 = "http://terminology.hl7.org/CodeSystem/v3-"


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


def visit(**more: Any) -> Resource:
    return {"resourceType": "Encounter", "id": "v", "status": "in-progress", "class": {"code": "IMP"}, **more}


def placed(name: str, start: str = "", **more: str) -> Resource:
    return {"location": {"display": name}, **more, **({"period": {"start": start}} if start else {})}


@pytest.mark.parametrize(
    ("status", "event"),
    [
        ("in-progress", "A01"),
        ("finished", "A03"),
        ("planned", "A08"),
        ("onleave", "A08"),
        ("unknown", "A08"),
        ("cancelled", "A11"),
        ("entered-in-error", "A11"),
    ],
)
def test_a_visit_that_has_not_begun_is_no_admission(status: str, event: str) -> None:
    message = written(visit(status=status), kind="", version="2.5.1")

    assert event == raw(message, "EVN", 1)


def test_a_visit_that_is_planned_is_expected_and_has_not_begun() -> None:
    stay = visit(status="planned", period={"start": "2026-04-01T10:00:00Z", "end": "2026-04-03"})
    message = written(stay, kind="", version="2.5.1")
    telling = {**stay, "extension": [{"url": PLANNED, "valueDateTime": "2026-04-02"}]}

    assert ("P", "", "") == tuple(raw(message, "PV1", number) for number in (2, 44, 45))
    assert ("20260401100000+0000", "20260403") == (raw(message, "PV2", 8), raw(message, "PV2", 9))
    assert "20260402" == raw(written(telling, kind="", version="2.5.1"), "PV2", 8)


PLANNED = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Encounter.plannedStartDate"


@pytest.mark.parametrize(
    ("places", "fields"),
    [
        ([placed("Ward"), placed("Room"), placed("Bed")], ("Ward", "", "")),
        ([placed("Ward", status="active"), placed("Bed", status="active")], ("Ward", "", "")),
        (
            [placed(name, f"2026-03-0{day}", status="completed") for day, name in enumerate(("ER", "ICU", "Ward"), 1)],
            ("Ward", "ICU", ""),
        ),
        (
            [placed("ER", status="completed"), placed("Ward"), placed("ICU", status="reserved")],
            ("Ward", "ER", "ICU"),
        ),
        ([placed("Ward", status="planned")], ("Ward", "", "")),
    ],
    ids=["untold", "within another", "history", "told by status", "planned"],
)
def test_a_prior_place_is_one_that_the_patient_has_left(places: list[Resource], fields: tuple[str, ...]) -> None:
    one = generated(PATIENT, visit(location=places), kind="ADT^A01", version="2.5.1")
    left = {issue.location for issue in one.issues if ".location[" in issue.location}

    assert fields == tuple(raw(parse(one.payload), "PV1", number) for number in (3, 6, 42))
    assert bool(left) == (len(places) > len([field for field in fields if field]))


def test_a_server_that_keeps_a_merge_in_the_patient_tells_of_later_visits_as_such() -> None:
    number = {"value": "0815"}
    link = {"type": "replaces", "other": {"reference": "Patient/gone", "identifier": number}}
    survivor = {**PATIENT, "link": [link, {"type": "seealso", "other": {"reference": "Patient/gone"}}]}
    merged = generated(survivor, kind="", version="2.5.1")
    admitted = generated(survivor, visit(), kind="", version="2.5.1")

    assert ("A40", "0815") == (raw(parse(merged.payload), "EVN", 1), raw(parse(merged.payload), "MRG", 1))
    assert ["Bundle.entry[0].resource.link[1].type"] == [
        one.location for one in merged.issues if one.code == "element-not-carried" and ".type" in one.location
    ]
    assert "A01" == raw(parse(admitted.payload), "EVN", 1)
    assert "Bundle.entry[0].resource.link" in {one.location for one in admitted.issues}


def test_a_merge_with_somebody_who_is_nowhere_is_refused() -> None:
    link = {"type": "replaces", "other": {"reference": "Patient/gone"}}
    with pytest.raises(RejectedError, match="missing-element"):
        generated({**PATIENT, "link": [link]}, kind="", version="2.5.1")


def test_a_patient_who_is_no_longer_active_is_reported() -> None:
    one = generated({**PATIENT, "active": False}, kind="ADT^A08")

    assert "Bundle.entry[0].resource.active" in {issue.location for issue in one.issues}


def test_of_several_reactions_the_worst_severity_is_told() -> None:
    reactions = [{"manifestation": [{"text": name}], "severity": name} for name in ("mild", "severe", "moderate")]
    allergy = {"resourceType": "AllergyIntolerance", "id": "a", "patient": SUBJECT, "code": {"text": "Penicillin"}}
    message = written({**allergy, "criticality": "low", "reaction": reactions}, kind="ADT^A08", version="2.5.1")
    also = written({**allergy, "criticality": "low"}, kind="ADT^A08", version="2.5.1")

    assert ("SV", "mild~severe~moderate") == (raw(message, "AL1", 4), raw(message, "AL1", 5))
    assert "MI" == raw(also, "AL1", 4)


CDC = "urn:oid:2.16.840.1.113883.6.238"


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ([{"url": "text", "valueString": "Declined"}], "^Declined"),
        (
            [
                {"url": "ombCategory", "valueCoding": {"system": CDC, "code": "1002-5"}},
                {"url": "detailed", "valueCoding": {"system": CDC, "code": "1586-7", "display": "Shoshone"}},
                {"url": "text", "valueString": "Shoshone"},
            ],
            "1002-5^^HL70005~1586-7^Shoshone^CDCREC",
        ),
        (
            [{"url": "ombCategory", "valueCoding": {"system": f"{V3}NullFlavor", "code": "ASKU"}}],
            "ASKU^^NULLFL",
        ),
        ([{"url": "detailed"}, {"url": "text"}], ""),
    ],
    ids=["words", "details", "not told", "nothing"],
)
def test_race_is_told_in_detail_or_in_words(parts: list[Resource], field: str) -> None:
    url = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race"
    patient = {**PATIENT, "extension": [{"url": url, "extension": parts}]}

    assert field == raw(parse(generated(patient, kind="ADT^A08", version="2.5.1").payload), "PID", 10)


SNOMED = "http://snomed.info/sct"


def coded(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def test_a_code_of_a_shared_system_is_none_of_a_table_of_hl7() -> None:
    stay = {
        "admitSource": coded("http://terminology.hl7.org/CodeSystem/admit-source", "emd"),
        "destination": {"display": "Example Nursing Home"},
    }
    encounter = visit(type=[coded(SNOMED, "32485007")], serviceType=coded(f"{V2}0069", "MED"), hospitalization=stay)
    one = generated(PATIENT, encounter, kind="ADT^A01", version="2.5.1")
    categorized = generated(PATIENT, report(category=[coded(SNOMED, "108252007")]), kind="ORU^R01", version="2.8")

    assert ("32485007", "MED", "7", "Example Nursing Home") == tuple(
        raw(parse(one.payload), "PV1", number) for number in (4, 10, 14, 37)
    )
    assert "" == raw(parse(categorized.payload), "OBR", 24)
    assert [[], ["OBR-24"]] == [
        [issue.location for issue in each.issues if issue.code == "field-not-carried"] for each in (one, categorized)
    ]


def test_a_class_of_coverage_that_has_no_field_is_reported() -> None:
    classes = [{"type": coded("http://terminology.hl7.org/CodeSystem/coverage-class", "rxbin"), "value": "610"}]
    coverage = {"resourceType": "Coverage", "id": "c", "status": "active", "beneficiary": SUBJECT, "class": classes}
    one = generated(PATIENT, coverage, kind="ADT^A08")

    assert "Bundle.entry[1].resource.class[0].value" in {issue.location for issue in one.issues}


def test_what_only_words_tell_of_is_written_or_reported() -> None:
    words = {"display": "as it is said"}
    request = {**REQUEST, "reasonReference": [words], "supportingInfo": [words], "specimen": [{**words, "id": "s"}]}
    one = generated(PATIENT, request, kind="OML^O21", version="2.5.1")
    reported = generated(PATIENT, report(specimen=[words], basedOn=[words]), kind="ORU^R01", version="2.5.1")

    assert "^as it is said" == raw(parse(one.payload), "OBR", 31)
    assert {"supportingInfo[0].display", "specimen[0].display"} == _left(one)
    assert {"specimen[0].display", "basedOn[0].display"} == _left(reported)


def _left(one: Generated) -> set[str]:
    found = [issue.location for issue in one.issues if issue.code == "element-not-carried"]
    return {location.removeprefix("Bundle.entry[1].resource.") for location in found}


def test_the_reason_of_an_order_that_is_reported_stands_in_it_where_no_diagnosis_can() -> None:
    reason = {"resourceType": "Condition", "id": "c", "code": {"text": "Anaemia"}, "subject": SUBJECT}
    request = {**REQUEST, "reasonReference": [{"reference": "Condition/c"}]}
    order = written(request, reason, kind="OML^O21", version="2.5.1")
    based = report(basedOn=[{"reference": "ServiceRequest/o"}])
    result = written(request, reason, based, kind="ORU^R01", version="2.5.1")

    assert ("", "^Anaemia") == (raw(order, "OBR", 31), raw(order, "DG1", 3))
    assert "^Anaemia" == raw(result, "OBR", 31)


def test_an_organization_among_people_is_reported() -> None:
    clinic = {"reference": "Organization/none", "display": "Example Clinic"}
    charge = {
        "resourceType": "ChargeItem",
        "id": "c",
        "status": "billable",
        "code": {"text": "Visit"},
        "subject": SUBJECT,
        "occurrenceDateTime": "2026-03-02",
        "performer": [{"actor": clinic}],
        "performingOrganization": {"display": "Example Centre"},
        "costCenter": {"display": "Ward 7"},
    }
    one = generated(PATIENT, charge, kind="DFT^P03")

    assert ("", "^Ward 7", "Example Centre") == tuple(
        raw(parse(one.payload), "FT1", number) for number in (20, 13, 32)
    )
    assert {"performer[0].actor.display"} == _left(one)


def test_the_end_of_a_period_that_has_no_field_is_reported() -> None:
    period = {"start": "2026-03-01", "end": "2026-03-02"}
    apart = generated(PATIENT, observation("a", effectivePeriod=period), report("a"), kind="ORU^R01")
    within = generated(
        PATIENT, observation("a", effectivePeriod=period), report("a", effectivePeriod=period), kind="ORU^R01"
    )
    instant = written(observation("a", effectiveInstant="2026-03-01T08:00:00Z"), report("a"), kind="ORU^R01")

    assert ({"effectivePeriod.end"}, set()) == (_left(apart), _left(within))
    assert ("20260301", "", "20260301080000+0000") == (
        raw(parse(apart.payload), "OBX", 14),
        raw(parse(within.payload), "OBX", 14),
        raw(instant, "OBX", 14),
    )


def test_who_and_where_an_appointment_is_need_not_be_in_the_bundle() -> None:
    absolute = "https://fhir.example.org/r4/"
    actors = [
        ({"reference": f"{absolute}Practitioner/1", "display": "Example, Pat"}, "AIP", "^Example, Pat"),
        ({"reference": "Location/1", "display": "Room 4"}, "AIL", "Room 4"),
        ({"type": "Location", "display": "Clinic B"}, "AIL", "Clinic B"),
        ({"type": "HealthcareService", "display": "Echo"}, "AIG", "^Echo"),
    ]
    appointment: Resource = {
        "resourceType": "Appointment",
        "id": "a",
        "status": "booked",
        "participant": [{"actor": {"type": "Patient", "display": "Tilda"}, "status": "accepted"}],
        "basedOn": [{"reference": "ServiceRequest/o"}, {"display": "Referral"}],
    }
    appointment["participant"] += [{"actor": actor, "status": "accepted"} for actor, _, _ in actors]
    one = generated(PATIENT, appointment, REQUEST, kind="SIU^S12", version="2.5.1")
    message = parse(one.payload)

    assert [("AIG", "^Echo"), ("AIL", "Room 4"), ("AIL", "Clinic B"), ("AIP", "^Example, Pat")] == [
        (segment.name, segment.raw(3)) for segment in message.segments if segment.name in ("AIG", "AIL", "AIP")
    ]
    assert "P-1" == raw(message, "SCH", 26)
    assert "basedOn[1].display" in _left(one)


@pytest.mark.parametrize(
    ("status", "event"),
    [("booked", "S12"), ("arrived", "S14"), ("noshow", "S14"), ("cancelled", "S15"), ("entered-in-error", "S15")],
)
def test_only_an_appointment_that_is_booked_is_new(status: str, event: str) -> None:
    appointment = {"resourceType": "Appointment", "id": "a", "status": status, "participant": []}

    assert f"SIU^{event}" == generated(PATIENT, appointment, kind="").message_type


UCUM = "http://unitsofmeasure.org"
GTS = f"{V3}GTSAbbreviation"


def repeated(**repeat: Any) -> Resource:
    return {"repeat": repeat}


@pytest.mark.parametrize(
    ("timing", "field"),
    [
        (repeated(frequency=1, period=6, periodUnit="h"), "Q6H"),
        (repeated(period=2, periodUnit="wk"), "Q2W"),
        (repeated(frequency=2, period=1, periodUnit="d"), "BID"),
        (repeated(frequency=5, period=1, periodUnit="d"), "5ID"),
        (repeated(dayOfWeek=["mon", "wed", "fri"], period=1, periodUnit="wk", frequency=3), "Q1J135"),
        (repeated(dayOfWeek=["sun"]), "Q1J7"),
        ({**repeated(frequency=3, period=1, periodUnit="d"), "code": coded(GTS, "TID")}, "TID"),
        ({"code": coded(f"{V2}0335", "QHS")}, "QHS"),
        ({"code": {"text": "now and then", **coded(GTS, "AM")}}, "&now and then"),
        (repeated(when=["ACM"], offset=30), "^^^^^^^ACM^30^min"),
        (repeated(when=["HS"]), "^^^^^^^HS"),
    ],
)
def test_how_often_something_is_done_is_a_pattern_of_table_0335(timing: Resource, field: str) -> None:
    one = generated(PATIENT, {**REQUEST, "occurrenceTiming": timing}, kind="OML^O21", version="2.5.1")

    assert field == raw(parse(one.payload), "TQ1", 3)
    assert {location for location in _left(one) if "repeat" in location} == set()


@pytest.mark.parametrize(
    "timing",
    [
        repeated(frequency=1, period=4, periodMax=6, periodUnit="h"),
        repeated(frequency=3, period=2, periodUnit="d"),
        repeated(period=1.5, periodUnit="h"),
        repeated(dayOfWeek=["mon"], period=1, periodUnit="mo"),
        repeated(when=["HS", "ACM"]),
    ],
    ids=["range", "three in two days", "half hours", "a day of the month", "twice"],
)
def test_what_no_pattern_says_is_reported_and_not_halved(timing: Resource) -> None:
    one = generated(PATIENT, {**REQUEST, "occurrenceTiming": timing}, kind="OML^O21", version="2.5.1")

    assert b"TQ1|" not in one.payload
    assert {location for location in _left(one) if location.startswith("occurrenceTiming.repeat.")}


def test_when_how_long_and_how_many_times_an_order_is_done() -> None:
    timing = repeated(
        boundsDuration={"value": 5, "unit": "days", "system": UCUM, "code": "d"},
        timeOfDay=["08:00:00", "20:00:00"],
        duration=10,
        durationUnit="min",
        count=4,
    )
    request = {**REQUEST, "occurrenceTiming": timing, "quantityQuantity": {"value": 2}}
    message = written(request, kind="OML^O21", version="2.5.1")
    before = written(
        {**request, "asNeededCodeableConcept": coded(SNOMED, "22253000")}, kind="ORM^O01", version="2.3.1"
    )

    assert ["2", "080000~200000", "5^d", "10^min", "4"] == [
        raw(message, "TQ1", number) for number in (2, 4, 6, 13, 14)
    ]
    assert "2^&080000,200000^D5^^^^22253000^^^^^4" == raw(before, "OBR", 27)


def test_what_is_done_as_needed_is_not_due() -> None:
    timing = repeated(frequency=1, period=6, periodUnit="h")
    request = {**REQUEST, "asNeededBoolean": True}
    message = written({**request, "occurrenceTiming": timing}, kind="OML^O21", version="2.8")
    reason = {**REQUEST, "asNeededCodeableConcept": {"coding": [{"system": SNOMED, "code": "1", "display": "Pain"}]}}

    assert "PRNQ6H" == raw(message, "TQ1", 3)
    assert "PRN" == raw(written(request, kind="OML^O21", version="2.5.1"), "TQ1", 3)
    assert "^PRN" == raw(written(request, kind="ORM^O01", version="2.3.1"), "OBR", 27)
    assert "" == raw(written({**REQUEST, "asNeededBoolean": False}, kind="ORM^O01", version="2.3.1"), "OBR", 27)
    assert "Pain" == raw(written(reason, kind="OML^O21", version="2.5.1"), "TQ1", 10)


def test_the_one_moment_of_an_order_stands_where_the_version_has_it() -> None:
    request = {**REQUEST, "occurrenceTiming": {"event": ["2026-03-03"], **repeated(count=1)}}
    several = {**REQUEST, "occurrenceTiming": {"event": ["2026-03-03", "2026-03-04"]}}

    assert "20260303" == raw(written(request, kind="OML^O21", version="2.5.1"), "OBR", 6)
    assert "20260303" == raw(written(request, kind="OML^O21", version="2.8"), "TQ1", 7)
    assert "occurrenceTiming.event" in _left(generated(PATIENT, several, kind="OML^O21", version="2.8"))


LOINC = "http://loinc.org"
VACCINATION: Resource = {
    "resourceType": "Immunization",
    "id": "i",
    "status": "completed",
    "vaccineCode": coded("http://hl7.org/fhir/sid/cvx", "141"),
    "patient": SUBJECT,
    "occurrenceDateTime": "2026-01-02",
}
DETAILS: Resource = {
    "fundingSource": {"text": "public"},
    "programEligibility": [{"text": "uninsured"}, {"text": "under 19"}],
    "protocolApplied": [
        {"series": "A", "doseNumberPositiveInt": 1, "seriesDosesPositiveInt": 2},
        {"doseNumberString": "booster", "seriesDosesString": "many"},
    ],
    "education": [{"documentType": "Sheet 7", "publicationDate": "2025-08-06", "presentationDate": "2026-01-02"}],
    "reaction": [{"detail": {"display": "Fever"}, "date": "2026-01-03"}, {"date": "2026-01-04"}],
}


def test_what_an_immunization_says_of_itself_is_told_by_observations() -> None:
    message = written({**VACCINATION, **DETAILS}, kind="VXU^V04", version="2.5.1")

    assert [
        ("30963-3", "", "^public"),
        ("64994-7", "", "^uninsured"),
        ("64994-7", "", "^under 19"),
        ("30973-2", "1", "1"),
        ("59782-3", "1", "2"),
        ("59780-7", "1", "A"),
        ("30973-2", "2", "booster"),
        ("59782-3", "2", "many"),
        ("69764-9", "3", "Sheet 7"),
        ("29768-9", "3", "20250806"),
        ("29769-7", "3", "20260102"),
        ("31044-1", "", "^Fever"),
    ] == [(obx.text(3), obx.raw(4), obx.raw(5)) for obx in message.all("OBX")]
    assert "20260103" == [*message.all("OBX")][-1].raw(14)


def test_what_observations_say_of_an_immunization_is_not_said_again() -> None:
    fever = observation("fever", valueString="39")
    codes = ("30963-3", "64994-7", "30973-2", "69764-9")
    parts = [
        observation(code, code=coded(LOINC, code), partOf=[{"reference": "Immunization/i"}], valueString=code)
        for code in codes
    ]
    named = [{"detail": {"reference": f"Observation/{one}"}} for one in ("fever", "30963-3")]
    message = written({**VACCINATION, **DETAILS, "reaction": named}, *parts, fever, kind="VXU^V04", version="2.5.1")

    assert [*codes, "39"] == [obx.raw(5) for obx in message.all("OBX")]
    assert ["RXA", *["OBX"] * 5] == [one.name for one in message.segments][-6:]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"primarySource": True}, "00^New immunization record^NIP001"),
        ({"primarySource": False}, "01^Historical information^NIP001"),
        (
            {"primarySource": False, "reportOrigin": coded(f"{V2[:-3]}immunization-origin", "recall")},
            "04^Historical information^NIP001",
        ),
        ({"primarySource": False, "reportOrigin": {"text": "a friend"}}, "^a friend"),
        ({}, ""),
    ],
    ids=["new", "historical", "recall", "words", "untold"],
)
def test_where_the_record_of_a_vaccination_is_from(more: Resource, field: str) -> None:
    assert field == raw(written({**VACCINATION, **more}, kind="VXU^V04", version="2.5.1"), "RXA", 9)


@pytest.mark.parametrize(
    ("site", "field"),
    [
        ({**coded(f"{V3}ActSite", "LA"), "text": "left arm"}, "LA^^HL70163^^^^^^left arm"),
        (coded(f"{V3}ActSite", "XYZ"), f"XYZ^^{V3}ActSite"),
        (
            {"coding": [*coded(f"{V3}ActSite", "LA")["coding"], *coded(SNOMED, "1")["coding"]]},
            f"LA^^{V3}ActSite^1^^SCT",
        ),
    ],
    ids=["of the table", "another", "two"],
)
def test_a_site_of_v3_is_one_of_table_0163(site: Resource, field: str) -> None:
    assert field == raw(written({**VACCINATION, "site": site}, kind="VXU^V04"), "RXR", 2)


def test_an_organization_that_vaccinates_is_no_person() -> None:
    performer = [{"actor": {"type": "Organization", "display": "Example Pharmacy"}}, {"actor": {"display": "Kim"}}]
    one = generated(PATIENT, {**VACCINATION, "performer": performer}, kind="VXU^V04", version="2.5.1")

    assert "^Kim" == raw(parse(one.payload), "RXA", 10)
    assert {"performer[0].actor.display"} == _left(one)


MALE = {"appliesTo": [{"text": "male"}], "low": {"value": 4}, "high": {"value": 6}}


@pytest.mark.parametrize(
    ("ranges", "field"),
    [
        ([MALE, {"appliesTo": [{"coding": [{"code": "F"}]}], "high": {"value": 5}}], "4-6 (male), <=5 (F)"),
        ([{"type": coded("x", "normal"), "low": {"value": 4}}], ">=4"),
        (
            [{"type": {"coding": [{"code": "critical", "display": "Critical"}]}, "high": {"value": 9}}],
            "<=9 (Critical)",
        ),
        ([{**MALE, "text": "4 to 6, Male"}], "4 to 6, Male"),
        ([{"age": {"low": {"value": 18, "unit": "a"}}, "text": "4-6"}], "4-6 (age >=18 a)"),
        ([{"age": {"low": {"value": 1}, "high": {"value": 2}}, "text": "4-6"}], "4-6 (age 1-2)"),
        ([{"age": {"high": {"value": 2}}}], ""),
    ],
    ids=["for two", "usual", "critical", "told in words", "adults", "from to", "nothing"],
)
def test_a_range_says_for_whom_it_is(ranges: list[Resource], field: str) -> None:
    one = generated(PATIENT, observation("a", valueString="5", referenceRange=ranges), kind="ORU^R01")

    assert field == raw(parse(one.payload), "OBX", 7)
    assert set() == _left(one)


def measured(first: Resource, second: Resource) -> Resource:
    return {"valueRatio": {"numerator": first, "denominator": second}}


@pytest.mark.parametrize(
    ("value", "fields"),
    [
        (measured({"value": 10, "unit": "mg"}, {"value": 5, "unit": "mL"}), ("ST", "10 mg:5 mL", "")),
        (measured({"value": 1, "comparator": "<"}, {"value": 5, "unit": "mL"}), ("ST", "<1:5 mL", "")),
        (measured({"value": 1, "unit": "mL"}, {"value": 5, "unit": "mL"}), ("SN", "^1^:^5", "mL")),
        (measured({"value": 1}, {"value": 128}), ("SN", "^1^:^128", "")),
    ],
    ids=["concentration", "less", "one unit", "titre"],
)
def test_a_ratio_of_two_units_is_told_in_words(value: Resource, fields: tuple[str, ...]) -> None:
    message = written(observation("a", **value), kind="ORU^R01", version="2.5.1")

    assert fields == tuple(raw(message, "OBX", number) for number in (2, 5, 6))


@pytest.mark.parametrize(("version", "use"), [("2.3.1", "A"), ("2.5.1", "A"), ("2.8", "BAD")])
def test_a_former_name_is_an_alias_where_the_version_has_no_code_for_it(version: str, use: str) -> None:
    patient = {**PATIENT, "name": [{"family": "Testcase", "use": "official"}, {"family": "Former", "use": "old"}]}
    message = parse(generated(patient, kind="ADT^A08", version=version).payload)

    assert f"Testcase^^^^^^L~Former^^^^^^{use}" == raw(message, "PID", 5)


@pytest.mark.parametrize(
    ("period", "version", "field"),
    [
        ({}, "2.5.1", "4711"),
        ({"period": {"end": "2020-01-01"}}, "2.3.1", "4711"),
        ({"period": {"end": "2020-01-01"}}, "2.5.1", "4711~4000^^^^^^^20200101"),
    ],
    ids=["no end", "no field for it", "ended"],
)
def test_a_number_that_is_no_longer_used_is_no_valid_one(period: Resource, version: str, field: str) -> None:
    former = {"use": "old", "value": "4000", **period}
    one = generated({**PATIENT, "identifier": [{"value": "4711"}, former]}, kind="ADT^A08", version=version)
    alone = generated({**PATIENT, "identifier": [former]}, kind="ADT^A08", version="2.3.1")
    reported = "Bundle.entry[0].resource.identifier[1].value" in {issue.location for issue in one.issues}

    assert (field, "~" not in field) == (raw(parse(one.payload), "PID", 3), reported)
    assert "4000" == raw(parse(alone.payload), "PID", 3)


def test_a_telephone_that_is_no_longer_used_is_reported_and_not_called() -> None:
    numbers = [{"system": "phone", "value": "1", "use": "old"}, {"system": "phone", "value": "2"}]
    one = generated({**PATIENT, "telecom": numbers}, kind="ADT^A08", version="2.5.1")

    assert "2^^PH" == raw(parse(one.payload), "PID", 13)
    assert "Bundle.entry[0].resource.telecom[0].value" in {issue.location for issue in one.issues}


def test_the_receivers_own_code_goes_before_that_of_a_table() -> None:
    married = f"{V3}MaritalStatus|M"
    codes = {"PID-16": {married: LocalCode("2", "wed", "L")}}
    patient = {**PATIENT, "maritalStatus": coded(*married.split("|"))}
    preferences = WritingPreferences(version="2.5.1", codes=codes)

    told = raw(parse(generated(patient, kind="ADT^A08", preferences=preferences).payload), "PID", 16)
    assert told.startswith("2^wed^L^M^")
    assert "M" == raw(parse(generated(patient, kind="ADT^A08", version="2.5.1").payload), "PID", 16)


def test_the_number_of_an_insured_person_has_a_type_where_the_version_asks_for_one() -> None:
    assert ["S-1", "S-1^^^^U"] == [
        raw(written(INSURANCE, kind="ADT^A08", version=version), "IN1", 49) for version in ("2.5.1", "2.8")
    ]


def test_a_timing_that_was_kept_as_sent_is_written_so() -> None:
    kept = [{"url": f"{EXTENSIONS}tq1-5", "valueString": "1^h"}]
    timing = repeated(period=1, periodMax=2, periodUnit="h")
    one = generated(PATIENT, {**REQUEST, "extension": kept, "occurrenceTiming": timing}, kind="OML^O21")

    assert ("", "1^h") == (raw(parse(one.payload), "TQ1", 3), raw(parse(one.payload), "TQ1", 5))
    assert set() == _left(one)


def test_patients_of_whom_nothing_is_told_make_no_message_about_results() -> None:
    with pytest.raises(RejectedError, match="missing-element"):
        generated(PATIENT, {**PATIENT, "id": "m", "identifier": [{"value": "1"}]}, kind="ORU^R01")


def test_every_appointment_and_every_document_has_a_message_of_its_own() -> None:
    places = [{"resourceType": "Location", "id": name, "name": name} for name in ("east", "west")]
    appointments: list[Resource] = [
        {
            "resourceType": "Appointment",
            "id": name,
            "status": status,
            "participant": [{"actor": {"reference": f"Location/{name}"}, "status": "accepted"}],
        }
        for name, status in (("east", "booked"), ("west", "cancelled"))
    ]
    documents: list[Resource] = [
        {
            "resourceType": "DocumentReference",
            "id": name,
            "status": "current",
            "type": {"text": name},
            "identifier": [{"value": name}],
            "subject": SUBJECT,
            "content": [],
        }
        for name in ("note", "letter")
    ]
    booked = _messages(PATIENT, *places, *appointments)
    noted = _messages(PATIENT, *documents)

    assert [("SIU^S12", "east"), ("SIU^S15", "west")] == [
        (one.message_type, raw(parse(one.payload), "AIL", 3)) for one in booked
    ]
    assert [[], []] == [[issue for issue in one.issues if ".resource" in issue.location] for one in booked]
    assert [("4711", "note"), ("4711", "letter")] == [
        (raw(parse(one.payload), "PID", 3), raw(parse(one.payload), "TXA", 12)) for one in noted
    ]
    assert 4 == len({raw(parse(one.payload), "MSH", 10) for one in (*booked, *noted)})


def _messages(*resources: Resource) -> list[Generated]:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}
    return list(messages_from_bundle(bundle, sent=SENT))


def numbered(code: str, **more: Any) -> Resource:
    return {"resourceType": "Encounter", "id": code, "status": "in-progress", "identifier": [{"value": code}], **more}


ABOUT = {"encounter": {"reference": "Encounter/second"}}


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        (report(**ABOUT), "ORU^R01"),
        (observation("a", **ABOUT), "ORU^R01"),
        ({**REQUEST, **ABOUT}, "OML^O21"),
        ({**VACCINATION, **ABOUT}, "VXU^V04"),
        (
            {
                "resourceType": "ChargeItem",
                "id": "c",
                "status": "billable",
                "code": {"text": "Visit"},
                "subject": SUBJECT,
                "context": ABOUT["encounter"],
                "occurrenceDateTime": "2026-03-02",
            },
            "DFT^P03",
        ),
        (
            {
                "resourceType": "DocumentReference",
                "id": "d",
                "type": {"text": "Note"},
                "identifier": [{"value": "D-1"}],
                "subject": SUBJECT,
                "context": {"encounter": [ABOUT["encounter"]]},
            },
            "MDM^T02",
        ),
    ],
    ids=["report", "result", "order", "vaccination", "charge", "document"],
)
def test_the_visit_is_that_of_what_the_message_tells(resource: Resource, kind: str) -> None:
    message = written(numbered("first"), numbered("second"), resource, kind=kind, version="2.5.1")

    assert "second" == raw(message, "PV1", 19)


def test_a_visit_of_which_only_the_number_is_known_is_told_by_it() -> None:
    about = report(encounter={"identifier": {"value": "CSN-1"}})
    elsewhere = report(encounter={"reference": "Encounter/none"})

    assert ("U", "CSN-1") == tuple(raw(written(about, kind="ORU^R01", version="2.5.1"), "PV1", n) for n in (2, 19))
    assert "first" == raw(written(numbered("first"), elsewhere, kind="ORU^R01", version="2.5.1"), "PV1", 19)


def test_a_visit_that_was_entered_in_error_goes_behind_one_that_was_not() -> None:
    message = written(numbered("wrong", status="entered-in-error"), numbered("right"), kind="", version="2.5.1")

    assert ("A01", "right") == (raw(message, "EVN", 1), raw(message, "PV1", 19))


def test_results_are_about_somebody_of_whom_at_least_the_number_is_known() -> None:
    subject = {"identifier": typed("MR", "4713"), "display": "Testcase, Tilda"}
    one = generated(observation("a", subject=subject), kind="ORU^R01", version="2.5.1")
    nobody = generated(observation("a", subject={"type": "Device", "display": "Meter"}), kind="ORU^R01")

    assert ("4713^^^^MR", "Testcase, Tilda") == tuple(raw(parse(one.payload), "PID", number) for number in (3, 5))
    assert b"\rPID" not in nobody.payload
    for unknown in ({"reference": "Patient/none"}, {"identifier": {"value": "1"}}):
        with pytest.raises(RejectedError, match="missing-element"):
            generated(observation("a", subject=unknown), kind="ORU^R01", version="2.5.1")


@pytest.mark.parametrize("intent", ["option", "directive"])
def test_what_is_not_meant_as_an_order_is_none(intent: str) -> None:
    with pytest.raises(RejectedError, match="missing-element"):
        written({**REQUEST, "intent": intent}, kind="OML^O21")


def test_a_general_practitioner_without_a_role_has_one_where_pd1_names_nobody() -> None:
    patient = {
        **PATIENT,
        "generalPractitioner": [{"display": "Example, Pat"}, {"type": "Organization", "display": "C"}],
    }
    before, since = (
        parse(generated(patient, kind="ADT^A08", version=version).payload) for version in ("2.5.1", "2.8")
    )

    role: Resource = {"resourceType": "PractitionerRole", "id": "r", "code": [coded(f"{V2}0443", "PP")]}
    role["practitioner"] = {"display": "Example, Kim"}
    told = {**PATIENT, "generalPractitioner": [{"reference": "PractitionerRole/r"}]}
    described = parse(generated(told, role, kind="ADT^A08", version="2.8").payload)

    assert ["^Example, Kim"] == [one.raw(4) for one in described.all("ROL")]
    assert (1, 0) == (len([*since.all("ROL")]), len([*before.all("ROL")]))
    assert ("PP^Primary care provider^HL70443", "^Example, Pat") == (raw(since, "ROL", 3), raw(since, "ROL", 4))
    assert ("^Example, Pat", "") == (raw(before, "PD1", 4), raw(since, "PD1", 4))


def test_reasons_in_words_are_told_where_no_code_is() -> None:
    words = {"reasonReference": [{"display": "Chest pain"}, {"display": "Cough"}]}
    coded_too = {**words, "reasonCode": [{"text": "Fever"}]}
    appointment = {"resourceType": "Appointment", "id": "a", "status": "booked", "participant": []}
    visits = [generated(PATIENT, visit(**more), kind="ADT^A01", version="2.5.1") for more in (words, coded_too)]
    booked = [generated(PATIENT, {**appointment, **more}, kind="SIU^S12") for more in (words, coded_too)]

    assert ["^Chest pain", "^Fever"] == [raw(parse(one.payload), "PV2", 3) for one in visits]
    assert ["^Chest pain", "^Fever"] == [raw(parse(one.payload), "SCH", 7) for one in booked]
    assert 2 * [{"reasonReference[1].display"}, {"reasonReference[0].display"}] == [
        {location for location in _left(one) if location.startswith("reason")} for one in (*visits, *booked)
    ]


def test_what_a_patient_is_told_of_an_order_is_a_comment_of_its_own_type() -> None:
    message = written({**REQUEST, "patientInstruction": "no metal\r\nno food"}, kind="OML^O21", version="2.5.1")

    assert ("no metal~no food", "PI^Patient Instructions^HL70364") == (raw(message, "NTE", 3), raw(message, "NTE", 4))


def test_who_wrote_a_detail_of_the_record_did_not_tell_the_event() -> None:
    allergy = {"resourceType": "AllergyIntolerance", "id": "a", "patient": SUBJECT, "code": {"text": "Nuts"}}
    written_down: Resource = {
        "resourceType": "Provenance",
        "id": "detail",
        "target": [{"reference": "AllergyIntolerance/a"}, {"reference": "Condition/none"}],
        "recorded": "2015-01-01T00:00:00Z",
        "activity": coded("x", "y"),
    }
    told = {**written_down, "id": "told", "target": [SUBJECT], "recorded": "2026-03-02T08:00:00Z"}
    one = generated(PATIENT, allergy, written_down, told, kind="ADT^A08", version="2.5.1")
    without = generated(PATIENT, allergy, written_down, kind="ADT^A08", version="2.5.1")

    assert ["20260302080000+0000", "20260302083000+0000"] == [raw(parse(x.payload), "EVN", 2) for x in (one, without)]
    assert "Bundle.entry[2].resource.target" in {issue.location for issue in without.issues}


def test_a_resource_that_a_message_has_no_place_for_is_a_warning_and_who_is_never_named_is_none() -> None:
    drug = {"resourceType": "MedicationRequest", "id": "m", "subject": SUBJECT}
    place = {"resourceType": "Location", "id": "l", "name": "Somewhere"}
    one = generated(PATIENT, drug, place, kind="ADT^A08", version="2.5.1")

    assert [("warning", "Bundle.entry[1].resource"), ("information", "Bundle.entry[2].resource")] == [
        (issue.severity, issue.location) for issue in one.issues if issue.code == "element-not-carried"
    ]
