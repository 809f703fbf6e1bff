"""Bearer tokens: JWTs signed by the issuer's current keys (OpenID Connect; Entra in Azure)."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from typing import Any

import jwt
from jwt import PyJWK, PyJWKClient, PyJWKClientConnectionError, PyJWKClientError

from shared.errors import RejectedError, TransientError

_LEEWAY_SECONDS = 30
_OUTAGE_SECONDS = 3600


class JwtVerifier:
    """
    Verifies signature (RS256), issuer, audience, expiry and not-before.

    Keys are fetched anew every five minutes and on an unknown `kid`, so that a key the issuer withdrew is soon
    refused; while the issuer cannot be reached, a key that was good within the last hour still is. A token must
    expire: one without `exp` is refused.
    """

    def __init__(
        self, *, issuer: str, audience: str, jwks_url: str, ca_file: str | None, fresh_seconds: float = 300
    ) -> None:
        self._issuer = issuer
        self._audience = audience
        context = ssl.create_default_context(cafile=ca_file) if ca_file else None
        self._keys = PyJWKClient(jwks_url, lifespan=fresh_seconds, timeout=5, ssl_context=context)
        self._seen: dict[str, tuple[PyJWK, float]] = {}

    def verify(self, token: str) -> Mapping[str, Any]:
        """Return the claims; RejectedError `token-invalid`, or TransientError when the keys cannot be fetched."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key_of(token),
                algorithms=["RS256"],
                issuer=self._issuer,
                audience=self._audience,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud"]},
            )
        except (PyJWKClientConnectionError, OSError, json.JSONDecodeError) as error:
            raise TransientError("issuer-unavailable", text="the issuer's keys cannot be fetched") from error
        except (jwt.PyJWTError, PyJWKClientError, UnicodeError) as error:
            raise RejectedError("token-invalid", "Authorization", "the bearer token is not valid") from error
        return claims

    def _key_of(self, token: str) -> PyJWK:
        kid = str(jwt.get_unverified_header(token).get("kid"))
        try:
            key = self._keys.get_signing_key(kid)
        except (PyJWKClientConnectionError, OSError):
            seen, at = self._seen.get(kid, (None, 0.0))
            if seen is None or time.monotonic() - at > _OUTAGE_SECONDS:
                raise
            return seen
        self._seen = {**self._seen, kid: (key, time.monotonic())}
        return key
