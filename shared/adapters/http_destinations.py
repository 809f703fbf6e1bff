"""
Deliveries over HTTP: FHIR R4 transactions and signed JSON webhooks.

A time-out, a broken connection, 401, 408, 425, 429 and every 5xx may heal; any other refusal is final, a redirect
among them. The outward idempotency key is the delivery's id, so a repetition after a crash is recognised by a
destination that honours it. The status line decides: of an answer's body no more is read than a receipt can hold
and the time-out allows.
"""

from __future__ import annotations

import hmac
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any

import httpx
import orjson

from shared.adapters.key_vault_secrets import KeyVaultSecrets
from shared.errors import ConfigurationError, RejectedError, TransientError
from shared.partners.model import SECONDARY, Endpoint, Partners
from shared.ports import Destination, Sent
from shared.settings import Settings

_HEALS = frozenset({408, 425, 429})
_TOKEN_MARGIN_SECONDS = 60.0
_LARGEST_ANSWER = 1024 * 1024
_LONGEST_RETRY_AFTER = 86_400.0


class FhirDestination:
    """A FHIR R4 endpoint that takes transaction bundles, with OAuth 2 client credentials."""

    def __init__(self, client: httpx.Client, url: str, tokens: ClientCredentials) -> None:
        self._client = client
        self._url = url
        self._tokens = tokens

    def send(self, body: bytes, *, idempotency_key: str, traceparent: str) -> Sent:
        """POST the transaction; the receipt is the status."""
        answer = _post(
            self._client,
            self._url,
            content=body,
            headers={
                "Authorization": f"Bearer {self._tokens.current()}",
                "Content-Type": "application/fhir+json",
                "Accept": "application/fhir+json",
                "Idempotency-Key": idempotency_key,
                "traceparent": traceparent,
            },
        )
        if answer.status == httpx.codes.UNAUTHORIZED:
            self._tokens.forget()
        _judge(answer)
        return Sent(f"HTTP {answer.status}")


