"""The one-shot job admits each tier's identity to its own role and to no other (invariant 10)."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.sql import SQL, Identifier

from local.postgres.server import EmbeddedPostgres
from migrations.principals import Principal, admit, read_principals
from shared.catalog.model import Tier
from shared.errors import ConfigurationError

# What Azure's function does, as far as the job can see: a role that may log in, made from a name and an object id.
ENTRA = """
CREATE OR REPLACE FUNCTION pgaadauth_create_principal_with_oid(
    rolename text, objectid text, objecttype text, isadmin boolean, ismfa boolean) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE ROLE %I LOGIN PASSWORD %L', rolename, objectid);
    RETURN 'created';
END $$
"""


@pytest.fixture
def identity(postgres_server: EmbeddedPostgres, ledger_url: str) -> Iterator[str]:
    """Give a fresh name to an identity; its role goes with the test."""
    name = f"corridor-test-{secrets.token_hex(4)}"
    with psycopg.connect(postgres_server.dsn, autocommit=True) as connection:
        connection.execute(ENTRA)
        yield name
        connection.execute(SQL("DROP ROLE IF EXISTS {}").format(Identifier(name)))


def roles_of(url: str, name: str) -> set[str]:
    query = """
        SELECT role.rolname FROM pg_auth_members JOIN pg_roles AS role ON role.oid = roleid
        JOIN pg_roles AS member ON member.oid = member WHERE member.rolname = %s
    """
    with psycopg.connect(url) as connection:
        return {role for (role,) in connection.execute(query, (name,))}


def test_an_identity_becomes_a_member_of_its_tier(ledger_url: str, identity: str) -> None:
    admit(ledger_url, [Principal(Tier.INGEST, identity, "an-object-id")])

    assert {"corridor_ingest"} == roles_of(ledger_url, identity)


def test_the_job_may_run_twice(ledger_url: str, identity: str) -> None:
    for _ in range(2):
        admit(ledger_url, [Principal(Tier.INGEST, identity, "an-object-id")])

    assert {"corridor_ingest"} == roles_of(ledger_url, identity)


def test_an_identity_that_changes_its_tier_loses_the_old_one(ledger_url: str, identity: str) -> None:
    admit(ledger_url, [Principal(Tier.INGEST, identity, "an-object-id")])
    admit(ledger_url, [Principal(Tier.API, identity, "an-object-id")])

    assert {"corridor_api"} == roles_of(ledger_url, identity)


@pytest.mark.parametrize(
    "text", ["{}", "no json", '[{"tier": "none", "name": "a", "objectId": "b"}]', '[{"tier": "api"}]']
)
def test_a_list_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match="CORRIDOR_PRINCIPALS"):
        read_principals(text)


def job(**environ: str) -> subprocess.CompletedProcess[str]:
    settings = {name: value for name, value in os.environ.items() if not name.startswith("CORRIDOR_")}
    return subprocess.run(
        [sys.executable, "-m", "migrations"],
        cwd=Path(__file__).parents[2],
        env={**settings, **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_job_migrates_and_admits(ledger_url: str, identity: str) -> None:
    principals = f'[{{"tier": "deliver", "name": "{identity}", "objectId": "an-object-id"}}]'

    done = job(CORRIDOR_DATABASE_URL=ledger_url, CORRIDOR_PRINCIPALS=principals)

    assert (0, "corridor: the ledger is up to date; 1 identities admitted\n") == (done.returncode, done.stdout)
    assert {"corridor_deliver"} == roles_of(ledger_url, identity)


def test_the_job_names_the_setting_that_it_lacks() -> None:
    done = job()

    assert (2, True) == (done.returncode, "CORRIDOR_DATABASE_URL" in done.stderr)
