"""Bearer tokens: JWTs signed by the issuer's current keys (OpenID Connect; Entra in Azure)."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import jwt
from jwt import PyJWK, PyJWKClient, PyJWKClientConnectionError, PyJWKClientError

from shared.errors import RejectedError, TransientError

_LEEWAY_SECONDS = 30
_OUTAGE_SECONDS = 3600
_MOST_REMEMBERED = 1000


@dataclass(frozen=True, slots=True)
class _Verified:
    """What a token says whose signature was made by `key`, and the seconds since 1970 between which it holds."""

    claims: dict[str, Any]
    kid: str
    key: PyJWK
    begins: float
    ends: float


class JwtVerifier:
    """
    Verifies signature (RS256), issuer, audience, expiry and not-before.

    Keys are fetched anew every five minutes and on an unknown `kid`, so that a key the issuer withdrew is soon
    refused; while the issuer cannot be reached, a key that was good within the last hour still is. A token must
    expire: one without `exp` is refused.

    A client sends one token with many requests. Its signature is verified once for each time that the keys are
    fetched: the same bytes and the same key cannot give another answer. Whether the key still counts and whether the
    token has begun and not ended is asked each time. Of a token that was good only the digest is kept.
    """

    def __init__(
        self, *, issuer: str, audience: str, jwks_url: str, ca_file: str | None, fresh_seconds: float = 300
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        context = ssl.create_default_context(cafile=ca_file) if ca_file else None
        self._keys = PyJWKClient(jwks_url, lifespan=fresh_seconds, timeout=5, ssl_context=context)
        self._seen: dict[str, tuple[PyJWK, float]] = {}
        self._verified: dict[bytes, _Verified] = {}

    def verify(self, token: str) -> Mapping[str, Any]:
        """Return the claims; RejectedError `token-invalid`, or TransientError when the keys cannot be fetched."""
        try:
            digest = sha256(token.encode()).digest()
            found = self._verified.get(digest)
            if found is None or not self._still_holds(found):
                found = self._decoded(token)
                if len(self._verified) >= _MOST_REMEMBERED:
                    self._verified = {}
                self._verified[digest] = found
        except (PyJWKClientConnectionError, OSError, json.JSONDecodeError) as error:
            raise TransientError("issuer-unavailable", text="the issuer's keys cannot be fetched") from error
        except (jwt.PyJWTError, PyJWKClientError, UnicodeError) as error:
            raise RejectedError("token-invalid", "Authorization", "the bearer token is not valid") from error
        return found.claims

    def _still_holds(self, found: _Verified) -> bool:
        now = time.time()
        return found.begins <= now < found.ends and self._key_of(found.kid) is found.key

    def _decoded(self, token: str) -> _Verified:
        kid = str(jwt.get_unverified_header(token).get("kid"))
        key = self._key_of(kid)
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            issuer=self._issuer,
            audience=self._audience,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["exp", "iss", "aud"]},
        )
        begins = max(int(claims.get(name, 0)) for name in ("iat", "nbf")) - _LEEWAY_SECONDS
        return _Verified(claims, kid, key, begins, int(claims["exp"]) + _LEEWAY_SECONDS)

    def _key_of(self, kid: str) -> PyJWK:
        try:
            key = self._keys.get_signing_key(kid)
        except (PyJWKClientConnectionError, OSError):
            seen, at = self._seen.get(kid, (None, 0.0))
            if seen is None or time.monotonic() - at > _OUTAGE_SECONDS:
                raise
            return seen
        self._seen = {**self._seen, kid: (key, time.monotonic())}
        return key
