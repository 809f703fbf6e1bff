"""What FHIR says less usually, written in HL7 v2: employers, licences, departments, odd references and times."""

from __future__ import annotations

from typing import Any

import pytest

from shared.formats.hl7v2.parse import parse
from shared.mapping.fhir_to_hl7v2.generate import messages_from_bundle
from shared.partners.hl7v2_writing import NO_PREFERENCES
from tests.shared.mapping.fhir_to_hl7v2.written_messages import (
    EXTENSIONS,
    INSURER,
    PATIENT,
    SENT,
    SUBJECT,
    V2,
    Resource,
    raw,
    typed,
    written,
)


def test_a_coverage_has_its_deductible_and_the_employer_who_holds_the_policy() -> None:
    employer: Resource = {
        "resourceType": "Organization",
        "id": "works",
        "name": "Example Works",
        "alias": ["Works"],
        "identifier": [{"value": "E-9"}],
        "address": [{"line": ["1 Works Road"]}],
    }
    coverage: Resource = {
        "resourceType": "Coverage",
        "id": "c",
        "status": "active",
        "beneficiary": SUBJECT,
        "payor": [{"reference": "Organization/insurer"}],
        "policyHolder": {"reference": "Organization/works"},
        "costToBeneficiary": [{"type": {"text": "deductible"}, "valueMoney": {"value": 150, "currency": "USD"}}],
    }
    message = written(INSURER, employer, coverage, kind="ADT^A08")

    assert ["E-9^^^^U", "Example Works~Works", "150&USD", "1 Works Road"] == [
        raw(message, "IN1", number) for number in (10, 11, 37, 44)
    ]


def test_a_share_in_percent_and_a_holder_who_is_the_patient_have_no_place() -> None:
    coverage: Resource = {
        "resourceType": "Coverage",
        "id": "c",
        "status": "active",
        "beneficiary": SUBJECT,
        "payor": [{"reference": "Organization/insurer"}],
        "policyHolder": SUBJECT,
        "costToBeneficiary": [{"valueQuantity": {"value": 10, "unit": "%"}}],
    }
    message = written(INSURER, coverage, kind="ADT^A08")

    assert ["", ""] == [raw(message, "IN1", number) for number in (11, 37)]


def test_a_licence_has_its_issuer_and_its_end() -> None:
    licence = typed("DL", "D-77", assigner={"display": "TX"}, period={"end": "2030-12-31"})
    patient = {**PATIENT, "identifier": [typed("MR", "4711"), licence]}
    content = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": patient}]}
    (one,) = messages_from_bundle(content, message_type="ADT^A08", preferences=NO_PREFERENCES, sent=SENT)

    assert "D-77^TX^20301231" == raw(parse(one.payload), "PID", 20)


@pytest.mark.parametrize(
    ("department", "sent"),
    [
        ({"name": "Radiology", "identifier": [{"value": "RAD", "system": f"{V2}0049"}]}, "RAD^Radiology^HL70049"),
        ({"name": "RAD", "identifier": [{"value": "RAD"}]}, "RAD"),
        ({"name": "Radiology"}, "^Radiology"),
    ],
)
def test_a_charge_names_its_department(department: Resource, sent: str) -> None:
    charge: Resource = {
        "resourceType": "ChargeItem",
        "id": "c",
        "status": "billable",
        "code": {"text": "X-ray"},
        "subject": SUBJECT,
        "occurrenceDateTime": "2026-03-01",
        "identifier": [{"value": "T-1"}, {"value": "T-2"}],
        "costCenter": {"reference": "Organization/d"},
        "performingOrganization": {"reference": "Organization/clinic"},
    }
    clinic = {"resourceType": "Organization", "id": "clinic", "name": "Example Clinic"}
    message = written({"resourceType": "Organization", "id": "d", **department}, clinic, charge, kind="DFT^P03")

    assert [sent, "Example Clinic", "T-1"] == [raw(message, "FT1", number) for number in (13, 32, 2)]


