"""Bearer tokens: JWTs signed by the issuer's current keys (OpenID Connect; Entra in Azure)."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

import jwt
from jwt import PyJWKClient, PyJWKClientConnectionError, PyJWKClientError

from shared.errors import RejectedError, TransientError

_LEEWAY_SECONDS = 30


class JwtVerifier:
    """
    Verifies signature (RS256), issuer, audience, expiry and not-before; keys are cached and refetched on a new `kid`.

    A token must expire: one without `exp` is refused.
    """

    def __init__(self, *, issuer: str, audience: str, jwks_url: str, ca_file: str | None) -> None:
        self._issuer = issuer
        self._audience = audience
        context = ssl.create_default_context(cafile=ca_file) if ca_file else None
        self._keys = PyJWKClient(jwks_url, cache_keys=True, lifespan=300, timeout=5, ssl_context=context)

    def verify(self, token: str) -> Mapping[str, Any]:
        """Return the claims; RejectedError `token-invalid`, or TransientError when the keys cannot be fetched."""
        try:
            key = self._keys.get_signing_key_from_jwt(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                issuer=self._issuer,
                audience=self._audience,
                leeway=_LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud"]},
            )
        except PyJWKClientConnectionError as error:
            raise TransientError("issuer-unavailable", text="the issuer's keys cannot be fetched") from error
        except (jwt.PyJWTError, PyJWKClientError, UnicodeError) as error:
            raise RejectedError("token-invalid", "Authorization", "the bearer token is not valid") from error
        return claims
