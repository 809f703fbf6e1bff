"""What a message carries along never overwrites what was told by the flow that speaks for it (ADR 13)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import uuid4

import orjson
import pytest

from functions.delivery.use_case import SEND
from shared.delivery.authority import records_of
from shared.errors import RejectedError
from shared.pipeline import drain
from shared.ports import Ports
from tests.functions.delivery.rooms import PATIENT_ID, Owe, destination
from tests.functions.messages import PARTNERS

REPORT_ID = "0b8ddf52-93c7-5b2c-a2b2-0a4e2f5c0002"


def entry(resource: dict[str, Any]) -> dict[str, Any]:
    name = f"{resource['resourceType']}/{resource['id']}"
    return {
        "fullUrl": f"urn:uuid:{resource['id']}",
        "resource": resource,
        "request": {"method": "PUT", "url": name},
    }


def patient(**more: Any) -> dict[str, Any]:
    return entry({"resourceType": "Patient", "id": PATIENT_ID, "name": [{"family": "TESTPATIENT-ALDER"}], **more})


REPORT = entry(
    {
        "resourceType": "DiagnosticReport",
        "id": REPORT_ID,
        "status": "final",
        "code": {"text": "Basic metabolic panel"},
        "subject": {"reference": f"Patient/{PATIENT_ID}"},
    }
)
REGISTRATION: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [patient(birthDate="1970-01-02", telecom=[{"system": "phone", "value": "555-0100"}])],
}
RESULT = {"resourceType": "Bundle", "type": "transaction", "entry": [patient(), REPORT]}


def sent(desk: Ports, name: str = "harbor-ehr") -> list[list[str]]:
    """Return the resource types of each body that the destination took."""
    return [
        [each["resource"]["resourceType"] for each in orjson.loads(body)["entry"]]
        for _, body in destination(desk, name).effects
    ]


def test_a_result_refers_to_the_patient_that_registration_has_told(desk: Ports, owe: Owe) -> None:
    key = uuid4()
    drain(SEND, owe(key=key, bundle=REGISTRATION, flow="adt-routing"), desk)

    drain(SEND, owe(key=key, bundle=RESULT), desk)

    assert [["Patient"], ["DiagnosticReport"]] == sent(desk)
    report = orjson.loads(destination(desk).effects[1][1])["entry"][0]["resource"]
    assert {"reference": f"Patient/{PATIENT_ID}"} == report["subject"]


def test_without_registration_every_result_brings_its_patient(desk: Ports, owe: Owe) -> None:
    key = uuid4()

    for _ in range(2):
        drain(SEND, owe(key=key, bundle=RESULT), desk)

    assert [["Patient", "DiagnosticReport"]] * 2 == sent(desk)


def test_registration_always_sends_its_patient(desk: Ports, owe: Owe) -> None:
    key = uuid4()
    drain(SEND, owe(key=key, bundle=RESULT), desk)

    for _ in range(2):
        drain(SEND, owe(key=key, bundle=REGISTRATION, flow="adt-routing"), desk)

    assert [["Patient", "DiagnosticReport"], ["Patient"], ["Patient"]] == sent(desk)


def test_a_registration_that_was_refused_speaks_for_nothing(desk: Ports, owe: Owe) -> None:
    destination(desk).failures.append(RejectedError("destination-refused", text="HTTP 422"))
    drain(SEND, owe(bundle=REGISTRATION, flow="adt-routing"), desk)

    drain(SEND, owe(bundle=RESULT), desk)

    assert [["Patient", "DiagnosticReport"]] == sent(desk)


def test_what_one_destination_has_says_nothing_of_another(desk: Ports, owe: Owe) -> None:
    ehr = PARTNERS.by_name["harbor-ehr"]
    desk = replace(desk, partners=replace(PARTNERS, by_name={**PARTNERS.by_name, "second-ehr": ehr}))
    drain(SEND, owe(bundle=REGISTRATION, flow="adt-routing"), desk)

    drain(SEND, owe("second-ehr", bundle=RESULT), desk)

    assert [["Patient", "DiagnosticReport"]] == sent(desk, "second-ehr")


def test_a_patient_that_the_destination_may_not_have_is_nobodys_word_there(desk: Ports, owe: Owe) -> None:
    ehr = PARTNERS.by_name["harbor-ehr"]
    assert ehr.receives is not None
    reports_only = replace(ehr, receives=replace(ehr.receives, allow={"DiagnosticReport": ("*",)}))
    whole = replace(PARTNERS, by_name={**PARTNERS.by_name, "harbor-ehr": reports_only})
    registration = {**REGISTRATION, "entry": [*REGISTRATION["entry"], REPORT]}
    drain(SEND, owe(bundle=registration, flow="adt-routing"), replace(desk, partners=whole))

    drain(SEND, owe(bundle=RESULT), desk)

    assert [["DiagnosticReport"], ["Patient", "DiagnosticReport"]] == sent(desk)


@pytest.mark.parametrize("name", ["insight-portal", "harbor-beds", "county-registry"])
def test_who_reads_messages_whole_gets_them_whole(name: str) -> None:
    receiver = PARTNERS.by_name[name].receives
    assert receiver is not None

    assert ([], []) == records_of(RESULT, "lab-results", receiver)
