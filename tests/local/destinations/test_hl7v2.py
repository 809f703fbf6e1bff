"""The HL7 v2 endpoint: who may post, what is kept, how it is acknowledged."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.destinations.running import Destinations
from tests.local.destinations.test_fhir_endpoint import fresh

MESSAGE = (
    b"MSH|^~\\&|CORRIDOR|HARBOR|BEDS|HARBOR|20260314100000+0000||ADT^A01^ADT_A01|C-1|P|2.5.1\r"
    b"EVN|A01|20260314100000+0000\rPID|1||TEST-1^^^HARBOR^MR||TESTPATIENT-ALDER^QUILL\rPV1|1|I\r"
)


def post(destinations: Destinations, key: str, body: bytes = MESSAGE, **headers: str) -> Any:
    sent = {"content-type": "application/hl7-v2", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return destinations.client.post("/hl7v2", content=body, headers=sent | ({"idempotency-key": key} if key else {}))


def test_a_message_is_kept_once_and_acknowledged_again(destinations: Destinations) -> None:
    key = fresh()

    answers = [post(destinations, key) for _ in range(2)]

    assert [200, 200] == [answer.status_code for answer in answers]
    assert all(b"\rMSA|AA|C-1" in answer.content for answer in answers)
    assert 1 == len([one for one in destinations.effects("hl7v2") if one["idempotencyKey"] == key])
    assert MESSAGE == destinations.client.get(f"/admin/deliveries/{key}").content


def test_a_key_that_was_used_for_another_message_is_refused(destinations: Destinations) -> None:
    key = fresh()

    assert [200, 409] == [post(destinations, key, body).status_code for body in (MESSAGE, MESSAGE + b"NTE|1\r")]


def test_a_message_with_a_fault_is_told_so_and_not_kept(destinations: Destinations) -> None:
    key = fresh()

    answer = post(destinations, key, MESSAGE.replace(b"|C-1|", b"||"))

    assert (422, True) == (answer.status_code, b"\rMSA|AE|" in answer.content)
    assert 404 == destinations.client.get(f"/admin/deliveries/{key}").status_code


@pytest.mark.parametrize(
    ("key", "body", "headers", "status"),
    [
        ("", MESSAGE, {}, 400),
        ("some key", b"no message", {}, 400),
        ("some key", MESSAGE, {"content_type": "text/html"}, 415),
        ("some key", MESSAGE, {"authorization": ""}, 401),
    ],
)
def test_what_cannot_be_taken_is_refused(
    destinations: Destinations, key: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    assert status == post(destinations, key, body, **headers).status_code
