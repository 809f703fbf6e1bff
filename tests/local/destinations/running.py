"""The destinations as a process of their own, and an issuer that signs tokens for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric import rsa

ROOT = Path(__file__).parents[3]
ISSUER, AUDIENCE, SECRET = "https://issuer.test", "api://destinations", b"synthetic-webhook-secret"


class Issuer:
    """Serves one key at a JWKS URL and signs tokens."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        document = orjson.dumps({"keys": [{**public, "kid": "k1", "use": "sig", "alg": "RS256"}]})

        class Keys(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, format: str, *args: Any) -> None:
                """Stay silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Keys)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks"

    def token(self, *, roles: tuple[str, ...] = ("fhir.write",), **claims: Any) -> str:
        content = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": "corridor-deliver", "exp": int(time.time()) + 300,
            "roles": list(roles), **claims,
        }  # fmt: skip
        return jwt.encode(content, self.key, algorithm="RS256", headers={"kid": "k1"})

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@dataclass
class Destinations:
    """A running process with a client whose token may write."""

    folder: Path
    issuer: Issuer
    extra: tuple[str, ...] = ()
    scheme: str = "http"
    verify: Any = True
    process: subprocess.Popen[str] = field(init=False)
    port: int = field(init=False)
    client: httpx.Client = field(init=False)

    def command(self, port: int) -> list[str]:
        secret = self.folder / "secret"
        secret.write_bytes(SECRET + b"\n")
        return [
            sys.executable, "-m", "local.destinations", "--store", str(self.folder / "destinations.sqlite"),
            "--port", str(port), "--issuer-jwks", self.issuer.url, "--audience", AUDIENCE, "--issuer", ISSUER,
            "--webhook-secret-file", str(secret), *self.extra,
        ]  # fmt: skip

    def start(self) -> None:
        self.log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            self.command(0), cwd=ROOT, stdout=subprocess.PIPE, stderr=self.log, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        assert self.process.stdout is not None
        words = self.process.stdout.readline().split()
        assert ["ready", "destinations"] == words[:2], (self.folder / "log").read_text()
        self.port = int(words[2])
        self.client = httpx.Client(
            base_url=f"{self.scheme}://127.0.0.1:{self.port}",
            headers={"authorization": f"Bearer {self.issuer.token()}", "content-type": "application/fhir+json"},
            verify=self.verify,
            timeout=20,
        )

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.client.close()
        self.process.send_signal(number)
        code = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()
        return code

    def effects(self, destination: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.get("/admin/effects", params={"destination": destination}).json()
        return found

    def fault(self, **order: Any) -> None:
        assert 200 == self.client.post("/admin/faults", json=order).status_code


@contextmanager
def running(folder: Path, issuer: Issuer, *extra: str, **more: Any) -> Iterator[Destinations]:
    destinations = Destinations(folder, issuer, extra, **more)
    destinations.start()
    try:
        yield destinations
    finally:
        if destinations.process.poll() is None:
            destinations.stop()
