import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest

ACCEPTED = b"MSH|^~\\&|HUB|CORRIDOR|RIVERSIDE|LAB|20240501||ACK^R01^ACK|A-1|P|2.5.1\rMSA|AA|C-1\r"
REFUSED = (
    b"MSH|^~\\&|HUB|CORRIDOR|RIVERSIDE|LAB|20240501||ACK^R01^ACK|A-1|P|2.5.1\rMSA|AE|C-1\r"
    b"ERR||PID^1^3^1|101^Required field missing^HL70357|E||||Say who the patient is.\r"
)


@dataclass
class Intake:
    """An issuer and an intake API that answers as told, on one port."""

    url: str = ""
    answer: tuple[int, str, bytes] = (200, "application/hl7-v2", ACCEPTED)
    token_requests: list[dict[str, list[str]]] = field(default_factory=list)
    posts: list[tuple[str, str, bytes]] = field(default_factory=list)

    def reply(self, path: str, authorization: str, body: bytes) -> tuple[int, str, bytes]:
        if path == "/token":
            self.token_requests.append(parse_qs(body.decode()))
            return 200, "application/json", b'{"access_token": "a-token", "token_type": "Bearer"}'
        self.posts.append((path, authorization, body))
        return self.answer


@pytest.fixture
def intake() -> Iterator[Intake]:
    running = Intake()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, kind, content = running.reply(self.path, self.headers.get("Authorization", ""), body)
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Corridor-Message-Id", "M-1")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing: the test's output is the command's."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        running.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        server.shutdown()
        thread.join()


@pytest.fixture
def data(intake: Intake, tmp_path: Path) -> Path:
    environment = {
        "api_url": intake.url,
        "token_url": f"{intake.url}/token",
        "scope": "api://corridor/.default",
        "partners": {"riverside-lab": {"client_id": "riverside", "client_secret": "not-a-secret"}},
    }
    (tmp_path / "environment.json").write_text(json.dumps(environment))
    return tmp_path


def test_an_accepted_message_is_told_with_its_code_and_id(corridor, intake: Intake, data: Path, message: Path) -> None:
    run = corridor("send", "--data", data, "--partner", "riverside-lab", message)

    assert (0, f"AA M-1 {message}\n") == (run.exit_code, run.stdout)
    assert [("/api/v1/partners/riverside-lab/hl7v2", "Bearer a-token", message.read_bytes())] == intake.posts


def test_the_token_is_asked_for_once_with_the_partners_credentials(
    corridor, intake: Intake, data: Path, message: Path
) -> None:
    corridor("send", "--data", data, "--partner", "riverside-lab", message, message)

    assert [
        {
            "grant_type": ["client_credentials"],
            "client_id": ["riverside"],
            "client_secret": ["not-a-secret"],
            "scope": ["api://corridor/.default"],
        }
    ] == intake.token_requests
    assert 2 == len(intake.posts)


def test_a_refusal_shows_what_to_mend(corridor, intake: Intake, data: Path, message: Path) -> None:
    intake.answer = (200, "application/hl7-v2", REFUSED)

    run = corridor("send", "--data", data, "--partner", "riverside-lab", message)

    assert 1 == run.exit_code
    assert [
        f"AE M-1 {message}",
        "   ERR||PID^1^3^1|101^Required field missing^HL70357|E||||Say who the patient is.",
    ] == run.stdout.splitlines()


def test_a_problem_is_told_in_its_own_words(corridor, intake: Intake, data: Path, message: Path) -> None:
    problem = {"title": "Forbidden", "detail": "The token is another partner's.", "status": 403}
    intake.answer = (403, "application/problem+json", json.dumps(problem).encode())

    run = corridor("send", "--data", data, "--partner", "riverside-lab", message)

    assert 1 == run.exit_code
    assert [f"HTTP 403 M-1 {message}", "   Forbidden", "   The token is another partner's."] == run.stdout.splitlines()


def test_options_win_over_the_local_platform(corridor, intake: Intake, data: Path, message: Path) -> None:
    corridor(
        "send", "--data", data, "--partner", "riverside-lab", "--client-id", "another", message,
        CORRIDOR_CLIENT_SECRET="not-a-secret-either",
    )  # fmt: skip

    assert (["another"], ["not-a-secret-either"]) == (
        intake.token_requests[0]["client_id"],
        intake.token_requests[0]["client_secret"],
    )


def test_without_a_running_platform_it_says_what_to_give(corridor, tmp_path: Path, message: Path) -> None:
    run = corridor("send", "--data", tmp_path / "none", "--partner", "riverside-lab", message)

    assert 2 == run.exit_code
    assert "--api-url, --token-url, --scope, --client-id, --client-secret" in run.stderr
