"""Roles, procedures, insurances, containers and contacts on their way back; and what no segment may assert."""

from __future__ import annotations

import pytest

from shared.conversion import convert_message
from shared.errors import RejectedError
from shared.formats.hl7v2.conformance.report import check
from shared.formats.hl7v2.message import Message
from shared.formats.hl7v2.parse import parse
from shared.mapping.fhir_to_hl7v2.generate import Generated, messages_from_bundle
from shared.partners.hl7v2_writing import WritingPreferences
from tests.shared.mapping.fhir_to_hl7v2.written_messages import (
    EXTENSIONS,
    INSURER,
    PATIENT,
    SENT,
    SUBJECT,
    Resource,
    generated,
    raw,
    typed,
    written,
)

PID = "PID|1||100^^^NORTHGATE^MR||Testcase^Tilda"
EVENT_LOCATION = "http://hl7.org/fhir/StructureDefinition/event-location"
SNOMED = "http://snomed.info/sct"
STRUCTURE = frozenset({"missing-segment", "segment-out-of-order", "segment-repeats-too-often", "segment-unexpected"})


def returned(kind: str, version: str, *segments: str) -> Generated:
    """Return a message as it is written after its way through FHIR."""
    header = f"MSH|^~\\&|SENDER|NORTHGATE|CORRIDOR|HUB|20260301120000+0100||{kind}|CASE-1|P|{version}"
    (one,) = messages_from_bundle(
        convert_message(parse("\r".join((header, *segments)).encode()), received=SENT).bundle,
        message_type=kind,
        preferences=WritingPreferences(version=version),
        sent=SENT,
    )
    return one


def lines(one: Generated, *names: str) -> list[str]:
    """Return the segments of these names as they stand in a message, which keeps to its structure."""
    assert set() == {issue.code for issue in check(parse(one.payload)) if issue.code in STRUCTURE}
    return [line for line in one.payload.decode().split("\r") if line[:3] in names]


VISIT = "PV1|1|I|W7^12^B||||1^Attend^Ann"
ROLES = (
    "ROL|R-1^NORTHGATE|AD|PP^Primary care provider^HL70443|5^Family^Fay|20200101|||||||^WPN^PH^^^555^0100001",
    "ROL|R-2^NORTHGATE|UP|CO^Counsellor^L|6^Listen^Lou|||||SOC^Social work^L||1 Road^^Town",
    "ROL|R-3^NORTHGATE|AD|AT^Attending^HL70443|2^Second^Sue|20260301",
    "ROL|R-4^NORTHGATE|AD|AS^Assistant^L|7^Assist^Al",
    "ROL|R-5^NORTHGATE|AD|AG^Agent^L|8^Agent^Ida",
)
PROCEDURE = (
    "PR1|1||80146002^Appendectomy^SCT|Appendix taken out|20260301091500+0100|D|45|9^Sleep^Sam||30"
    "|10^Cut^Cora|11^Help^Hal|||K35^Appendicitis^I10|LT^Left^L|||PRC-1^NORTHGATE"
)


def test_everybody_in_a_role_stands_below_what_the_role_is_in() -> None:
    before = (PID, *ROLES[:2], VISIT, ROLES[2], PROCEDURE, ROLES[3], "IN1|1|P1|I-1|Example Insurance", ROLES[4])
    message = returned("ADT^A01", "2.5.1", "EVN|A01|20260301", *before)

    assert [line for line in before if line[:3] == "ROL"] == lines(message, "ROL")
    assert ["PID", "ROL", "ROL", "PV1", "ROL", "PR1", "ROL", "IN1", "ROL"] == [
        line[:3] for line in lines(message, "PID", "ROL", "PV1", "PR1", "IN1")
    ]


