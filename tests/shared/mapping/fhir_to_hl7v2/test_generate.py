"""What becomes of FHIR in HL7 v2: which message, which segments, which values, and what is left over."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from shared.conversion import convert_to_hl7v2
from shared.errors import RejectedError
from shared.formats.hl7v2.delimiters import Delimiters
from shared.formats.hl7v2.message import Message, Segment
from shared.formats.hl7v2.parse import parse
from shared.mapping.fhir_to_hl7v2.generate import messages_from_bundle
from shared.partners.hl7v2_writing import NO_PREFERENCES, LocalCode, WritingPreferences

SENT = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
V2 = "http://terminology.hl7.org/CodeSystem/v2-"
V3 = "http://terminology.hl7.org/CodeSystem/v3-"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"

Resource = dict[str, Any]

PATIENT: Resource = {
    "resourceType": "Patient",
    "id": "p",
    "identifier": [
        {"system": "urn:oid:2.999.1", "value": "4711", "type": {"coding": [{"code": "MR", "system": V2 + "0203"}]}}
    ],
    "name": [{"family": "Testcase", "given": ["Tilda", "Ann", "Bea"], "suffix": ["Jr", "MD"], "use": "official"}],
    "gender": "female",
    "birthDate": "1980-02-14",
}
SUBJECT = {"reference": "Patient/p"}
VISIT: Resource = {
    "resourceType": "Encounter",
    "id": "e",
    "status": "in-progress",
    "class": {"system": V3 + "ActCode", "code": "IMP"},
    "subject": SUBJECT,
}
PRESSURE: Resource = {
    "resourceType": "Observation",
    "id": "bp",
    "status": "final",
    "category": [{"coding": [{"code": "vital-signs"}]}],
    "code": {"coding": [{"system": LOINC, "code": "85354-9", "display": "Blood pressure"}]},
    "subject": SUBJECT,
    "effectiveDateTime": "2026-03-02T08:00:00+01:00",
    "component": [
        {
            "code": {"coding": [{"system": LOINC, "code": code}]},
            "valueQuantity": {"value": value, "unit": "mmHg", "system": UCUM, "code": "mm[Hg]"},
        }
        for code, value in (("8480-6", 120), ("8462-4", Decimal("80.0")))
    ],
}
ORDER: Resource = {
    "resourceType": "ServiceRequest",
    "id": "o",
    "status": "active",
    "intent": "order",
    "identifier": [{"value": "P-1"}],
    "code": {"coding": [{"system": LOINC, "code": "58410-2"}]},
    "subject": SUBJECT,
    "priority": "stat",
    "occurrenceDateTime": "2026-03-03",
}
HEMOGLOBIN: Resource = {
    "resourceType": "Observation",
    "id": "hb",
    "status": "final",
    "code": {"coding": [{"system": LOINC, "code": "718-7"}], "text": "Hb"},
    "subject": SUBJECT,
    "valueQuantity": {"value": Decimal("13.50"), "unit": "g/dL"},
    "referenceRange": [{"low": {"value": 12}, "high": {"value": 16}}],
    "interpretation": [{"coding": [{"system": V3 + "ObservationInterpretation", "code": "N"}]}],
}
REPORT: Resource = {
    "resourceType": "DiagnosticReport",
    "id": "r",
    "status": "final",
    "identifier": [{"value": "F-1"}],
    "code": {"text": "Blood count"},
    "subject": SUBJECT,
    "basedOn": [{"reference": "ServiceRequest/o"}],
    "result": [{"reference": "Observation/hb"}],
    "conclusion": "Nothing\nunusual",
}


def bundle(*resources: Resource) -> Resource:
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": f"urn:uuid:{one.get('id', 'x')}", "resource": one} for one in resources],
    }


def written(*resources: Resource, kind: str = "", preferences: WritingPreferences = NO_PREFERENCES) -> Message:
    (one,) = messages_from_bundle(bundle(*resources), message_type=kind, preferences=preferences, sent=SENT)
    return parse(one.payload)


def issues(*resources: Resource, kind: str = "", version: str = "2.5.1") -> list[tuple[str, str]]:
    preferences = WritingPreferences(version=version)
    (one,) = messages_from_bundle(bundle(*resources), message_type=kind, preferences=preferences, sent=SENT)
    return [(issue.code, issue.location) for issue in one.issues]


def segment(message: Message, name: str) -> Segment:
    found = message.first(name)
    assert found is not None
    return found


def names(message: Message) -> list[str]:
    return [one.name for one in message.segments]


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        ([PATIENT], "ADT^A08"),
        ([PATIENT, VISIT], "ADT^A01"),
        ([PATIENT, {**VISIT, "class": {"code": "AMB"}}], "ADT^A04"),
        ([PATIENT, {**VISIT, "status": "finished"}], "ADT^A03"),
        ([PATIENT, {**VISIT, "status": "cancelled"}], "ADT^A11"),
        ([PATIENT, PRESSURE], "ORU^R01"),
        ([PATIENT, REPORT, ORDER, HEMOGLOBIN], "ORU^R01"),
        ([PATIENT, ORDER], "OML^O21"),
        ([PATIENT, {"resourceType": "Appointment", "status": "booked"}], "SIU^S12"),
        ([PATIENT, {"resourceType": "Appointment", "status": "cancelled"}], "SIU^S15"),
        (
            [PATIENT, VISIT, {"resourceType": "MessageHeader", "eventCoding": {"system": V2 + "0003", "code": "A13"}}],
            "ADT^A13",
        ),
        (
            [
                PATIENT,
                {"resourceType": "Provenance", "activity": {"coding": [{"system": V2 + "0003", "code": "A04"}]}},
            ],
            "ADT^A04",
        ),
    ],
)
def test_the_bundle_tells_which_message_it_is(resources: list[Resource], expected: str) -> None:
    header = written(*resources).header

    assert expected == f"{header.text(9)}^{header.text(9, 2)}"


def test_the_caller_has_the_last_word() -> None:
    assert "A04" == written(PATIENT, VISIT, kind="adt^a04").event


def test_a_bundle_that_tells_nothing_is_refused() -> None:
    with pytest.raises(RejectedError) as refused:
        written({"resourceType": "Organization"})

    assert "message-type-unknown" == refused.value.code


@pytest.mark.parametrize(
    ("resources", "kind", "element"),
    [
        ([{**PATIENT, "identifier": []}], "ADT^A08", "Patient.identifier"),
        ([{**PATIENT, "name": []}], "ADT^A08", "Patient.name"),
        ([PATIENT, {**HEMOGLOBIN, "code": {}}], "ADT^A08", "Observation.code"),
        ([PATIENT], "ADT^A40", "Patient.link.where(type = 'replaces')"),
        ([PATIENT], "SIU^S12", "Bundle.entry.resource.ofType(Appointment)"),
        ([PATIENT], "ORU^R01", "Bundle.entry.resource.ofType(DiagnosticReport)"),
        ([VISIT], "ADT^A01", "Bundle.entry.resource.ofType(Patient)"),
        (
            [PATIENT, {"resourceType": "Immunization", "occurrenceDateTime": "2026"}],
            "VXU^V04",
            "Immunization.vaccineCode",
        ),
        ([PATIENT, {"resourceType": "AllergyIntolerance"}], "ADT^A01", "AllergyIntolerance.code"),
    ],
)
def test_a_missing_element_is_named(resources: list[Resource], kind: str, element: str) -> None:
    with pytest.raises(RejectedError) as refused:
        written(*resources, kind=kind)

    assert ("missing-element", element) == (refused.value.code, refused.value.location)


@pytest.mark.parametrize(
    ("kind", "version", "code"),
    [
        ("ADT^A99", "2.5.1", "unsupported-message-type"),
        ("OML^O21", "2.3.1", "unsupported-message-type"),
        ("ORM^O01", "2.8", "unsupported-message-type"),
        ("ADT^A08", "2.4", "unsupported-version"),
        ("ADT^A08", "9", "unsupported-version"),
    ],
)
def test_what_is_not_written_is_refused(kind: str, version: str, code: str) -> None:
    with pytest.raises(RejectedError) as refused:
        written(PATIENT, ORDER, kind=kind, preferences=WritingPreferences(version=version))

    assert code == refused.value.code


@pytest.mark.parametrize("payload", [b"", b"[]", b"{}", b"\xff", b'{"resourceType": 1}'])
def test_what_is_no_fhir_is_refused(payload: bytes) -> None:
    with pytest.raises(RejectedError) as refused:
        list(convert_to_hl7v2(payload, sent=SENT))

    assert "not-fhir" == refused.value.code


def test_the_instant_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        list(messages_from_bundle(PATIENT, sent=datetime(2026, 3, 2)))  # noqa: DTZ001


def test_the_same_bundle_gives_the_same_bytes_and_another_one_another_control_id() -> None:
    payload = json.dumps(bundle(PATIENT)).encode()
    first, again = (next(convert_to_hl7v2(payload, sent=SENT)).payload for _ in range(2))
    other = next(convert_to_hl7v2(json.dumps(bundle({**PATIENT, "gender": "male"})).encode(), sent=SENT)).payload

    assert first == again
    assert parse(first).control_id != parse(other).control_id


def test_every_patient_has_a_message_of_its_own() -> None:
    other = {**PATIENT, "id": "q", "name": [{"family": "Example"}]}
    theirs = {**HEMOGLOBIN, "id": "x", "subject": {"reference": "urn:uuid:q"}}
    found = messages_from_bundle(bundle(PATIENT, other, HEMOGLOBIN, theirs), sent=SENT)

    messages = [parse(one.payload) for one in found]
    assert [("Testcase", 1), ("Example", 1)] == [
        (segment(one, "PID").text(5), len(list(one.all("OBX")))) for one in messages
    ]


def test_a_patient_is_written_whole() -> None:
    pid = segment(written(PATIENT), "PID")

    assert ["4711^^^&2.999.1&ISO^MR", "Testcase^Tilda^Ann Bea^Jr^^MD^L", "19800214", "F"] == [
        pid.raw(number) for number in (3, 5, 7, 8)
    ]


def test_a_visit_that_is_not_there_is_said_to_be_none() -> None:
    assert "N" == segment(written(PATIENT), "PV1").text(2)


def test_a_merge_has_a_group_for_each_patient_who_is_replaced() -> None:
    prior = {**PATIENT, "id": "q", "identifier": [{"value": "4000"}], "active": False}
    prior["link"] = [{"other": SUBJECT, "type": "replaced-by"}]
    survivor = {**PATIENT, "link": [{"other": {"reference": "Patient/q"}, "type": "replaces"}]}
    message = written(survivor, prior)

    assert ["MSH", "EVN", "PID", "MRG"] == names(message)
    assert ["4711", "4000"] == [segment(message, "PID").text(3), segment(message, "MRG").text(1)]


def test_a_report_is_its_order_and_its_results() -> None:
    message = written(PATIENT, REPORT, ORDER, HEMOGLOBIN)
    obr, obx = segment(message, "OBR"), segment(message, "OBX")

    assert ["MSH", "PID", "ORC", "OBR", "NTE", "OBX"] == names(message)
    assert ["P-1", "F-1", "^Blood count", "S", "F"] == [obr.raw(number) for number in (2, 3, 4, 5, 25)]
    assert ["NM", "718-7^^LN", "13.50", "g/dL", "12-16", "N", "F"] == [obx.raw(n) for n in (2, 3, 5, 6, 7, 8, 11)]
    assert "Nothing~unusual" == segment(message, "NTE").raw(3)


def test_vital_signs_are_a_report_of_their_own_with_a_line_for_each_component() -> None:
    message = written(PATIENT, PRESSURE)

    assert ["85354-9", "8480-6", "8462-4"] == [one.text(3) for one in message.all("OBX")]
    assert ["", "120", "80.0"] == [one.text(5) for one in message.all("OBX")]
    assert ["", "1.1", "1.2"] == [one.text(4) for one in message.all("OBX")]
    assert "85354-9" == segment(message, "OBR").text(4)


def test_a_panel_holds_its_members() -> None:
    panel = {**PRESSURE, "hasMember": [{"reference": "Observation/hb"}], "effectivePeriod": {"start": "2026-03-02"}}
    del panel["component"], panel["effectiveDateTime"]
    message = written(PATIENT, panel, HEMOGLOBIN)

    assert ["85354-9", "20260302"] == [segment(message, "OBR").text(4), segment(message, "OBR").text(7)]
    assert ["718-7"] == [one.text(3) for one in message.all("OBX")]


@pytest.mark.parametrize(
    ("value", "datatype", "raw"),
    [
        ({"valueQuantity": {"value": 5, "comparator": "<"}}, "SN", "<^5"),
        ({"valueRange": {"low": {"value": 1}, "high": {"value": 2}}}, "SN", "^1^-^2"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 8}}}, "SN", "^1^:^8"),
        ({"valueString": "plain"}, "ST", "plain"),
        ({"valueString": "two\nlines"}, "TX", "two~lines"),
        ({"valueCodeableConcept": {"coding": [{"code": "A", "system": V2 + "0487"}]}}, "CE", "A^^HL70487"),
        ({"valueDateTime": "2026-03"}, "TS", "202603"),
        ({"valueDateTime": "2026-03-02"}, "DT", "20260302"),
        ({"valueDateTime": "2026-03-02T08:30:00.123456Z"}, "TS", "20260302083000.1234+0000"),
        ({"valueTime": "08:30:00"}, "TM", "083000"),
        ({"valuePeriod": {"start": "2026", "end": "2027"}}, "DR", "2026^2027"),
        ({"valueBoolean": True}, "ST", "Y"),
        ({"valueInteger": 7}, "NM", "7"),
    ],
)
def test_a_value_has_its_data_type(value: Resource, datatype: str, raw: str) -> None:
    observation = {name: one for name, one in HEMOGLOBIN.items() if name != "valueQuantity"}
    obx = segment(written(PATIENT, {**observation, **value}), "OBX")

    assert [datatype, raw] == [obx.raw(2), obx.raw(5)]


def test_a_value_that_hl7_cannot_hold_is_reported() -> None:
    observation = {name: one for name, one in HEMOGLOBIN.items() if name != "valueQuantity"}
    found = issues(PATIENT, {**observation, "valueSampledData": {"period": 1, "dimensions": 1}})

    assert ("element-not-carried", "Bundle.entry[1].resource.valueSampledData") in found


def test_what_is_not_carried_is_named_once_with_its_place() -> None:
    found = issues({**PATIENT, "photo": [{}], "_gender": {"extension": [{"url": "urn:x"}]}}, {"resourceType": "Group"})

    assert [
        ("element-not-carried", "Bundle.entry[0].resource.photo"),
        ("element-not-carried", "Bundle.entry[0].resource.gender.extension('urn:x')"),
        ("element-not-carried", "Bundle.entry[1].resource"),
    ] == found


def test_what_a_version_has_no_place_for_is_reported() -> None:
    allergy = {"resourceType": "AllergyIntolerance", "code": {"text": "Nuts"}, "patient": SUBJECT}
    long_code = {"coding": [{"system": LOINC, "code": "1", "display": "One"}], "text": "another text"}

    assert ("segment-not-in-structure", "AL1") in issues(PATIENT, allergy, kind="ADT^A11")
    assert ("field-not-carried", "OBX-3") in issues(PATIENT, {**HEMOGLOBIN, "code": long_code}, version="2.3.1")
    assert [] == [one for one in issues(PATIENT, {**HEMOGLOBIN, "code": long_code}, version="2.8") if "OBX-3" in one]


def test_more_than_three_codes_are_reported() -> None:
    codes = {"coding": [{"system": f"urn:oid:2.999.{number}", "code": "A"} for number in range(4)]}

    assert ("code-not-carried", "OBX-3") in issues(PATIENT, {**HEMOGLOBIN, "code": codes}, version="2.8")


def test_the_receivers_preferences_are_followed() -> None:
    preferences = WritingPreferences(
        version="2.8",
        delimiters=Delimiters("#", "*", "@", "!", "%"),
        charset="8859/1",
        sending_application="HUB^2.999.9^ISO",
        sending_facility="NORTHGATE",
        receiving_application="LAB",
        receiving_facility="SOUTH",
        authorities={"urn:oid:2.999.1": "NORTH"},
        codes={"OBX-3": {f"{LOINC}|718-7": LocalCode("HGB", "Hb here", "L")}},
    )
    patient = {**PATIENT, "name": [{"family": "T\u00ebst#case"}]}
    message = written(patient, HEMOGLOBIN, preferences=preferences)

    assert ["HUB*2.999.9*ISO", "NORTHGATE", "LAB", "SOUTH", "2.8", "8859/1"] == [
        message.header.raw(number) for number in (3, 4, 5, 6, 12, 18)
    ]
    assert "4711***NORTH%2.999.1%ISO*MR" == segment(message, "PID").raw(3)
    assert "T\u00ebst#case" == segment(message, "PID").text(5)
    assert "HGB*Hb here*L*718-7**LN***Hb" == segment(message, "OBX").raw(3)


def test_a_specimen_is_spm_where_the_version_has_it_and_obr_15_before() -> None:
    specimen = {
        "resourceType": "Specimen",
        "id": "s",
        "type": {"coding": [{"code": "BLD", "system": V2 + "0487"}]},
        "collection": {"collectedDateTime": "2026-03-02", "method": {"text": "puncture"}},
    }
    resources = (PATIENT, {**REPORT, "specimen": [{"reference": "Specimen/s"}]}, ORDER, HEMOGLOBIN, specimen)

    assert "BLD^^HL70487" == segment(written(*resources), "SPM").raw(4)
    older = written(*resources, preferences=WritingPreferences(version="2.3.1"))
    assert "SPM" not in names(older)
    assert "BLD&&HL70487^^puncture" == segment(older, "OBR").raw(15)


def test_the_timing_of_an_order_is_where_the_version_has_it() -> None:
    newer = written(PATIENT, ORDER, preferences=WritingPreferences(version="2.8"))
    older = written(PATIENT, ORDER, kind="ORM^O01", preferences=WritingPreferences(version="2.3.1"))

    assert ["20260303", "S"] == [segment(newer, "TQ1").text(7), segment(newer, "TQ1").text(9)]
    assert ["20260303", "S"] == [segment(older, "OBR").text(6), segment(older, "OBR").text(5)]
    assert ["NW", "CA"] == [
        segment(written(PATIENT, {**ORDER, "status": status}), "ORC").text(1) for status in ("active", "revoked")
    ]


def test_an_appointment_has_its_people_and_places() -> None:
    appointment = {
        "resourceType": "Appointment",
        "status": "booked",
        "identifier": [{"value": "A-1"}],
        "serviceType": [{"text": "Check-up"}],
        "start": "2026-03-20T09:00:00Z",
        "end": "2026-03-20T09:30:00Z",
        "minutesDuration": 30,
        "participant": [
            {"actor": SUBJECT, "status": "accepted"},
            {"actor": {"reference": "Practitioner/d"}, "status": "tentative"},
            {
                "actor": {"reference": "Location/l"},
                "status": "accepted",
                "period": {"start": "2026-03-20T09:00:00Z", "end": "2026-03-20T09:15:00Z"},
            },
            {"actor": {"display": "ECG machine"}, "status": "accepted"},
        ],
    }
    doctor = {"resourceType": "Practitioner", "id": "d", "name": [{"family": "Doctor"}]}
    place = {"resourceType": "Location", "id": "l", "name": "Clinic"}
    message = written(PATIENT, appointment, doctor, place)

    assert ["MSH", "SCH", "PID", "RGS", "AIS", "AIG", "AIL", "AIP"] == names(message)
    assert ["30", "MIN"] == [segment(message, "SCH").text(9), segment(message, "SCH").text(10)]
    assert ["Clinic", "15"] == [segment(message, "AIL").text(3), segment(message, "AIL").text(9)]
    assert ["Doctor", "Pending"] == [segment(message, "AIP").text(3, 2), segment(message, "AIP").text(12)]
    assert "ECG machine" == segment(message, "AIG").text(3, 2)


def test_a_document_is_text_or_data() -> None:
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"coding": [{"code": "DS"}]},
        "identifier": [{"value": "D-1"}],
        "subject": SUBJECT,
        "content": [
            {"attachment": {"contentType": "text/plain", "data": "b25lCnR3bw=="}},
            {"attachment": {"contentType": "application/pdf", "data": "JVBERg==", "title": "Letter"}},
            {"attachment": {"contentType": "image/png", "url": "https://images.example.org/1"}},
            {"attachment": {"contentType": "text/plain", "data": "/w=="}},
            {"attachment": {}},
        ],
    }
    message = written(PATIENT, document)

    assert [
        "one~two",
        "^AP^pdf^Base64^JVBERg==",
        "https://images.example.org/1^^IM^png",
        "^TEXT^plain^Base64^/w==",
    ] == [one.raw(5) for one in message.all("OBX")]
    assert "TX" == segment(message, "TXA").text(3)


def test_a_single_resource_is_a_bundle_of_one() -> None:
    (one,) = messages_from_bundle(PATIENT, sent=SENT)

    assert "ADT^A08" == one.message_type


def test_contained_and_merely_named_people_are_written() -> None:
    order = {
        **ORDER,
        "requester": {"reference": "#d"},
        "contained": [{"resourceType": "Practitioner", "id": "d", "name": [{"text": "Dr Doctor"}]}],
    }
    named = {
        **VISIT,
        "participant": [{"type": [{"coding": [{"code": "ATND"}]}], "individual": {"display": "Dr Sample"}}],
    }

    assert "Dr Doctor" == segment(written(PATIENT, order), "OBR").text(16, 2)
    assert "Dr Sample" == segment(written(PATIENT, named), "PV1").text(7, 2)


def test_a_circle_of_places_ends() -> None:
    places = [
        {"resourceType": "Location", "id": one, "name": one, "partOf": {"reference": f"Location/{other}"}}
        for one, other in ("ab", "ba")
    ]
    visit = {**VISIT, "location": [{"location": {"reference": "Location/a"}}]}

    assert "a" == segment(written(PATIENT, visit, *places), "PV1").raw(3)


def test_a_message_header_names_the_parties() -> None:
    header = {
        "resourceType": "MessageHeader",
        "eventCoding": {"system": V2 + "0003", "code": "A08"},
        "source": {"name": "REGIS", "endpoint": "urn:oid:2.999.5"},
        "sender": {"reference": "Organization/n"},
        "destination": [{"name": "LAB", "receiver": {"reference": "Organization/s"}}],
    }
    north = {
        "resourceType": "Organization",
        "id": "n",
        "name": "NORTH",
        "identifier": [{"value": "NORTH"}, {"value": "7"}],
    }
    south = {
        "resourceType": "Organization",
        "id": "s",
        "name": "SOUTH",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": "urn:oid:2.999.6"}],
    }
    message = written(PATIENT, header, north, south)

    assert ["REGIS^2.999.5^ISO", "NORTH^7", "LAB", "SOUTH^2.999.6^ISO"] == [
        message.header.raw(number) for number in (3, 4, 5, 6)
    ]


def test_a_bundle_that_states_another_event_is_written_as_the_caller_says() -> None:
    header = {"resourceType": "MessageHeader", "eventCoding": {"system": V2 + "0003", "code": "Z99"}}

    assert "A08" == written(PATIENT, header, kind="ADT^A08").event
    assert "A08" == written(PATIENT, header).event
    with pytest.raises(RejectedError):
        written(header, kind="ADT^A08")


def test_who_reads_and_who_makes_a_report_is_written() -> None:
    reader = {
        "resourceType": "Practitioner",
        "id": "d",
        "identifier": [{"value": "9", "system": "urn:oid:2.999.1"}],
        "name": [{"family": "Reader", "given": ["Rita"]}],
    }
    role = {"resourceType": "PractitionerRole", "id": "t", "practitioner": {"reference": "Practitioner/d"}}
    report = {
        **REPORT,
        "resultsInterpreter": [{"reference": "Practitioner/d"}],
        "performer": [{"reference": "PractitionerRole/t"}],
    }
    obr = segment(written(PATIENT, report, ORDER, HEMOGLOBIN, reader, role), "OBR")

    assert ["9&Reader&Rita&&&&&&&2.999.1&ISO"] * 2 == [obr.raw(32), obr.raw(34)]


def test_a_facility_that_asks_has_its_address_and_telephone() -> None:
    facility = {
        "resourceType": "Organization",
        "id": "f",
        "name": "Clinic",
        "identifier": [{"value": "C-1", "type": {"coding": [{"system": V2 + "0203", "code": "XX"}]}}],
        "address": [{"text": "1 Example Street"}],
        "telecom": [{"system": "email", "value": "desk@example.org", "use": "work"}],
    }
    orc = segment(written(PATIENT, {**ORDER, "requester": {"reference": "Organization/f"}}, facility), "ORC")

    assert ["Clinic^^^^^^XX^^^C-1", "1 Example Street", "^NET^Internet^desk@example.org"] == [
        orc.raw(number) for number in (21, 22, 23)
    ]


def test_a_parent_order_is_named_by_its_number() -> None:
    parents = [
        {"identifier": {"value": "P-0"}},
        {"identifier": {"value": "F-0", "type": {"coding": [{"code": "FILL"}]}}},
    ]
    message = written(PATIENT, {**ORDER, "basedOn": parents})

    assert "P-0^F-0" == segment(message, "ORC").raw(8) == segment(message, "OBR").raw(29)


def test_an_allergy_is_told_by_category_and_severity() -> None:
    nuts = {"resourceType": "AllergyIntolerance", "code": {"text": "Nuts"}, "patient": SUBJECT, "category": ["food"]}
    severe = {**nuts, "reaction": [{"severity": "severe", "manifestation": [{"text": "Hives"}]}]}
    risky = {**nuts, "criticality": "high"}
    found = list(written(PATIENT, severe, risky, kind="ADT^A01").all("AL1"))

    assert [["FA", "^Nuts", "SV", "Hives"], ["FA", "^Nuts", "SV", ""]] == [
        [one.raw(number) for number in (2, 3, 4, 5)] for one in found
    ]


def test_a_merge_says_which_account_and_visit_are_no_longer_used() -> None:
    prior = {
        **PATIENT,
        "id": "q",
        "identifier": [{"value": "4000"}],
        "link": [{"other": SUBJECT, "type": "replaced-by"}],
    }
    account = {"resourceType": "Account", "status": "inactive", "identifier": [{"value": "A-1"}]}
    visit = {**VISIT, "status": "entered-in-error", "partOf": {}, "identifier": [{"value": "V-1"}]}
    mrg = segment(written(PATIENT, prior, account, visit, kind="ADT^A40"), "MRG")

    assert ["4000", "A-1", "V-1"] == [mrg.text(number) for number in (1, 3, 5)]


def test_a_guarantor_may_be_an_organization() -> None:
    payer = {"resourceType": "Organization", "id": "o1", "name": "Example Works"}
    account = {
        "resourceType": "Account",
        "status": "active",
        "guarantor": [
            {"party": {"reference": "Organization/o1"}},
            {"party": SUBJECT},
            {"party": {"display": "a friend"}},
        ],
    }

    first, patient = written(PATIENT, account, payer, kind="ADT^A01").all("GT1")

    assert "Example Works" == first.text(21)
    assert ("Testcase^Tilda", "SEL^Self^HL70063") == (patient.raw(3)[:14], patient.raw(11))


def test_specimens_have_parents_and_shipments() -> None:
    specimen = {
        "resourceType": "Specimen",
        "id": "s",
        "identifier": [{"value": "S-1"}, {"value": "S-2"}, {"value": "H-1", "type": {"coding": [{"code": "SHIP"}]}}],
        "parent": [{"identifier": {"value": "M-1", "type": {"coding": [{"code": "PLAC"}]}}}],
        "type": {"text": "Serum"},
        "status": "available",
        "container": [{"type": {"text": "Tube"}}],
    }
    report = {**REPORT, "specimen": [{"reference": "Specimen/s"}]}
    message = written(PATIENT, report, ORDER, HEMOGLOBIN, specimen, preferences=WritingPreferences(version="2.8"))
    spm = segment(message, "SPM")

    assert ["^S-1", "M-1", "Y", "^Tube"] == [spm.raw(number) for number in (2, 3, 20, 27)]
    assert ["S-2", "H-1"] == [spm.text(31), spm.text(32)]
