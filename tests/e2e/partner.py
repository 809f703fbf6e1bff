"""A partner's side, written from the interface alone: tokens, posts, status pages."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from hashlib import sha256
from secrets import token_hex
from types import TracebackType

import httpx

from tests.e2e.er7 import Hl7
from tests.e2e.platform_process import PlatformProcess

HL7 = "application/hl7-v2"
PROBLEM = "application/problem+json"
TERMINAL = ("processed", "quarantined", "rejected", "duplicate")


@dataclass(frozen=True)
class Receipt:
    """An acknowledgment as its receiver reads it."""

    status: int
    code: str
    message_id: str
    body: bytes


class Partner:
    """One partner with its credentials."""

    def __init__(self, platform: PlatformProcess, name: str) -> None:
        environment = platform.environment
        self.name = name
        self.http = httpx.Client(base_url=environment["api_url"], timeout=30)
        self.url = f"/api/v1/partners/{name}/hl7v2"
        credentials = dict(environment["partners"][name])
        self.signing_key = credentials.pop("signing_key", "").encode()
        self.token = fetch_token(environment["token_url"], scope=environment["scope"], **credentials)

    def __enter__(self) -> Partner:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.http.close()

    @property
    def authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def post(self, payload: bytes, media_type: str | None = HL7, **headers: str) -> httpx.Response:
        kind = {"Content-Type": media_type} if media_type else {}
        signed = {"Corridor-Signature": self.signature(payload)} if self.signing_key else {}
        return self.http.post(self.url, content=payload, headers={**self.authorization, **signed, **kind, **headers})

    def signature(self, payload: bytes) -> str:
        """Sign as docs/adding-a-partner.md tells partners to."""
        at, nonce = int(time.time()), token_hex(16)
        digest = hmac.new(self.signing_key, f"{at}.{nonce}.".encode() + payload, sha256).hexdigest()
        return f"t={at},n={nonce},v1={digest}"

    def send(self, message: Hl7, **headers: str) -> Receipt:
        """Post a message and read the ACK in the message's own delimiters."""
        response = self.post(message.payload, **headers)
        assert response.headers["Content-Type"].startswith(HL7), (response.status_code, response.text)
        (msa,) = segments(response.content, "MSA")
        return Receipt(
            response.status_code,
            msa.split(message.delimiters[0])[1],
            response.headers["Corridor-Message-Id"],
            response.content,
        )

    def accepted(self, message: Hl7, **headers: str) -> str:
        """Post a message that must be accepted, and return Corridor's id of it."""
        receipt = self.send(message, **headers)
        assert (200, "AA") == (receipt.status, receipt.code), receipt.body
        return receipt.message_id

    def send_until_answered(self, message: Hl7, within: float = 60.0) -> tuple[Receipt, int]:
        """Do what a partner does that gets no answer, or is told to try again: post the same bytes again."""
        deadline, resent = time.monotonic() + within, 0
        while True:
            try:
                response = self.post(message.payload)
                if response.status_code < 500:
                    (msa,) = segments(response.content, "MSA")
                    identity = response.headers["Corridor-Message-Id"]
                    return Receipt(response.status_code, msa.split("|")[1], identity, response.content), resent
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline, "no answer"
            resent += 1
            time.sleep(0.2)

    def status(self, message_id: str) -> httpx.Response:
        return self.http.get(f"/api/v1/messages/{message_id}", headers=self.authorization)

    def outcome(self, message_id: str, within: float = 20.0) -> dict[str, object]:
        """Return the status page once nothing of the message is on its way any more."""
        deadline = time.monotonic() + within
        while True:
            page = self.status(message_id).raise_for_status().json()
            if page["status"] in TERMINAL and not page["deliveries"].get("due"):
                return page
            assert time.monotonic() < deadline, page
            time.sleep(0.1)


def fetch_token(token_url: str, *, client_id: str, client_secret: str, scope: str) -> str:
    """Return a token by client credentials."""
    form = {
        "grant_type": "client_credentials",
        "client_id": client_id,
        "client_secret": client_secret,
        "scope": scope,
    }
    return str(httpx.post(token_url, data=form, timeout=30).raise_for_status().json()["access_token"])


def segments(body: bytes, name: str) -> list[str]:
    """Return the segments of this name in an HL7 body."""
    return [line for line in body.decode().split("\r") if line.startswith(name)]