def test_the_receiver_is_the_facility_beside_who_answers_for_it_and_the_sender_has_a_country() -> None:
    header: Resource = {
        "resourceType": "MessageHeader",
        "id": "m",
        "eventCoding": {"system": f"{V2}0003", "code": "A08"},
        "source": {"name": "REG"},
        "sender": {"reference": "Organization/trust"},
        "destination": [
            {
                "name": "EHR",
                "receiver": {"reference": "Organization/group"},
                "extension": [
                    {
                        "url": f"{EXTENSIONS}receiving-facility",
                        "valueReference": {"reference": "Organization/ward"},
                    }
                ],
            }
        ],
    }
    ward, group = ({"resourceType": "Organization", "id": one, "name": one.upper()} for one in ("ward", "group"))
    trust = {"resourceType": "Organization", "id": "trust", "name": "TRUST", "address": [{}, {"country": "NLD"}]}
    message = written(header, ward, group, trust, kind="ADT^A08")

    assert ["TRUST", "EHR", "WARD", "NLD"] == [message.header.raw(number) for number in (4, 5, 6, 17)]


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [
        ("2026-03-02T08:00:00Z", "2026-03-02T08:30:00Z", "30"),
        ("2026-03-02", "2026-03-03", ""),
        ("2026-03-02T08:00:00Z", "2026-03-02T08:30:00", ""),
        ("2026-03-02T08:00:00Z", "2026-03-02T25:00:00Z", ""),
    ],
)
def test_the_length_of_a_participation_is_in_whole_minutes_or_unsaid(start: str, end: str, minutes: str) -> None:
    appointment: Resource = {
        "resourceType": "Appointment",
        "id": "a",
        "status": "booked",
        "start": "2026-03-02T08:00:00Z",
        "end": "2026-03-02T09:00:00Z",
        "participant": [
            {"actor": SUBJECT, "status": "accepted"},
            {
                "actor": {"reference": "Device/scope"},
                "type": [{"text": "Endoscope"}],
                "status": "accepted",
                "period": {"start": start, "end": end},
            },
        ],
    }
    name = {"name": "Endoscope 7", "type": "user-friendly-name"}
    scope = {"resourceType": "Device", "id": "scope", "deviceName": [name]}
    message = written(appointment, scope, kind="SIU^S12", version="2.5.1")

    assert ["^Endoscope 7", minutes] == [raw(message, "AIG", number) for number in (3, 11)]


def test_a_diagnosis_that_is_an_error_is_a_deletion_and_names_its_cause() -> None:
    condition: Resource = {
        "resourceType": "Condition",
        "id": "c",
        "code": {"text": "Fracture"},
        "subject": SUBJECT,
        "identifier": [{"value": "DG-2"}],
        "verificationStatus": {"coding": [{"code": "entered-in-error"}]},
        "extension": [
            {
                "url": "http://hl7.org/fhir/StructureDefinition/condition-dueTo",
                "valueReference": {"identifier": {"value": "DG-1"}},
            }
        ],
    }
    message = written(condition, kind="ADT^A08")

    assert ["DG-2", "D", "DG-1"] == [raw(message, "DG1", number) for number in (20, 21, 22)]


ORDER: Resource = {
    "resourceType": "ServiceRequest",
    "id": "o",
    "status": "active",
    "intent": "order",
    "identifier": [typed("PLAC", "P-1")],
    "code": {"text": "Blood count"},
    "subject": SUBJECT,
}
REPORT: Resource = {
    "resourceType": "DiagnosticReport",
    "id": "r",
    "status": "final",
    "identifier": [typed("FILL", "F-1")],
    "code": {"text": "Blood count"},
    "subject": SUBJECT,
    "basedOn": [{"reference": "ServiceRequest/o"}],
    "result": [{"reference": "Observation/hb"}],
}
RESULT: Resource = {
    "resourceType": "Observation",
    "id": "hb",
    "status": "final",
    "code": {"text": "Hb"},
    "subject": SUBJECT,
}


def result(**more: Any) -> Resource:
    return {**RESULT, **more}


def test_an_order_and_its_report_that_say_the_same_say_it_once() -> None:
    message = written(REPORT, ORDER, RESULT, kind="ORU^R01")

    assert "^Blood count" == raw(message, "OBR", 4)


def test_a_report_without_its_request_is_answered_by_its_own_numbers() -> None:
    orphan = {name: value for name, value in REPORT.items() if name != "basedOn"}
    message = written(orphan, RESULT, kind="ORU^R01")

    assert ["RE", "", "F-1"] == [raw(message, "ORC", number) for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("limits", "text"),
    [({"low": {"value": 5}}, ">=5"), ({"high": {"value": 9}}, "<=9"), ({"text": "low"}, "low"), ({}, "")],
)
def test_limits_on_one_side_are_written_with_their_sign(limits: Resource, text: str) -> None:
    message = written(REPORT, ORDER, result(valueInteger=7, referenceRange=[limits]), kind="ORU^R01")

    assert text == raw(message, "OBX", 7).replace("\\R\\", "~")


def test_parts_of_several_types_are_written_in_the_type_of_the_first() -> None:
    parts = [
        {"code": {"text": "Hb"}, "valueString": "one"},
        {"code": {"text": "Hb"}, "valueQuantity": {"value": 2, "unit": "mg"}},
    ]
    message = written(REPORT, ORDER, result(component=parts), kind="ORU^R01")

    assert "one~2" == raw(message, "OBX", 5)