def test_who_attends_in_a_role_is_in_pv1_only_where_nobody_else_is() -> None:
    both = returned("ADT^A01", "2.5.1", PID, VISIT, ROLES[2])
    alone = returned("ADT^A01", "2.5.1", PID, "PV1|1|I|W7^12^B", ROLES[2])
    elsewhere = returned("ADT^A11", "2.5.1", PID, VISIT, ROLES[2])

    assert "1^Attend^Ann" == raw(parse(both.payload), "PV1", 7)
    assert "2^Second^Sue" == raw(parse(alone.payload), "PV1", 7)
    assert "1^Attend^Ann~2^Second^Sue" == raw(parse(elsewhere.payload), "PV1", 7)
    assert [] == lines(elsewhere, "ROL")


def test_a_role_that_ended_is_deleted_and_one_of_no_kind_is_of_one_unknown() -> None:
    ended = returned("ADT^A01", "2.8", PID, VISIT, "ROL|R-3^NG|DE|AT|2^Second^Sue")
    role = {"resourceType": "PractitionerRole", "id": "r", "active": False, "specialty": [{"text": "Surgery"}]}
    team = {
        "resourceType": "CareTeam",
        "status": "active",
        "subject": SUBJECT,
        "participant": [
            {"member": {"reference": "PractitionerRole/r"}},
            {"member": {"display": "Sam Example"}, "role": [{"text": "Carer"}]},
        ],
    }
    message = written(role, team, {**team, "subject": {"reference": "Patient/other"}}, kind="ADT^A08")

    assert ["ROL|R-3^NG|DE|AT^^HL70443|2^Second^Sue"] == lines(ended, "ROL")
    assert [("DE", "UNK^unknown^NULLFL", ""), ("AD", "^Carer", "^Sam Example")] == [
        (one.raw(2), one.raw(3), one.raw(4)) for one in message.all("ROL")
    ]


def test_a_general_practitioner_in_a_role_is_the_primary_care_provider() -> None:
    person = {"resourceType": "Practitioner", "id": "d", "name": [{"family": "Family", "given": ["Fay"]}]}
    role = {
        "resourceType": "PractitionerRole",
        "id": "r",
        "code": [{"coding": [{"system": SNOMED, "code": "59058001"}]}],
        "practitioner": {"reference": "Practitioner/d"},
    }
    patient = {**PATIENT, "generalPractitioner": [{"reference": "PractitionerRole/r"}]}
    message = parse(generated(patient, person, role, kind="ADT^A08", version="2.5.1").payload)

    assert ("PP^Primary care provider^HL70443", "^Family^Fay") == (raw(message, "ROL", 3), raw(message, "ROL", 4))
    assert "^Family^Fay" == raw(message, "PD1", 4)
    before = parse(generated(patient, person, role, kind="ADT^A08", version="2.3.1").payload)
    assert ("^Family^Fay", None) == (raw(before, "PD1", 4), before.first("ROL"))


def test_a_procedure_comes_back_with_its_words_length_and_people() -> None:
    before, after = PROCEDURE, lines(returned("ADT^A01", "2.5.1", PID, VISIT, PROCEDURE), "PR1")

    assert [before] == after


def test_a_version_without_fields_for_who_did_a_procedure_has_them_in_roles() -> None:
    procedure = "PR1|1||80146002^Appendectomy^SCT||20260301091500+0100|||9^Sleep^Sam|||10^Cut^Cora|11^Help^Hal"
    message = returned("ADT^A01", "2.8", PID, VISIT, procedure)

    assert [
        "ROL||AD|88189002^^SCT^^^^^^Anesthesiologist|9^Sleep^Sam",
        "ROL||AD|304292004^^SCT^^^^^^Surgeon|10^Cut^Cora",
        "ROL||AD|UNK^unknown^NULLFL|11^Help^Hal",
    ] == lines(message, "ROL")


def procedure(status: str, **more: object) -> Resource:
    code = {"coding": [{"system": SNOMED, "code": "80146002"}]}
    return {"resourceType": "Procedure", "id": "q", "status": status, "code": code, "subject": SUBJECT, **more}


