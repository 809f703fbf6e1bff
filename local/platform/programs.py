"""What runs on a laptop: each component's command line and environment, nothing else."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.certificates import Authority
from local.issuer import TENANT
from local.platform.database import APP_LOGIN
from local.platform.layout import Layout
from local.platform.principals import (
    APP_CLIENT_ID,
    AUDIENCE,
    EHR_AUDIENCE,
    EVENTS_CLIENT_ID,
    SETUP_CLIENT_ID,
    Principals,
)

ROOT = Path(__file__).resolve().parents[2]
PARTNERS = Path(os.environ.get("CORRIDOR_PARTNERS") or ROOT / "partners")
DATABASE = "corridor"
_BUS_AUDIENCE = "https://servicebus.azure.net"
_VAULT_AUDIENCE = "https://vault.azure.net"
_EVENT_GRID_AUDIENCE = "https://eventgrid.azure.net"
_LEASE_SECONDS = "10"
_WORKERS = "2" if (os.cpu_count() or 1) > 1 else "1"


@dataclass(frozen=True, slots=True)
class Program:
    """One component; `health_url` answers 200 while it is well, where it speaks plain http."""

    name: str
    arguments: tuple[str, ...]
    port: int
    environment: Mapping[str, str] = field(default_factory=dict)
    health_url: str = ""
    health_headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def argv(self) -> list[str]:
        """The whole command line."""
        return [sys.executable, "-m", *self.arguments]


def postgres(layout: Layout) -> Program:
    """Return the ledger's server."""
    port = layout.ports.postgres
    return Program("postgres", ("local.postgres", "--data", str(layout.folder("postgres")), "--port", str(port)), port)


def issuer(layout: Layout) -> Program:
    """Return the issuer: OpenID Connect, and the identity endpoint of the app."""
    principals = layout.folder("principals")
    arguments = (
        "local.issuer", "--data", str(layout.folder("issuer")), "--port", str(layout.ports.issuer),
        "--clients", str(principals / "clients.json"), "--identities", str(principals / "identities.json"),
        "--tenant", TENANT,
    )  # fmt: skip
    health = f"{layout.token_issuer}/.well-known/openid-configuration"
    return Program("issuer", arguments, layout.ports.issuer, health_url=health)


def service_bus(layout: Layout, authority: Authority) -> Program:
    """Return the bus, with the catalogue's entities."""
    certificate, key = authority.issue("service-bus")
    folder = layout.folder("service-bus")
    arguments = (
        "local.service_bus", "--config", str(folder / "Config.json"), "--store", str(folder / "messages.sqlite"),
        "--port", str(layout.ports.service_bus), "--certificate", str(certificate), "--key", str(key),
        "--issuer-jwks", layout.jwks_url, "--issuer", layout.token_issuer, "--audience", _BUS_AUDIENCE,
    )  # fmt: skip
    return Program("service-bus", arguments, layout.ports.service_bus)


def key_vault(layout: Layout, authority: Authority) -> Program:
    """Return the vault."""
    certificate, key = authority.issue("key-vault")
    arguments = (
        "local.key_vault", "--store", str(layout.folder("key-vault") / "secrets.sqlite"),
        "--port", str(layout.ports.key_vault), "--certificate", str(certificate), "--key", str(key),
        "--issuer-jwks", layout.jwks_url, "--issuer", layout.token_issuer, "--audience", _VAULT_AUDIENCE,
        "--policy", str(layout.folder("key-vault") / "policy.json"),
    )  # fmt: skip
    return Program("key-vault", arguments, layout.ports.key_vault)


def destinations(layout: Layout) -> Program:
    """Return the sample EHR and the sample portal."""
    arguments = (
        "local.destinations", "--store", str(layout.folder("destinations") / "received.sqlite"),
        "--port", str(layout.ports.destinations), "--issuer-jwks", layout.jwks_url,
        "--issuer", layout.token_issuer, "--audience", EHR_AUDIENCE,
        "--webhook-secret-file", str(layout.folder("principals") / "insight-portal-webhook-secret"),
        *(("--arrivals", str(layout.arrivals)) if layout.variation.arrivals else ()),
    )  # fmt: skip
    health = f"http://localhost:{layout.ports.destinations}/healthz"
    return Program("destinations", arguments, layout.ports.destinations, health_url=health)


