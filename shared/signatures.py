"""
Signed bodies: who sent them, when, and that they are not sent a second time.

    Corridor-Signature: t=<unix seconds>,n=<nonce>,v1=<hex>[,v1=<hex>]

`v1` is HMAC-SHA256 (RFC 2104) over `<t>.<n>.<body>`, one for each key: while a key is rotated there are two, and one
that fits suffices. A key is a line of the secret. The nonce has 16 to 64 letters, digits, `-` or `_`, and is new for
each attempt; who receives it keeps it for as long as the time is taken for fresh.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from shared.errors import RejectedError

HEADER = "Corridor-Signature"
FRESH = timedelta(minutes=5)

_TIME = re.compile(r"[0-9]{1,12}")
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class Signed:
    """What a good signature says: when the body was signed, and the number that is used once."""

    at: datetime
    nonce: str


def keys_in(secret: str) -> list[bytes]:
    """Return the keys of a secret, the newest first: one a line."""
    return [line.strip().encode() for line in secret.splitlines() if line.strip()]


def sign(keys: Sequence[bytes], body: bytes, at: int, nonce: str) -> str:
    """Return the header's value; `at` in seconds since 1970."""
    return ",".join((f"t={at}", f"n={nonce}", *(f"v1={_digest(key, body, at, nonce)}" for key in keys)))


def verify(header: str | None, body: bytes, keys: Sequence[bytes], now: datetime) -> Signed:
    """
    Return what the signature says.

    RejectedError `signature-missing` (none, or not of this form), `signature-expired` (older or newer than five
    minutes), `signature-invalid` (no key made it).
    """
    parts = [part.strip().partition("=") for part in (header or "")[:_LONGEST].split(",")]
    times, nonces, digests = ([value for name, _, value in parts if name == wanted] for wanted in ("t", "n", "v1"))
    if (
        len(times) != 1
        or len(nonces) != 1
        or not _TIME.fullmatch(times[0])
        or not _NONCE.fullmatch(nonces[0])
        or not digests
        or not all(map(_DIGEST.fullmatch, digests))
    ):
        raise RejectedError("signature-missing", HEADER, "sign as t=<unix seconds>,n=<nonce>,v1=<hex>")
    stated = int(times[0])
    if abs(now.timestamp() - stated) > FRESH.total_seconds():
        raise RejectedError("signature-expired", HEADER, "sign each attempt anew, by a clock that is right")
    expected = [_digest(key, body, stated, nonces[0]) for key in keys]
    if not any(hmac.compare_digest(one, given) for one in expected for given in digests):
        raise RejectedError("signature-invalid", HEADER, "no valid key of yours made this signature of this body")
    return Signed(datetime.fromtimestamp(stated, UTC), nonces[0])


def _digest(key: bytes, body: bytes, at: int, nonce: str) -> str:
    return hmac.new(key, f"{at}.{nonce}.".encode() + body, sha256).hexdigest()
