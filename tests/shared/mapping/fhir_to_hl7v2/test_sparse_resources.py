"""Resources that say little: what nobody said leaves its field empty, and what has no place is reported."""

from __future__ import annotations

import pytest

from shared.formats.hl7v2.parse import parse
from shared.partners.hl7v2_writing import LocalCode, WritingPreferences
from tests.shared.mapping.fhir_to_hl7v2.written_messages import (
    EXTENSIONS,
    INSURANCE,
    INSURER,
    PATIENT,
    SUBJECT,
    Resource,
    generated,
    raw,
    written,
)

OBSERVATION: Resource = {
    "resourceType": "Observation",
    "id": "o",
    "status": "final",
    "code": {"text": "Glucose"},
    "subject": SUBJECT,
    "valueString": "5",
}
REPORT: Resource = {
    "resourceType": "DiagnosticReport",
    "id": "r",
    "status": "final",
    "code": {"text": "Chemistry"},
    "subject": SUBJECT,
    "result": [{"reference": "Observation/o"}],
}
VISIT: Resource = {
    "resourceType": "Encounter",
    "id": "v",
    "status": "in-progress",
    "class": {"code": "IMP"},
    "subject": SUBJECT,
}
ORDER: Resource = {
    "resourceType": "ServiceRequest",
    "id": "s",
    "status": "active",
    "intent": "order",
    "code": {"text": "Glucose"},
    "subject": SUBJECT,
}


def test_a_performer_that_is_no_person_and_not_in_the_bundle_is_no_observer() -> None:
    performed = {**OBSERVATION, "performer": [{"type": "Organization", "display": "Example Laboratory"}]}

    assert "" == raw(written(performed, REPORT, kind="ORU^R01"), "OBX", 16)


def test_a_performer_of_whom_only_the_words_are_known_is_named_by_them() -> None:
    performed = {**OBSERVATION, "performer": [{"display": "Dr Example"}]}

    assert "^Dr Example" == raw(written(performed, REPORT, kind="ORU^R01"), "OBX", 16)


def test_a_second_producer_does_not_replace_the_first() -> None:
    laboratories = [
        {"resourceType": "Organization", "id": name, "name": name, "identifier": [{"value": name}]}
        for name in ("first", "second")
    ]
    named = [{"reference": f"Organization/{one['id']}"} for one in laboratories]
    message = written(*laboratories, {**OBSERVATION, "performer": named}, REPORT, kind="ORU^R01")

    assert "first" == raw(message, "OBX", 15)


def test_only_people_interpret_a_result() -> None:
    laboratory: Resource = {"resourceType": "Organization", "id": "lab", "name": "Example Laboratory"}
    report = {**REPORT, "resultsInterpreter": [{"reference": "Organization/lab"}]}

    assert "" == raw(written(laboratory, OBSERVATION, report, kind="ORU^R01"), "OBR", 32)


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        (
            {"telecom": [{"system": "phone"}], "address": [{"use": "home"}], "name": [{"use": "nickname"}]},
            ["Testcase", "", ""],
        ),
        (
            {"telecom": [{"value": "555"}], "address": [{"text": "1 Road"}], "name": [{"text": "Tilda"}]},
            ["Testcase~Tilda", "1 Road", "^^PH^^^^^^^^^555"],
        ),
    ],
)
def test_a_name_an_address_and_a_telephone_that_say_nothing_leave_their_fields_empty(
    said: Resource, sent: list[str]
) -> None:
    names = [*PATIENT["name"], *said["name"]]
    message = parse(generated({**PATIENT, **said, "name": names}, kind="ADT^A08").payload)

    assert sent == [raw(message, "PID", number) for number in (5, 11, 13)]


