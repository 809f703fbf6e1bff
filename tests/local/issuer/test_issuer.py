from __future__ import annotations

import hashlib
import json
import socket
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import ClientSecretCredential, ManagedIdentityCredential

from local.certificates import ensure_authority
from local.issuer.__main__ import TENANT
from tests.fixtures.programs import Program, running

API = "api://corridor"
VAULT = "https://vault.azure.net"
POSTGRES = "https://ossrdbms-aad.database.windows.net"
SECRET = "an invented secret: with ü & %"

CLIENTS = [
    {
        "id": "st-anna",
        "secret": SECRET,
        "audiences": {API: {"roles": ["messages.send"], "scopes": ["messages.write", "messages.read"]}},
        "claims": {"partner": "st-anna", "iss": "https://elsewhere.example", "azp": "somebody-else"},
    },
    {
        "id": "hashed",
        "secret_sha256": hashlib.sha256(b"hashed secret").hexdigest(),
        "audiences": {API: {}},
        "claims": {"roles": ["administrator"]},
    },
]


@dataclass(frozen=True)
class Issuer:
    program: Program
    directory: Path
    ca_file: Path
    client: httpx.Client

    @property
    def url(self) -> str:
        return f"https://localhost:{self.program.ports['issuer']}"

    @property
    def identity_url(self) -> str:
        return f"http://127.0.0.1:{self.program.ports['issuer-identity']}/identity"

    def ask(self, **form: str) -> httpx.Response:
        filled = {"grant_type": "client_credentials", "scope": f"{API}/.default", **form}
        return self.client.post(f"{self.url}/{TENANT}/oauth2/v2.0/token", data=filled)

    def token(self, client_id: str = "st-anna", client_secret: str = SECRET) -> str:
        return str(self.ask(client_id=client_id, client_secret=client_secret).json()["access_token"])

    def verified(self, token: str, audience: str) -> dict[str, Any]:
        discovery = self.client.get(f"{self.url}/{TENANT}/v2.0/.well-known/openid-configuration").json()
        context = ssl.create_default_context(cafile=str(self.ca_file))
        key = jwt.PyJWKClient(discovery["jwks_uri"], ssl_context=context).get_signing_key_from_jwt(token)
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=["RS256"], audience=audience, issuer=discovery["issuer"]
        )
        return claims


def start(stack: ExitStack, directory: Path) -> Issuer:
    authority = ensure_authority(directory / "certificates")
    certificate, key = authority.issue("issuer")
    password = directory / "tier.password"
    password.write_text("the tier's password\n")
    identities = [
        {
            "client_id": "process-tier",
            "header": "header of process",
            "resources": {VAULT: {"roles": ["reader"]}, POSTGRES: {"password_file": str(password)}},
        },
        {"client_id": "first", "header": "header of two", "resources": {VAULT: {}}},
        {"client_id": "second", "header": "header of two", "resources": {"https://storage.azure.com/": {}}},
    ]
    (directory / "clients.json").write_text(json.dumps({"clients": CLIENTS}))
    (directory / "identities.json").write_text(json.dumps({"identities": identities}))
    program = running(
        "local.issuer",
        *("--data", directory / "issuer", "--port", "0", "--identity-port", "0"),
        *("--clients", directory / "clients.json", "--identities", directory / "identities.json"),
        *("--certificate", certificate, "--key", key),
        name="issuer",
        log=directory / "issuer.log",
    )
    client = httpx.Client(verify=ssl.create_default_context(cafile=str(authority.ca_file)))
    return Issuer(stack.enter_context(program), directory / "issuer", authority.ca_file, stack.enter_context(client))


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    with ExitStack() as stack:
        yield start(stack, tmp_path_factory.mktemp("issuer"))