def test_an_attachment_that_is_none_is_passed_over() -> None:
    url = f"{EXTENSIONS}value-attachment"
    message = written(REPORT, ORDER, result(valueString="x", extension=[{"url": url}]), kind="ORU^R01")

    assert "x" == raw(message, "OBX", 5)


def test_a_result_names_its_device_and_one_laboratory_with_its_address() -> None:
    device = {"resourceType": "Device", "id": "d", "identifier": [{"value": "AN-1"}]}
    labs = [
        {"resourceType": "Organization", "id": one, "name": one, "address": [{"city": "Exampleton"}]}
        for one in ("lab-a", "lab-b")
    ]
    performers = [{"reference": "Organization/lab-a"}, {"reference": "Organization/lab-b"}]
    found = result(valueInteger=7, performer=performers, device={"reference": "Device/d"})
    message, before = (
        written(REPORT, ORDER, found, device, *labs, kind="ORU^R01", version=version) for version in ("2.8", "2.3.1")
    )

    assert "AN-1" == raw(message, "OBX", 18)
    assert ["lab-a", "^^Exampleton"] == [raw(message, "OBX", number) for number in (23, 24)]
    assert "lab-a" in raw(before, "OBX", 15)


def test_a_document_has_its_numbers_and_the_text_that_it_holds() -> None:
    document: Resource = {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "type": {"text": "Letter"},
        "subject": SUBJECT,
        "identifier": [{"value": "D-1"}, {"value": "letter.txt"}, {"value": "D-3", "system": "urn:oid:2.999"}],
        "content": [
            {"format": {"code": "x"}},
            {"attachment": {"contentType": "application/pdf"}},
            {"attachment": {"contentType": "text/plain", "data": "SGVsbG8="}},
        ],
        "context": {
            "related": [{"identifier": typed("FILL", "F-1")}, {"reference": "ServiceRequest/x"}],
        },
    }
    message = written(document, kind="MDM^T02")

    assert ["D-1", "F-1", "letter.txt"] == [raw(message, "TXA", number) for number in (12, 15, 16)]
    assert ["Hello"] == [one.raw(5) for one in message.all("OBX")]


def test_what_is_contained_without_an_id_and_what_is_no_resource_are_passed_over() -> None:
    patient = {**PATIENT, "contained": [{"resourceType": "Organization"}, "text"]}
    content = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": patient}, {"resource": "text"}, {}],
    }
    (one,) = messages_from_bundle(content, message_type="ADT^A08", preferences=NO_PREFERENCES, sent=SENT)

    assert "Testcase" == parse(one.payload).all("PID").__next__().text(5)


def test_two_kinds_of_visit_and_an_episode_that_is_elsewhere() -> None:
    encounter: Resource = {
        "resourceType": "Encounter",
        "id": "e",
        "status": "in-progress",
        "class": {"code": "IMP"},
        "subject": SUBJECT,
        "type": [{"coding": [{"system": f"{V2}0007", "code": "E"}]}, {"text": "second"}],
        "episodeOfCare": [{"reference": "EpisodeOfCare/elsewhere"}],
    }
    message = written(encounter, kind="ADT^A01")

    assert ["I", "E^^HL70007", ""] == [raw(message, "PV1", number) for number in (2, 4, 54)]


def test_an_immunization_has_one_number_of_a_kind_and_a_manufacturer_by_name() -> None:
    immunization: Resource = {
        "resourceType": "Immunization",
        "id": "i",
        "status": "completed",
        "patient": SUBJECT,
        "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "08"}]},
        "occurrenceDateTime": "2026-03-01",
        "identifier": [typed("PLAC", "P-1"), typed("PLAC", "P-2")],
        "manufacturer": {"reference": "Organization/maker"},
    }
    maker = {"resourceType": "Organization", "id": "maker", "name": "Example Vaccines"}
    message = written(immunization, maker, kind="VXU^V04")

    assert "P-1" == raw(message, "ORC", 2)
    assert "^Example Vaccines" == raw(message, "RXA", 17)


def test_a_specimen_with_two_additives_has_both() -> None:
    extension = {"url": f"{EXTENSIONS}further-additive", "valueCodeableConcept": {"text": "EDTA"}}
    specimen: Resource = {
        "resourceType": "Specimen",
        "id": "s",
        "type": {"text": "Blood"},
        "container": [{"additiveCodeableConcept": {"text": "Citrate"}, "extension": [extension]}],
    }
    order = {**ORDER, "specimen": [{"reference": "Specimen/s"}]}
    message = written(order, specimen, kind="OML^O21")

    assert "^Citrate~^EDTA" == raw(message, "SPM", 6)
