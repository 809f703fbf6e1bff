"""
The job that brings the code to the apps: `python -m release.publish`, run inside the network from a release's image.

    CORRIDOR_APPS       the apps, as JSON: [{"tier": ..., "app": ..., "health": ...}]; no health: it answers no HTTP
    CORRIDOR_PACKAGE    the package; /release/corridor.zip, where the image has it
    AZURE_CLIENT_ID     which managed identity the job runs as

One app after another, the door last: a message that a new door takes is never met by an old step behind it. What
does not start stops the rollout there; the apps before it keep the new code, which migrations that only expand
allow. Publishing the same package again is harmless. Exit 0 all run it, 1 one does not, 2 a setting is wrong.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shared.catalog.model import Tier
from shared.errors import ConfigurationError

ROLLOUT = (
    Tier.OPS,
    Tier.REPORT,
    Tier.BATCH,
    Tier.WORKFLOW,
    Tier.DELIVER,
    Tier.PROCESS,
    Tier.API,
    Tier.INGEST,
)
_PACKAGE = "/release/corridor.zip"
_SCOPE = "https://management.azure.com/.default"
_DONE, _FAILED = 4, (-1, 3, 5, 6)
_PAUSE = 5.0
_ATTEMPTS = 6
_PATIENCE = 180  # pauses, hence fifteen minutes


@dataclass(frozen=True, slots=True)
class App:
    """One function app: `health` is the path by which it says that it is well, or empty."""

    tier: Tier
    name: str
    health: str


class PublishError(Exception):
    """An app does not run the new code; the message says which and what it answered."""


class Publisher:
    """Publishes one package to apps; `token` gives a current token of the job, `pause` waits for seconds."""

    def __init__(self, http: httpx.Client, token: Callable[[], str], pause: Callable[[float], None]) -> None:
        self._http, self._token, self._pause = http, token, pause

    def publish(self, app: App, package: bytes) -> None:
        """Give `app` the package and wait until it runs it; PublishError if it does not, or cannot be reached."""
        place = f"https://{app.name}.scm.azurewebsites.net"
        answer = self._ask("POST", f"{place}/api/publish?RemoteBuild=false&Deployer=corridor", package)
        if answer.status_code not in (httpx.codes.OK, httpx.codes.ACCEPTED):
            raise PublishError(f"{app.name}: publishing was refused with HTTP {answer.status_code}")
        self._await_deployment(app, f"{place}/api/deployments/{_json(app, answer)}")
        if app.health:
            self._await_health(app)

    def _await_deployment(self, app: App, url: str) -> None:
        for _ in range(_PATIENCE):
            answer = self._ask("GET", url)
            status = _json(app, answer)["status"] if answer.status_code == httpx.codes.OK else None
            if status == _DONE:
                return
            if status in _FAILED:
                raise PublishError(f"{app.name}: the deployment ended with status {status}")
            self._pause(_PAUSE)
        raise PublishError(f"{app.name}: the deployment did not end in time")

    def _await_health(self, app: App) -> None:
        url, found = f"https://{app.name}.azurewebsites.net{app.health}", 0
        for _ in range(_PATIENCE):
            found = self._ask("GET", url).status_code
            if found == httpx.codes.OK:
                return
            self._pause(_PAUSE)
        raise PublishError(f"{app.name}: its health is HTTP {found}")

    def _ask(self, method: str, url: str, content: bytes | None = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._token()}"} | (
            {"Content-Type": "application/zip"} if content else {}
        )
        problem = ""
        for attempt in range(_ATTEMPTS):
            try:
                answer = self._http.request(method, url, content=content, headers=headers)
            except httpx.HTTPError as error:
                problem = type(error).__name__
            else:
                if not answer.is_server_error or "/api/publish" not in url:
                    return answer
                problem = f"HTTP {answer.status_code}"
            self._pause(_PAUSE * 2**attempt)
        raise PublishError(f"{httpx.URL(url).host}: cannot be reached: {problem}")


def _json(app: App, answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError as error:
        raise PublishError(f"{app.name}: its deployment endpoint answered something that is no JSON") from error


def in_order(apps: Sequence[App]) -> list[App]:
    """Return the apps in the order in which they get new code."""
    return sorted(apps, key=lambda app: ROLLOUT.index(app.tier))


def read_apps(text: str) -> list[App]:
    """Return the apps that the setting names; ConfigurationError `setting-invalid`."""
    try:
        return [App(Tier(each["tier"]), str(each["app"]), str(each["health"])) for each in json.loads(text)]
    except (ValueError, KeyError, TypeError) as error:
        wanted = 'a JSON list of {"tier": ..., "app": ..., "health": ...}'
        raise ConfigurationError("setting-invalid", "CORRIDOR_APPS", f"expected {wanted}") from error


def roll_out(publisher: Publisher, apps: Sequence[App], package: bytes) -> Iterator[str]:
    """Publish to one app after another and yield a line for each; PublishError stops it, and nothing after it."""
    for app in in_order(apps):
        publisher.publish(app, package)
        yield f"corridor: {app.name} runs the package"


def run() -> int:
    """Do the job."""
    try:
        apps = read_apps(os.environ.get("CORRIDOR_APPS") or "")
        package = _read(Path(os.environ.get("CORRIDOR_PACKAGE") or _PACKAGE))
    except ConfigurationError as error:
        sys.stderr.write(f"corridor: {error}\n")
        return 2
    with httpx.Client(timeout=httpx.Timeout(30, write=600, read=600)) as http:
        try:
            for line in roll_out(Publisher(http, _token, time.sleep), apps, package):
                sys.stdout.write(f"{line}\n")
        except PublishError as error:
            sys.stderr.write(f"corridor: {error}; apps after it in {', '.join(ROLLOUT)} are as they were\n")
            return 1
    return 0


def _read(package: Path) -> bytes:
    try:
        return package.read_bytes()
    except OSError as error:
        raise ConfigurationError("setting-invalid", "CORRIDOR_PACKAGE", "the package is not there") from error


def _token() -> str:
    from azure.identity import ManagedIdentityCredential

    credential = ManagedIdentityCredential(client_id=os.environ.get("AZURE_CLIENT_ID"))
    return str(credential.get_token(_SCOPE).token)


if __name__ == "__main__":
    sys.exit(run())