def event_grid(layout: Layout, authority: Authority, principals: Principals) -> Program:
    """Return Event Grid: the landing folder's events, the facts, and what the platform says about itself."""
    certificate, key = authority.issue("event-grid")
    folder = layout.folder("event-grid")
    arguments = (
        "local.event_grid", "--config", str(folder / "topics.json"), "--store", str(folder / "events.sqlite"),
        "--landing", str(layout.landing), "--dead-letters", str(folder / "dead-letters"),
        "--port", str(layout.ports.event_grid), "--certificate", str(certificate), "--key", str(key),
        "--issuer-jwks", layout.jwks_url, "--issuer", layout.token_issuer, "--audience", _EVENT_GRID_AUDIENCE,
        "--service-bus", f"localhost:{layout.ports.service_bus}", "--service-bus-ca", str(authority.ca_file),
    )  # fmt: skip
    environment = {
        "IDENTITY_ENDPOINT": f"{layout.issuer_url}/identity",
        "IDENTITY_HEADER": principals.secret("events-identity-header"),
        "AZURE_CLIENT_ID": EVENTS_CLIENT_ID,
    }
    return Program("event-grid", arguments, layout.ports.event_grid, environment)


def functions_host(layout: Layout, authority: Authority, principals: Principals) -> Program:
    """Return Corridor itself, told by settings alone where everything is."""
    return Program(
        "functions-host",
        ("local.functions_host", str(ROOT), "--port", str(layout.ports.api)),
        layout.ports.api,
        app_environment(layout, authority, principals),
        # Not the app's own health: that one depends on the ledger, whose outage is no reason to end the host.
        health_url=f"{layout.api_url}/admin/host/status",
        health_headers={"x-functions-key": principals.secret("functions-host-key")},
    )


def app_environment(layout: Layout, authority: Authority, principals: Principals) -> dict[str, str]:
    """Return the app's settings, as a function app in Azure would be given them."""
    bus = f"localhost:{layout.ports.service_bus}"
    return {
        "CORRIDOR_TIER": "all",
        "FUNCTIONS_WORKER_PROCESS_COUNT": os.environ.get("FUNCTIONS_WORKER_PROCESS_COUNT") or _WORKERS,
        "PYTHON_THREADPOOL_THREAD_COUNT": "32",
        "AZURE_CLIENT_ID": APP_CLIENT_ID,
        "IDENTITY_ENDPOINT": f"{layout.issuer_url}/identity",
        "IDENTITY_HEADER": principals.secret("identity-header"),
        "SERVICE_BUS__fullyQualifiedNamespace": bus,
        "SERVICE_BUS__credential": "managedidentity",
        "SERVICE_BUS__clientId": APP_CLIENT_ID,
        "CORRIDOR_DATABASE_URL": f"postgresql://{APP_LOGIN}@{layout.postgres_address}/{DATABASE}",
        "CORRIDOR_ARCHIVE_URL": layout.folder("archive").resolve().as_uri(),
        "CORRIDOR_LANDING_URL": layout.landing.as_uri(),
        "CORRIDOR_FACTS_URL": layout.facts_url,
        "CORRIDOR_KEY_VAULT_URL": layout.key_vault_url,
        "CORRIDOR_TOKEN_ISSUER": layout.token_issuer,
        "CORRIDOR_TOKEN_JWKS_URL": layout.jwks_url,
        "CORRIDOR_TOKEN_AUDIENCE": AUDIENCE,
        "CORRIDOR_CA_FILE": str(authority.ca_file),
        "REQUESTS_CA_BUNDLE": str(authority.ca_file),  # the SDK of Event Grid cannot be told otherwise
        "CORRIDOR_LEASE_SECONDS": _LEASE_SECONDS,
        # Somebody else's server may stand behind a pooler; ours does not.
        "CORRIDOR_DATABASE_PREPARE_AFTER": "0" if layout.external_postgres else "5",
        "HARBOR_EHR_URL": layout.fhir_url,
        "HARBOR_EHR_TOKEN_URL": layout.token_url,
        "INSIGHT_PORTAL_URL": layout.webhook_url,
        "HARBOR_BEDS_URL": layout.hl7v2_url,
        "HARBOR_BEDS_TOKEN_URL": layout.token_url,
        "COUNTY_REGISTRY_URL": layout.drop_url,
        "CORRIDOR_HOST_STATE": str(layout.folder("functions-host")),
        "CORRIDOR_MASTER_KEY": principals.secret("functions-host-key"),
        "CORRIDOR_EVENT_GRID_KEY": principals.secret("functions-host-key"),
        "CORRIDOR_PARTNERS": str(layout.variation.partners or PARTNERS),
        **layout.variation.settings,
    }


def setup(layout: Layout, principals: Principals) -> Program:
    """Return the one-shot job, as the vault's officer."""
    environment = {
        "IDENTITY_ENDPOINT": f"{layout.issuer_url}/identity",
        "IDENTITY_HEADER": principals.secret("setup-identity-header"),
        "AZURE_CLIENT_ID": SETUP_CLIENT_ID,
        "SETUP_DATA": str(layout.data),
        "SETUP_PORT": str(layout.ports.api),
        "SETUP_POSTGRES": layout.external_postgres,
        "CORRIDOR_PARTNERS": str(layout.variation.partners or PARTNERS),
    }
    return Program("setup", ("local.platform.setup",), 0, environment)
