"""The environment, read once into one frozen record. Every setting of Corridor is named here."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from shared.errors import ConfigurationError

_PARTNERS = Path(__file__).parent.parent / "partners"


@dataclass(frozen=True, slots=True)
class Settings:
    """
    What a function app is told.

    `service_bus` is the fully qualified namespace, with a port where it is not 5671; `database_url` names a user
    and, in Azure, no password: then a token of the app's managed identity is the password. `landing_url` is told to
    the tier that takes files, `facts_url` (an Event Grid topic) to the one that publishes facts. `behind_gateway`:
    only what comes by way of API Management is answered.
    """

    tier: str
    database_url: str
    archive_url: str
    landing_url: str | None
    facts_url: str | None
    service_bus: str
    key_vault_url: str
    issuer: str
    jwks_url: str
    audience: str
    client_id: str | None
    ca_file: str | None
    partners: Path
    max_body_bytes: int
    lease: timedelta
    pool_size: int
    prepare_after: int
    max_backlog: int
    max_backlog_age: timedelta
    min_archive_free: int
    four_eyes_above: int
    behind_gateway: bool
    environment: Mapping[str, str]

    def address(self, setting: str) -> str:
        """Return the value of a setting that a partner file names; ConfigurationError if it is not set."""
        return _required(self.environment, setting)


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings; ConfigurationError `setting-missing` or `setting-invalid` names the first fault."""
    given = os.environ if environment is None else environment
    return Settings(
        tier=given.get("CORRIDOR_TIER", "all"),
        database_url=_required(given, "CORRIDOR_DATABASE_URL"),
        archive_url=_required(given, "CORRIDOR_ARCHIVE_URL"),
        landing_url=given.get("CORRIDOR_LANDING_URL") or None,
        facts_url=given.get("CORRIDOR_FACTS_URL") or None,
        service_bus=_required(given, "SERVICE_BUS__fullyQualifiedNamespace"),
        key_vault_url=_required(given, "CORRIDOR_KEY_VAULT_URL"),
        issuer=_required(given, "CORRIDOR_TOKEN_ISSUER"),
        jwks_url=_required(given, "CORRIDOR_TOKEN_JWKS_URL"),
        audience=_required(given, "CORRIDOR_TOKEN_AUDIENCE"),
        client_id=given.get("AZURE_CLIENT_ID") or None,
        ca_file=given.get("CORRIDOR_CA_FILE") or None,
        partners=Path(given.get("CORRIDOR_PARTNERS", str(_PARTNERS))),
        max_body_bytes=_whole_number(given, "CORRIDOR_MAX_BODY_BYTES", 10 * 1024 * 1024),
        lease=timedelta(seconds=_whole_number(given, "CORRIDOR_LEASE_SECONDS", 60)),
        pool_size=_whole_number(given, "CORRIDOR_DATABASE_POOL_SIZE", 20),
        prepare_after=_whole_number(given, "CORRIDOR_DATABASE_PREPARE_AFTER", 0),
        max_backlog=_whole_number(given, "CORRIDOR_MAX_BACKLOG", 200_000),
        max_backlog_age=timedelta(seconds=_whole_number(given, "CORRIDOR_MAX_BACKLOG_AGE_SECONDS", 900)),
        min_archive_free=_whole_number(given, "CORRIDOR_MIN_ARCHIVE_FREE_BYTES", 256 * 1024 * 1024),
        four_eyes_above=_whole_number(given, "CORRIDOR_REPLAY_FOUR_EYES_ABOVE", 20),
        behind_gateway=_truth(given, "CORRIDOR_BEHIND_GATEWAY"),
        environment=given,
    )


def _required(given: Mapping[str, str], name: str) -> str:
    if not (value := given.get(name)):
        raise ConfigurationError("setting-missing", name, "set it in the function app's configuration")
    return value


def _whole_number(given: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(given.get(name) or default)
    except ValueError as error:
        raise ConfigurationError("setting-invalid", name, "expected a whole number") from error


def _truth(given: Mapping[str, str], name: str) -> bool:
    # A misspelt `true` must not open a door that was meant to be shut.
    if (value := given.get(name) or "false") not in ("true", "false"):
        raise ConfigurationError("setting-invalid", name, "expected true or false")
    return value == "true"
