"""Code reaches one app after another, the door last, and stops at the first that does not start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from release.publish import ROLLOUT, App, Publisher, PublishError, in_order, read_apps, roll_out
from shared.catalog.model import Tier
from shared.errors import ConfigurationError

INGEST = App(Tier.INGEST, "corridor-dev-ingest", "/api/v1/health")
OPS = App(Tier.OPS, "corridor-dev-ops", "")
ROOT = Path(__file__).parents[2]

Answers = Callable[[httpx.Request], httpx.Response]


class Azure:
    """What the apps' endpoints answer: a deployment that passes through `statuses`, and a health."""

    def __init__(self, statuses: tuple[int, ...] = (1, 4), health: tuple[int, ...] = (503, 200)) -> None:
        self.statuses, self.health = list(statuses), list(health)
        self.asked: list[str] = []
        self.packages: list[tuple[str, bytes, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url.host}{request.url.path}")
        if request.url.path == "/api/publish":
            assert "false" == request.url.params["RemoteBuild"]
            self.packages.append((request.url.host, request.content, request.headers["Authorization"]))
            return httpx.Response(202, json="a-deployment")
        if request.url.path == "/api/deployments/a-deployment":
            status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
            return httpx.Response(200, json={"status": status})
        return httpx.Response(self.health.pop(0) if len(self.health) > 1 else self.health[0])


def publisher(answers: Answers, waited: list[float] | None = None) -> Publisher:
    http = httpx.Client(transport=httpx.MockTransport(answers))
    return Publisher(http, lambda: "a-token", (waited if waited is not None else []).append)


def test_an_app_gets_the_package_by_a_token_and_is_well_before_the_next_is_begun() -> None:
    azure = Azure()

    publisher(azure).publish(INGEST, b"zip")

    assert [("corridor-dev-ingest.scm.azurewebsites.net", b"zip", "Bearer a-token")] == azure.packages
    assert "GET corridor-dev-ingest.azurewebsites.net/api/v1/health" == azure.asked[-1]


def test_the_door_gets_new_code_last_and_every_tier_has_its_place() -> None:
    apps = [App(tier, tier.value, "") for tier in Tier]

    assert Tier.INGEST is in_order(apps)[-1].tier
    assert set(Tier) == set(ROLLOUT)


def test_what_does_not_start_stops_the_rollout_before_the_door() -> None:
    azure = Azure(statuses=(3,))
    told = []

    with pytest.raises(PublishError, match="corridor-dev-ops: the deployment ended with status 3"):
        told += list(roll_out(publisher(azure), [INGEST, OPS], b"zip"))

    assert [] == told
    assert ["corridor-dev-ops.scm.azurewebsites.net"] == [host for host, _, _ in azure.packages]


def test_a_rollout_tells_each_app_that_runs_the_package() -> None:
    told = list(roll_out(publisher(Azure()), [INGEST, OPS], b"zip"))

    assert ["corridor: corridor-dev-ops runs the package", "corridor: corridor-dev-ingest runs the package"] == told


@pytest.mark.parametrize(
    ("azure", "complaint"),
    [
        (Azure(statuses=(1,)), "the deployment did not end in time"),
        (Azure(health=(500,)), "its health is HTTP 500"),
        (lambda _: httpx.Response(403), "publishing was refused with HTTP 403"),
        (lambda _: httpx.Response(202, text="<html>"), "something that is no JSON"),
    ],
)
def test_an_app_that_does_not_run_the_package_is_named(azure: Answers, complaint: str) -> None:
    with pytest.raises(PublishError, match=complaint):
        publisher(azure).publish(INGEST, b"zip")


def test_an_endpoint_that_is_away_is_asked_again_with_growing_pauses() -> None:
    azure, waited, troubles = Azure(), list[float](), [502, 0]

    def flaky(request: httpx.Request) -> httpx.Response:
        if troubles:
            trouble = troubles.pop(0)
            if trouble:
                return httpx.Response(trouble)
            raise httpx.ConnectError("away")
        return azure(request)

    publisher(flaky, waited).publish(OPS, b"zip")

    assert [5.0, 10.0] == waited[:2]
    assert 1 == len(azure.packages)


def test_an_endpoint_that_stays_away_is_named_without_what_it_said() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("a detail")

    with pytest.raises(PublishError) as refused:
        publisher(away).publish(OPS, b"zip")

    assert "corridor-dev-ops.scm.azurewebsites.net: cannot be reached: ConnectError" == str(refused.value)


def test_the_apps_are_read_from_what_infra_writes() -> None:
    text = '[{"tier": "ingest", "app": "corridor-dev-ingest", "health": "/api/v1/health"}]'

    assert [INGEST] == read_apps(text)


@pytest.mark.parametrize(
    "text", ["", "{}", '[{"tier": "none", "app": "a", "health": ""}]', '[{"tier": "api"}]', "[1]"]
)
def test_apps_that_are_none_are_refused(text: str) -> None:
    if text == "{}":
        assert [] == read_apps(text)
        return
    with pytest.raises(ConfigurationError, match="CORRIDOR_APPS"):
        read_apps(text)


def job(**environ: str) -> subprocess.CompletedProcess[str]:
    settings = {name: value for name, value in os.environ.items() if not name.startswith("CORRIDOR_")}
    return subprocess.run(
        [sys.executable, "-m", "release.publish"],
        cwd=ROOT,
        env={**settings, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_job_names_the_setting_that_is_wrong(tmp_path: Path) -> None:
    unset, lost = job(), job(CORRIDOR_APPS="[]", CORRIDOR_PACKAGE=str(tmp_path / "none.zip"))

    assert (2, True) == (unset.returncode, "CORRIDOR_APPS" in unset.stderr)
    assert (2, True) == (lost.returncode, "CORRIDOR_PACKAGE" in lost.stderr)


def test_a_job_without_apps_has_nothing_to_do(tmp_path: Path) -> None:
    package = tmp_path / "corridor.zip"
    package.write_bytes(b"zip")

    assert 0 == job(CORRIDOR_APPS="[]", CORRIDOR_PACKAGE=str(package)).returncode
