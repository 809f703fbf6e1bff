"""In Azure the job has no password: a token of its own identity is one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit, urlunsplit

import psycopg
import pytest

ROOT = Path(__file__).parents[2]
HEADER = "only-this-job-knows-it"


class Identity(ThreadingHTTPServer):
    """Azure's identity endpoint of one container: it gives `token` to who shows the header."""

    def __init__(self, token: str) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.token = token
        self.asked: list[dict[str, list[str]]] = []


class _Answers(BaseHTTPRequestHandler):
    server: Identity

    def do_GET(self) -> None:
        self.server.asked.append(parse_qs(urlsplit(self.path).query))
        known = self.headers.get("X-IDENTITY-HEADER") == HEADER
        body = {"access_token": self.server.token, "expires_on": str(int(time.time()) + 3600), "token_type": "Bearer"}
        self.send_response(200 if known else 401)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body if known else {}).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def identity(ledger_url: str) -> Iterator[Identity]:
    server = Identity(urlsplit(ledger_url).password or "")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def without_password(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.username}@{parts.netloc.rpartition('@')[2]}"))


def test_a_token_of_the_jobs_identity_opens_the_server(identity: Identity, ledger_url: str) -> None:
    endpoint = f"http://127.0.0.1:{identity.server_port}/identity"
    done = subprocess.run(
        [sys.executable, "-m", "migrations"],
        cwd=ROOT,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("CORRIDOR_")},
            "CORRIDOR_DATABASE_URL": without_password(ledger_url),
            "AZURE_CLIENT_ID": "the-migrator",
            "IDENTITY_ENDPOINT": endpoint,
            "IDENTITY_HEADER": HEADER,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (0, "corridor: the ledger is up to date; 0 identities admitted\n") == (done.returncode, done.stdout)
    assert [["https://ossrdbms-aad.database.windows.net"]] == [asked["resource"] for asked in identity.asked]
    assert [["the-migrator"]] == [asked["client_id"] for asked in identity.asked]
    with psycopg.connect(ledger_url) as connection:
        assert connection.execute("select 1 from pg_roles where rolname = 'corridor_ingest'").fetchone()
