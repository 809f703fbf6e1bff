"""Where the local platform keeps things and listens: one folder, one row of ports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from local.issuer import TENANT
from local.private_files import private_directory

DEFAULT_PORT = 7071
ENVIRONMENT_FILE = "environment.json"


@dataclass(frozen=True, slots=True)
class Ports:
    """Seven ports in a row, from the API's on: `--port N` moves all of them."""

    api: int

    @property
    def service_bus(self) -> int:
        """AMQP over TLS."""
        return self.api + 1

    @property
    def issuer(self) -> int:
        """OpenID Connect and the App Service identity protocol."""
        return self.api + 2

    @property
    def key_vault(self) -> int:
        """Https."""
        return self.api + 3

    @property
    def destinations(self) -> int:
        """The FHIR endpoint and the webhook."""
        return self.api + 4

    @property
    def postgres(self) -> int:
        """The ledger."""
        return self.api + 5

    @property
    def event_grid(self) -> int:
        """Https."""
        return self.api + 6


@dataclass(frozen=True, slots=True)
class Variation:
    """
    In what a platform differs from the usual one.

    `partners` is another folder of partner files; `settings` are the app's, over the usual ones; with `arrivals` the
    destinations keep a raw log of what reaches them.
    """

    partners: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    arrivals: bool = False


USUAL = Variation()


@dataclass(frozen=True, slots=True)
class Layout:
    """
    The data folder: everything that one platform owns, for its owner alone.

    `external_postgres` is the superuser's URL of a server that somebody else runs; without one the platform has its
    own.
    """

    data: Path
    ports: Ports
    external_postgres: str = ""
    variation: Variation = USUAL

    def folder(self, name: str) -> Path:
        """Return a folder of the platform, made if absent."""
        private_directory(self.data)
        return private_directory(self.data / name)

    @property
    def postgres_address(self) -> str:
        """Where the ledger's server listens, as host:port."""
        if not self.external_postgres:
            return f"127.0.0.1:{self.ports.postgres}"
        url = urlsplit(self.external_postgres)
        return f"{url.hostname or 'localhost'}:{url.port or 5432}"

    @property
    def issuer_url(self) -> str:
        """The issuer's base address."""
        return f"http://localhost:{self.ports.issuer}"

    @property
    def token_issuer(self) -> str:
        """The `iss` of its tokens."""
        return f"{self.issuer_url}/{TENANT}/v2.0"

    @property
    def jwks_url(self) -> str:
        """Where its keys are."""
        return f"{self.issuer_url}/{TENANT}/discovery/v2.0/keys"

    @property
    def token_url(self) -> str:
        """Where client credentials become tokens."""
        return f"{self.issuer_url}/{TENANT}/oauth2/v2.0/token"

    @property
    def api_url(self) -> str:
        """Where partners post."""
        return f"http://localhost:{self.ports.api}"

    @property
    def key_vault_url(self) -> str:
        """The vault's address."""
        return f"https://localhost:{self.ports.key_vault}"

    @property
    def facts_url(self) -> str:
        """The Event Grid topic of the facts."""
        return f"https://localhost:{self.ports.event_grid}/facts/api/events"

    @property
    def landing(self) -> Path:
        """The folder that is the landing storage account."""
        return self.folder("landing").resolve()

    @property
    def fhir_url(self) -> str:
        """The sample EHR's FHIR endpoint."""
        return f"http://localhost:{self.ports.destinations}/fhir"

    @property
    def webhook_url(self) -> str:
        """The sample portal's webhook."""
        return f"http://localhost:{self.ports.destinations}/webhook"

    @property
    def hl7v2_url(self) -> str:
        """The sample bed management's HL7 v2 endpoint."""
        return f"http://localhost:{self.ports.destinations}/hl7v2"

    @property
    def arrivals(self) -> Path:
        """Where a platform that keeps it has the raw log of what reached the destinations."""
        return self.folder("destinations") / "arrivals.jsonl"

    @property
    def drop_url(self) -> str:
        """The sample registry's folder, into which files are dropped."""
        return (self.folder("destinations") / "county-registry").resolve().as_uri()
