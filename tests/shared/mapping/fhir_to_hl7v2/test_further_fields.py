"""Fields that few messages have, from HL7 v2 to FHIR and back; and what FHIR says that a version says otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.conversion import convert_message
from shared.formats.hl7v2.conformance.report import check
from shared.formats.hl7v2.message import Message
from shared.formats.hl7v2.parse import parse
from shared.mapping.fhir_to_hl7v2.generate import messages_from_bundle
from shared.partners.hl7v2_writing import WritingPreferences
from tests.shared.mapping.fhir_to_hl7v2.written_messages import (
    EXTENSIONS,
    SENT,
    SUBJECT,
    V2,
    Resource,
    raw,
    written,
)

EXAMPLES = Path(__file__).parents[1] / "hl7v2_to_fhir" / "examples"
REPORT: Resource = {
    "resourceType": "DiagnosticReport",
    "id": "r",
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "58410-2"}]},
    "subject": SUBJECT,
}
CODED = {"coding": [{"system": "http://loinc.org", "code": "718-7"}]}


def back(name: str, version: str) -> Message:
    """Return an example as it is written after its way through FHIR."""
    message = parse((EXAMPLES / f"{name}.hl7").read_bytes())
    (one,) = messages_from_bundle(
        convert_message(message, received=SENT).bundle,
        message_type=f"{message.code}^{message.event}",
        preferences=WritingPreferences(version=version),
        sent=SENT,
    )
    return parse(one.payload)


def test_who_entered_an_order_for_whom_and_on_what_comes_back() -> None:
    message = back("oru_r01/13-order-group-and-comment-type", "2.5.1")

    assert [
        "GRP-3^WARD",
        "1003^Consult^Cora",
        "1004^Check^Carl",
        "OUTPAT2^Second Example Clinic^99NG",
        "TERM-5^Terminal five^99NG",
    ] == [raw(message, "ORC", number) for number in (4, 10, 11, 17, 18)]


def test_the_types_of_comments_and_of_places_come_back() -> None:
    message = back("oru_r01/13-order-group-and-comment-type", "2.5.1")

    assert ["GI^General instructions^HL70364", "RE^Remark^HL70364"] == [one.raw(4) for one in message.all("NTE")]
    assert "OUTPAT^7^^NORTHGATE^^C" == raw(message, "PV1", 3)


def test_the_types_of_places_of_an_appointment_come_back() -> None:
    message = back("siu/13-types-of-places", "2.5.1")

    assert [
        ("CLINIC^3^^NORTHGATE^^O", "C^Clinic^HL70305"),
        ("HALL^^^NORTHGATE", ""),
    ] == [(one.raw(3), one.raw(4)) for one in message.all("AIL")]
    assert ["H^Home^HL70305"] == [one.raw(4) for one in message.all("AIG")]


def test_prescriptions_of_charges_and_contacts_of_guarantors_come_back() -> None:
    message = back("dft/p03-prescriptions", "2.8")

    assert [
        ("1", "RX-77", "30^{tbl}&tablet&UCUM"),
        ("5", "", ""),
        ("1", "", "^a box"),
    ] == [(one.raw(10), one.raw(42), one.raw(43)) for one in message.all("FT1")]
    assert [
        ("Example^Benno^^^^^L~Sample^Sina", "BILL^Bills^99NG"),
        ("", ""),
        ("Example^Clara", "BILL^Bills^99NG"),
    ] == [(one.raw(45), one.raw(47)) for one in message.all("GT1")]
    assert ["0177", "0178", "0179"] == [one.raw(46)[-4:] for one in message.all("GT1")]


def test_a_place_of_a_type_that_table_0305_does_not_have_has_none_in_its_pl() -> None:
    roles = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "HOSP"}]}
    place = {"resourceType": "Location", "id": "l", "name": "CLINIC", "type": [{"text": "a clinic"}, roles]}
    visit = {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": {"code": "AMB"},
        "subject": SUBJECT,
        "location": [{"location": {"reference": "Location/l"}, "status": "active"}],
    }

    assert "CLINIC" == raw(written(visit, place, kind="ADT^A01"), "PV1", 3)


@pytest.mark.parametrize(
    ("version", "kinds"),
    [
        ("2.3.1", ["^AP^pdf", "^IM^JPEG", "^TEXT^HTML", "^video^mp4"]),
        ("2.5.1", ["^AP^pdf", "^IM^JPEG", "^TEXT^HTML", "^video^mp4"]),
        ("2.8", ["^application^pdf", "^image^jpeg", "^text^html", "^video^mp4"]),
    ],
)
def test_the_kind_of_a_file_is_a_mime_type_since_2_7_and_a_code_of_the_tables_before(
    version: str, kinds: list[str]
) -> None:
    types = ("application/pdf", "image/jpeg", "text/html", "video/mp4")
    forms = [{"contentType": one, "data": "AAAA", "title": one} for one in types]
    message = written({**REPORT, "presentedForm": forms}, kind="ORU^R01", version=version)

    assert kinds == ["^".join(one.raw(5).split("^")[:3]) for one in message.all("OBX")]


def test_an_attachment_stands_where_its_observation_stands_and_another_at_the_end() -> None:
    def seen(number: int, **more: object) -> Resource:
        return {"resourceType": "Observation", "id": f"o{number}", "status": "final", "code": CODED, **more}

    as_text = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "as-text"}]}
    observations = [
        seen(1, valueString="before"),
        seen(2, code={"text": "Curve"}, dataAbsentReason=as_text),
        seen(3, valueString="after"),
    ]
    report = {
        **REPORT,
        "result": [{"reference": f"Observation/o{number}"} for number in (1, 2, 3)],
        "presentedForm": [
            {"contentType": "application/pdf", "data": "BBBB", "title": "Letter"},
            {"contentType": "image/png", "data": "AAAA", "title": "Curve"},
        ],
    }
    message = written(report, *observations, kind="ORU^R01", version="2.8")

    assert ["before", "AAAA", "after", "BBBB"] == [one.raw(5).split("^")[-1] for one in message.all("OBX")]


def test_a_specimen_of_which_nobody_tells_the_type_is_of_one_that_is_unknown() -> None:
    specimen = {"resourceType": "Specimen", "id": "s", "identifier": [{"value": "S-1"}], "subject": SUBJECT}
    report = {**REPORT, "specimen": [{"reference": "Specimen/s"}]}
    message = written(report, specimen, kind="ORU^R01", version="2.5.1")

    assert "UNK^unknown^NULLFL" == raw(message, "SPM", 4)
    assert "SPM" not in {issue.location[:3] for issue in check(message) if issue.severity == "error"}


def test_a_document_tells_when_its_content_was_made_and_who_typed_it() -> None:
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"coding": [{"system": f"{V2}0270", "code": "DS"}]},
        "masterIdentifier": {"value": "D-1"},
        "subject": SUBJECT,
        "content": [
            {"attachment": {"contentType": "text/plain", "data": "b25l", "creation": "2026-03-01"}},
            {"attachment": {"contentType": "text/plain", "data": "dHdv", "creation": "2026-03-02"}},
        ],
    }
    typist = {"resourceType": "Practitioner", "id": "t", "name": [{"family": "Type", "given": ["Tina"]}]}
    enterer = {"coding": [{"code": "enterer"}, {"code": "TRANS"}]}
    made = {"resourceType": "Provenance", "agent": [{"type": enterer, "who": {"reference": "Practitioner/t"}}]}
    message = written(document, typist, made, kind="MDM^T02", version="2.8")

    assert ("20260301", "^Type^Tina") == (raw(message, "TXA", 6), raw(message, "TXA", 11))


def test_a_charge_of_a_product_without_a_prescription_and_one_of_another_thing() -> None:
    charge = {
        "resourceType": "ChargeItem",
        "status": "billable",
        "code": {"text": "Pharmacy"},
        "subject": SUBJECT,
        "occurrenceDateTime": "2026-03-02",
        "supportingInformation": [{"reference": "Observation/none"}, {"type": "MedicationRequest", "display": "RX"}],
        "extension": [{"url": f"{EXTENSIONS}product-quantity", "valueQuantity": {"value": 3}}],
    }
    message = written(charge, kind="DFT^P03", version="2.8")

    assert ("", "3") == (raw(message, "FT1", 42), raw(message, "FT1", 43))
