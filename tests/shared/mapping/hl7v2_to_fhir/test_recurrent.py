"""What recurs from message to message is read from memory: no message may tell by its output."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.conversion import convert
from shared.formats.fhir.encoding import serialize
from shared.mapping.hl7v2_to_fhir import recurrent
from shared.mapping.hl7v2_to_fhir.bundles import BundleKind
from shared.partners.profile import PartnerProfile

EXAMPLES = sorted(Path(__file__).parent.glob("examples/**/*.hl7"))
RECEIVED = datetime(2026, 3, 14, tzinfo=UTC)
PARTNER = PartnerProfile("example", time_zone="America/New_York")
HEADER = "MSH|^~\\&|APP|FAC|||20260313120500-0400||ADT^A01^ADT_A01|1|P|2.5.1"
DOCTOR = "990001^TESTDOCTOR^ADA^B^^DR^MD^^HARBOR"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    recurrent.forget()
    yield
    recurrent.forget()


def test_a_message_converts_the_same_whatever_came_before_it() -> None:
    payloads = [path.read_bytes() for path in EXAMPLES]
    apart = [_forgetting(payload) for payload in payloads]

    assert apart == [_converted(payload) for payload in payloads]
    assert apart == [_converted(payload) for payload in reversed(payloads)][::-1]


@pytest.mark.parametrize("kind", ["message", "collection"])
def test_what_a_bundle_does_to_its_resources_does_not_come_back(kind: BundleKind) -> None:
    payload = _admission(f"PV1|1|I|W4^12^B^HARBOR||||{DOCTOR}")
    expected = _forgetting(payload)
    for conversion in convert(payload, source="hl7v2", partner=PARTNER, received=RECEIVED, bundle=kind):
        for entry in conversion.bundle["entry"]:
            entry["resource"].clear()

    assert expected == _converted(payload)


def test_a_second_name_of_a_person_is_added_to_the_one_that_was_remembered() -> None:
    married = DOCTOR.replace("TESTDOCTOR", "TESTMARRIED")
    _converted(_admission(f"PV1|1|I|||||{DOCTOR}|{married}"))

    (practitioner,) = _resources(_admission(f"PV1|1|I|||||{DOCTOR}|{married}"), "Practitioner")

    assert ["TESTDOCTOR", "TESTMARRIED"] == [name["family"] for name in practitioner["name"]]


def test_an_insurer_is_remembered_and_the_policy_of_the_insured_is_not() -> None:
    policy = "PID|1||T1^^^HARBOR\rIN1|1|PLAN|INS1^^^HARBOR|Invented Insurance|1 Example Road^^Testville|||{group}"
    first, second = (_admission(policy.format(group=group)) for group in ("G1", "G2"))
    expected = _forgetting(second)
    _forgetting(first)

    assert expected == _converted(second)
    assert b'"value":"G2"' in expected[0]
    assert b'"name":"Invented Insurance"' in expected[0]


def test_an_insurer_whose_telephone_says_no_time_is_reported_for_each_coverage() -> None:
    insurer = "INS1|Invented Insurance|||^WPN^PH^^1^555^5550100^^^^^^notatime"
    twice = _admission(f"IN1|1|PLAN1|{insurer}", f"IN1|2|PLAN2|{insurer}")

    assert 2 == _issues(twice).count("time-unreadable")
    assert _issues(twice) == _issues(twice)


def test_what_reported_an_issue_reports_it_again() -> None:
    unreadable = f"PV1|1|I|||||{DOCTOR}^^^^^^^^^^notatime"

    first, second = (_issues(_admission(unreadable)) for _ in range(2))

    assert "time-unreadable" in first
    assert first == second


def test_a_changed_partner_file_forgets_what_was_remembered_of_its_sender() -> None:
    payload = _admission(f"PV1|1|I|||||{DOCTOR}")
    _converted(payload)

    changed = replace(PARTNER, assigning_authorities={"HARBOR": "urn:oid:1.2.3"})

    (practitioner,) = _resources(payload, "Practitioner", changed)
    assert "urn:oid:1.2.3" == practitioner["identifier"][0]["system"]


def test_a_changed_partner_file_forgets_who_issued_the_numbers_of_its_patients() -> None:
    payload = _admission("PID|1||T1^^^HARBOR^MR")
    _converted(payload)

    changed = replace(PARTNER, assigning_authorities={"HARBOR": "urn:oid:1.2.3"})

    (patient,) = _resources(payload, "Patient", changed)
    assert "urn:oid:1.2.3" == patient["identifier"][0]["system"]


def test_a_sender_of_endless_names_fills_a_bounded_memory() -> None:
    people = [f"{number}^TESTDOCTOR" for number in range(6_000)]

    _converted(_admission(f"PV1|1|I|||||{'~'.join(people)}"))

    assert all(len(memories) <= 4_096 for _, memories in recurrent._SENDERS.values())


def test_many_senders_fill_a_bounded_memory() -> None:
    payload = _admission(f"PV1|1|I|||||{DOCTOR}")
    for number in range(100):
        _converted(payload, PartnerProfile(f"partner-{number}"))

    assert 64 >= len(recurrent._SENDERS)


def test_a_very_long_name_is_not_remembered() -> None:
    _converted(_admission(f"PV1|1|I|||||7^{'X' * 5_000}"))

    assert not any("X" * 5_000 in str(memory) for _, memories in recurrent._SENDERS.values() for memory in memories)


def test_a_very_long_authority_is_not_remembered() -> None:
    _converted(_admission(f"PID|1||T1^^^{'X' * 5_000}"))

    assert "X" * 5_000 not in str(recurrent._SENDERS)


def test_nothing_of_a_patient_is_remembered() -> None:
    patient = "PID|1||T900123^^^HARBOR^MR||TESTPATIENT^MEMORABLE||19840612|F|||120 Invented Way^^Testville"
    kin = "NK1|1|TESTKIN^MEMORABLE|SPO|121 Invented Way^^Testville|^PRN^PH^^1^555^5550122"
    _converted(_admission(patient, kin, f"PV1|1|I|||||{DOCTOR}"))

    remembered = str(recurrent._SENDERS)

    assert "TESTDOCTOR" in remembered
    assert not [word for word in ("T900123", "MEMORABLE", "19840612", "Invented Way", "5550122") if word in remembered]


def _admission(*segments: str) -> bytes:
    return "".join(f"{line}\r" for line in (HEADER, *segments)).encode()


def _forgetting(payload: bytes) -> list[bytes]:
    recurrent.forget()
    return _converted(payload)


def _converted(payload: bytes, partner: PartnerProfile = PARTNER) -> list[bytes]:
    found = convert(payload, source="hl7v2", partner=partner, received=RECEIVED)
    return [serialize(conversion.bundle) for conversion in found]


def _resources(payload: bytes, kind: str, partner: PartnerProfile = PARTNER) -> list[dict[str, object]]:
    (conversion,) = convert(payload, source="hl7v2", partner=partner, received=RECEIVED)
    entries = [entry["resource"] for entry in conversion.bundle["entry"]]
    return [resource for resource in entries if resource["resourceType"] == kind]


def _issues(payload: bytes) -> list[str]:
    (conversion,) = convert(payload, source="hl7v2", partner=PARTNER, received=RECEIVED)
    return [issue.code for issue in conversion.issues]
