"""
Whom the issuer knows: two JSON files, written by whoever sets the platform up.

    clients.json     {"clients": [{"id", "secret" or "secret_sha256",
                                   "audiences": {"api://corridor": {"roles": [...], "scopes": [...]}},
                                   "claims": {"partner": "..."}}]}
    identities.json  {"identities": [{"client_id", "header", "name"?,
                                      "resources": {"https://vault.azure.net": {"roles": [...]},
                                                    "https://ossrdbms-aad.database.windows.net":
                                                        {"password_file": "..."}}}]}

An identity's `header` is the X-IDENTITY-HEADER of the app that may use it: each tier has another, so that one
tier cannot ask for another's tokens. Identities that share a header belong to one app, which then names the
one it means by `client_id`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.errors import ConfigurationError

_NOBODY = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token for one audience says; with a password file, the token is that file's content."""

    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    password_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """An application that proves itself by a secret. Its secret is kept as a digest only."""

    id: str
    secret_sha256: str
    audiences: Mapping[str, Grant]
    claims: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identity:
    """A managed identity, proved by the header that its app alone was given."""

    client_id: str
    header_sha256: str
    resources: Mapping[str, Grant]
    name: str = ""


class Clients:
    """The clients by id."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self._clients = {client.id: client for client in clients}

    def authenticate(self, client_id: str, secret: str) -> Client | None:
        """Return the client if the secret is its own; who is unknown takes as long as who is wrong."""
        client = self._clients.get(client_id)
        expected = client.secret_sha256 if client else _NOBODY
        return client if hmac.compare_digest(expected, _digest(secret)) and client else None


class Identities:
    """The managed identities by header."""

    def __init__(self, identities: Sequence[Identity]) -> None:
        self._identities = tuple(identities)

    def of(self, header: str) -> tuple[Identity, ...]:
        """Return the identities of the app that was given this header."""
        given = _digest(header)
        return tuple(one for one in self._identities if hmac.compare_digest(one.header_sha256, given))


def load_clients(path: Path | None) -> Clients:
    """Return the clients of the file, none without one. Raises `ConfigurationError` when it is wrong."""
    return Clients([_client(entry) for entry in _entries(path, "clients")])


def load_identities(path: Path | None) -> Identities:
    """Return the identities of the file, none without one. Raises `ConfigurationError` when it is wrong."""
    return Identities([_identity(entry) for entry in _entries(path, "identities")])


def _entries(path: Path | None, section: str) -> list[dict[str, Any]]:
    if path is None:
        return []
    try:
        entries = json.loads(path.read_bytes())[section]
        for entry in entries:
            (_client if section == "clients" else _identity)(entry)
    except OSError as error:
        text = f"the file of {section} cannot be read: {error.strerror}"
        raise ConfigurationError("registry-unreadable", str(path), text) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        # Not the error's own text: it may quote a secret.
        text = f"the file of {section} is not as the issuer expects it ({type(error).__name__})"
        raise ConfigurationError("registry-malformed", str(path), text) from None
    return list(entries)


def _client(entry: dict[str, Any]) -> Client:
    secret = entry.get("secret_sha256") or _digest_of_given(entry["secret"])
    return Client(str(entry["id"]), secret.lower(), _grants(entry["audiences"]), dict(entry.get("claims", {})))


def _identity(entry: dict[str, Any]) -> Identity:
    client_id, resources = str(entry["client_id"]), _grants(entry["resources"])
    return Identity(client_id, _digest_of_given(entry["header"]), resources, str(entry.get("name", client_id)))


def _grants(entries: dict[str, Any]) -> dict[str, Grant]:
    return {audience.rstrip("/"): _grant(entry) for audience, entry in entries.items()}


def _grant(entry: dict[str, Any]) -> Grant:
    password_file = Path(entry["password_file"]) if "password_file" in entry else None
    return Grant(tuple(entry.get("roles", ())), tuple(entry.get("scopes", ())), password_file)


def _digest_of_given(secret: str) -> str:
    if not secret:
        raise ValueError("an empty secret is none")
    return _digest(secret)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
