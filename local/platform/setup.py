"""
The one-shot job of the local platform: migrate, grant, fill the vault. `python -m local.platform.setup`.

It prints `ready setup 0` and then waits to be stopped, so that whoever supervises it sees that the job is done.
What it needs is in its environment: SETUP_DATA, SETUP_PORT, SETUP_POSTGRES and the officer's identity.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from azure.identity import ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient
from psycopg.sql import SQL, Identifier

from local.certificates import Authority, ensure_authority
from local.platform.database import prepare_database
from local.platform.layout import Layout, Ports
from local.platform.principals import Principals, ensure_principals, vault_secrets
from local.platform.programs import DATABASE, PARTNERS
from local.postgres.cluster import superuser_password
from local.supervisor.program import announce, run, stop_requested
from shared.partners.reading import read_partners


def main() -> int:
    """Do the job, say so, wait."""
    stop = stop_requested()
    logging.getLogger("azure").setLevel(logging.WARNING)
    ports = Ports(int(os.environ["SETUP_PORT"]))
    layout = Layout(Path(os.environ["SETUP_DATA"]), ports, os.environ.get("SETUP_POSTGRES", ""))
    partners = read_partners(PARTNERS)
    principals = ensure_principals(layout, partners)
    superuser = _superuser_url(layout)
    _ensure_database(superuser)
    prepare_database(urlunsplit(urlsplit(superuser)._replace(path=f"/{DATABASE}")), principals)
    _fill_vault(layout, ensure_authority(layout.folder("certificates")), principals, vault_secrets(partners))
    announce("setup", 0)
    stop.wait()
    return 0


def _superuser_url(layout: Layout) -> str:
    if layout.external_postgres:
        return layout.external_postgres
    return f"postgresql://postgres:{superuser_password(layout.folder('postgres'))}@{layout.postgres_address}/postgres"


def _ensure_database(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)).fetchone():
            connection.execute(SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(DATABASE)))


def _fill_vault(layout: Layout, authority: Authority, principals: Principals, names: tuple[str, ...]) -> None:
    """Set each secret whose current version differs; an unchanged one gets no new version."""
    credential = ManagedIdentityCredential(client_id=os.environ["AZURE_CLIENT_ID"])
    with (
        credential,
        SecretClient(
            layout.key_vault_url,
            credential,
            verify_challenge_resource=False,
            connection_verify=str(authority.ca_file),
        ) as vault,
    ):
        known = {secret.name for secret in vault.list_properties_of_secrets()}
        for name in names:
            value = principals.secret(name)
            if name not in known or vault.get_secret(name).value != value:
                vault.set_secret(name, value)


if __name__ == "__main__":
    run(main)
