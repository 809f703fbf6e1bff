"""A release proves itself by one synthetic message, which Corridor takes as it would take a partner's."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest

from functions.intake.use_case import Submission, receive_hl7v2
from functions.lab_results.use_case import DETECT_CRITICAL, PROCESS
from release.smoke import SmokeError, Target, probe_message, send_probe
from shared.adapters.memory import RecordedHints
from shared.authorization import Principal
from shared.partners.reading import read_partners
from shared.pipeline import drain
from shared.ports import Ports
from shared.trace_context import start_trace

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 14, 10, 15, tzinfo=UTC)
TARGET = Target("https://ingest.example", "https://api.example/", "corridor-probe")
MESSAGE_ID = "6f1d0000-0000-7000-8000-000000000001"


class Corridor:
    """Takes a message, and says of it what `statuses` say one after another."""

    def __init__(self, *statuses: str, code: str = "AA", http: int = 200) -> None:
        self.statuses, self.code, self.http = list(statuses), code, http
        self.sent: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            self.sent.append(request)
            acknowledgment = f"MSH|^~\\&|A|B|C|D|1||ACK|1|T|2.5.1\rMSA|{self.code}|1\r"
            return httpx.Response(self.http, text=acknowledgment, headers={"Corridor-Message-Id": MESSAGE_ID})
        if not self.statuses:
            return httpx.Response(503)
        return httpx.Response(200, json={"status": self.statuses.pop(0) if self.statuses[1:] else self.statuses[0]})


def probe(corridor: Corridor) -> str:
    http = httpx.Client(transport=httpx.MockTransport(corridor))
    return send_probe(http, TARGET, "a-token", NOW, lambda _: None)


def test_a_probe_that_is_processed_proves_the_release() -> None:
    corridor = Corridor("received", "processed")

    assert MESSAGE_ID == probe(corridor)
    (sent,) = corridor.sent
    assert "https://ingest.example/api/v1/partners/corridor-probe/hl7v2" == str(sent.url)
    assert "Bearer a-token" == sent.headers["Authorization"]
    assert "a-token" == sent.headers["Corridor-Gateway-Token"]


@pytest.mark.parametrize(
    ("corridor", "complaint"),
    [
        (Corridor(code="AE", http=422), "not accepted: HTTP 422"),
        (Corridor(code="AR"), "not accepted: HTTP 200"),
        (Corridor("received", "quarantined"), "ended as quarantined"),
        (Corridor("received"), "is still received"),
        (Corridor(), "is still HTTP 503"),
    ],
)
def test_a_probe_that_does_not_come_through_fails_the_release(corridor: Corridor, complaint: str) -> None:
    with pytest.raises(SmokeError, match=complaint):
        probe(corridor)


def test_a_door_that_is_away_fails_the_release() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectTimeout("a detail")

    with pytest.raises(SmokeError, match=r"ingest\.example cannot be reached: ConnectTimeout"):
        send_probe(httpx.Client(transport=httpx.MockTransport(away)), TARGET, "t", NOW, lambda _: None)


def test_corridor_itself_accepts_and_processes_the_probe(ports: Ports, hints: RecordedHints, ledger_url: str) -> None:
    desk = replace(ports, partners=read_partners(ROOT / "partners"))
    caller = Principal("the-job", "corridor-probe", frozenset({"message.send"}))
    submission = Submission("corridor-probe", probe_message(NOW), "application/hl7-v2", start_trace())

    answer = receive_hl7v2(submission, caller, desk)
    for hint in hints.take():
        drain(
            {stage.step.function: stage for stage in (PROCESS, DETECT_CRITICAL)}[hint.function], hint.stream_id, desk
        )

    assert "AA" == answer.code
    with psycopg.connect(ledger_url) as connection:
        assert [("processed",)] == connection.execute("select status from message").fetchall()
        assert [] == connection.execute("select destination from delivery").fetchall()
        assert [] == connection.execute("select kind from task").fetchall()


def test_the_probe_is_marked_as_training_and_goes_to_nobody() -> None:
    partners = read_partners(ROOT / "partners")

    assert "T" == probe_message(NOW).decode().split("|")[10]
    assert () == partners.receivers_of("result.finalized", "T")


def test_each_probe_has_a_control_id_of_its_own() -> None:
    later = NOW.replace(microsecond=1000)

    assert probe_message(NOW).split(b"|")[9] != probe_message(later).split(b"|")[9]


def test_the_job_names_the_setting_that_it_lacks() -> None:
    settings = {name: value for name, value in os.environ.items() if not name.startswith("CORRIDOR_")}
    done = subprocess.run(
        [sys.executable, "-m", "release.smoke"], cwd=ROOT, env=settings, capture_output=True, text=True, check=False
    )

    assert (2, True) == (done.returncode, "CORRIDOR_API_URL" in done.stderr)
