"""How Corridor proves itself to destinations: tokens and signatures, and what follows when they change (G04)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
from azure.keyvault.secrets import SecretClient

from shared.adapters.http_destinations import (
    ClientCredentials,
    FhirDestination,
    HttpDestinations,
    WebhookDestination,
)
from shared.adapters.key_vault_secrets import KeyVaultSecrets
from shared.errors import ConfigurationError, TransientError
from shared.partners.model import Partners, Secondary
from shared.partners.reading import read_partners
from shared.settings import Settings, read_settings
from shared.trace_context import start_trace
from tests.shared.adapters.desks import ENDPOINT, Clients, bundle, failure, send
from tests.shared.adapters.parts import HttpServer, Seconds, nobody, plain
from tests.shared.adapters.standins import CLIENT_SECRET, EHR, WEBHOOK_SECRET, Issuer, Sites

PARTNERS = read_partners(Path(__file__).parents[3] / "partners")


def test_a_webhook_secret_that_was_rotated_is_picked_up(
    portal: WebhookDestination, sites: Sites, secret_client: SecretClient
) -> None:
    send(portal, bundle())
    sites.secret_file.write_text("a newer invented secret")
    secret_client.set_secret("webhook-secret", "a newer invented secret")
    try:
        assert "destination-unauthorized" == failure(TransientError, lambda: send(portal, bundle())).code
        assert "HTTP 202" == send(portal, bundle())
    finally:
        sites.secret_file.write_text(WEBHOOK_SECRET)


def test_a_signature_that_is_too_old_may_heal(clients: Clients, sites: Sites) -> None:
    late = WebhookDestination(clients(), f"{sites.url}/webhook", lambda: WEBHOOK_SECRET, now=Seconds(1000.0))

    assert "destination-unauthorized" == failure(TransientError, lambda: send(late, bundle())).code


def test_a_client_secret_that_was_rotated_is_picked_up(
    ehr: FhirDestination, secrets: KeyVaultSecrets, secret_client: SecretClient
) -> None:
    secret_client.set_secret("ehr-secret", "outdated")
    secrets.forget("ehr-secret")
    assert "destination-token-refused" == failure(TransientError, lambda: send(ehr, bundle())).code

    secret_client.set_secret("ehr-secret", CLIENT_SECRET)

    assert "HTTP 200" == send(ehr, bundle())


def test_a_token_that_is_refused_is_replaced(
    clients: Clients, sites: Sites, secrets: KeyVaultSecrets, issuer: Issuer
) -> None:
    form = [orjson.dumps({"access_token": "withdrawn", "expires_in": 3600})]
    with HttpServer(lambda request: plain(200, form[0])(request)).running() as token_server:
        tokens = ClientCredentials(clients(), token_server.url, ENDPOINT, secrets)
        ehr = FhirDestination(clients(), f"{sites.url}/fhir", tokens)
        assert "destination-unauthorized" == failure(TransientError, lambda: send(ehr, bundle())).code

        good = issuer.keys().sign(
            {"iss": issuer.name, "aud": EHR, "sub": "x", "exp": 4_000_000_000, "roles": ["fhir.write"]}
        )
        form[0] = orjson.dumps({"access_token": good, "expires_in": 3600})

        assert ["HTTP 200", "HTTP 200"] == [send(ehr, bundle()), send(ehr, bundle())]
        assert 2 == len(token_server.paths)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"access_token": "t", "expires_in": "soon"}'),
        (302, b""),
        (400, b"{}"),
        (500, b"{}"),
    ],
)
def test_an_issuer_that_gives_no_token_heals(
    clients: Clients, secrets: KeyVaultSecrets, status: int, body: bytes
) -> None:
    with HttpServer(plain(status, body)).running() as server:
        tokens = ClientCredentials(clients(), server.url, ENDPOINT, secrets)

        assert "destination-token-refused" == failure(TransientError, tokens.current).code


def test_an_issuer_that_cannot_be_reached_heals(clients: Clients, secrets: KeyVaultSecrets) -> None:
    with nobody() as port:
        tokens = ClientCredentials(clients(), f"http://127.0.0.1:{port}", ENDPOINT, secrets)

        assert "destination-unreachable" == failure(TransientError, tokens.current).code


def settings_with(issuer: Issuer, addresses: dict[str, str]) -> Settings:
    unused = ("CORRIDOR_DATABASE_URL", "CORRIDOR_ARCHIVE_URL", "SERVICE_BUS__fullyQualifiedNamespace")
    return read_settings(
        dict.fromkeys((*unused, "CORRIDOR_KEY_VAULT_URL", "CORRIDOR_TOKEN_ISSUER"), "-")
        | {"CORRIDOR_TOKEN_JWKS_URL": "-", "CORRIDOR_TOKEN_AUDIENCE": "-", "CORRIDOR_CA_FILE": issuer.ca_file}
        | addresses
    )


@pytest.fixture
def named(issuer: Issuer, sites: Sites, secret_client: SecretClient) -> Iterator[HttpDestinations]:
    secret_client.set_secret("harbor-ehr-client-secret", CLIENT_SECRET)
    secret_client.set_secret("insight-portal-webhook-secret", WEBHOOK_SECRET)
    settings = settings_with(
        issuer,
        {"HARBOR_EHR_URL": f"{sites.url}/fhir", "HARBOR_EHR_TOKEN_URL": issuer.token_url}
        | {"INSIGHT_PORTAL_URL": f"{sites.url}/webhook"},
    )
    destinations = HttpDestinations(PARTNERS, settings, KeyVaultSecrets(secret_client))
    yield destinations
    destinations.close()


@pytest.mark.parametrize("name", ["harbor-ehr", "insight-portal"])
def test_every_destination_of_the_partner_files_is_reached(named: HttpDestinations, name: str) -> None:
    sent = named.named(name).send(bundle(), idempotency_key=str(uuid4()), traceparent=start_trace())

    assert sent.receipt in {"HTTP 200", "HTTP 202"}
    assert named.named(name) is named.named(name)


def test_a_secondary_endpoint_is_a_way_of_its_own(issuer: Issuer, sites: Sites, secret_client: SecretClient) -> None:
    secret_client.set_secret("insight-portal-webhook-secret", WEBHOOK_SECRET)
    portal = PARTNERS.by_name["insight-portal"]
    assert portal.receives is not None
    standby = replace(portal.receives.endpoint, url_setting="STANDBY_URL")
    receives = replace(portal.receives, secondary=Secondary(standby, timedelta(minutes=5)))
    settings = settings_with(
        issuer, {"INSIGHT_PORTAL_URL": "https://localhost:1", "STANDBY_URL": f"{sites.url}/webhook"}
    )
    partners = Partners({"insight-portal": replace(portal, receives=receives)})
    with closing(HttpDestinations(partners, settings, KeyVaultSecrets(secret_client))) as destinations:
        sent = destinations.named("insight-portal/secondary").send(
            bundle(), idempotency_key=str(uuid4()), traceparent=start_trace()
        )

    assert "HTTP 202" == sent.receipt


@pytest.mark.parametrize("name", ["riverside-lab", "nobody", "harbor-ehr/secondary"])
def test_who_receives_nothing_is_no_destination(named: HttpDestinations, name: str) -> None:
    with pytest.raises(ConfigurationError, match="destination-unknown"):
        named.named(name)