@pytest.fixture
def app_service(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", issuer.identity_url)
    monkeypatch.setenv("IDENTITY_HEADER", "header of process")


def test_a_partner_gets_a_token_shaped_as_entra_shapes_them(issuer: Issuer) -> None:
    answer = issuer.ask(client_id="st-anna", client_secret=SECRET)
    claims = issuer.verified(answer.json()["access_token"], API)

    assert "no-store" == answer.headers["cache-control"]
    assert ("Bearer", 3600) == (answer.json()["token_type"], answer.json()["expires_in"])
    assert claims["iat"] == claims["nbf"] == claims["exp"] - 3600
    assert claims["sub"] == claims["oid"]
    expected = {
        "iss": f"{issuer.url}/{TENANT}/v2.0",
        "aud": API,
        "azp": "st-anna",
        "tid": TENANT,
        "ver": "2.0",
        "roles": ["messages.send"],
        "scp": "messages.write messages.read",
        "partner": "st-anna",
    }
    assert expected == {name: claims[name] for name in expected}


def test_every_token_has_an_id_of_its_own(issuer: Issuer) -> None:
    ids = {issuer.verified(issuer.token(), API)["jti"] for _ in range(3)}

    assert 3 == len(ids)


def test_extra_claims_give_no_roles(issuer: Issuer) -> None:
    claims = issuer.verified(issuer.token("hashed", "hashed secret"), API)

    assert {"roles", "scp"}.isdisjoint(claims)


def test_a_client_may_prove_itself_by_http_basic(issuer: Issuer) -> None:
    form = {"grant_type": "client_credentials", "scope": f"{API}/.default"}
    url = f"{issuer.url}/{TENANT}/oauth2/v2.0/token"

    # httpx does not form-encode as RFC 6749 wants it; this secret does not need it.
    answer = issuer.client.post(url, data=form, auth=("hashed", "hashed+secret"))

    assert 200 == answer.status_code


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({"client_id": "st-anna", "client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": "nobody", "client_secret": SECRET}, 401, "invalid_client"),
        ({}, 401, "invalid_client"),
        ({"client_id": "st-anna", "client_secret": SECRET, "scope": "api://other/.default"}, 400, "invalid_scope"),
        ({"client_id": "st-anna", "client_secret": SECRET, "scope": API}, 400, "invalid_scope"),
        (
            {"client_id": "st-anna", "client_secret": SECRET, "grant_type": "password"},
            400,
            "unsupported_grant_type",
        ),
    ],
)
def test_what_is_wrong_is_refused_in_the_words_of_rfc_6749(
    issuer: Issuer, form: dict[str, str], status: int, error: str
) -> None:
    answer = issuer.ask(**form)

    assert (status, error) == (answer.status_code, answer.json()["error"])
    assert (status == 401) == ("www-authenticate" in answer.headers)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 400),
        ("application/x-www-form-urlencoded", b"scope=a&scope=b", 400),
        ("application/x-www-form-urlencoded", b"\xff\xfe", 400),
        ("application/x-www-form-urlencoded", b"scope=" + b"a" * 20_000, 413),
    ],
)
def test_a_body_that_is_no_form_is_an_invalid_request(
    issuer: Issuer, content_type: str, body: bytes, status: int
) -> None:
    url = f"{issuer.url}/{TENANT}/oauth2/v2.0/token"

    answer = issuer.client.post(url, content=body, headers={"Content-Type": content_type})

    assert (status, "invalid_request") == (answer.status_code, answer.json()["error"])


def test_both_ways_to_prove_oneself_at_once_are_an_invalid_request(issuer: Issuer) -> None:
    form = {"grant_type": "client_credentials", "client_id": "hashed", "client_secret": "hashed secret"}
    url = f"{issuer.url}/{TENANT}/oauth2/v2.0/token"

    both = issuer.client.post(url, data=form, auth=("hashed", "hashed+secret"))
    malformed = issuer.client.post(url, data=form, headers={"Authorization": "Basic !"})

    assert (400, "invalid_request") == (both.status_code, both.json()["error"])
    assert (401, "invalid_client") == (malformed.status_code, malformed.json()["error"])


def test_the_azure_sdk_gets_a_token_with_a_client_secret(issuer: Issuer) -> None:
    authority = {"authority": issuer.url, "disable_instance_discovery": True}
    with ClientSecretCredential(
        TENANT, "st-anna", SECRET, connection_verify=str(issuer.ca_file), **authority
    ) as credential:
        token = credential.get_token(f"{API}/.default")

    assert "st-anna" == issuer.verified(token.token, API)["partner"]


@pytest.mark.usefixtures("app_service")
@pytest.mark.parametrize("chosen", [None, "process-tier"])
def test_the_azure_sdk_gets_a_token_by_managed_identity(issuer: Issuer, chosen: str | None) -> None:
    with ManagedIdentityCredential(client_id=chosen) as credential:
        token = credential.get_token(f"{VAULT}/.default")

    claims = issuer.verified(token.token, VAULT)
    assert ("process-tier", ["reader"]) == (claims["azp"], claims["roles"])
    assert token.expires_on == pytest.approx(claims["exp"], abs=2)


@pytest.mark.usefixtures("app_service")
def test_the_token_for_postgresql_is_the_identitys_password() -> None:
    with ManagedIdentityCredential() as credential:
        token = credential.get_token(f"{POSTGRES}/.default")

    assert "the tier's password" == token.token
    assert token.expires_on > time.time()


