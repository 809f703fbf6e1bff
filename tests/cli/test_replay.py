"""The command line over the operations API: what is asked over HTTP, and what an operator reads (D05, D07)."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Corridor

PLAN = {
    "id": "P-1",
    "kind": "replay",
    "state": "ready",
    "problem": None,
    "rate": 10.0,
    "requestedBy": "operator/olga",
    "reason": "a test",
    "approvedBy": "operator/stella",
    "forecast": [{"destination": "harbor-ehr", "effect": "update", "items": 2, "owed": 1}],
    "toSend": 2,
    "owed": 1,
    "fourEyes": True,
}
ITEM = {
    "position": 1,
    "message": "M-1",
    "destination": "harbor-ehr",
    "effect": "update",
    "code": None,
    "location": None,
    "differences": [{"kind": "changed", "place": "Observation[1].code"}],
    "moreDifferences": 3,
}


@dataclass
class Api:
    """An issuer and an operations API that answer as told, on one port."""

    url: str = ""
    answers: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any], str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        return {
            "CORRIDOR_API_URL": self.url,
            "CORRIDOR_TOKEN_URL": f"{self.url}/token",
            "CORRIDOR_SCOPE": "api",
            "CORRIDOR_OPERATOR_CLIENT_ID": "olga",
            "CORRIDOR_OPERATOR_CLIENT_SECRET": "a-secret",
        }

    def reply(self, method: str, path: str, body: bytes, key: str) -> dict[str, Any]:
        if path == "/token":
            return {"access_token": "a-token"}
        name = f"{method} {path.removeprefix('/api/v1/')}"
        self.asked.append((name, json.loads(body or b"{}"), key))
        waiting = self.answers[name]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@pytest.fixture
def api() -> Iterator[Api]:
    running = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            content = json.dumps(
                running.reply(self.command, self.path, body, self.headers.get("Idempotency-Key", ""))
            ).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815 -- the name that the server looks for

        def log_message(self, *_: object) -> None:
            """Say nothing: the test's output is the command's."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        server.shutdown()
        thread.join()


def test_a_plan_is_asked_for_under_a_key_and_shown_once_its_forecast_is_there(api: Api, corridor: Corridor) -> None:
    api.answers = {"POST replays": [{**PLAN, "state": "requested"}], "GET replays/P-1": [PLAN]}

    done = corridor(
        *("replay", "plan", "--code", "destination-refused", "--message", "M-1", "--reason", "mended"),
        **api.environment,
    )

    (_, question, key), _ = api.asked
    assert {"code": "destination-refused", "messages": ["M-1"], "rate": 10.0, "reason": "mended"} == question
    assert key
    assert (0, True) == (done.exit_code, "plan P-1 ready, asked for by operator/olga" in done.output)
    assert "harbor-ehr: 2 update, 1 owed" in done.output
    assert "2 would be sent at 10 a second; somebody else must approve." in done.output


def test_a_feed_that_failed_says_why_in_json(api: Api, corridor: Corridor) -> None:
    api.answers = {"POST feeds": [{**PLAN, "state": "cancelled", "problem": "replay-too-large"}]}

    done = corridor("replay", "feed", "--destination", "new", "--reason", "go-live", "--json", **api.environment)

    assert ("replay-too-large", "new") == (json.loads(done.output)["problem"], api.asked[0][1]["destination"])


def test_items_are_shown_with_places_and_kinds_over_all_pages(api: Api, corridor: Corridor) -> None:
    api.answers = {
        "GET replays/P-1": [{**PLAN, "problem": "replay-empty", "fourEyes": False}],
        "GET replays/P-1/items?after=0": [{"items": [ITEM], "next": "1"}],
        "GET replays/P-1/items?after=1": [{"items": [{**ITEM, "differences": None, "moreDifferences": 0}]}],
    }

    shown = corridor("replay", "show", "P-1", "--items", **api.environment).output

    assert "changed Observation[1].code" in shown
    assert "and 3 more" in shown
    assert "plan P-1 ready (replay-empty)" in shown
    assert "may be approved by anybody" in shown
    assert 2 == len(
        json.loads(corridor("replay", "show", "P-1", "--items", "--json", **api.environment).output)["items"]
    )


@pytest.mark.parametrize(
    ("decision", "said"),
    [
        ("approve", "P-1 ready by operator/stella: 2 deliveries\n"),
        ("run", "P-1 ready: 1 of 2 owed\n"),
        ("cancel", "P-1 ready: 1 of 2 owed\n"),
    ],
)
def test_a_decision_goes_out_with_its_reason(api: Api, corridor: Corridor, decision: str, said: str) -> None:
    api.answers = {f"POST replays/P-1/{decision}": [PLAN]}

    assert said == corridor("replay", decision, "P-1", "--reason", "agreed", **api.environment).output
    assert [(f"POST replays/P-1/{decision}", {"reason": "agreed"}, "")] == api.asked


def test_plans_are_listed(api: Api, corridor: Corridor) -> None:
    api.answers = {"GET replays": [{"items": [PLAN]}, {"items": [PLAN]}, {"items": []}]}

    assert "P-1 ready replay by operator/olga: a test\n" == corridor("replay", "list", **api.environment).output
    assert [PLAN] == json.loads(corridor("replay", "list", "--json", **api.environment).output)
    assert "There is no plan.\n" == corridor("replay", "list", **api.environment).output


def test_a_payload_is_revealed_into_a_private_new_file(api: Api, corridor: Corridor, tmp_path: Path) -> None:
    target = tmp_path / "held.hl7"
    api.answers = {"POST quarantine/Q-1/reveal": [{"message": "M-1", "payload": b64encode(b"MSH|\r").decode()}]}
    words = ("quarantine", "reveal", "Q-1", "--reason", "which field?", "--to", target)

    assert 0 == corridor(*words, **api.environment).exit_code
    assert (b"MSH|\r", 0o600) == (target.read_bytes(), target.stat().st_mode & 0o777)
    assert 2 == corridor(*words, **api.environment).exit_code


def test_a_corrected_copy_is_sent_as_it_is(api: Api, corridor: Corridor, tmp_path: Path) -> None:
    file = tmp_path / "mended.hl7"
    file.write_bytes(b"MSH|\r\xe4")
    api.answers = {"POST quarantine/Q-1/fix": [{"disposition": "corrected", "copy": "M-2"}]}

    done = corridor("quarantine", "fix", "Q-1", file, "--reason", "a test", **api.environment)

    assert "Q-1 corrected by message M-2\n" == done.output
    assert b64encode(b"MSH|\r\xe4").decode() == api.asked[0][1]["payload"]
