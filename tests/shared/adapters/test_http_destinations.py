"""Deliveries over HTTP: what arrives, what heals, what is final, and that nothing waits for ever (invariant 2)."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from http.server import BaseHTTPRequestHandler
from uuid import uuid4

import orjson
import pytest

from shared.adapters.http_destinations import ClientCredentials, FhirDestination, WebhookDestination
from shared.errors import RejectedError, TransientError
from tests.shared.adapters.desks import Clients, bundle, failure, send, webhook_at
from tests.shared.adapters.parts import HttpServer, nobody, plain, silent_server
from tests.shared.adapters.standins import Sites


def test_a_transaction_takes_effect_once_however_often_it_comes(ehr: FhirDestination, sites: Sites) -> None:
    body, key = bundle(), str(uuid4())

    assert ["HTTP 200", "HTTP 200"] == [send(ehr, body, key), send(ehr, body, key)]
    assert 1 == sites.effects("fhir", key)


def test_a_signed_delivery_is_accepted_once_however_often_it_comes(portal: WebhookDestination, sites: Sites) -> None:
    body, key = bundle(), str(uuid4())

    assert ["HTTP 202", "HTTP 202"] == [send(portal, body, key), send(portal, body, key)]
    assert 1 == sites.effects("webhook", key)
    assert body == sites.admin.get(f"/admin/deliveries/{key}").content


def test_a_delivery_whose_answer_was_lost_is_repeated_without_a_second_effect(
    ehr: FhirDestination, sites: Sites
) -> None:
    body, key = bundle(), str(uuid4())
    sites.fault("fhir", "lost-answer")
    failure(TransientError, lambda: send(ehr, body, key))
    sites.fault("fhir", "none")

    assert "HTTP 200" == send(ehr, body, key)
    assert 1 == sites.effects("fhir", key)


def test_what_a_destination_refuses_is_final_and_says_nothing_of_the_body(
    ehr: FhirDestination, portal: WebhookDestination, sites: Sites
) -> None:
    sites.fault("fhir", "refuse")
    sites.fault("webhook", "refuse")

    for destination in (ehr, portal):
        error = failure(RejectedError, partial(send, destination, bundle()))
        assert ("destination-refused", "HTTP 422") == (error.code, error.text)


def test_a_destination_that_is_down_says_when_to_come_back(ehr: FhirDestination, sites: Sites) -> None:
    sites.fault("fhir", "down", for_seconds=40)

    error = failure(TransientError, lambda: send(ehr, bundle()))

    assert "destination-unavailable" == error.code
    assert 1 <= error.retry_after <= 40


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_heals_is_tried_again(clients: Clients, status: int) -> None:
    with HttpServer(plain(status)).running() as server:
        assert (
            "destination-unavailable"
            == failure(TransientError, lambda: send(webhook_at(clients(), server.url), b"{}")).code
        )


def test_a_conflict_with_another_client_is_tried_again_and_is_no_outage(clients: Clients) -> None:
    with HttpServer(plain(409)).running() as server:
        error = failure(TransientError, lambda: send(webhook_at(clients(), server.url), b"{}"))

    assert ("delivery-conflict", "HTTP 409") == (error.code, error.text)


@pytest.mark.parametrize(
    ("statuses", "kind", "text"),
    [
        (["201 Created", "422 Unprocessable Entity"], RejectedError, "HTTP 200, an entry 422"),
        (["201", "503"], TransientError, "HTTP 200, an entry 503"),
        (["503", "410", "200"], RejectedError, "HTTP 200, an entry 410"),
        (["200", "409"], TransientError, "HTTP 200, an entry 409"),
        (["409", "422"], RejectedError, "HTTP 200, an entry 422"),
    ],
)
def test_a_transaction_that_was_done_in_part_was_not_done(
    clients: Clients,
    tokens: ClientCredentials,
    statuses: list[str],
    kind: type[RejectedError | TransientError],
    text: str,
) -> None:
    entries = [{"response": {"status": status}} for status in statuses]
    answer = {"resourceType": "Bundle", "type": "batch-response", "entry": entries}
    with HttpServer(plain(200, orjson.dumps(answer))).running() as server:
        error = failure(kind, lambda: send(FhirDestination(clients(), server.url, tokens), bundle()))

    assert text == error.text


@pytest.mark.parametrize(
    "body",
    [b"", b'{"status": "400"}', b'{"entry": [{"response": {"status": "400', b'{"entry": [{"note": ""status":"4"}]}'],
)
def test_an_answer_that_says_nothing_of_its_entries_has_told_its_status(
    clients: Clients, tokens: ClientCredentials, body: bytes
) -> None:
    with HttpServer(plain(200, body)).running() as server:
        assert "HTTP 200" == send(FhirDestination(clients(), server.url, tokens), bundle())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_condemns_no_content(clients: Clients, status: int) -> None:
    with HttpServer(plain(status, Location="/elsewhere")).running() as server:
        error = failure(TransientError, lambda: send(webhook_at(clients(), f"{server.url}/here"), b"{}"))

    assert ("destination-unavailable", f"HTTP {status}", ["/here"]) == (error.code, error.text, server.paths)


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("120", 120, 120),
        ("0", 0, 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("9" * 400, 86_400, 86_400),
        ("soon", None, None),
        (f"Wed, 21 Oct {'9' * 20} 07:28:00 GMT", None, None),
        (f"Wed, 21 Oct 2015 07:28:00 +{'9' * 30}", None, None),
        ("-5", None, None),
        ("", None, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(
    clients: Clients, header: str, least: float | None, most: float | None
) -> None:
    with HttpServer(plain(503, Retry_After=header)).running() as server:
        told = failure(TransientError, lambda: send(webhook_at(clients(), server.url), b"{}")).retry_after

    assert told is None if least is None or most is None else least <= told <= most


def test_retry_after_may_be_a_time_to_come(clients: Clients) -> None:
    in_ten_minutes = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    with HttpServer(plain(503, Retry_After=in_ten_minutes)).running() as server:
        told = failure(TransientError, lambda: send(webhook_at(clients(), server.url), b"{}")).retry_after

    assert told is not None
    assert 500 < told <= 600


def test_a_destination_that_cannot_be_reached_heals(clients: Clients) -> None:
    with nobody() as port:
        error = failure(TransientError, lambda: send(webhook_at(clients(), f"http://127.0.0.1:{port}"), b"{}"))

    assert ("destination-unreachable", "ConnectError") == (error.code, error.text)


def test_a_destination_that_says_nothing_is_given_up(clients: Clients) -> None:
    started = time.monotonic()
    with silent_server() as port:
        error = failure(TransientError, lambda: send(webhook_at(clients(0.2), f"http://127.0.0.1:{port}"), b"{}"))

    assert "ReadTimeout" == error.text
    assert time.monotonic() - started < 20


def endless(chunk: bytes, pause: float) -> Callable[[BaseHTTPRequestHandler], None]:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Connection", "close")
        request.end_headers()
        for _ in range(200 if pause else 20_000):  # a client without bounds fails, it does not hang
            request.wfile.write(chunk)
            request.wfile.flush()
            time.sleep(pause)

    return answer


@pytest.mark.parametrize(("chunk", "pause"), [(b"x" * 65_536, 0.0), (b"x", 0.05)], ids=["huge", "drop by drop"])
def test_an_answer_without_end_is_left_and_its_status_stands(clients: Clients, chunk: bytes, pause: float) -> None:
    started = time.monotonic()
    with HttpServer(endless(chunk, pause)).running() as server:
        assert "HTTP 200" == send(webhook_at(clients(0.3), server.url), b"{}")
    assert time.monotonic() - started < 9


def broken_off(request: BaseHTTPRequestHandler) -> None:
    request.send_response(201)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    request.wfile.write(b"half")
    request.close_connection = True


def test_an_answer_that_breaks_off_has_told_its_status(clients: Clients) -> None:
    with HttpServer(broken_off).running() as server:
        assert "HTTP 201" == send(webhook_at(clients(), server.url), b"{}")
