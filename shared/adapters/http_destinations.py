"""
Deliveries over HTTP: FHIR R4 transactions and signed JSON webhooks.

A time-out, a broken connection, 408, 425, 429 and every 5xx may heal; any other refusal is final. The outward
idempotency key is the delivery's id, so a repetition after a crash is recognised by a destination that honours it.
"""

from __future__ import annotations

import hmac
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256

import httpx

from shared.adapters.key_vault_secrets import KeyVaultSecrets
from shared.errors import ConfigurationError, RejectedError, TransientError
from shared.partners.model import Endpoint, Partners
from shared.ports import Destination, Sent
from shared.settings import Settings

_HEALS = frozenset({408, 425, 429})
_TOKEN_MARGIN_SECONDS = 60.0


class FhirDestination:
    """A FHIR R4 endpoint that takes transaction bundles, with OAuth 2 client credentials."""

    def __init__(self, client: httpx.Client, url: str, tokens: ClientCredentials) -> None:
        self._client = client
        self._url = url
        self._tokens = tokens

    def send(self, body: bytes, *, idempotency_key: str, traceparent: str) -> Sent:
        """POST the transaction; the receipt is the status and the entries' versions."""
        with _translated():
            response = self._client.post(
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
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._tokens.forget()
            raise TransientError("destination-unauthorized", text="the destination refused our token")
        _judge(response)
        return Sent(f"HTTP {response.status_code}")


class WebhookDestination:
    """A JSON webhook; the body is signed with HMAC-SHA256 over `<unix time>.<body>`."""

    def __init__(
        self, client: httpx.Client, url: str, secret: Callable[[], str], now: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._url = url
        self._secret = secret
        self._now = now

    def send(self, body: bytes, *, idempotency_key: str, traceparent: str) -> Sent:
        """POST the body with its signature."""
        stamp = str(int(self._now()))
        signature = hmac.new(self._secret().encode(), f"{stamp}.".encode() + body, sha256).hexdigest()
        with _translated():
            response = self._client.post(
                self._url,
                content=body,
                headers={
                    "Corridor-Signature": f"t={stamp},v1={signature}",
                    "Content-Type": "application/fhir+json",
                    "Idempotency-Key": idempotency_key,
                    "traceparent": traceparent,
                },
            )
        _judge(response)
        return Sent(f"HTTP {response.status_code}")


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
        response = self._client.post(
            self._token_url,
            data={
                "grant_type": "client_credentials",
                "client_id": self._credential.client_id,
                "client_secret": self._secrets.get(self._credential.secret),
                "scope": self._credential.scope,
            },
        )
        if response.status_code != httpx.codes.OK:
            raise TransientError("destination-token-refused", text="the destination's issuer gave no token")
        answer = response.json()
        self._token = str(answer["access_token"])
        self._good_until = time.monotonic() + float(answer.get("expires_in", 300)) - _TOKEN_MARGIN_SECONDS


class HttpDestinations:
    """Every destination of the partner files, made on first use and kept."""

    def __init__(self, partners: Partners, settings: Settings, secrets: KeyVaultSecrets) -> None:
        self._partners = partners
        self._settings = settings
        self._secrets = secrets
        self._made: dict[str, Destination] = {}
        self._lock = threading.Lock()

    def named(self, name: str) -> Destination:
        """Return the destination; ConfigurationError `destination-unknown` if no partner file describes it."""
        with self._lock:
            if name not in self._made:
                self._made[name] = self._make(name)
            return self._made[name]

    def _make(self, name: str) -> Destination:
        partner = self._partners.get(name)
        if partner is None or partner.receives is None:
            raise ConfigurationError("destination-unknown", name, "no partner file describes it")
        endpoint = partner.receives.endpoint
        url = self._settings.address(endpoint.url_setting)
        client = httpx.Client(
            timeout=endpoint.timeout_seconds,
            verify=ssl.create_default_context(cafile=self._settings.ca_file),
            limits=httpx.Limits(max_connections=16, max_keepalive_connections=16),
            trust_env=False,
        )
        if endpoint.kind == "webhook":
            return WebhookDestination(client, url, lambda: self._secrets.get(endpoint.credential.secret))
        token_url = self._settings.address(endpoint.credential.token_url_setting)
        return FhirDestination(client, url, ClientCredentials(client, token_url, endpoint, self._secrets))


def _judge(response: httpx.Response) -> None:
    """Raise what the status means; a refused body is ours to mend, so its status is all that is kept."""
    if response.is_success:
        return
    if response.status_code in _HEALS or response.is_server_error:
        raise TransientError(
            "destination-unavailable", text=f"HTTP {response.status_code}", retry_after=_retry_after(response)
        )
    raise RejectedError("destination-refused", text=f"HTTP {response.status_code}")


def _retry_after(response: httpx.Response) -> float | None:
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isdecimal() else None


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except httpx.HTTPError as error:
        raise TransientError("destination-unreachable", text=type(error).__name__) from error