class WebhookDestination:
    """
    A JSON webhook; the body is signed with HMAC-SHA256 over `<unix time>.<body>`.

    `forget` is called when the receiver refuses a signature: the secret may have been rotated.
    """

    def __init__(
        self,
        client: httpx.Client,
        url: str,
        secret: Callable[[], str],
        now: Callable[[], float] = time.time,
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        self._client = client
        self._url = url
        self._secret = secret
        self._now = now
        self._forget = forget

    def send(self, body: bytes, *, idempotency_key: str, traceparent: str) -> Sent:
        """POST the body with its signature."""
        stamp = str(int(self._now()))
        signature = hmac.new(self._secret().encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
        answer = _post(
            self._client,
            self._url,
            content=body,
            headers={
                "Corridor-Signature": f"t={stamp},v1={signature}",
                "Content-Type": "application/fhir+json",
                "Idempotency-Key": idempotency_key,
                "traceparent": traceparent,
            },
        )
        if answer.status == httpx.codes.UNAUTHORIZED:
            self._forget()
        _judge(answer)
        return Sent(f"HTTP {answer.status}")


class ClientCredentials:
    """An OAuth 2 access token (RFC 6749, section 4.4), renewed a minute before it expires."""

    def __init__(self, client: httpx.Client, token_url: str, endpoint: Endpoint, secrets: KeyVaultSecrets) -> None:
        self._client = client
        self._token_url = token_url
        self._credential = endpoint.credential
        self._secrets = secrets
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0

    def current(self) -> str:
        """Return a token that is good for at least a minute."""
        with self._lock:
            if time.monotonic() >= self._good_until:
                self._fetch()
            return self._token

    def forget(self) -> None:
        """Drop the token and the secret behind it: either may have been rotated."""
        with self._lock:
            self._good_until = 0.0
        self._secrets.forget(self._credential.secret)

    def _fetch(self) -> None:
        answer = _post(
            self._client,
            self._token_url,
            data={
                "grant_type": "client_credentials",
                "client_id": self._credential.client_id,
                "client_secret": self._secrets.get(self._credential.secret),
                "scope": self._credential.scope,
            },
        )
        if answer.status in (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED):
            self._secrets.forget(self._credential.secret)
        if answer.status != httpx.codes.OK:
            raise TransientError("destination-token-refused", text="the destination's issuer gave no token")
        try:
            content = orjson.loads(answer.body)
            token, lifetime = str(content["access_token"]), float(content.get("expires_in", 300))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            text = "the destination's issuer answered without a token"
            raise TransientError("destination-token-refused", text=text) from error
        self._token = token
        self._good_until = time.monotonic() + lifetime - _TOKEN_MARGIN_SECONDS


class HttpDestinations:
    """Every destination of the partner files, made on first use and kept."""

    def __init__(self, partners: Partners, settings: Settings, secrets: KeyVaultSecrets) -> None:
        self._partners = partners
        self._settings = settings
        self._secrets = secrets
        self._made: dict[str, Destination] = {}
        self._clients: list[httpx.Client] = []
        self._lock = threading.Lock()

    def named(self, name: str) -> Destination:
        """Return the destination; ConfigurationError `destination-unknown` if no partner file describes it."""
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name)
            return self._made[name]

    def _make(self, name: str) -> Destination:
        partner = self._partners.get(name.removesuffix(SECONDARY))
        endpoint = partner.receives.endpoint_over(name) if partner and partner.receives else None
        if endpoint is None:
            raise ConfigurationError("destination-unknown", name, "no partner file describes it")
        url = self._settings.address(endpoint.url_setting)
        client = httpx.Client(
            timeout=endpoint.timeout_seconds,
            verify=ssl.create_default_context(cafile=self._settings.ca_file),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=16),
            trust_env=False,
        )
        self._clients.append(client)
        if endpoint.kind == "webhook":
            secret = endpoint.credential.secret
            return WebhookDestination(
                client, url, lambda: self._secrets.get(secret), forget=lambda: self._secrets.forget(secret)
            )
        token_url = self._settings.address(endpoint.credential.token_url_setting)
        return FhirDestination(client, url, ClientCredentials(client, token_url, endpoint, self._secrets))

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            self._made.clear()
            for client in self._clients:
                client.close()
            self._clients.clear()


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: httpx.Headers
    body: bytes


def _post(client: httpx.Client, url: str, *, headers: dict[str, str] | None = None, **content: Any) -> _Answer:
    with (
        _translated(),
        client.stream("POST", url, headers={**(headers or {}), "Accept-Encoding": "identity"}, **content) as response,
    ):
        return _Answer(response.status_code, response.headers, _beginning(response, client.timeout.read))


def _beginning(response: httpx.Response, patience: float | None) -> bytes:
    """Return the body as far as it comes in time; an answer that breaks off has told its status already."""
    deadline = time.monotonic() + (patience or 0.0)
    body = bytearray()
    with suppress(httpx.HTTPError):
        for part in response.iter_raw():
            body += part
            if len(body) > _LARGEST_ANSWER or time.monotonic() > deadline:
                break
    return bytes(body)


def _judge(answer: _Answer) -> None:
    """Raise what the status means; a refused body is ours to mend, so its status is all that is kept."""
    if httpx.codes.is_success(answer.status):
        return
    if answer.status == httpx.codes.UNAUTHORIZED:
        raise TransientError("destination-unauthorized", text="the destination refused our token or signature")
    if answer.status in _HEALS or httpx.codes.is_server_error(answer.status):
        raise TransientError(
            "destination-unavailable", text=f"HTTP {answer.status}", retry_after=_retry_after(answer.headers)
        )
    raise RejectedError("destination-refused", text=f"HTTP {answer.status}")


def _retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds of Retry-After, which is a number or a date (RFC 9110, section 10.2.3)."""
    value = headers.get("Retry-After", "")
    if value.isascii() and value.isdecimal():
        return min(float(value), _LONGEST_RETRY_AFTER)
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    seconds = (until.replace(tzinfo=until.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise TransientError("destination-unreachable", text=type(error).__name__) from error