@pytest.mark.parametrize("status", ["not-done", "in-progress", "preparation", "stopped", "on-hold"])
def test_a_procedure_that_was_not_done_is_not_said_to_have_been(status: str) -> None:
    one = generated(PATIENT, procedure(status), kind="ADT^A01")

    assert [] == lines(one, "PR1")
    assert ["Bundle.entry[1].resource"] == [issue.location for issue in one.issues if "resource" in issue.location]


def test_a_procedure_entered_in_error_is_deleted_where_the_version_can_say_so() -> None:
    wrong = procedure("entered-in-error", performedDateTime="2026-03-01")

    assert "D" == raw(written(wrong, kind="ADT^A01", version="2.5.1"), "PR1", 20)
    assert None is written(wrong, kind="ADT^A01", version="2.3.1").first("PR1")


def test_procedures_of_a_charge_stand_below_it_and_a_bare_code_is_its_own() -> None:
    charge = {
        "resourceType": "ChargeItem",
        "status": "billable",
        "code": {"text": "Surgery"},
        "subject": SUBJECT,
        "occurrenceDateTime": "2026-03-02",
        "service": [{"reference": "Procedure/q"}, {"reference": "Procedure/bare"}],
    }
    done = procedure("completed", performedDateTime="2026-03-01")
    bare = {**procedure("unknown"), "id": "bare", "code": {"coding": [{"system": SNOMED, "code": "1"}]}}
    message = written(charge, done, bare, kind="DFT^P03", version="2.5.1")

    assert ("1^^SCT", ["80146002^^SCT"]) == (raw(message, "FT1", 25), [one.raw(3) for one in message.all("PR1")])


NOTHING_HOLDS: list[tuple[str, str, Resource]] = [
    ("AL1", "AllergyIntolerance", {"verificationStatus": {"coding": [{"code": "refuted"}]}}),
    ("AL1", "AllergyIntolerance", {"verificationStatus": {"coding": [{"code": "entered-in-error"}]}}),
    ("AL1", "AllergyIntolerance", {"clinicalStatus": {"coding": [{"code": "resolved"}]}}),
    ("DG1", "Condition", {"verificationStatus": {"coding": [{"code": "refuted"}]}}),
    ("NK1", "RelatedPerson", {"active": False, "name": [{"family": "Former"}]}),
    ("IN1", "Coverage", {"status": "cancelled", "payor": [{"reference": "Organization/insurer"}]}),
]


@pytest.mark.parametrize(
    ("segment", "kind", "says"), NOTHING_HOLDS, ids=[f"{one[0]}-{i}" for i, one in enumerate(NOTHING_HOLDS)]
)
def test_what_does_not_hold_makes_no_segment_and_is_reported(segment: str, kind: str, says: Resource) -> None:
    code = {"coding": [{"system": SNOMED, "code": "1"}]}
    resource = {"resourceType": kind, "id": "x", "code": code, "patient": SUBJECT, **says}
    one = generated(PATIENT, resource, kind="ADT^A01")

    assert None is parse(one.payload).first(segment)
    assert "Bundle.entry[1].resource" in {issue.location for issue in one.issues}


def test_a_diagnosis_entered_in_error_is_deleted_where_the_version_can_say_so() -> None:
    error = {"coding": [{"code": "entered-in-error"}]}
    wrong = {"resourceType": "Condition", "code": {"text": "Gout"}, "verificationStatus": error, "subject": SUBJECT}

    assert "D" == raw(written(wrong, kind="ADT^A01", version="2.5.1"), "DG1", 21)
    assert None is written(wrong, kind="ADT^A01", version="2.3.1").first("DG1")


