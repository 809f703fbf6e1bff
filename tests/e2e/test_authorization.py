from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.e2e.er7 import Hl7
from tests.e2e.partner import HL7, PROBLEM, Partner, fetch_token
from tests.e2e.platform_process import ROOT, PlatformProcess, wait_until

SCOPE = "api://corridor/.default"
CLIENTS = {
    "plain": {"partner": "riverside-lab", "roles": ["message.send"]},
    "no-role": {"partner": "riverside-lab", "roles": ["message.read"]},
    "no-partner": {"roles": ["message.send"]},
}


@contextmanager
def issuer(folder: Path, *options: str) -> Iterator[str]:
    """Run an issuer beside the platform's and yield its token endpoint."""
    grants = [
        {
            "id": name,
            "secret": "a-secret",
            "audiences": {"api://corridor": {"roles": what["roles"]}},
            "claims": {"partner": what["partner"]} if "partner" in what else {},
        }
        for name, what in CLIENTS.items()
    ]
    clients = folder.parent / f"{folder.name}-clients.json"
    clients.write_text(json.dumps({"clients": grants}))
    command = [sys.executable, "-m", "local.issuer", "--data", folder, "--port", "0", "--clients", clients, *options]
    output = folder.parent / f"{folder.name}.log"
    with output.open("wb") as log, subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log) as process:
        try:
            wait_until(lambda: "ready issuer" in output.read_text(), 30, "the issuer's start")
            port = int(output.read_text().split("ready issuer ")[1].split()[0])
            tenant = "c0441d00-0000-4000-8000-000000000001"
            yield f"http://localhost:{port}/{tenant}/oauth2/v2.0/token"
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def forged(platform: PlatformProcess, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Tokens that are wrong in one thing each: only whoever has the issuer's key can make most of them."""
    folder = tmp_path_factory.mktemp("forged")
    for name in ("same-key", "expired"):
        shutil.copytree(platform.data / "issuer", folder / name)
    (folder / "other-key").mkdir()
    address = ("--public-url", platform.environment["token_url"].split("/c0441d00")[0])
    tokens = {"none": "", "garbage": "a.b.c", "not-even-that": "%%%"}

    def ask(url: str, client: str = "plain") -> str:
        return fetch_token(url, client_id=client, client_secret="a-secret", scope=SCOPE)

    with issuer(folder / "same-key", *address) as url:
        tokens |= {name: ask(url, name) for name in CLIENTS}
    with issuer(folder / "expired", *address, "--lifetime", "-120") as url:
        tokens["expired"] = ask(url)
    with issuer(folder / "other-key", *address) as url:
        tokens["other-key"] = ask(url)
    tokens["other-audience"] = fetch_token(
        platform.environment["token_url"],
        client_id="corridor-delivery",
        client_secret=platform.secret("harbor-ehr-client-secret"),
        scope="api://harbor-ehr/.default",
    )
    header, _, signature = tokens["plain"].split(".")
    tokens["altered"] = f"{header}.{tokens['no-partner'].split('.')[1]}.{signature}"
    return tokens


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("none", 401, "token-missing"),
        ("garbage", 401, "token-invalid"),
        ("not-even-that", 401, "token-invalid"),
        ("expired", 401, "token-invalid"),
        ("other-key", 401, "token-invalid"),
        ("altered", 401, "token-invalid"),
        ("other-audience", 401, "token-invalid"),
        ("no-role", 403, "role-missing"),
        ("no-partner", 403, "partner-mismatch"),
    ],
)
def test_only_a_good_token_of_this_partner_may_post(
    platform: PlatformProcess, forged: dict[str, str], name: str, status: int, code: str
) -> None:
    response = _post(platform, forged[name])

    assert (status, PROBLEM) == (response.status_code, response.headers["Content-Type"])
    assert code == response.json()["code"]
    assert (status == 401) == response.headers.get("WWW-Authenticate", "").startswith("Bearer")


def test_the_forger_makes_good_tokens_too(platform: PlatformProcess, forged: dict[str, str]) -> None:
    assert 200 == _post(platform, forged["plain"]).status_code


def test_a_partner_posts_on_its_own_route_only(other_lab: Partner) -> None:
    other_lab.url = "/api/v1/partners/riverside-lab/hl7v2"
    response = other_lab.post(Hl7().payload)

    assert (403, PROBLEM) == (response.status_code, response.headers["Content-Type"])
    assert "partner-mismatch" == response.json()["code"]


def test_a_status_page_needs_a_token(platform: PlatformProcess, forged: dict[str, str], lab: Partner) -> None:
    url = f"{platform.api_url}/api/v1/messages/{lab.accepted(Hl7())}"
    statuses = {name: httpx.get(url, headers=_bearer(token)).status_code for name, token in forged.items()}

    assert {**dict.fromkeys(forged, 401), "plain": 200, "no-role": 403, "no-partner": 404} == statuses


def test_basic_authentication_is_no_bearer_token(platform: PlatformProcess, lab: Partner) -> None:
    response = lab.http.post(lab.url, content=Hl7().payload, auth=("riverside-lab", "secret"))

    assert (401, "token-missing") == (response.status_code, response.json()["code"])


def test_the_issuer_gives_no_token_for_a_wrong_secret(platform: PlatformProcess) -> None:
    with pytest.raises(httpx.HTTPStatusError, match="401"):
        fetch_token(platform.environment["token_url"], client_id="riverside-lab", client_secret="wrong", scope=SCOPE)


def _post(platform: PlatformProcess, token: str) -> httpx.Response:
    url = f"{platform.api_url}/api/v1/partners/riverside-lab/hl7v2"
    return httpx.post(url, content=Hl7().payload, headers={"Content-Type": HL7, **_bearer(token)})


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
