from __future__ import annotations

from tests.shared.adapters.desks import clients, ehr, portal, secrets, tokens
from tests.shared.adapters.standins import issuer, managed_identity, secret_client, sites, standins, vault

__all__ = [
    "clients",
    "ehr",
    "issuer",
    "managed_identity",
    "portal",
    "secret_client",
    "secrets",
    "sites",
    "standins",
    "tokens",
    "vault",
]
