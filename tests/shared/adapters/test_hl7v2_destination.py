"""HL7 v2 over HTTPS: the acknowledgment decides, and a repetition has one effect."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from shared.adapters.http_destinations import ClientCredentials, Hl7v2Destination
from shared.errors import RejectedError, TransientError
from tests.shared.adapters.desks import Clients, failure, send
from tests.shared.adapters.parts import HttpServer, plain
from tests.shared.adapters.standins import Sites

MESSAGE = (
    b"MSH|^~\\&|CORRIDOR|HARBOR|BEDS|HARBOR|20260314100000+0000||ADT^A01|C-1|P|2.3.1\r"
    b"EVN|A01|20260314100000+0000\rPID|1||TEST-1^^^HARBOR^MR||TESTPATIENT-ALDER^QUILL\rPV1|1|I\r"
)


@pytest.fixture
def beds(clients: Clients, sites: Sites, tokens: ClientCredentials) -> Iterator[Hl7v2Destination]:
    yield Hl7v2Destination(clients(), f"{sites.url}/hl7v2", tokens)
    sites.fault("hl7v2", "none")


def acknowledgment(code: str, about: str = "C-1") -> bytes:
    return f"MSH|^~\\&|BEDS|HARBOR|CORRIDOR|HARBOR|20260314100001||ACK|A-1|P|2.3.1\rMSA|{code}|{about}\r".encode()


def test_a_message_is_acknowledged_and_takes_effect_once(beds: Hl7v2Destination, sites: Sites) -> None:
    key = str(uuid4())

    assert ["HTTP 200 AA", "HTTP 200 AA"] == [send(beds, MESSAGE, key), send(beds, MESSAGE, key)]
    assert 1 == sites.effects("hl7v2", key)
    assert MESSAGE == sites.admin.get(f"/admin/deliveries/{key}").content


def test_a_message_that_its_receiver_refuses_stays_refused(beds: Hl7v2Destination) -> None:
    error = failure(RejectedError, lambda: send(beds, MESSAGE.replace(b"|C-1|", b"||")))

    assert ("destination-refused", "MSA-1", "AE") == (error.code, error.location, error.text)


def test_what_is_no_message_is_refused(beds: Hl7v2Destination) -> None:
    assert "HTTP 400" == failure(RejectedError, lambda: send(beds, b"no message")).text


def test_a_receiver_that_is_down_is_asked_again(beds: Hl7v2Destination, sites: Sites) -> None:
    sites.fault("hl7v2", "down", for_seconds=40)

    assert "destination-unavailable" == failure(TransientError, lambda: send(beds, MESSAGE)).code


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (200, acknowledgment("AE"), RejectedError),
        (200, acknowledgment("CR"), RejectedError),
        (422, acknowledgment("AR"), RejectedError),
        (200, b"<html>welcome</html>", TransientError),
        (200, b"", TransientError),
        (200, acknowledgment("AE", about=""), RejectedError),
        (401, acknowledgment("AE"), TransientError),
        (503, b"", TransientError),
    ],
)
def test_the_acknowledgment_decides_and_its_absence_is_no_success(
    clients: Clients, tokens: ClientCredentials, status: int, body: bytes, kind: type[RejectedError | TransientError]
) -> None:
    with HttpServer(plain(status, body)).running() as server:
        failure(kind, lambda: send(Hl7v2Destination(clients(), server.url, tokens), MESSAGE))


@pytest.mark.parametrize(
    ("answer", "location"),
    [
        (acknowledgment("AA", about="C-0"), "MSA-2"),
        (acknowledgment("CA", about="C-0"), "MSA-2"),
        (acknowledgment("AE", about="C-0"), "MSA-2"),
        (acknowledgment("AA", about=""), "MSA-2"),
        (acknowledgment("AA").partition(b"\r")[0], ""),
        (acknowledgment("AA").replace(b"MSA|AA", b"MSA|XX"), ""),
    ],
    ids=["stale", "stale-commit", "stale-refusal", "of-nothing", "without-msa", "unknown-code"],
)
def test_an_acknowledgment_of_another_message_says_nothing_of_this_one(
    clients: Clients, tokens: ClientCredentials, answer: bytes, location: str
) -> None:
    with HttpServer(plain(200, answer)).running() as server:
        error = failure(TransientError, lambda: send(Hl7v2Destination(clients(), server.url, tokens), MESSAGE))

    assert ("destination-unavailable", location) == (error.code, error.location)


def test_a_control_id_is_the_same_in_whatever_delimiters_it_is_acknowledged(
    clients: Clients, tokens: ClientCredentials
) -> None:
    message, answer = (
        MESSAGE.replace(b"|C-1|", b"|C\\T\\1|"),
        acknowledgment("AA", about="C&1").replace(b"\\&", b"\\#"),
    )

    with HttpServer(plain(200, answer)).running() as server:
        assert "HTTP 200 AA" == send(Hl7v2Destination(clients(), server.url, tokens), message)


@pytest.mark.parametrize("code", ["AA", "CA"])
def test_either_mode_of_acknowledgment_is_success(clients: Clients, tokens: ClientCredentials, code: str) -> None:
    with HttpServer(plain(200, acknowledgment(code))).running() as server:
        assert f"HTTP 200 {code}" == send(Hl7v2Destination(clients(), server.url, tokens), MESSAGE)