@pytest.mark.parametrize(
    ("identifier", "sent"),
    [
        ([{"value": "Example Clinic"}], "Example Clinic"),
        (
            [{"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.3.6.1.4.1.99999.7"}],
            "Example Clinic^1.3.6.1.4.1.99999.7^ISO",
        ),
        ([{"use": "official"}, {"system": "urn:example:sites", "value": "S-1"}], "Example Clinic^S-1"),
        ([{"use": "official"}], "Example Clinic"),
    ],
)
def test_the_place_of_an_event_is_named_by_the_first_of_its_numbers_that_says_more(
    identifier: list[Resource], sent: str
) -> None:
    place: Resource = {"resourceType": "Location", "id": "l", "name": "Example Clinic", "identifier": identifier}
    about: Resource = {
        "resourceType": "Provenance",
        "id": "a",
        "target": [SUBJECT],
        "recorded": "2026-03-01T10:00:00Z",
        "location": {"reference": "Location/l"},
    }

    assert sent == raw(written(place, about, kind="ADT^A08"), "EVN", 7)


def test_an_organization_that_is_not_in_the_bundle_employs_nobody() -> None:
    contact = {"relationship": [{"text": "employer"}], "organization": {"reference": "Organization/away"}}
    message = parse(generated({**PATIENT, "contact": [contact]}, kind="ADT^A08").payload)

    assert "" == raw(message, "NK1", 13)


@pytest.mark.parametrize(
    ("identifier", "named"),
    [
        ([{"system": "urn:example:beds", "value": "B-1"}], "Ward 7"),
        ([{"system": "urn:example:beds", "value": "B-1"}, {"system": "urn:example:rooms", "value": "R-2"}], "Ward 7"),
        ([{"value": "W7"}], "Ward 7&W7"),
    ],
)
def test_a_place_is_its_name_and_the_number_that_has_no_system(identifier: list[Resource], named: str) -> None:
    ward: Resource = {"resourceType": "Location", "id": "w", "name": "Ward 7", "identifier": identifier}
    visit = {**VISIT, "location": [{"location": {"reference": "Location/w"}}]}

    assert named == raw(written(ward, visit, kind="ADT^A08"), "PV1", 3).split("^")[0]


@pytest.mark.parametrize(
    ("quantity", "sent"),
    [({}, ""), ({"extension": [{"url": f"{EXTENSIONS}original-value", "valueString": "some^mL"}]}, "some^mL")],
)
def test_an_amount_without_a_number_is_what_was_sent(quantity: Resource, sent: str) -> None:
    asked = {**ORDER, "quantityQuantity": quantity, "occurrencePeriod": {"start": "2026-03-01"}}

    assert sent == raw(written(asked, kind="OML^O21"), "TQ1", 2)


@pytest.mark.parametrize(("said", "sent"), [("08:15:00.25", "081500.25"), ("quarter past eight", "")])
def test_a_time_of_day_is_written_where_it_is_one(said: str, sent: str) -> None:
    timed = {name: value for name, value in OBSERVATION.items() if name != "valueString"} | {"valueTime": said}

    assert sent == raw(written(timed, REPORT, kind="ORU^R01"), "OBX", 5)


def test_an_attachment_without_data_is_no_result() -> None:
    report = {**REPORT, "presentedForm": [{"title": "Empty"}]}

    assert 1 == len(list(written(OBSERVATION, report, kind="ORU^R01").all("OBX")))


def test_a_panel_has_only_its_observations_below_it() -> None:
    panel: Resource = {
        "resourceType": "Observation",
        "id": "panel",
        "status": "final",
        "code": {"text": "Panel"},
        "subject": SUBJECT,
        "hasMember": [{"reference": "Observation/o"}, {"reference": "QuestionnaireResponse/q"}],
    }
    answers: Resource = {"resourceType": "QuestionnaireResponse", "id": "q", "status": "completed"}
    message = written(panel, OBSERVATION, answers, kind="ORU^R01")

    assert ["5"] == [one.raw(5) for one in message.all("OBX")]