def test_a_charge_that_is_none_makes_no_transaction() -> None:
    charge = {"resourceType": "ChargeItem", "code": {"text": "Bed"}, "subject": SUBJECT, "occurrenceDateTime": "2026"}
    message = written({**charge, "status": "aborted"}, {**charge, "status": "billable"}, kind="DFT^P03")

    assert 1 == len(list(message.all("FT1")))
    with pytest.raises(RejectedError, match="missing-element"):
        written({**charge, "status": "not-billable"}, kind="DFT^P03")


INSURANCE = (
    "GT1|1||Example^Gus",
    "IN1|1|P1|I-1|Example Insurance||||||77|Works|||||Example^Gus|FTH^^HL70063|19500101"
    + "|" * 18
    + "POL-1"
    + "|" * 13
    + "S-1",
    "IN2|EMP-1^^^NORTHGATE^EI|900-00-0001||||MC-1||MA-1"
    + "|" * 26
    + "en^^HL70296"
    + "|" * 15
    + "Human^Harriet|^WPN^PH^^^555^0100002"
    + "|" * 11
    + "MB-1^^^NORTHGATE^MB||^PRN^PH^^^555^0100003|^WPN^PH^^^555^0100004",
)


def test_what_is_known_of_an_insured_person_and_an_employer_comes_back() -> None:
    message = returned("ADT^A01", "2.5.1", PID, VISIT, *INSURANCE)

    assert [INSURANCE[1], INSURANCE[2]] == lines(message, "IN1", "IN2")


def test_a_patient_insured_himself_is_nobodys_next_of_kin() -> None:
    insured = (
        "IN1|1|P1|I-1|Example Insurance"
        + "|" * 12
        + "Testcase^Tilda|SEL^^HL70063|19800214|1 Road^^Town"
        + "|" * 24
        + "F||||||S-1^^^NORTHGATE^MB"
    )
    message = returned("ADT^A01", "2.5.1", PID, VISIT, insured)

    assert [insured] == lines(message, "IN1", "NK1")


def test_the_only_number_of_a_member_is_also_that_of_the_policy() -> None:
    coverage = {
        "resourceType": "Coverage",
        "status": "active",
        "beneficiary": SUBJECT,
        "payor": [{"reference": "Organization/insurer"}],
        "identifier": [typed("MC", "MC-1"), typed("MC", "MC-2"), typed("MB", "M-1")],
    }
    message = written(INSURER, coverage, kind="ADT^A01", version="2.5.1")

    assert ("M-1", "MC-1", "M-1^^^^MB") == (raw(message, "IN1", 36), raw(message, "IN2", 6), raw(message, "IN2", 61))


ORDER = ("ORC|NW|P-1^NORTHGATE", "OBR|1|P-1^NORTHGATE||GLU^Glucose^L")
SPECIMEN = "SPM|1|S-1&NG||BLD^Blood^HL70487"
CONTAINER = "SAC|EXT-1^NG||CT-1^NG|||||I|||||||||||||10|5||mL"


def test_a_container_stands_below_its_specimen_where_the_message_has_a_place() -> None:
    order = returned("OML^O21", "2.5.1", PID, *ORDER, SPECIMEN, CONTAINER)
    result = returned("ORU^R01", "2.5.1", PID, *ORDER, SPECIMEN, CONTAINER)

    assert [CONTAINER] == lines(order, "SAC")
    assert [] == lines(result, "SAC")
    assert ("segment-not-in-structure", "SAC") in {(issue.code, issue.location) for issue in result.issues}


