"""The raw log of the destinations: everything that came, as it came, and how its answer began."""

from __future__ import annotations

import signal
from pathlib import Path

import httpx
import pytest

from local.destinations.arrivals import read_arrivals
from tests.local.destinations.running import Destinations, Issuer, running
from tests.local.destinations.test_fhir_endpoint import fresh, patient
from tests.local.destinations.test_hl7v2 import MESSAGE


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "arrivals.jsonl"


def send(destinations: Destinations, key: str, path: str = "/plain", body: bytes = MESSAGE) -> httpx.Response:
    headers = {"content-type": "application/hl7-v2", "idempotency-key": key}
    return destinations.client.post(path, content=body, headers=headers)


def test_everything_that_came_is_there_in_its_order(tmp_path: Path, issuer: Issuer, log: Path) -> None:
    key = fresh()
    with running(tmp_path, issuer, "--arrivals", str(log)) as destinations:
        for path in ("/hl7v2", "/hl7v2", "/plain"):
            send(destinations, key, path)
        send(destinations, key, "/plain", b"no message")
        destinations.fault(mode="down", for_seconds=30)
        send(destinations, key)
        destinations.client.get("/admin/counts")

    arrived = read_arrivals(log)
    assert ["/hl7v2", "/hl7v2", "/plain", "/plain", "/plain"] == [one.path for one in arrived]
    assert [200, 200, 200, 400, 503] == [one.status for one in arrived]
    assert [MESSAGE, MESSAGE, MESSAGE, b"no message", b""] == [one.body for one in arrived]
    assert {key} == {one.key for one in arrived}
    assert sorted(one.at for one in arrived) == [one.at for one in arrived]


def test_a_plain_destination_acts_as_often_as_it_is_told(destinations: Destinations) -> None:
    key = fresh()

    assert [200, 200] == [send(destinations, key).status_code for _ in range(2)]
    assert 2 == len([one for one in destinations.effects("plain") if one["idempotencyKey"] == key])


def test_what_came_before_a_kill_is_there_after_it(tmp_path: Path, issuer: Issuer, log: Path) -> None:
    keys = [fresh(), fresh()]
    with running(tmp_path, issuer, "--arrivals", str(log)) as destinations:
        send(destinations, keys[0])
        destinations.stop(signal.SIGKILL)
    with log.open("ab") as torn:
        torn.write(b'{"arrival":"1.1","at":1')
    with running(tmp_path, issuer, "--arrivals", str(log)) as destinations:
        send(destinations, keys[1])

    assert keys == [one.key for one in read_arrivals(log)]
    assert [200, 200] == [one.status for one in read_arrivals(log)]


def test_a_log_that_was_never_begun_is_empty(tmp_path: Path) -> None:
    assert [] == read_arrivals(tmp_path / "none.jsonl")


def test_a_throttled_request_did_nothing(destinations: Destinations) -> None:
    key = fresh()
    destinations.fault(destination="plain", mode="throttle", for_seconds=30)
    answer = send(destinations, key)
    destinations.fault(mode="none")

    assert (429, "1") == (answer.status_code, answer.headers["retry-after"])
    assert [] == [one for one in destinations.effects("plain") if one["idempotencyKey"] == key]


def test_work_that_broke_off_left_nothing(destinations: Destinations) -> None:
    key = fresh()
    destinations.fault(destination="fhir", mode="broken", for_seconds=30)
    broken = destinations.client.post("/fhir/Patient", json=patient(fresh()), headers={"idempotency-key": key})
    destinations.fault(mode="none")

    assert 500 == broken.status_code
    assert [] == [one for one in destinations.effects("fhir") if one["idempotencyKey"] == key]


def test_an_answer_that_breaks_off_was_to_work_that_was_done(destinations: Destinations) -> None:
    key = fresh()
    destinations.fault(destination="plain", mode="cut", for_seconds=30)
    with pytest.raises(httpx.RemoteProtocolError):
        send(destinations, key)
    destinations.fault(mode="none")

    assert 1 == len([one for one in destinations.effects("plain") if one["idempotencyKey"] == key])


def test_a_slow_loris_says_its_status_at_once_and_the_rest_never_in_time(destinations: Destinations) -> None:
    destinations.fault(destination="plain", mode="drip", for_seconds=30)
    headers = {"content-type": "application/hl7-v2", "idempotency-key": fresh()}
    with destinations.client.stream("POST", "/plain", content=MESSAGE, headers=headers) as answer:
        first = next(answer.iter_raw())
    destinations.fault(mode="none")

    assert 200 == answer.status_code
    assert len(first) < 20


def test_a_silent_destination_answers_when_nobody_waits_any_more(destinations: Destinations) -> None:
    destinations.fault(destination="plain", mode="silent", for_seconds=30, delay=0.5)
    with pytest.raises(httpx.ReadTimeout):
        destinations.client.post("/plain", content=MESSAGE, headers={"idempotency-key": fresh()}, timeout=0.2)
    destinations.fault(mode="none")

    assert 200 == send(destinations, fresh()).status_code
