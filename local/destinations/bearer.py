"""
Bearer tokens at the FHIR endpoint: JWT against the issuer's JWKS, audience, expiry and role.

A token carries a role as an application role (`roles`) or as a scope (`scope`, `scp`); writing includes reading.
An issuer that cannot be reached is no reason to call a token bad: the caller is asked to come back. A token that was
good is taken for good for another minute unless it expires: a client sends the same one with every request.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import jwt

from local.destinations.answers import RefusedError

READ: Final = "fhir.read"
WRITE: Final = "fhir.write"
ALGORITHMS: Final = ("RS256", "PS256", "ES256")
REMEMBERED_SECONDS: Final = 60.0
MOST_REMEMBERED: Final = 100
CHALLENGE: Final = {"www-authenticate": 'Bearer realm="fhir"'}


class BearerTokens:
    """Checks Authorization headers; keeps the issuer's keys for five minutes."""

    def __init__(self, jwks_url: str, issuer: str, audience: str) -> None:
        self._keys = jwt.PyJWKClient(jwks_url, lifespan=300, timeout=5)
        self._issuer = issuer
        self._audience = audience
        self._good: dict[str, tuple[dict[str, Any], float]] = {}

    async def client(self, header: str, role: str) -> str:
        """Return who calls; refuse with 401 or 403."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _unauthorized("token-missing", "A bearer token is required.")
        claims = await self._claims_of(token.strip())
        if not granted(claims) & {role, WRITE}:
            raise RefusedError(403, "role-missing", f"The token lacks the role {role}.", "forbidden")
        return str(claims.get("azp") or claims.get("client_id") or claims.get("appid") or claims["sub"])

    async def _claims_of(self, token: str) -> dict[str, Any]:
        claims, until = self._good.get(token, ({}, 0.0))
        if time.time() >= until:
            # Keys may have to be fetched, which must hold up neither the loop nor the store's thread.
            claims = await asyncio.to_thread(self._claims, token)
            if len(self._good) >= MOST_REMEMBERED:
                self._good.clear()
            self._good[token] = claims, min(time.time() + REMEMBERED_SECONDS, int(claims["exp"]))
        return claims

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            key = self._keys.get_signing_key_from_jwt(token)
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=list(ALGORITHMS),
                audience=self._audience,
                issuer=self._issuer,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.PyJWKClientConnectionError as error:
            text = "The issuer's keys cannot be read now."
            raise RefusedError(503, "issuer-unreachable", text, "transient", headers={"retry-after": "2"}) from error
        except jwt.PyJWTError as error:
            raise _unauthorized("token-invalid", "The token is not valid here.") from error
        return claims


def granted(claims: dict[str, Any]) -> set[str]:
    """Return the roles and scopes of a token."""
    found: set[str] = set()
    for name in ("roles", "scope", "scp"):
        value = claims.get(name, ())
        found.update(value.split() if isinstance(value, str) else [one for one in value if isinstance(one, str)])
    return found


def _unauthorized(code: str, text: str) -> RefusedError:
    return RefusedError(401, code, text, "login", headers=CHALLENGE)