def test_an_accession_number_stands_with_the_container_before_spm_has_a_field_for_it() -> None:
    specimen = {
        "resourceType": "Specimen",
        "id": "s",
        "accessionIdentifier": {"value": "A-1"},
        "container": [{"identifier": [{"value": "C-1"}], "capacity": {"value": 3, "unit": "mL"}}],
    }
    request = {"resourceType": "ServiceRequest", "status": "active", "code": {"text": "Glucose"}, "subject": SUBJECT}
    order = {**request, "specimen": [{"reference": "Specimen/s"}]}
    before = written(order, specimen, kind="OML^O21", version="2.5.1")
    alone = written(order, {**specimen, "container": []}, kind="OML^O21", version="2.5.1")
    after = written(order, specimen, kind="OML^O21", version="2.8")

    assert ("A-1", "C-1", "3", "mL") == tuple(raw(before, "SAC", number) for number in (2, 3, 21, 24))
    assert ("A-1", "") == (raw(alone, "SAC", 2), raw(alone, "SAC", 3))
    assert ("", "A-1^^^^U") == (raw(after, "SAC", 2), raw(after, "SPM", 30))


PARTS = (
    "PRT|PT-1^NG|AD||RCT^Results copies to^HL70912|7^Copy^Carla|SUR^Surgery^L|DPT^Department^HL70406|Clinic"
    "|W1^2|D-1^NG|20260301|20260302||1 Road^^Town|^WPN^PH^^^555^0100005",
    "PRT||AD||PO^Performer^HL70912||||LAB 1",
    "PRT||AD||EQUIP^Equipment^HL70912||||||D-2^NG",
)


def test_who_and_what_took_part_comes_back_since_prt_is_there() -> None:
    observed = ("OBX|1|ST|N^Note^L||fine||||||F", "PRT||AD||RO^Observer^HL70912|9^See^Sven|||||D-3^NG")
    place = "PRT||AD||EQUIP^Equipment^HL70912||||W3"
    message = returned("ORU^R01", "2.8", PID, ORDER[0], ORDER[1], PARTS[0], PARTS[1], PARTS[2], *observed, place)

    assert sorted(lines(message, "PRT")) == sorted(
        (
            PARTS[0].replace("|D-1^NG", "|"),
            "PRT||AD||EQUIP^Equipment^HL70912||||||D-1^NG",
            PARTS[1],
            PARTS[2],
            observed[1].replace("|||||D-3^NG", ""),
            place,
        )
    )
    result = parse(message.payload)
    assert ("", "D-3^NG") == (raw(result, "OBX", 16), raw(result, "OBX", 18))


def test_a_result_and_a_patient_may_have_prt_but_a_person_without_a_role_has_none() -> None:
    device = "PRT||AD||AT^Attending^HL70912|5^Five^Fay|||||D-9^NG"
    message = returned("ORU^R01", "2.8", PID, device, *ORDER, "OBX|1|ST|N^Note^L||fine||||||F")
    member = {"member": {"display": "Sam Example"}}
    team = {"resourceType": "CareTeam", "status": "active", "subject": SUBJECT, "participant": [member]}
    place = {"url": EVENT_LOCATION, "valueReference": {"reference": "Location/none"}}
    observation = {"resourceType": "Observation", "status": "final", "code": {"text": "Note"}, "extension": [place]}
    one = generated(PATIENT, team, {**observation, "valueString": "fine"}, kind="ORU^R01")

    assert [device] == lines(message, "PRT")
    assert [] == lines(one, "PRT")
    assert {
        "Bundle.entry[1].resource.participant[0].member",
        f"Bundle.entry[2].resource.extension('{EVENT_LOCATION}')",
    } <= {issue.location for issue in one.issues}


def test_the_place_of_a_result_comes_back_since_prt_is_there() -> None:
    place = "PRT|PT-7^NG|AD||RO^Observer^HL70912|||||W3^12"
    message = returned("ORU^R01", "2.8", PID, *ORDER, "OBX|1|ST|N^Note^L||fine||||||F", place)

    assert [place] == lines(message, "PRT")


def test_what_a_procedure_is_part_of_has_a_field_since_2_8() -> None:
    whole = {"identifier": {"value": "PRC-9", "system": "urn:oid:1.2.3"}, "type": "Procedure", "display": "Transplant"}
    one = procedure("completed", performedDateTime="2026-03-01", partOf=[whole])
    messages = [written(one, kind="ADT^A01", version=version) for version in ("2.5.1", "2.8")]

    assert ["", "PRC-9^^1.2.3^ISO"] == [raw(message, "PR1", 25) for message in messages]


