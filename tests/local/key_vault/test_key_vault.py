from __future__ import annotations

import json
import ssl
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import (
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
)
from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

from local.certificates import Authority, ensure_authority
from local.issuer.__main__ import TENANT
from tests.fixtures.programs import Program, running

AUDIENCE = "https://vault.azure.net"
OTHER = "https://storage.azure.com"
OFFICER, USER, STRANGER = "the-officer", "the-user", "the-stranger"
VALUE = "an invented value that no log may hold"


class FixedToken:
    """A credential that hands out one token, whatever it is asked for."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *scopes: str, **settings: object) -> AccessToken:
        return AccessToken(self._token, int(time.time()) + 3600)


@dataclass
class Setting:
    """Authority and issuer, both running; vaults are started over it."""

    directory: Path
    authority: Authority
    issuer: Program
    stack: ExitStack

    @property
    def issuer_url(self) -> str:
        return f"https://localhost:{self.issuer.ports['issuer']}/{TENANT}"

    @property
    def identity_url(self) -> str:
        return f"http://127.0.0.1:{self.issuer.ports['issuer-identity']}/identity"

    def start_vault(self, store: Path, stack: ExitStack | None = None, **changed: str | Path) -> Program:
        certificate, key = self.authority.issue("key-vault")
        options: dict[str, str | Path] = {
            "store": store,
            "port": "0",
            "certificate": certificate,
            "key": key,
            "policy": self.directory / "policy.json",
            "issuer": f"{self.issuer_url}/v2.0",
            "issuer-jwks": f"{self.issuer_url}/discovery/v2.0/keys",
            "issuer-ca": self.authority.ca_file,
            **changed,
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        program = running("local.key_vault", *words, name="key-vault", log=store.with_suffix(".log"))
        return (stack or self.stack).enter_context(program)

    def client(self, vault: Program, identity: str | TokenCredential, stack: ExitStack | None = None) -> SecretClient:
        credential = ManagedIdentityCredential(client_id=identity) if isinstance(identity, str) else identity
        client = SecretClient(
            f"https://localhost:{vault.ports['key-vault']}",
            credential,
            verify_challenge_resource=False,
            connection_verify=str(self.authority.ca_file),
            retry_total=0,
        )
        for closable in (client, credential):
            if hasattr(closable, "close"):
                (stack or self.stack).callback(closable.close)
        return client


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    directory = tmp_path_factory.mktemp("vault")
    authority = ensure_authority(directory / "certificates")
    certificate, key = authority.issue("issuer")
    resources: dict[str, dict[str, str]] = {AUDIENCE: {}, OTHER: {}}
    identities = [
        {"client_id": name, "header": "one app", "resources": resources} for name in (OFFICER, USER, STRANGER)
    ]
    (directory / "identities.json").write_text(json.dumps({"identities": identities}))
    (directory / "policy.json").write_text(json.dumps({"policies": {OFFICER: "officer", USER: "user"}}))
    with ExitStack() as stack, pytest.MonkeyPatch.context() as environment:
        issuer = running(
            "local.issuer",
            *("--data", directory / "issuer", "--port", "0", "--identity-port", "0"),
            *("--identities", directory / "identities.json", "--certificate", certificate, "--key", key),
            name="issuer",
            log=directory / "issuer.log",
        )
        running_setting = Setting(directory, authority, stack.enter_context(issuer), stack)
        environment.setenv("IDENTITY_ENDPOINT", running_setting.identity_url)
        environment.setenv("IDENTITY_HEADER", "one app")
        yield running_setting


@pytest.fixture(scope="module")
def vault(setting: Setting) -> Program:
    return setting.start_vault(setting.directory / "secrets.sqlite")


@pytest.fixture(scope="module")
def officer(setting: Setting, vault: Program) -> SecretClient:
    return setting.client(vault, OFFICER)


@pytest.fixture(scope="module")
def user(setting: Setting, vault: Program) -> SecretClient:
    return setting.client(vault, USER)


def token_of(setting: Setting, identity: str, resource: str = AUDIENCE) -> str:
    query = {"api-version": "2019-08-01", "resource": resource, "client_id": identity}
    answer = httpx.get(setting.identity_url, params=query, headers={"X-IDENTITY-HEADER": "one app"})
    return str(answer.json()["access_token"])


def test_a_secret_that_the_officer_sets_is_read_by_the_user(officer: SecretClient, user: SecretClient) -> None:
    begin, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    officer.set_secret(
        "fhir-password", VALUE, content_type="text/plain", tags={"for": "fhir"}, not_before=begin, expires_on=end
    )

    secret = user.get_secret("fhir-password")

    assert (VALUE, "fhir-password") == (secret.value, secret.name)
    properties = secret.properties
    assert ("text/plain", {"for": "fhir"}) == (properties.content_type, properties.tags)
    assert (begin, end, True) == (properties.not_before, properties.expires_on, properties.enabled)
    assert ("Recoverable+Purgeable", 90) == (properties.recovery_level, properties.recoverable_days)


def test_every_set_makes_a_version_and_old_ones_stay(officer: SecretClient, user: SecretClient) -> None:
    first, second = officer.set_secret("rotated", "one"), officer.set_secret("rotated", "two")

    assert "two" == user.get_secret("rotated").value
    assert "one" == user.get_secret("rotated", first.properties.version).value
    versions = [one.version for one in user.list_properties_of_secret_versions("rotated")]
    assert [first.properties.version, second.properties.version] == versions


def test_lists_name_every_secret_over_several_pages_without_values(officer: SecretClient, user: SecretClient) -> None:
    names = [f"listed-{number:02}" for number in range(30)]
    for name in names:
        officer.set_secret(name, VALUE)

    listed = [one.name for one in user.list_properties_of_secrets() if (one.name or "").startswith("listed-")]
    pages = list(user.list_properties_of_secrets(max_page_size=7).by_page())

    assert names == listed
    assert [7, 7, 7, 7] == [len(list(page)) for page in pages][:4]


def test_a_disabled_secret_is_not_given_until_it_is_enabled(officer: SecretClient, user: SecretClient) -> None:
    officer.set_secret("switch", VALUE, tags={"kept": "yes"})
    officer.update_secret_properties("switch", enabled=False)

    with pytest.raises(HttpResponseError) as refused:
        user.get_secret("switch")
    officer.update_secret_properties("switch", enabled=True)

    assert 403 == refused.value.status_code
    assert (VALUE, {"kept": "yes"}) == (user.get_secret("switch").value, user.get_secret("switch").properties.tags)


def test_a_secret_out_of_its_time_is_given_as_the_service_does(officer: SecretClient, user: SecretClient) -> None:
    officer.set_secret("expired", VALUE, expires_on=datetime(2020, 1, 1, tzinfo=UTC))

    assert VALUE == user.get_secret("expired").value


def test_a_deleted_secret_comes_back_with_its_versions(officer: SecretClient, user: SecretClient) -> None:
    first = officer.set_secret("regretted", "one")
    officer.set_secret("regretted", "two")
    deleted = officer.begin_delete_secret("regretted").result()
    with pytest.raises(ResourceNotFoundError):
        user.get_secret("regretted")
    with pytest.raises(ResourceExistsError):
        officer.set_secret("regretted", "three")
    listed = [one.name for one in officer.list_deleted_secrets()]

    officer.begin_recover_deleted_secret("regretted").wait()

    assert ("regretted", True) == (deleted.name, deleted.scheduled_purge_date is not None)
    assert "regretted" in listed
    assert "two" == user.get_secret("regretted").value
    assert "one" == user.get_secret("regretted", first.properties.version).value


def test_a_purged_secret_is_gone_from_the_file_too(setting: Setting, officer: SecretClient) -> None:
    word = "to be destroyed " * 20
    officer.set_secret("purged", word)
    assert word.encode() in (setting.directory / "secrets.sqlite").read_bytes()
    officer.begin_delete_secret("purged").wait()

    officer.purge_deleted_secret("purged")

    assert [] == [one.name for one in officer.list_deleted_secrets() if one.name == "purged"]
    with pytest.raises(ResourceNotFoundError):
        officer.get_deleted_secret("purged")
    assert word.encode() not in (setting.directory / "secrets.sqlite").read_bytes()
    assert "anew" == officer.set_secret("purged", "anew").value


def test_the_user_reads_and_does_nothing_else(officer: SecretClient, user: SecretClient) -> None:
    officer.set_secret("guarded", VALUE)
    forbidden = (
        lambda: user.set_secret("guarded", "another"),
        lambda: user.update_secret_properties("guarded", enabled=False),
        lambda: user.begin_delete_secret("guarded"),
        lambda: user.purge_deleted_secret("guarded"),
        lambda: list(user.list_deleted_secrets()),
    )
    for attempt in forbidden:
        with pytest.raises(HttpResponseError) as refused:
            attempt()
        assert 403 == refused.value.status_code

    assert VALUE == user.get_secret("guarded").value


def test_an_identity_without_a_role_is_forbidden(setting: Setting, vault: Program) -> None:
    stranger = setting.client(vault, STRANGER)

    with pytest.raises(HttpResponseError) as refused:
        stranger.get_secret("guarded")

    assert 403 == refused.value.status_code


def test_without_a_token_the_caller_is_challenged_with_the_issuer_and_the_audience(
    setting: Setting, vault: Program
) -> None:
    context = ssl.create_default_context(cafile=str(setting.authority.ca_file))
    url = f"https://localhost:{vault.ports['key-vault']}/secrets/any?api-version=7.5"

    answer = httpx.get(url, verify=context)

    assert 401 == answer.status_code
    expected = f'Bearer authorization="{setting.issuer_url}", resource="{AUDIENCE}"'
    assert expected == answer.headers["www-authenticate"]


@pytest.mark.parametrize("damage", ["another audience", "a forged signature", "no token at all"])
def test_a_token_that_is_not_for_this_vault_is_refused(setting: Setting, vault: Program, damage: str) -> None:
    tokens = {
        "another audience": token_of(setting, OFFICER, OTHER),
        "a forged signature": token_of(setting, OFFICER)[:-20] + "A" * 20,
        "no token at all": "not.a.token",
    }
    impostor = setting.client(vault, FixedToken(tokens[damage]))

    with pytest.raises(HttpResponseError) as refused:
        impostor.get_secret("guarded")

    assert 401 == refused.value.status_code


def test_a_vault_that_cannot_read_the_issuers_keys_says_that_it_will_later(setting: Setting, tmp_path: Path) -> None:
    with ExitStack() as stack:
        jwks = {"issuer-jwks": "https://localhost:9/keys"}
        vault = setting.start_vault(tmp_path / "other.sqlite", stack, **jwks)
        client = setting.client(vault, OFFICER, stack)

        with pytest.raises(HttpResponseError) as refused:
            client.get_secret("any")

    assert 503 == refused.value.status_code


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/secrets/any", b"", 400),
        ("GET", "/secrets/under_score?api-version=7.5", b"", 400),
        ("GET", "/secrets/nothing?api-version=7.5", b"", 404),
        ("GET", "/secrets?api-version=7.5&maxresults=1000", b"", 400),
        ("GET", "/secrets/any/versions?api-version=7.5&$skiptoken=x", b"", 400),
        ("PUT", "/secrets/any?api-version=7.5", b"{", 400),
        ("PUT", "/secrets/any?api-version=7.5", b"[]", 400),
        ("PUT", "/secrets/any?api-version=7.5", b'{"value": 1}', 400),
        ("PUT", "/secrets/any?api-version=7.5", b'{"value": "x", "attributes": {"exp": "soon"}}', 400),
        ("PUT", "/secrets/any?api-version=7.5", b'{"value": "x", "attributes": 7}', 400),
        ("PUT", "/secrets/any?api-version=7.5", b'{"value": "' + b"x" * 30_000 + b'"}', 400),
        ("PUT", "/secrets/any?api-version=7.5", b'{"value": "' + b"x" * 140_000 + b'"}', 413),
        ("POST", "/secrets/any/backup?api-version=7.5", b"", 501),
        ("GET", "/keys/any?api-version=7.5", b"", 501),
    ],
)
def test_what_the_vault_does_not_understand_is_refused_in_the_services_shape(
    setting: Setting, vault: Program, method: str, path: str, body: bytes, status: int
) -> None:
    context = ssl.create_default_context(cafile=str(setting.authority.ca_file))
    url = f"https://localhost:{vault.ports['key-vault']}{path}"
    headers = {"Authorization": f"Bearer {token_of(setting, OFFICER)}"}

    answer = httpx.request(method, url, content=body, headers=headers, verify=context)

    assert status == answer.status_code
    assert {"code", "message"} <= answer.json()["error"].keys()


def test_plain_http_is_not_spoken(setting: Setting, vault: Program) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://localhost:{vault.ports['key-vault']}/secrets")


def test_a_vault_with_another_authoritys_certificate_is_not_trusted(
    setting: Setting, vault: Program, tmp_path: Path
) -> None:
    other = Setting(tmp_path, ensure_authority(tmp_path), setting.issuer, setting.stack)

    with pytest.raises(ServiceRequestError):
        other.client(vault, USER).get_secret("any")


def test_secrets_survive_a_kill_and_the_file_is_the_owners_alone(setting: Setting, tmp_path: Path) -> None:
    store = tmp_path / "durable.sqlite"
    with ExitStack() as stack:
        vault = setting.start_vault(store, stack)
        setting.client(vault, OFFICER, stack).set_secret("kept", VALUE)
        vault.process.kill()
        vault.process.wait(10)
        second = setting.start_vault(store, stack)

        kept = setting.client(second, USER, stack).get_secret("kept")
        code = second.stop()

    assert (VALUE, 0) == (kept.value, code)
    assert 0o600 == stat.S_IMODE(store.stat().st_mode)


def test_no_value_is_in_the_log(officer: SecretClient, vault: Program) -> None:
    officer.set_secret("unlogged", VALUE)
    with pytest.raises(HttpResponseError):
        officer.set_secret("under_score", VALUE)

    assert VALUE not in vault.log.read_text()


@pytest.mark.parametrize("content", ["{}", "[", '{"policies": {"x": "owner"}}', '{"policies": []}'])
def test_a_policy_that_is_wrong_stops_the_start(content: str, tmp_path: Path) -> None:
    (tmp_path / "policy.json").write_text(content)
    options = {"store": tmp_path / "s", "certificate": "c", "key": "k", "policy": tmp_path / "policy.json"}
    words = [str(word) for name, value in options.items() for word in (f"--{name}", value)]
    command = [sys.executable, "-m", "local.key_vault", "--port", "0", "--issuer", "i", *words]

    done = subprocess.run(
        [*command, "--issuer-jwks", "https://localhost/keys"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert (2, 1) == (done.returncode, len(done.stderr.splitlines()))
