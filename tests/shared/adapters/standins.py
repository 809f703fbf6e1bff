"""The stand-ins that the outward adapters speak to, as fixtures: one of each for a session."""

from __future__ import annotations

import json
import os
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx
import pytest
from azure.keyvault.secrets import SecretClient

from local.certificates import Authority, ensure_authority
from local.issuer import TENANT
from local.issuer.keys import SigningKeys
from tests.fixtures.programs import Program, running
from tests.shared.adapters.parts import FixedToken

API, EHR, VAULT = "api://corridor", "api://harbor-ehr", "https://vault.azure.net"
POSTGRES = "https://ossrdbms-aad.database.windows.net"
CLIENT_SECRET, IDENTITY_HEADER = "an invented client secret", "an invented identity header"
WEBHOOK_SECRET = "an invented webhook secret"


@cache
def _keys_of(directory: Path, changed: int) -> SigningKeys:
    before = (directory / "signing-keys.json").read_bytes()
    keys = SigningKeys(directory, lambda: 0.0)
    assert before == (directory / "signing-keys.json").read_bytes()
    return keys


@dataclass(frozen=True)
class Issuer:
    """A running issuer; `signed` makes tokens with its own key, whatever they claim."""

    directory: Path
    program: Program
    authority: Authority

    @property
    def url(self) -> str:
        return f"https://localhost:{self.program.ports['issuer']}"

    @property
    def name(self) -> str:
        return f"{self.url}/{TENANT}/v2.0"

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/{TENANT}/discovery/v2.0/keys"

    @property
    def token_url(self) -> str:
        return f"{self.url}/{TENANT}/oauth2/v2.0/token"

    @property
    def ca_file(self) -> str:
        return str(self.authority.ca_file)

    def keys(self) -> SigningKeys:
        directory = self.directory / "issuer"
        return _keys_of(directory, (directory / "signing-keys.json").stat().st_mtime_ns)

    def rotate(self) -> None:
        token = (self.directory / "issuer" / "admin-token").read_text()
        with httpx.Client(verify=self.trust()) as client:
            answer = client.post(f"{self.url}/admin/rotate", headers={"Authorization": f"Bearer {token}"})
        assert 200 == answer.status_code

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self.ca_file)


@pytest.fixture(scope="session")
def standins() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def issuer(standins: ExitStack, tmp_path_factory: pytest.TempPathFactory) -> Issuer:
    directory = tmp_path_factory.mktemp("issuer")
    authority = ensure_authority(directory / "certificates")
    certificate, key = authority.issue("issuer")
    clients = [
        {"id": "riverside-lab", "secret": CLIENT_SECRET, "audiences": {API: {"roles": ["message.send"]}}},
        {"id": "corridor-delivery", "secret": CLIENT_SECRET, "audiences": {EHR: {"roles": ["fhir.write"]}}},
    ]
    resources = {VAULT: {}, POSTGRES: {"password_file": str(directory / "database-password")}}
    identities = [{"client_id": "corridor-app", "header": IDENTITY_HEADER, "resources": resources}]
    (directory / "clients.json").write_text(json.dumps({"clients": clients}))
    (directory / "identities.json").write_text(json.dumps({"identities": identities}))
    program = running(
        "local.issuer",
        *("--data", directory / "issuer", "--port", "0", "--identity-port", "0"),
        *("--clients", directory / "clients.json", "--identities", directory / "identities.json"),
        *("--certificate", certificate, "--key", key),
        name="issuer",
        log=directory / "issuer.log",
    )
    return Issuer(directory, standins.enter_context(program), authority)


@dataclass(frozen=True)
class Sites:
    """The running destinations; `admin` looks inside and orders faults."""

    program: Program
    secret_file: Path
    admin: httpx.Client

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.program.ports['destinations']}"

    def fault(self, destination: str, mode: str, **more: float) -> None:
        answer = self.admin.post("/admin/faults", json={"destination": destination, "mode": mode, **more})
        assert 200 == answer.status_code

    def effects(self, destination: str, key: str) -> int:
        effects = self.admin.get("/admin/effects", params={"destination": destination}).json()
        return sum(effect["idempotencyKey"] == key for effect in effects)


@pytest.fixture(scope="session")
def sites(standins: ExitStack, issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Sites:
    directory = tmp_path_factory.mktemp("destinations")
    secret_file = directory / "webhook-secret"
    secret_file.write_text(WEBHOOK_SECRET)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SSL_CERT_FILE", issuer.ca_file)
        program = standins.enter_context(
            running(
                "local.destinations",
                *("--store", directory / "received.sqlite", "--port", "0", "--issuer-jwks", issuer.jwks_url),
                *("--audience", EHR, "--issuer", issuer.name, "--webhook-secret-file", secret_file),
                name="destinations",
                log=directory / "log",
            )
        )
    base = f"http://127.0.0.1:{program.ports['destinations']}"
    return Sites(program, secret_file, standins.enter_context(httpx.Client(base_url=base)))


@dataclass
class Vault:
    """A vault that may be stopped and started again on its port and its secrets."""

    arguments: tuple[str | Path, ...]
    log: Path
    issuer: Issuer
    stack: ExitStack
    port: int = 0

    def start(self) -> None:
        self.stack = ExitStack()
        words = (*self.arguments, "--port", str(self.port))
        self.port = self.stack.enter_context(running("local.key_vault", *words, name="key-vault", log=self.log)).ports[
            "key-vault"
        ]

    def stop(self) -> None:
        self.stack.close()

    def client(self) -> SecretClient:
        token = self.issuer.keys().sign(
            {"iss": self.issuer.name, "aud": VAULT, "sub": "officer", "azp": "officer", "oid": "officer"}
            | {"exp": 4_000_000_000, "nbf": 0, "iat": 0}
        )
        return SecretClient(
            f"https://localhost:{self.port}",
            FixedToken(token),
            verify_challenge_resource=False,
            connection_verify=self.issuer.ca_file,
        )


@pytest.fixture(scope="session")
def vault(issuer: Issuer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    directory = tmp_path_factory.mktemp("vault")
    certificate, key = issuer.authority.issue("key-vault")
    (directory / "policy.json").write_text(json.dumps({"policies": {"officer": "officer"}}))
    arguments = (
        *("--store", directory / "secrets.sqlite", "--certificate", certificate, "--key", key),
        *("--policy", directory / "policy.json", "--issuer", issuer.name, "--issuer-jwks", issuer.jwks_url),
        *("--issuer-ca", issuer.ca_file),
    )
    vault = Vault(arguments, directory / "vault.log", issuer, ExitStack())
    vault.start()
    yield vault
    vault.stop()


@pytest.fixture
def secret_client(vault: Vault) -> Iterator[SecretClient]:
    with vault.client() as client:
        yield client


@pytest.fixture
def managed_identity(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let ManagedIdentityCredential find the issuer; return the client id of the app's identity."""
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{issuer.program.ports['issuer-identity']}/identity")
    monkeypatch.setenv("IDENTITY_HEADER", IDENTITY_HEADER)
    assert "AZURE_CLIENT_ID" not in os.environ
    return "corridor-app"