def test_the_length_of_a_procedure_is_that_of_its_period() -> None:
    period = {"start": "2026-03-01T09:00:00+01:00", "end": "2026-03-01T10:30:00+01:00"}
    message = written(procedure("completed", performedPeriod=period), kind="ADT^A01", version="2.5.1")

    assert ("20260301090000+0100", "90") == (raw(message, "PR1", 5), raw(message, "PR1", 7))


def test_before_prt_the_fields_of_order_and_result_name_the_people() -> None:
    part = "PRT||AD||RO^Observer^HL70912|9^See^Sven"
    message = returned("ORU^R01", "2.5.1", PID, *ORDER, "OBX|1|ST|N^Note^L||fine||||||F", part)

    assert [] == lines(message, "PRT")
    assert "9^See^Sven" == raw(parse(message.payload), "OBX", 16)


def test_the_medical_director_has_a_field_since_2_5_1() -> None:
    result = "OBX|1|ST|N^Note^L||fine||||||F||||||||||||Lab^^^^^NG^^^^L-1||3^Direct^Dora"

    assert [result] == lines(returned("ORU^R01", "2.5.1", PID, *ORDER, result), "OBX")
    assert "3^Direct^Dora" == raw(parse(returned("ORU^R01", "2.3.1", PID, *ORDER, result).payload), "OBX", 16)


def test_an_orm_has_neither_spm_nor_tq1_in_any_version() -> None:
    order = (
        "ORC|CA|P-1^NORTHGATE",
        "OBR|1|P-1^NORTHGATE||GLU^Glucose^L|||||||||||BLD&Blood&HL70070||||||||||||5^^^20260301080000+0100",
    )
    message = parse(returned("ORM^O01", "2.5.1", PID, *order).payload)

    assert "BLD&Blood&HL70070" == raw(message, "OBR", 15)
    assert "5^^^20260301080000+0100" == raw(message, "OBR", 27)


@pytest.mark.parametrize("control", ["CA", "DC", "HD", "RP", "XO", "OC"])
def test_what_is_asked_of_an_order_does_not_become_a_new_order(control: str) -> None:
    message = returned("ORM^O01", "2.3.1", PID, f"ORC|{control}|P-1^NORTHGATE", ORDER[1])

    assert control == raw(parse(message.payload), "ORC", 1)


CONTACTS = (
    "SCH|A-1^NG|A-2^NG||||ROUTINE|||30|MIN|^^^20260310090000+0100^20260310093000+0100|1^Ask^Ann"
    "|^WPN^PH^^^555^0100006|1 Road^^Town|W1^1|2^Fill^Fred|^WPN^PH^^^555^0100007|2 Road^^Town|W2^2"
    "|3^Enter^Eve|^WPN^PH^^^555^0100008|W3^3|||BOOKED"
)


def test_where_the_contacts_of_an_appointment_are_reached_comes_back() -> None:
    message = parse(returned("SIU^S12", "2.5.1", CONTACTS, PID, "RGS|1").payload)
    before = CONTACTS.split("|")

    assert before[12:23] == [raw(message, "SCH", number) for number in range(12, 23)]


def test_an_organization_that_is_next_of_kin_has_its_own_contact_person() -> None:
    kin = (
        "NK1|1||EMR^^HL70063||||||||||Works^^^^^^^^^W-1~Other works^^^^^^^^^W-2"
        + "|" * 17
        + "Boss^Bea|^WPN^PH^^^555^0100009|3 Road^^Town"
    )

    assert [kin] == lines(returned("ADT^A01", "2.5.1", PID, kin, VISIT), "NK1")