def test_a_class_of_coverage_that_is_neither_plan_nor_group_has_no_place() -> None:
    plan, rx = ({"type": {"coding": [{"code": code}]}, "value": code} for code in ("plan", "rxbin"))
    coverage: Resource = {
        "resourceType": "Coverage",
        "id": "c",
        "status": "active",
        "beneficiary": SUBJECT,
        "payor": [{"reference": "Organization/insurer"}],
        "class": [plan, rx],
    }
    message = written(INSURER, coverage, kind="ADT^A08")

    assert ["plan", "", ""] == [raw(message, "IN1", number) for number in (2, 8, 9)]


def test_a_second_suffix_that_is_no_degree_is_a_professional_one() -> None:
    name = {"family": "Testcase", "suffix": ["Jr", "Esq"]}
    message = parse(generated({**PATIENT, "name": [name]}, kind="ADT^A08", version="2.5.1").payload)

    assert "Testcase^^^Jr^^^^^^^^^^Esq" == raw(message, "PID", 5)


def test_a_related_person_who_is_no_contact_is_next_of_kin_too() -> None:
    person: Resource = {
        "resourceType": "RelatedPerson",
        "id": "rp",
        "patient": SUBJECT,
        "name": [{"family": "Example"}],
    }

    assert "Example" == raw(written(person, kind="ADT^A08"), "NK1", 2)


def test_a_device_says_by_its_numbers_what_measured() -> None:
    device: Resource = {"resourceType": "Device", "id": "d", "identifier": [{"value": "ANALYSER-3"}]}
    measured = {**OBSERVATION, "device": {"reference": "Device/d"}}

    assert "ANALYSER-3" == raw(written(device, measured, REPORT, kind="ORU^R01"), "OBX", 18)


def test_a_parent_order_without_a_number_and_who_asks_from_elsewhere_are_no_reason_to_stop() -> None:
    asked = {**ORDER, "basedOn": [{"reference": "ServiceRequest/away"}], "requester": {"display": "Dr Example"}}
    message = written(asked, kind="OML^O21")

    assert ["", "^Dr Example"] == [raw(message, "ORC", number) for number in (8, 12)]


def test_a_race_whose_concept_is_empty_adds_nothing_to_its_category() -> None:
    category = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2106-3", "display": "White"}
    race = {
        "url": "http://hl7.org/fhir/us/core/StructureDefinition/us-core-race",
        "extension": [{"url": "ombCategory", "valueCoding": category}],
    }
    empty = {"url": f"{EXTENSIONS}race", "valueCodeableConcept": {}}
    message = parse(generated({**PATIENT, "extension": [race, empty]}, kind="ADT^A08").payload)

    assert "2106-3^White^HL70005" == raw(message, "PID", 10)


def test_what_a_component_cannot_hold_is_left_out_and_reported() -> None:
    name = {"family": "Testcase", "extension": [{"url": f"{EXTENSIONS}xpn-1", "valueString": "A&B&C&D&E&F"}]}
    found = generated({**PATIENT, "name": [name]}, kind="ADT^A08")

    assert "A&B&C&D&E" == raw(parse(found.payload), "PID", 5)
    assert ["PID-5"] == [one.location for one in found.issues if one.code == "field-not-carried"]


def test_a_result_at_a_time_that_is_none_has_no_value() -> None:
    timed = {name: value for name, value in OBSERVATION.items() if name != "valueString"} | {"valueDateTime": "soon"}

    assert "" == raw(written(timed, REPORT, kind="ORU^R01"), "OBX", 5)


def test_a_result_is_told_apart_by_its_number() -> None:
    numbered = {**OBSERVATION, "identifier": [{"value": "R-1"}]}

    assert "R-1" == raw(written(numbered, REPORT, kind="ORU^R01"), "OBX", 21)


def test_a_former_visit_address_is_of_its_own_kind_and_a_further_name_may_be_missing() -> None:
    beside = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/iso21090-AD-use", "valueCode": "PHYS"}]}
    contact = {
        "name": {"family": "Example"},
        "address": {"line": ["1 Road"], "_use": beside},
        "extension": [{"url": f"{EXTENSIONS}further-name"}],
    }
    message = parse(generated({**PATIENT, "contact": [contact]}, kind="ADT^A08").payload)

    assert ["Example", "1 Road^^^^^^PHYS"] == [raw(message, "NK1", number) for number in (2, 4)]


