"""
Settings to adapters to ports: made on first use, once per process.

Importing this module imports no SDK: a function app's cold start pays for what it uses, when it uses it.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import SystemRandom
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from shared.catalog.index import queues, subscriptions
from shared.landing import Landing
from shared.ports import Archive, FactPublisher, HintSender, Ports, TokenVerifier
from shared.settings import Settings, read_settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.servicebus import ServiceBusClient

    from shared.adapters.postgres_ledger import PostgresLedger
    from shared.delivery.pressure import IntakeLimits

_POSTGRES_SCOPE = "https://ossrdbms-aad.database.windows.net/.default"

_building = threading.Lock()


def ports() -> Ports:
    """Return the ports of this process; ConfigurationError when the settings are not complete."""
    with _building:  # `cache` alone would let the first callers of a cold start build several
        return _built()


@cache
def _built() -> Ports:
    return build_ports(read_settings())


def build_ports(settings: Settings) -> Ports:
    """Return ports that speak to the services that `settings` name."""
    from shared.adapters.azure_dead_letters import ServiceBusDeadLetters
    from shared.adapters.azure_service_bus import ServiceBusFactPublisher, ServiceBusHintSender, ServiceBusSenders
    from shared.adapters.http_destinations import HttpDestinations
    from shared.adapters.shared_intake_gate import SharedIntakeGate
    from shared.partners.reading import read_partners
    from shared.validation.partner_files import check_partner

    credential = _credential(settings)
    bus = _bus(settings, credential)
    senders = ServiceBusSenders(bus)
    hints = ServiceBusHintSender(senders)
    partners = read_partners(settings.partners)
    for partner in partners.by_name.values():
        check_partner(partner)
    ledger = _ledger(settings, credential, hints)
    archive = _archive(settings, credential)
    secrets = _secrets(settings, credential)
    return Ports(
        ledger=ledger,
        archive=archive,
        hints=hints,
        facts=ServiceBusFactPublisher(senders),
        event_grid=_event_grid(settings, credential),
        destinations=HttpDestinations(partners, settings, secrets),
        tokens=_verifier(settings),
        secrets=secrets,
        partners=partners,
        clock=_now,
        jitter=SystemRandom(),
        lease=settings.lease,
        max_body_bytes=settings.max_body_bytes,
        four_eyes_above=settings.four_eyes_above,
        behind_gateway=settings.behind_gateway,
        dead_letters=ServiceBusDeadLetters(bus, [*queues(), *subscriptions()]),
        intake=SharedIntakeGate(ledger, archive, partners, clock=_now, limits=_intake_limits(settings)),
        landing=_landing(settings, credential),
        instance=f"{socket.gethostname()}/{os.getpid()}/{uuid4().hex[:8]}",
    )


def _ledger(settings: Settings, credential: TokenCredential, hints: HintSender) -> PostgresLedger:
    from shared.adapters.postgres_ledger import PostgresLedger

    return PostgresLedger(
        settings.database_url,
        clock=_now,
        hints=hints,
        password=_token_as_password(settings, credential),
        pool_size=settings.pool_size,
        prepare_after=settings.prepare_after,
    )


def _verifier(settings: Settings) -> TokenVerifier:
    from shared.adapters.token_verifier import JwtVerifier

    return JwtVerifier(
        issuer=settings.issuer, audience=settings.audience, jwks_url=settings.jwks_url, ca_file=settings.ca_file
    )


def _intake_limits(settings: Settings) -> IntakeLimits:
    from shared.delivery.pressure import IntakeLimits

    return IntakeLimits(settings.max_backlog, settings.max_backlog_age, settings.min_archive_free)


def _now() -> datetime:
    return datetime.now(UTC)


def _credential(settings: Settings) -> TokenCredential:
    from azure.identity import ManagedIdentityCredential

    return ManagedIdentityCredential(client_id=settings.client_id)


def _bus(settings: Settings, credential: TokenCredential) -> Callable[[], ServiceBusClient]:
    from azure.servicebus import ServiceBusClient, TransportType

    # No retries in the SDK: a hint that cannot be sent at once is the sweeper's to send again.
    options: dict[str, Any] = {"retry_total": 0}
    if settings.ca_file:
        options["connection_verify"] = settings.ca_file
    namespace, _, port = settings.service_bus.partition(":")
    if port:  # the SDK takes a port other than 5671 only as a custom endpoint
        endpoint = f"sb://{namespace}:{port}"
        options |= {"custom_endpoint_address": endpoint, "transport_type": TransportType.Amqp}
    return lambda: ServiceBusClient(namespace, credential, **options)


def _token_as_password(settings: Settings, credential: TokenCredential) -> Any:
    """Return how to get a password per physical connection; None when the URL carries one."""
    if urlsplit(settings.database_url).password:
        return None
    return lambda: credential.get_token(_POSTGRES_SCOPE).token


def _archive(settings: Settings, credential: TokenCredential) -> Archive:
    url = urlsplit(settings.archive_url)
    if url.scheme == "file":
        from shared.adapters.file_archive import FileArchive

        return FileArchive(Path(unquote(url.path)))
    from azure.storage.blob import ContainerClient

    from shared.adapters.azure_blob_archive import AzureBlobArchive

    return AzureBlobArchive(ContainerClient.from_container_url(settings.archive_url, credential=credential))


def _landing(settings: Settings, credential: TokenCredential) -> Landing:
    if settings.landing_url is None:
        from shared.adapters.no_landing import NoLanding

        return NoLanding()
    url = urlsplit(settings.landing_url)
    if url.scheme == "file":
        from shared.adapters.file_landing import FileLanding

        return FileLanding(Path(unquote(url.path)))
    from azure.storage.blob import BlobServiceClient

    from shared.adapters.azure_blob_landing import AzureBlobLanding

    return AzureBlobLanding(BlobServiceClient(settings.landing_url, credential=credential))


def _event_grid(settings: Settings, credential: TokenCredential) -> FactPublisher | None:
    """Return who publishes facts to the enterprise's Event Grid topic; None where there is no such topic."""
    if settings.facts_url is None:
        return None
    from azure.eventgrid import EventGridPublisherClient

    from shared.adapters.azure_event_grid import EventGridFactPublisher

    return EventGridFactPublisher(EventGridPublisherClient(settings.facts_url, credential))


def _secrets(settings: Settings, credential: TokenCredential) -> Any:
    from azure.keyvault.secrets import SecretClient

    from shared.adapters.key_vault_secrets import KeyVaultSecrets

    trust: dict[str, Any] = {"connection_verify": settings.ca_file} if settings.ca_file else {}
    on_azure = settings.key_vault_url.removesuffix("/").endswith(".vault.azure.net")
    return KeyVaultSecrets(
        SecretClient(settings.key_vault_url, credential, verify_challenge_resource=on_azure, **trust)
    )