def test_an_accident_and_a_group_of_diagnoses_come_back() -> None:
    group, accident = "DRG|280^Infarction^L|20260301", "ACC|20260301|05^Fall^L|at home|||N|9^Saw^Sue||||1 Road^^Town"
    message = returned("ADT^A01", "2.8", PID, VISIT, group, accident)

    assert [group, accident] == lines(message, "DRG", "ACC")


def test_a_message_says_nothing_of_an_extension_that_is_not_ours() -> None:
    coverage = {"resourceType": "Coverage", "status": "active", "payor": [{"reference": "Organization/insurer"}]}
    foreign = {"url": f"{EXTENSIONS}participant", "valueReference": {"reference": "Organization/insurer"}}
    message: Message = written(INSURER, {**coverage, "extension": [foreign]}, kind="ADT^A01", version="2.5.1")

    assert None is message.first("ROL")


ORDERED = "|||||||20260301|9^Clerk^Ann|8^Checker^Bo|777^Order^Ola"
ORDERED_ALONE = "|||||||20260301|||777^Order^Ola"
VACCINE = "RXA|0|1|20260301||03^MMR^CVX|0.5|||||||||||||||A"


@pytest.mark.parametrize(
    ("kind", "act"),
    [("OML^O21", "OBR|1|P-{}^NG||GLU^Glucose^L"), ("VXU^V04", VACCINE)],
    ids=["laboratory orders", "vaccinations"],
)
def test_nobody_verifies_the_order_of_another(kind: str, act: str) -> None:
    orders = (f"ORC|NW|P-1^NG{ORDERED}", act.format(1), f"ORC|NW|P-2^NG{ORDERED_ALONE}", act.format(2))
    first, second = lines(returned(kind, "2.5.1", PID, *orders), "ORC")

    assert ["9^Clerk^Ann", "8^Checker^Bo"] == first.split("|")[10:12]
    assert ["", ""] == second.split("|")[10:12]


@pytest.mark.parametrize("version", ["2.3.1", "2.5.1", "2.8"])
def test_a_number_and_an_e_mail_address_that_were_sent_in_one_xtn_come_back_in_one(version: str) -> None:
    sent = "^PRN^PH^tilda@example.org^49^30^5550100~^NET^Internet^other@example.org"
    visit = f"{PID}||||||||^PRN^PH^^49^30^5550101~{sent}|^WPN^FX^w@example.org^49^30^5550102"
    one = returned("ADT^A01", version, "EVN||20260301", visit, VISIT, f"NK1|1|Testcase^Tom|FTH||{sent}")

    assert [raw(parse(one.payload), "PID", number) for number in (13, 14)] == visit.split("|")[13:]
    assert sent == raw(parse(one.payload), "NK1", 5)


@pytest.mark.parametrize("sent", ["555-0100^NET^Internet^tilda@example.org", "^PRN^X.400^t@example.org^^^5550100"])
def test_a_number_among_e_mail_addresses_comes_back_as_it_was_sent(sent: str) -> None:
    one = returned("ADT^A01", "2.5.1", "EVN||20260301", f"{PID}||||||||{sent}", VISIT)

    assert sent == raw(parse(one.payload), "PID", 13)


def test_an_e_mail_address_whose_number_is_gone_stands_alone() -> None:
    mail = {
        "system": "email",
        "value": "tilda@example.org",
        "extension": [{"url": f"{EXTENSIONS}sent-with-number", "valueBoolean": True}],
    }
    patient = {**PATIENT, "telecom": [mail]}

    assert "^NET^Internet^tilda@example.org" == raw(parse(generated(patient, kind="ADT^A08").payload), "PID", 13)