@pytest.mark.parametrize("number", ["0", "4294967296", "²", "-1", "1.5"])
def test_an_extension_for_a_component_that_cannot_be_is_left_where_it_is(number: str) -> None:
    kept = {"url": f"{EXTENSIONS}xpn-{number}", "valueString": "x"}
    found = generated({**PATIENT, "name": [{"family": "Testcase", "extension": [kept]}]}, kind="ADT^A08")

    assert "Testcase" == raw(parse(found.payload), "PID", 5)
    assert ["element-not-carried"] == [one.code for one in found.issues if "xpn-" in one.location]


def kept_value(text: str) -> Resource:
    return {"url": f"{EXTENSIONS}original-value", "valueString": text}


def test_what_was_sent_beside_a_unit_a_system_and_a_telephone_is_written_again() -> None:
    unit = {"value": 5, "unit": "millimole", "extension": [kept_value("mmol per L")]}
    coding = {"system": "http://loinc.org", "code": "2345-7", "extension": [kept_value("99NG")]}
    measured = {name: value for name, value in OBSERVATION.items() if name != "valueString"}
    message = written({**measured, "code": {"coding": [coding]}, "valueQuantity": unit}, REPORT, kind="ORU^R01")

    assert ["2345-7^^99NG", "mmol per L^millimole"] == [raw(message, "OBX", number) for number in (3, 6)]


def test_the_receivers_code_is_found_behind_any_of_the_codings() -> None:
    codes = {"OBX-3": {"http://loinc.org|2345-7": LocalCode("GLU", "Glucose", "L")}}
    said = {"coding": [{"system": "urn:other", "code": "x"}, {"system": "http://loinc.org", "code": "2345-7"}]}
    found = generated(
        PATIENT,
        {**OBSERVATION, "code": said},
        REPORT,
        kind="ORU^R01",
        preferences=WritingPreferences(codes=codes),
    )

    assert raw(parse(found.payload), "OBX", 3).startswith("GLU^Glucose^L^")


def test_a_status_is_written_as_the_code_that_it_came_from() -> None:
    religion = {
        "url": "http://hl7.org/fhir/StructureDefinition/patient-religion",
        "valueCodeableConcept": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ReligiousAffiliation", "code": "1041"}]
        },
    }
    message = parse(generated({**PATIENT, "extension": [religion]}, kind="ADT^A08").payload)

    assert "CAT" == raw(message, "PID", 17).split("^")[0]


def test_an_observation_that_a_document_names_and_an_attachment_of_its_own_are_told_apart() -> None:
    document: Resource = {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "content": [{"attachment": {"title": "Scan"}}],
        "context": {"related": [{"reference": "Observation/o"}]},
    }
    report = {**REPORT, "result": [], "presentedForm": [{"contentType": "image/png", "data": "AAAA"}]}
    message = written(OBSERVATION, document, report, kind="ORU^R01")

    assert ["ED"] == [one.raw(2) for one in message.all("OBX")]


def test_an_attachment_kept_with_an_observation_is_its_value() -> None:
    picture = {"url": f"{EXTENSIONS}value-attachment", "valueAttachment": {"contentType": "image/png", "data": "AAAA"}}
    pictured = {name: value for name, value in OBSERVATION.items() if name != "valueString"} | {"extension": [picture]}

    assert "ED" == raw(written(pictured, kind="ORU^R01"), "OBX", 2)


def test_an_insurer_without_a_number_holds_no_visit_back() -> None:
    coverage: Resource = {
        "resourceType": "Coverage",
        "id": "c",
        "status": "active",
        "beneficiary": SUBJECT,
        "payor": [{"display": "Example Insurance"}],
        "policyHolder": {"display": "Example Works"},
    }
    one = generated(PATIENT, coverage, kind="ADT^A08")
    message = parse(one.payload)

    assert ["", "Example Insurance", "Example Works"] == [raw(message, "IN1", number) for number in (3, 4, 11)]
    assert ("required-field-empty", "IN1-3") in {(issue.code, issue.location) for issue in one.issues}


