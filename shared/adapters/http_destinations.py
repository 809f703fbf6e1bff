"""
Deliveries over HTTP: FHIR R4 transactions, HL7 v2 messages, signed JSON webhooks.

What a status means is said in `http_posting`. The outward idempotency key is the delivery's id, so a repetition after
a crash is recognised by a destination that honours it.
"""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urlencode
from uuid import uuid4

import orjson

from shared.adapters.file_drop import open_drop
from shared.adapters.http_connections import HttpConnections
from shared.adapters.http_posting import Answer, judge, judge_transaction
from shared.adapters.key_vault_secrets import KeyVaultSecrets
from shared.errors import ConfigurationError, RejectedError, TransientError
from shared.formats.hl7v2.acknowledgment import read_acknowledgment
from shared.formats.hl7v2.parse import parse
from shared.partners.model import SECONDARY, Endpoint, Partners
from shared.ports import Destination, Sent
from shared.settings import Settings
from shared.signatures import HEADER, keys_in, sign

_TOKEN_MARGIN_SECONDS = 60.0
_HL7V2 = "application/hl7-v2"
_ACCEPTED = frozenset({"AA", "CA"})
_REFUSALS = frozenset({"AE", "AR", "CE", "CR"})


def _kinds(kind: str) -> dict[str, str]:
    return {"Content-Type": kind, "Accept": kind}


def _post_with_token(
    client: HttpConnections, url: str, tokens: ClientCredentials, body: bytes, headers: dict[str, str]
) -> Answer:
    """POST with the client's token; one that is refused is forgotten, so that the next attempt fetches another."""
    answer = client.post(url, body, {"Authorization": f"Bearer {tokens.current()}", **headers})
    if answer.status == HTTPStatus.UNAUTHORIZED:
        tokens.forget()
    return answer


class FhirDestination:
    """A FHIR R4 endpoint that takes transaction bundles, with OAuth 2 client credentials."""

    def __init__(self, client: HttpConnections, url: str, tokens: ClientCredentials) -> None:
        self._client = client
        self._url = url
        self._tokens = tokens

    def send(self, body: bytes, *, idempotency_key: str, traceparent: str) -> Sent:
        """POST the transaction; the receipt is the status."""
        headers = {**_kinds("application/fhir+json"), "Idempotency-Key": idempotency_key, "traceparent": traceparent}
        answer = _post_with_token(self._client, self._url, self._tokens, body, headers)
        judge_transaction(answer)
        return Sent(f"HTTP {answer.status}")


class Hl7v2Destination:
    """
    HL7 v2 over HTTPS: one message a POST, answered with its ACK; OAuth 2 client credentials.

    AA or CA with our control id (MSA-2) is success; an answer that was another message's says nothing of this one. A
    message that the receiver refuses (AE, AR, CE, CR) stays refused: a person must look. Who could not read so much as
    the control id refuses without one.
    """

    def __init__(self, client: HttpConnections, url: str, tokens: ClientCredentials) -> None:
        self._client = client
        self._url = url
        self._tokens = tokens

    def send(self, body: bytes, *, idempotency_key: str, traceparent: str) -> Sent:
        """POST the message; the receipt is the status and MSA-1. TransientError where no ACK of it can be read."""
        headers = {**_kinds(_HL7V2), "Idempotency-Key": idempotency_key, "traceparent": traceparent}
        answer = _post_with_token(self._client, self._url, self._tokens, body, headers)
        code, about = read_acknowledgment(answer.body)
        is_ours = about == _control_id(body)
        if code in _REFUSALS and (is_ours or not about) and answer.status != HTTPStatus.UNAUTHORIZED:
            raise RejectedError("destination-refused", "MSA-1", code)
        judge(answer)
        if code not in _ACCEPTED | _REFUSALS:
            raise TransientError("destination-unavailable", text="the answer is no HL7 acknowledgment")
        if not is_ours:
            raise TransientError("destination-unavailable", "MSA-2", "the answer acknowledges another message")
        return Sent(f"HTTP {answer.status} {code}")


def _control_id(message: bytes) -> str:
    """Return MSH-10; "" of what is no message, which nobody acknowledges."""
    try:
        header = parse(message).first("MSH")
    except RejectedError:
        return ""
    return header.text(10) if header is not None else ""


class WebhookDestination:
    """
    A JSON webhook; each attempt is signed anew, by every key of the secret (see `shared.signatures`).

    `forget` is called when the receiver refuses a signature: the secret may have been rotated.
    """

    def __init__(
        self,
        client: HttpConnections,
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
        signature = sign(keys_in(self._secret()), body, int(self._now()), uuid4().hex)
        answer = self._client.post(
            self._url,
            body,
            {
                HEADER: signature,
                "Content-Type": "application/fhir+json",
                "Idempotency-Key": idempotency_key,
                "traceparent": traceparent,
            },
        )
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._forget()
        judge(answer)
        return Sent(f"HTTP {answer.status}")


class ClientCredentials:
    """An OAuth 2 access token (RFC 6749, section 4.4), renewed a minute before it expires."""

    def __init__(self, client: HttpConnections, token_url: str, endpoint: Endpoint, secrets: KeyVaultSecrets) -> None:
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
        form = {
            "grant_type": "client_credentials",
            "client_id": self._credential.client_id,
            "client_secret": self._secrets.get(self._credential.secret),
            "scope": self._credential.scope,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        answer = self._client.post(self._token_url, urlencode(form).encode(), headers)
        if answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED):
            self._secrets.forget(self._credential.secret)
        if answer.status != HTTPStatus.OK:
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
        self._clients: list[HttpConnections] = []
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
        if endpoint.kind == "file":
            return open_drop(url, self._settings.client_id)
        trust = ssl.create_default_context(cafile=self._settings.ca_file)
        client = HttpConnections(timeout=endpoint.timeout_seconds, trust=trust)
        self._clients.append(client)
        if endpoint.kind == "webhook":
            secret = endpoint.credential.secret
            return WebhookDestination(
                client, url, lambda: self._secrets.get(secret), forget=lambda: self._secrets.forget(secret)
            )
        token_url = self._settings.address(endpoint.credential.token_url_setting)
        tokens = ClientCredentials(client, token_url, endpoint, self._secrets)
        return (
            Hl7v2Destination(client, url, tokens) if endpoint.kind == "hl7v2" else FhirDestination(client, url, tokens)
        )

    def close(self) -> None:
        """Close every connection."""
        with self._lock:
            self._made.clear()
            for client in self._clients:
                client.close()
            self._clients.clear()