@pytest.mark.usefixtures("app_service")
def test_an_identity_gets_no_token_for_a_resource_that_it_is_not_given() -> None:
    with ManagedIdentityCredential() as credential, pytest.raises(ClientAuthenticationError):
        credential.get_token("https://storage.azure.com/.default")


@pytest.mark.parametrize(
    ("header", "query", "status"),
    [
        ("header of process", {}, 200),
        ("header of process", {"client_id": "first"}, 400),
        ("header of process", {"api-version": "2017-09-01"}, 400),
        ("header of process", {"resource": "https://storage.azure.com"}, 400),
        ("header of two", {}, 400),
        ("header of two", {"client_id": "first"}, 200),
        ("header of two", {"client_id": "second", "resource": "https://storage.azure.com"}, 200),
        ("header of nobody", {}, 401),
        ("", {}, 401),
    ],
)
def test_an_app_gets_tokens_for_its_own_identities_only(
    issuer: Issuer, header: str, query: dict[str, str], status: int
) -> None:
    filled = {"api-version": "2019-08-01", "resource": VAULT, **query}

    answer = issuer.client.get(issuer.identity_url, params=filled, headers={"X-IDENTITY-HEADER": header})

    assert status == answer.status_code


def test_a_rotation_is_not_noticed_by_those_who_read_the_keys_before(tmp_path: Path) -> None:
    with ExitStack() as stack:
        issuer = start(stack, tmp_path)
        keys_url = f"{issuer.url}/{TENANT}/discovery/v2.0/keys"
        admin = {"Authorization": f"Bearer {(issuer.directory / 'admin-token').read_text()}"}
        before = {key["kid"] for key in issuer.client.get(keys_url).json()["keys"]}
        old_token = issuer.token()

        rotated = issuer.client.post(f"{issuer.url}/admin/rotate", headers=admin)
        new_token = issuer.token()

        assert 200 == rotated.status_code
        assert rotated.json()["kid"] == jwt.get_unverified_header(new_token)["kid"]
        assert jwt.get_unverified_header(new_token)["kid"] != jwt.get_unverified_header(old_token)["kid"]
        assert jwt.get_unverified_header(new_token)["kid"] in before
        assert issuer.verified(old_token, API)["jti"] != issuer.verified(new_token, API)["jti"]


def test_only_the_administrator_rotates(issuer: Issuer) -> None:
    for header in ({}, {"Authorization": "Bearer guess"}, {"Authorization": f"Bearer {issuer.token()}"}):
        assert 403 == issuer.client.post(f"{issuer.url}/admin/rotate", headers=header).status_code


def test_what_the_issuer_writes_is_its_owners_alone_and_its_log_holds_no_secret(issuer: Issuer) -> None:
    issuer.ask(client_id="st-anna", client_secret="a wrong secret")

    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in issuer.directory.iterdir()}

    assert {"signing-keys.json": 0o600, "admin-token": 0o600} == modes
    assert 0o700 == stat.S_IMODE(issuer.directory.stat().st_mode)
    assert "a client was refused" in issuer.program.log.read_text()
    assert "a wrong secret" not in issuer.program.log.read_text()
    assert "st-anna" not in issuer.program.log.read_text()


def test_the_keys_outlive_the_issuer_and_sigterm_ends_it_with_0(tmp_path: Path) -> None:
    with ExitStack() as stack:
        first = start(stack, tmp_path)
        kid = jwt.get_unverified_header(first.token())["kid"]
        assert 0 == first.program.stop()
    with ExitStack() as stack:
        second = start(stack, tmp_path)
        assert kid == jwt.get_unverified_header(second.token())["kid"]


@pytest.mark.parametrize(
    "content",
    ["{}", "not json", '{"clients": [{"id": "x", "secret": ""}]}', '{"clients": [{"id": "x", "audiences": {}}]}'],
)
def test_a_clients_file_that_is_wrong_stops_the_start_without_quoting_it(content: str, tmp_path: Path) -> None:
    clients = tmp_path / "clients.json"
    clients.write_text(content)

    done = start_and_end("--data", str(tmp_path), "--port", "0", "--clients", str(clients))

    assert 2 == done.returncode
    assert 1 == len(done.stderr.splitlines())


def test_a_taken_port_ends_it_with_3_and_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        done = start_and_end("--data", str(tmp_path), "--port", str(port))

    assert 3 == done.returncode
    assert [f"issuer cannot listen on 127.0.0.1:{port}: another program uses it; choose another with --port"] == (
        done.stderr.splitlines()
    )


def start_and_end(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local.issuer", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
