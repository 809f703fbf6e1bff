"""The webhook receiver: signatures, keys, what it keeps."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from local.destinations.webhook import sign
from tests.local.destinations.running import SECRET, Destinations
from tests.local.destinations.test_fhir_endpoint import fresh

BODY = b'{"event":"result.final","subject":"zz"}'


def post(destinations: Destinations, key: str, body: bytes = BODY, signature: str | None = None) -> Any:
    signed = sign(SECRET, body, int(time.time()), fresh()) if signature is None else signature
    headers = {"content-type": "application/json", "corridor-signature": signed, "authorization": ""}
    return destinations.client.post(
        "/webhook", content=body, headers=headers | ({"idempotency-key": key} if key else {})
    )


def test_a_signed_delivery_is_kept_once_and_another_body_under_its_key_is_refused(destinations: Destinations) -> None:
    key = fresh()

    statuses = [post(destinations, key, body).status_code for body in (BODY, BODY, b'{"event":"other"}')]

    assert [202, 202, 409] == statuses
    assert BODY == destinations.client.get(f"/admin/deliveries/{key}").content
    assert [("POST", "webhook", key)] == [
        (effect["method"], effect["resourceType"], effect["id"])
        for effect in destinations.effects("webhook")
        if effect["idempotencyKey"] == key
    ]
    assert destinations.client.get("/admin/counts").json()["webhook"] >= 1


@pytest.mark.parametrize(
    "signature",
    ["", "t=1,v1=00", "t=1,n=,v1=00", "n=1,v1=00", "v1=00", "t=x,n=1,v1=00", "t=99999999999999999999,n=1,v1=00"],
)
def test_what_is_no_signature_is_refused(destinations: Destinations, signature: str) -> None:
    key = fresh()

    assert 401 == post(destinations, key, signature=signature).status_code
    assert 404 == destinations.client.get(f"/admin/deliveries/{key}").status_code


@pytest.mark.parametrize(
    ("secret", "body", "time_of_signing"),
    [
        (SECRET, BODY, lambda now: 1_000_000_000),
        (SECRET, BODY, lambda now: now + 1000),
        (b"another secret", BODY, lambda now: now),
        (SECRET, BODY + b" ", lambda now: now),
    ],
    ids=["long-ago", "in-the-future", "another-secret", "another-body"],
)
def test_a_delivery_that_is_not_signed_for_now_is_refused(
    destinations: Destinations, secret: bytes, body: bytes, time_of_signing: Callable[[int], int]
) -> None:
    key = fresh()
    signature = sign(secret, body, time_of_signing(int(time.time())), key)

    assert 401 == post(destinations, key, signature=signature).status_code
    assert 404 == destinations.client.get(f"/admin/deliveries/{key}").status_code


def test_one_of_several_signatures_suffices_while_secrets_rotate(destinations: Destinations) -> None:
    now = int(time.time())
    nonce = fresh()
    both = f"{sign(b'old secret', BODY, now, nonce)},{sign(SECRET, BODY, now, nonce).split(',')[2]}"

    assert 202 == post(destinations, fresh(), signature=both).status_code


def test_a_delivery_that_comes_again_with_its_old_signature_is_refused(destinations: Destinations) -> None:
    key = fresh()
    signature = sign(SECRET, BODY, int(time.time()), key)

    assert [202, 401] == [post(destinations, key, signature=signature).status_code for _ in range(2)]


def test_a_signed_delivery_without_a_key_or_without_json_is_refused(destinations: Destinations) -> None:
    assert [400, 400] == [post(destinations, "").status_code, post(destinations, fresh(), b"<xml/>").status_code]