def test_what_is_only_named_where_a_resource_could_be_is_written() -> None:
    vaccine = {
        "resourceType": "Immunization",
        "id": "i",
        "status": "completed",
        "vaccineCode": {"text": "Flu"},
        "patient": SUBJECT,
        "occurrenceDateTime": "2026-03-01",
        "manufacturer": {"display": "Example Pharma", "identifier": {"value": "MVX-1"}},
        "location": {"display": "Clinic One"},
    }
    message = written(vaccine, kind="VXU^V04", version="2.5.1")

    assert "Example Pharma" in raw(message, "RXA", 17)
    assert "Clinic One" in raw(message, "RXA", 11)


def test_a_name_that_no_field_takes_is_reported() -> None:
    one = generated(PATIENT, {**OBSERVATION, "device": {"display": "Meter 7"}}, kind="ORU^R01")

    assert "Bundle.entry[1].resource.device" in [issue.location for issue in one.issues]


def test_a_reaction_is_told_in_words() -> None:
    hives = {"coding": [{"system": "http://snomed.info/sct", "code": "247472004", "display": "Hives"}]}
    reactions = [{"manifestation": [hives, {**hives, "text": "itching all over"}, {"coding": [{"code": "X1"}]}]}]
    allergy = {"resourceType": "AllergyIntolerance", "id": "a", "patient": SUBJECT, "code": {"text": "Nuts"}}
    message = written({**allergy, "reaction": reactions}, kind="ADT^A08", version="2.5.1")

    assert "Hives~itching all over~X1" == raw(message, "AL1", 5)


def test_a_segment_of_which_the_version_has_no_field_is_left_out() -> None:
    doctor = {"resourceType": "Practitioner", "id": "d", "name": [{"family": "Doc"}]}
    patient = {**PATIENT, "generalPractitioner": [{"reference": "Practitioner/d"}]}
    booked: Resource = {"resourceType": "Appointment", "id": "a", "status": "booked", "participant": []}
    new, old = (generated(patient, doctor, booked, kind="SIU^S12", version=one) for one in ("2.8", "2.5.1"))

    assert (None, True) == (parse(new.payload).first("PD1"), parse(old.payload).first("PD1") is not None)
    assert ("field-not-carried", "PD1-4") in {(issue.code, issue.location) for issue in new.issues}


def test_what_is_said_of_an_appointment_in_words_is_a_comment() -> None:
    appointment = {
        "resourceType": "Appointment",
        "id": "a",
        "status": "booked",
        "description": "Follow up",
        "comment": "Bring films",
        "patientInstruction": "Fast",
        "participant": [{"actor": SUBJECT, "status": "accepted"}],
    }
    message = written(appointment, kind="SIU^S12", version="2.5.1")

    assert [("Follow up", ""), ("Bring films", ""), ("Fast", "PI^Patient Instructions^HL70364")] == [
        (nte.raw(3), nte.raw(4)) for nte in message.all("NTE")
    ]


def test_a_note_without_text_says_who_and_when() -> None:
    noted = {**OBSERVATION, "note": [{"authorReference": {"display": "Dr Example"}, "time": "2026-03-01"}]}

    assert ["", "^Dr Example", "20260301"] == [
        raw(written(noted, REPORT, kind="ORU^R01"), "NTE", number) for number in (3, 5, 6)
    ]


def test_an_interpretation_in_words_is_written_as_it_is() -> None:
    worded = {**OBSERVATION, "interpretation": [{"text": "rather high"}]}

    assert "^rather high" == raw(written(worded, REPORT, kind="ORU^R01"), "OBX", 8)


