"""An operator decides over the API and by the command line what happens to what waits (D12, D19)."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import httpx
import pytest

from tests.e2e.er7 import Hl7
from tests.e2e.partner import Partner, fetch_token
from tests.e2e.platform_process import ROOT, PlatformProcess, wait_until


def corridor(platform: PlatformProcess, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *words, "--data", str(platform.data)],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("CORRIDOR_")},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def waiting(platform: PlatformProcess, message_id: str) -> list[str]:
    listed = json.loads(corridor(platform, "quarantine", "list", "--json").stdout)
    return [item["id"] for item in listed if item["message"] == message_id]


def test_what_is_held_for_review_is_seen_and_released_by_the_command_line(
    platform: PlatformProcess, lab: Partner
) -> None:
    message = Hl7(obr={25: "?"})
    message_id = lab.send(message).message_id
    wait_until(lambda: bool(waiting(platform, message_id)), 30, "the message in quarantine")
    (identifier,) = waiting(platform, message_id)

    shown = json.loads(corridor(platform, "quarantine", "show", identifier).stdout)
    assert ("unmapped-code", "lab-results", None) == (shown["code"], shown["flow"], shown["disposition"])
    assert 0 != corridor(platform, "quarantine", "release", identifier, "--reason", " ").returncode
    done = corridor(platform, "quarantine", "discard", identifier, "--reason", "a test of the desk")
    assert (0, f"{identifier} discarded\n") == (done.returncode, done.stdout)
    assert [] == waiting(platform, message_id)


def test_a_halted_partner_is_told_to_come_back_and_is_taken_again_when_resumed(
    platform: PlatformProcess, other_lab: Partner
) -> None:
    halted = corridor(platform, "halt", "partner", "northside-lab", "--reason", "their clock is wrong")
    assert (0, True) == (halted.returncode, "partner northside-lab: halted by operator/" in halted.stdout)
    wait_until(lambda: other_lab.post(Hl7().payload).status_code == 503, 15, "the partner's halt")
    assert "Retry-After" in other_lab.post(Hl7().payload).headers

    resumed = corridor(platform, "resume", "partner", "northside-lab", "--reason", "mended")
    assert (0, "Nothing is halted.\n") == (resumed.returncode, resumed.stdout)
    wait_until(lambda: other_lab.post(Hl7().payload).status_code == 200, 15, "the partner's return")


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "quarantine"), ("POST", "quarantine/x/release"), ("GET", "halts"), ("PUT", "halts/flow/lab-results")],
)
def test_a_partner_may_not_operate(platform: PlatformProcess, lab: Partner, method: str, path: str) -> None:
    url = f"{platform.environment['api_url']}/api/v1/{path}"

    answers = [httpx.request(method, url, headers=headers, timeout=30) for headers in ({}, lab.authorization)]

    assert [401, 403] == [answer.status_code for answer in answers]


def test_an_operator_is_told_what_is_wrong_with_a_request(platform: PlatformProcess) -> None:
    environment = platform.environment
    token = fetch_token(environment["token_url"], scope=environment["scope"], **environment["operator"])
    url = f"{environment['api_url']}/api/v1/halts/patient/x"

    answer = httpx.put(url, headers={"Authorization": f"Bearer {token}"}, json={"reason": "a test"}, timeout=30)

    assert (400, "request-invalid", "kind") == (answer.status_code, answer.json()["code"], answer.json()["location"])
