"""
The sample JSON webhook: a signed POST is kept once per idempotency key.

    Corridor-Signature: t=<unix seconds>,n=<nonce>,v1=<hex HMAC-SHA256 of "t.n.body">[,v1=...]

202 kept (again for a repetition), 400 no key or no JSON, 401 signature, 409 the key was used for another body.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import orjson

from local.destinations.answers import Answer, RefusedError, json_answer
from local.destinations.store import Store

TOLERANCE: Final = 300


def sign(secret: bytes, body: bytes, at: int, nonce: str) -> str:
    """Return the signature header of a body."""
    return f"t={at},n={nonce},v1={_mac(secret, body, at, nonce)}"


def _mac(secret: bytes, body: bytes, at: int, nonce: str) -> str:
    return hmac.new(secret, f"{at}.{nonce}.".encode() + body, hashlib.sha256).hexdigest()


class WebhookReceiver:
    """Verifies and keeps deliveries. The secret file is read each time: a rotation needs no restart."""

    def __init__(self, store: Store, secret_file: Path, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._secret_file = secret_file
        self._clock = clock
        self._used: dict[str, float] = {}

    def verify(self, header: str, body: bytes) -> None:
        """Refuse with 401 what the secret (any line of the file) did not sign just now, or what came before."""
        stated, nonce, signatures = parse_signature(header)
        now = self._clock().timestamp()
        if abs(now - stated) > TOLERANCE:
            raise _unsigned("signature-expired", "The signature is older or newer than five minutes.")
        secrets = [line.strip() for line in self._secret_file.read_bytes().splitlines() if line.strip()]
        expected = [_mac(secret, body, stated, nonce) for secret in secrets]
        if not any(hmac.compare_digest(one, given) for one in expected for given in signatures):
            raise _unsigned("signature-invalid", "The signature does not fit the body.")
        self._forget(now)
        if nonce in self._used:
            raise _unsigned("signature-replayed", "The signature was used before.")
        self._used[nonce] = now

    def _forget(self, now: float) -> None:
        """Drop the nonces that are too old to be used again; they stand in the order of their arrival."""
        while self._used and now - next(iter(self._used.values())) >= 2 * TOLERANCE:
            del self._used[next(iter(self._used))]

    def accept(self, key: str, body: bytes) -> Answer:
        """Keep a verified delivery once; runs inside a transaction of the store."""
        if not key:
            raise RefusedError(400, "idempotency-key-missing", "Idempotency-Key is required.", "required")
        try:
            orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise RefusedError(400, "json-invalid", "The body is no JSON.", "structure") from error
        kept = self._store.delivery(key)
        if kept is not None and kept != body:
            raise RefusedError(409, "idempotency-key-reused", "The key was used for another body.", "conflict")
        if kept is None:
            at = self._clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            self._store.add_delivery(key, at, body)
            self._store.record("webhook", "POST", ("webhook", key, 1), key, at)
        return json_answer(202, {"status": "accepted", "repeated": kept is not None})


def parse_signature(header: str) -> tuple[int, str, list[str]]:
    """Return the stated time, the nonce and the signatures of a header."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    nonces = [value for name, _, value in pairs if name == "n" and value.isascii() and value]
    signatures = [value for name, _, value in pairs if name == "v1" and value.isascii()]
    is_time = len(times) == 1 and times[0].isascii() and times[0].isdecimal() and len(times[0]) <= 12
    if not is_time or len(nonces) != 1 or not signatures:
        raise _unsigned("signature-missing", "Corridor-Signature must be t=<unix>,n=<nonce>,v1=<hex>.")
    return int(times[0]), nonces[0], signatures


def _unsigned(code: str, text: str) -> RefusedError:
    return RefusedError(401, code, text, "login")