@pytest.mark.parametrize("version", ["2.5.1", "2.8"])
def test_who_typed_a_document_did_not_enter_its_order_nor_the_event(version: str) -> None:
    txa = "TXA|1|DS|TX|20260301120000+0100|||||||9^Types^Tina|D-1^NORTHGATE||||||AU"
    order = ("ORC|NW|P-1^NORTHGATE", "OBR|1|P-1^NORTHGATE||24627-2^Chest CT^LN")
    one = returned("MDM^T02", version, "EVN||20260301||||", PID, VISIT, *order, txa, "OBX|1|TX|1^Text^L||Short||||||F")
    message = parse(one.payload)

    assert ["", "", "9^Types^Tina"] == [raw(message, *place) for place in (("EVN", 5), ("ORC", 10), ("TXA", 11))]


def test_who_enters_an_event_is_no_transcriptionist() -> None:
    txa = "TXA|1|DS|TX|20260301120000+0100||||||||D-1^NORTHGATE||||||AU"
    one = returned(
        "MDM^T02", "2.8", "EVN||20260301|||8^Opens^Olaf", PID, VISIT, txa, "OBX|1|TX|1^Text^L||Short||||||F"
    )
    message = parse(one.payload)

    assert ["8^Opens^Olaf", ""] == [raw(message, *place) for place in (("EVN", 5), ("TXA", 11))]


@pytest.mark.parametrize(
    ("version", "sent", "expected"),
    [
        ("2.8", "555-0100^PRN^PH", "^PRN^PH^^^^^^^^^555-0100"),
        ("2.8", "555-0100^PRN^PH^^^^^^^^^555-0101", "^PRN^PH^^^^^^^^^555-0101"),
        ("2.3.1", "^PRN^PH^^^^^^^^^555-0100", "555-0100^PRN^PH"),
        ("2.3.1", "^PRN^PH^^^555^0100", "^PRN^PH^^^555^0100"),
    ],
)
def test_a_number_that_is_kept_as_sent_stands_where_the_version_has_it(version: str, sent: str, expected: str) -> None:
    gt1 = f"GT1|1||Testcase^Tilda|||{sent}|||||SEL"
    one = returned("ADT^A01", version, "EVN||20260301", PID, VISIT, gt1)

    assert expected == raw(parse(one.payload), "GT1", 6)


@pytest.mark.parametrize("version", ["2.3.1", "2.5.1", "2.8"])
def test_a_patient_who_pays_alone_comes_back_as_the_guarantor(version: str) -> None:
    number = "^PRN^PH^^^^^^^^^555-0100" if version == "2.8" else "555-0100^PRN^PH"
    gt1 = f"GT1|1|G-1^^^NORTHGATE|Testcase^Tilda||1 Road^^Town|{number}||19800214|F||SEL|900-00-0001|20260101"
    one = returned("ADT^A01", version, "EVN||20260301", PID, VISIT, gt1)

    assert [gt1] == lines(one, "GT1")
    assert [] == lines(one, "NK1")


@pytest.mark.parametrize(
    ("version", "in1", "expected"),
    [
        ("2.5.1", "HMX^Home plan^99NG", [("field-not-carried", "IN1-15")]),
        ("2.5.1", "HMX", []),
        ("2.8", "HMX^Home plan^99NG", []),
    ],
)
def test_words_that_a_field_of_one_component_has_no_place_for_are_reported(
    version: str, in1: str, expected: list[tuple[str, str]]
) -> None:
    one = returned("ADT^A01", version, "EVN||20260301", PID, VISIT, f"IN1|1|P1|7|Ins|||||||||||{in1}")
    lost = [(issue.code, issue.location) for issue in one.issues if issue.severity == "warning"]

    assert expected == lost
    assert "HMX" == raw(parse(one.payload), "IN1", 15).split("^")[0]


def test_words_that_the_table_of_the_version_tells_are_not_missed() -> None:
    one = returned("ADT^A01", "2.3.1", "EVN||20260301", PID, VISIT, "AL1|1|DA^Drug allergy^HL70127|70618^Penicillin^L")

    assert [] == [issue.location for issue in one.issues if issue.severity == "warning"]
