"""The process: what survives kill -9, how it starts, stops, fails on demand, and what it logs."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import signal
import ssl
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from local.destinations.app import Parts, build
from local.destinations.bearer import BearerTokens
from local.destinations.faults import Faults
from local.destinations.fhir_desk import utc_now
from local.destinations.store import Store
from local.destinations.webhook import WebhookReceiver, sign
from tests.local.destinations.running import ROOT, SECRET, Destinations, Issuer, running
from tests.local.destinations.test_fhir_endpoint import fresh, patient
from tests.shared.validation.samples import transaction


def test_what_was_answered_survives_kill_9_and_a_repetition_has_no_second_effect(
    tmp_path: Path, issuer: Issuer
) -> None:
    with running(tmp_path, issuer) as before:
        first = before.client.post("/fhir", json=transaction(5), headers={"idempotency-key": "k-1"})
        effects = before.effects()
        before.stop(signal.SIGKILL)
    with running(tmp_path, issuer) as after:
        again = after.client.post("/fhir", json=transaction(5), headers={"idempotency-key": "k-1"})

        assert (200, 7) == (first.status_code, len(effects))
        assert first.content == again.content
        assert effects == after.effects()
        assert {"DiagnosticReport": 1, "Observation": 5, "Patient": 1} == after.client.get("/admin/counts").json()


def test_a_signal_ends_it_cleanly_and_the_log_holds_no_values(tmp_path: Path, issuer: Issuer) -> None:
    with running(tmp_path, issuer) as process:
        process.client.post("/fhir/Patient", json=patient("zz-secret-mrn"), headers={"idempotency-key": "k"})
        process.client.get("/fhir/Patient", params={"identifier": "zz-secret-mrn"})
        process.client.post("/fhir/Patient", json=patient("zz-secret-mrn", gender="zz-secret-gender"))

        assert 0 == process.stop()
    log = (tmp_path / "log").read_text()
    assert "GET /fhir/Patient 200" in log
    assert "secret" not in log
    assert "identifier" not in log


def test_a_taken_port_ends_with_one_line_and_3(destinations: Destinations, tmp_path: Path) -> None:
    second = Destinations(tmp_path, destinations.issuer)

    ended = subprocess.run(
        second.command(destinations.port), cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )

    assert (3, "") == (ended.returncode, ended.stdout)
    assert 1 == len(ended.stderr.splitlines())
    assert str(destinations.port) in ended.stderr


def test_it_serves_https_with_its_certificate(tmp_path: Path, issuer: Issuer) -> None:
    certificate, key = write_certificate(tmp_path)
    trust = ssl.create_default_context(cafile=str(certificate))
    extra = ("--certificate", str(certificate), "--key", str(key))

    with running(tmp_path, issuer, *extra, scheme="https", verify=trust) as process:
        created = process.client.post("/fhir/Patient", json=patient(fresh()))

    assert created.headers["location"].startswith("https://127.0.0.1:")


def write_certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "destinations.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(minutes=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return paths


def test_faults_hit_only_their_destination_and_end_when_told(destinations: Destinations) -> None:
    client = destinations.client
    destinations.fault(destination="fhir", mode="down", for_seconds=60)
    down = client.post("/fhir/Patient", json=patient(fresh()))
    destinations.fault(destination="fhir", mode="refuse", for_seconds=60)
    refused = client.post("/fhir/Patient", json=patient(fresh()))
    body, now = b"{}", int(time.time())
    webhook = client.post(
        "/webhook",
        content=body,
        headers={"corridor-signature": sign(SECRET, body, now, fresh()), "idempotency-key": fresh()},
    )
    destinations.fault(destination="fhir", mode="flaky", for_seconds=60)
    flaky = [client.post("/fhir/Patient", json=patient(fresh())).status_code for _ in range(4)]
    destinations.fault(destination="fhir", mode="slow", for_seconds=60, delay=0.15)
    start = time.monotonic()
    slow = client.post("/fhir/Patient", json=patient(fresh()))
    waited = time.monotonic() - start
    destinations.fault(mode="none")

    assert (503, 422, 202) == (down.status_code, refused.status_code, webhook.status_code)
    assert 0 < int(down.headers["retry-after"]) <= 60
    assert [503, 201, 503, 201] == flaky
    assert 201 == slow.status_code
    assert waited >= 0.15
    assert 201 == client.post("/fhir/Patient", json=patient(fresh())).status_code


def test_a_lost_answer_is_made_good_by_the_idempotency_key(destinations: Destinations) -> None:
    client, key, body = destinations.client, fresh(), patient(fresh())
    destinations.fault(destination="fhir", mode="lost-answer", for_seconds=60)
    lost = client.post("/fhir/Patient", json=body, headers={"idempotency-key": key})
    destinations.fault(mode="none")

    found = client.post("/fhir/Patient", json=body, headers={"idempotency-key": key})

    assert (503, 201) == (lost.status_code, found.status_code)
    assert 1 == len([effect for effect in destinations.effects() if effect["idempotencyKey"] == key])


def test_a_fault_ends_when_its_time_is_over() -> None:
    now = 0.0
    faults = Faults(lambda: now)
    faults.set({"mode": "down", "for_seconds": 5})
    at_first = faults.active()["fhir"]["mode"]
    now = 5.0

    assert ("down", "none") == (at_first, faults.active()["fhir"]["mode"])


@pytest.mark.parametrize(
    "order",
    [
        {"mode": "melt"},
        {"mode": "down", "for_seconds": "long"},
        {"mode": "down", "destination": "moon"},
        {"mode": "down", "for_seconds": -1},
    ],
)
def test_an_order_that_is_not_understood_is_refused(destinations: Destinations, order: dict[str, object]) -> None:
    assert 400 == destinations.client.post("/admin/faults", json=order).status_code


def test_an_unreachable_issuer_asks_the_caller_to_come_back(tmp_path: Path, issuer: Issuer) -> None:
    with running(tmp_path, issuer, "--issuer-jwks", "http://127.0.0.1:9/jwks") as process:
        response = process.client.get("/fhir/Patient")

    assert (503, "2") == (response.status_code, response.headers["retry-after"])


def test_a_body_beyond_the_limit_is_refused(destinations: Destinations) -> None:
    with httpx.Client(base_url=destinations.client.base_url, headers=destinations.client.headers) as client:
        response = client.post("/fhir/Patient", content=b" " * (33 * 1024 * 1024))

    assert 413 == response.status_code


def test_the_views_are_for_this_machine_only(tmp_path: Path) -> None:
    store = Store(tmp_path / "store.sqlite")
    app = build(Parts(
        store, BearerTokens("http://127.0.0.1:9/jwks", "i", "a"), WebhookReceiver(store, tmp_path / "s", utc_now),
        Faults(time.monotonic),
    ))  # fmt: skip

    async def look(host: str) -> int:
        transport = httpx.ASGITransport(app, client=(host, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://destinations.test") as client:
            return (await client.get("/admin/faults")).status_code

    assert [200, 403] == [asyncio.run(look(host)) for host in ("127.0.0.1", "203.0.113.9")]
    store.close()


def test_a_store_that_cannot_be_opened_ends_with_one_line_and_2(tmp_path: Path, issuer: Issuer) -> None:
    (tmp_path / "destinations.sqlite").mkdir()

    ended = subprocess.run(
        Destinations(tmp_path, issuer).command(0), cwd=ROOT, capture_output=True, text=True, timeout=20, check=False
    )

    assert (2, 1) == (ended.returncode, len(ended.stderr.splitlines()))
