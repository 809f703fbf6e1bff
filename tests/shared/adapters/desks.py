"""Destinations over HTTP as fixtures, with their secrets in the vault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any
from uuid import uuid4

import orjson
import pytest
from azure.keyvault.secrets import SecretClient

from shared.adapters.http_connections import HttpConnections
from shared.adapters.http_destinations import ClientCredentials, FhirDestination, WebhookDestination
from shared.adapters.key_vault_secrets import KeyVaultSecrets
from shared.errors import RejectedError, TransientError
from shared.partners.model import Credential, Endpoint
from shared.ports import Destination
from shared.trace_context import start_trace
from tests.shared.adapters.standins import CLIENT_SECRET, EHR, WEBHOOK_SECRET, Issuer, Sites

Clients = Callable[..., HttpConnections]

ENDPOINT = Endpoint(
    kind="fhir-r4",
    url_setting="HARBOR_EHR_URL",
    credential=Credential("oauth2", "ehr-secret", "corridor-delivery", "HARBOR_EHR_TOKEN_URL", f"{EHR}/.default"),
    idempotent=True,
    timeout_seconds=5,
)


def bundle() -> bytes:
    patient = str(uuid4())
    resource = {"resourceType": "Patient", "id": patient, "name": [{"family": "TESTPATIENT-ALDER"}]}
    entry = {"fullUrl": f"urn:uuid:{patient}", "resource": resource}
    request = {"method": "PUT", "url": f"Patient/{patient}"}
    return orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [{**entry, "request": request}]})


@pytest.fixture
def secrets(secret_client: SecretClient) -> KeyVaultSecrets:
    secret_client.set_secret("ehr-secret", CLIENT_SECRET)
    secret_client.set_secret("webhook-secret", WEBHOOK_SECRET)
    return KeyVaultSecrets(secret_client)


@pytest.fixture
def clients(issuer: Issuer) -> Iterator[Clients]:
    with ExitStack() as stack:
        yield lambda timeout=5.0: stack.enter_context(closing(HttpConnections(timeout=timeout, trust=issuer.trust())))


@pytest.fixture
def tokens(clients: Clients, issuer: Issuer, secrets: KeyVaultSecrets) -> ClientCredentials:
    return ClientCredentials(clients(), issuer.token_url, ENDPOINT, secrets)


@pytest.fixture
def ehr(clients: Clients, sites: Sites, tokens: ClientCredentials) -> Iterator[FhirDestination]:
    yield FhirDestination(clients(), f"{sites.url}/fhir", tokens)
    sites.fault("fhir", "none")


@pytest.fixture
def portal(clients: Clients, sites: Sites, secrets: KeyVaultSecrets) -> Iterator[WebhookDestination]:
    yield WebhookDestination(
        clients(),
        f"{sites.url}/webhook",
        lambda: secrets.get("webhook-secret"),
        forget=lambda: secrets.forget("webhook-secret"),
    )
    sites.fault("webhook", "none")


def send(destination: Destination, body: bytes, key: str | None = None) -> str:
    return destination.send(body, idempotency_key=key or str(uuid4()), traceparent=start_trace()).receipt


def failure(kind: type[RejectedError | TransientError], act: Callable[[], object]) -> Any:
    with pytest.raises(kind) as caught:
        act()
    return caught.value


def webhook_at(client: HttpConnections, url: str) -> WebhookDestination:
    return WebhookDestination(client, url, lambda: WEBHOOK_SECRET)
