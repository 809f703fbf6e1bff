"""
Who may do what on a laptop: partners' clients, the app's managed identity, secrets made once and kept.

Every secret is random, lies in the data folder with mode 0600, and reaches product code only the way it would in
Azure: through the identity endpoint or Key Vault.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.platform.layout import Layout
from local.private_files import write_private
from shared.partners.model import Partners

AUDIENCE = "api://corridor"
EHR_AUDIENCE = "api://harbor-ehr"
APP_CLIENT_ID = "c0441d00-0000-4000-8000-00000000a001"
OPERATOR_CLIENT_ID = "operator"
STEWARD_CLIENT_ID = "steward"
SETUP_CLIENT_ID = "c0441d00-0000-4000-8000-00000000a002"
EVENTS_CLIENT_ID = "c0441d00-0000-4000-8000-00000000a003"

_POSTGRES = "https://ossrdbms-aad.database.windows.net"
_VAULT = "https://vault.azure.net"
_BUS = "https://servicebus.azure.net"
_EVENT_GRID = "https://eventgrid.azure.net"


@dataclass(frozen=True, slots=True)
class Principals:
    """The secrets of one data folder, by name."""

    values: Mapping[str, str]

    def secret(self, name: str) -> str:
        """Return the secret; KeyError if there is none of this name."""
        return self.values[name]


def ensure_principals(layout: Layout, partners: Partners) -> Principals:
    """Make what is missing, keep what is there, and write the issuer's registries."""
    folder = layout.folder("principals")
    names = [
        "identity-header",
        "setup-identity-header",
        "events-identity-header",
        "functions-host-key",
        "database-app",
        "database-operator",
        "operator",
        "steward",
        *vault_secrets(partners),
        *(f"partner-{name}" for name, partner in partners.by_name.items() if partner.sends),
    ]
    principals = Principals({name: _kept(folder / name) for name in names})
    write_private(folder / "clients.json", json.dumps(_clients(principals, partners)).encode())
    write_private(folder / "identities.json", json.dumps(_identities(principals, folder)).encode())
    return principals


def vault_secrets(partners: Partners) -> tuple[str, ...]:
    """Return the Key Vault secrets that the partner files name."""
    receivers = [partner.receives for partner in partners.by_name.values() if partner.receives]
    senders = [partner.sends for partner in partners.by_name.values() if partner.sends]
    named = (*(each.endpoint.credential.secret for each in receivers), *(each.signing_secret for each in senders))
    return tuple(dict.fromkeys(secret for secret in named if secret))


def _kept(file: Path) -> str:
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32).encode())
    return file.read_text(encoding="ascii").strip()


def _clients(principals: Principals, partners: Partners) -> dict[str, Any]:
    senders = [
        {
            "id": name,
            "secret": principals.secret(f"partner-{name}"),
            "audiences": {AUDIENCE: {"roles": ["message.send"], "scopes": []}},
            "claims": {"partner": name},
        }
        for name, partner in partners.by_name.items()
        if partner.sends
    ]
    credentials = [partner.receives.endpoint.credential for partner in partners.by_name.values() if partner.receives]
    deliveries = [
        {
            "id": credential.client_id,
            "secret": principals.secret(credential.secret),
            "audiences": {credential.scope.removesuffix("/.default"): {"roles": ["fhir.write"], "scopes": []}},
            "claims": {},
        }
        for credential in credentials
        if credential.kind == "oauth2"
    ]
    people = [
        _person(OPERATOR_CLIENT_ID, principals, "operator"),
        _person(STEWARD_CLIENT_ID, principals, "steward", "operator"),  # the second pair of eyes
    ]
    return {"clients": [*senders, *deliveries, *people]}


def _person(name: str, principals: Principals, *roles: str) -> dict[str, Any]:
    return {
        "id": name,
        "secret": principals.secret(name),
        "audiences": {AUDIENCE: {"roles": list(roles), "scopes": []}},
        "claims": {},
    }


def _identities(principals: Principals, folder: Path) -> dict[str, Any]:
    return {
        "identities": [
            {
                "client_id": APP_CLIENT_ID,
                "name": "corridor-app",
                "header": principals.secret("identity-header"),
                "resources": {
                    _BUS: {"roles": ["data-owner"]},
                    _EVENT_GRID: {"roles": ["data-sender"]},
                    _VAULT: {"roles": ["secrets-user"]},
                    _POSTGRES: {"password_file": str(folder / "database-app")},
                },
            },
            {
                "client_id": SETUP_CLIENT_ID,
                "name": "corridor-setup",
                "header": principals.secret("setup-identity-header"),
                "resources": {_VAULT: {"roles": ["secrets-officer"]}},
            },
            {
                "client_id": EVENTS_CLIENT_ID,
                "name": "corridor-events",
                "header": principals.secret("events-identity-header"),
                "resources": {_BUS: {"roles": ["data-owner"]}},
            },
        ]
    }