def test_who_asks_may_do_so_for_two_facilities() -> None:
    wards: list[Resource] = [{"resourceType": "Organization", "id": name, "name": name} for name in ("north", "south")]
    role: Resource = {
        "resourceType": "PractitionerRole",
        "id": "role",
        "organization": {"reference": "Organization/north"},
        "extension": [
            {"url": f"{EXTENSIONS}further-organization", "valueReference": {"reference": "Organization/south"}}
        ],
    }
    asked = {**ORDER, "requester": {"reference": "PractitionerRole/role"}}

    assert "north~south" == raw(written(*wards, role, asked, kind="OML^O21"), "ORC", 21)


def test_an_ethnicity_of_ones_own_stands_in_the_place_of_the_category_made_of_it() -> None:
    url = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-ethnicity"
    category = {"system": "urn:oid:2.16.840.1.113883.6.238", "code": "2135-2", "display": "Hispanic or Latino"}
    tribe = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-tribal-affiliation"
    own = [
        {"url": f"{EXTENSIONS}ethnicity", "valueCodeableConcept": {"coding": [{"code": code}]}} for code in ("X", "H")
    ]
    extensions = [
        {"url": url, "extension": [{"url": "ombCategory", "valueCoding": category}]},
        *own,
        {"url": tribe, "extension": [{"url": "isEnrolled", "valueBoolean": True}]},
    ]
    message = parse(generated({**PATIENT, "extension": extensions}, kind="ADT^A08").payload)

    assert ["X~H", ""] == [raw(message, "PID", number) for number in (22, 39)]


def test_places_of_a_visit_are_told_apart_by_their_status_and_people_by_their_part() -> None:
    places: list[Resource] = [{"resourceType": "Location", "id": one, "name": one} for one in ("w1", "w2", "w3", "w4")]
    located = [
        {"location": {"reference": f"Location/{place['id']}"}, "status": status}
        for place, status in zip(places, ("active", "planned", "reserved", "reserved"), strict=True)
    ]
    witness = {"type": [{"coding": [{"code": "WIT"}]}], "individual": {"display": "Nobody"}}
    message = written(*places, {**VISIT, "location": located, "participant": [witness]}, kind="ADT^A08")

    assert ["w1", "w3", "w2", ""] == [
        raw(message, *place) for place in (("PV1", 3), ("PV1", 42), ("PV2", 1), ("PV1", 7))
    ]


def test_a_further_number_of_a_specimen_has_no_place_before_the_version_that_has_one() -> None:
    specimen: Resource = {
        "resourceType": "Specimen",
        "id": "sp",
        "identifier": [{"value": "F-1"}, {"value": "F-2"}],
        "type": {"text": "Blood"},
        "note": [{"text": "drawn twice"}],
    }
    report = {**REPORT, "specimen": [{"reference": "Specimen/sp"}]}
    older = written(specimen, OBSERVATION, report, kind="ORU^R01", version="2.5.1")

    assert ["^F-1", "drawn twice", ""] == [raw(older, "SPM", number) for number in (2, 14, 31)]


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        ("http://terminology.hl7.org/CodeSystem/discharge-disposition", "exp", "20"),
        ("http://terminology.hl7.org/CodeSystem/discharge-disposition", "psy", "psy"),
        ("http://terminology.hl7.org/CodeSystem/v2-0112", "01", "01"),
    ],
)
def test_how_a_patient_left_is_told_in_the_codes_of_hl7_v2(system: str, code: str, expected: str) -> None:
    left = {"coding": [{"system": system, "code": code, "display": "As it says"}]}
    visit = {**VISIT, "subject": SUBJECT, "hospitalization": {"dischargeDisposition": left}}
    message = written(visit, kind="ADT^A03", version="2.5.1")

    assert expected == raw(message, "PV1", 36)


def test_an_insurance_of_nobody_known_has_no_insurer() -> None:
    message = written(INSURANCE, kind="ADT^A08", version="2.5.1")

    assert ["", "", "S-1"] == [raw(message, "IN1", number) for number in (3, 4, 49)]
