"""
Verification of the tokens that clients put on `$cbs`: signature, issuer, audience and expiry.

Keys come from a JWKS file or URL: fetched when first needed, kept, and fetched again when a token names an unknown
key (rotation), at most once per second and with a short time-out; old keys stay in use when a fetch fails.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import jwt

_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384"]
_FETCH_TIMEOUT = 2.0
_FETCH_PAUSE = 1.0
_MAX_JWKS = 1 << 20


class TokenError(Exception):
    """A token that is refused; the text says why and holds nothing of the token."""


class KeySet:
    """The issuer's public keys by key id."""

    def __init__(self, location: str, now: Callable[[], float] = time.monotonic) -> None:
        self._location, self._now = location, now
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at: float | None = None
        self._fetching = asyncio.Lock()

    async def find(self, key_id: str) -> jwt.PyJWK:
        """Return a key; raise `TokenError` when the issuer does not publish it or cannot be asked."""
        async with self._fetching:
            if key_id not in self._keys and self._may_fetch():
                self._fetched_at = self._now()
                try:
                    text = await asyncio.to_thread(_fetch, self._location)
                    published = jwt.PyJWKSet.from_dict(json.loads(text))
                    self._keys = {key.key_id: key for key in published.keys if key.key_id}
                except (OSError, ValueError, http.client.HTTPException, jwt.PyJWTError) as error:
                    if not self._keys:
                        raise TokenError(f"the issuer's keys cannot be read: {type(error).__name__}") from error
        if key_id not in self._keys:
            raise TokenError("the token's key is not the issuer's")
        return self._keys[key_id]

    def _may_fetch(self) -> bool:
        return self._fetched_at is None or self._now() - self._fetched_at >= _FETCH_PAUSE


class TokenVerifier:
    """What a token must satisfy. The issuer is checked where one is given, the audience likewise."""

    def __init__(self, keys: KeySet, issuer: str | None, audience: str | None) -> None:
        self._keys, self._issuer, self._audience = keys, issuer, audience

    async def verify(self, token: str) -> float:
        """Return the instant at which the token expires; raise `TokenError` for one that is refused."""
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            if not isinstance(key_id, str):
                raise TokenError("the token names no key")
            key = await self._keys.find(key_id)
            claims = jwt.decode(
                token, key, algorithms=_ALGORITHMS, issuer=self._issuer, audience=self._audience,
                options={"require": ["exp"], "verify_aud": self._audience is not None},
            )  # fmt: skip
            return float(claims["exp"])
        except jwt.PyJWTError as error:
            raise TokenError(f"the token is refused: {type(error).__name__}") from error


def _fetch(location: str) -> str:
    url = urlsplit(location)
    if url.scheme not in ("http", "https"):
        return Path(location.removeprefix("file://")).read_text(encoding="utf-8")
    host = url.hostname or ""
    connection = (
        http.client.HTTPSConnection(host, url.port, timeout=_FETCH_TIMEOUT, context=ssl.create_default_context())
        if url.scheme == "https"
        else http.client.HTTPConnection(host, url.port, timeout=_FETCH_TIMEOUT)
    )
    try:
        connection.request("GET", (url.path or "/") + (f"?{url.query}" if url.query else ""))
        response = connection.getresponse()
        if response.status != 200:
            raise OSError(f"the issuer answers {response.status}")
        return response.read(_MAX_JWKS).decode()
    finally:
        connection.close()
