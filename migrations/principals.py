"""
Who may log in as a tier: in Azure the managed identity of its function app, admitted by the one-shot job.

PostgreSQL Flexible Server knows an Entra identity once `pgaadauth_create_principal_with_oid` has made a role for it,
in the database `postgres` alone. The job makes that role a member of the tier's own role and of no other role of ours.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.sql import SQL, Identifier

from shared.catalog.model import Tier
from shared.errors import ConfigurationError

_SETTING = "CORRIDOR_PRINCIPALS"
_ROLE_PREFIX = "corridor_"


@dataclass(frozen=True, slots=True)
class Principal:
    """A managed identity: the tier it runs, its name (the user in the tier's database URL) and its object id."""

    tier: Tier
    name: str
    object_id: str


def read_principals(text: str) -> list[Principal]:
    """Return what `[{"tier": ..., "name": ..., "objectId": ...}]` says; ConfigurationError `setting-invalid`."""
    try:
        rows = json.loads(text)
        if not isinstance(rows, list):
            raise TypeError
        return [Principal(Tier(one["tier"]), str(one["name"]), str(one["objectId"])) for one in rows]
    except (ValueError, KeyError, TypeError) as error:
        wanted = 'a JSON list of {"tier": ..., "name": ..., "objectId": ...}'
        raise ConfigurationError("setting-invalid", _SETTING, f"expected {wanted}") from error


def admit(database_url: str, principals: list[Principal]) -> None:
    """Make a role for each identity that has none, and a member of its tier's role alone. Idempotent."""
    directory = urlunsplit(urlsplit(database_url)._replace(path="/postgres"))
    with psycopg.connect(directory, autocommit=True) as connection:
        for one in principals:
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (one.name,)).fetchone()
            if not known:
                connection.execute(
                    "SELECT pgaadauth_create_principal_with_oid(%s, %s, 'service', false, false)",
                    (one.name, one.object_id),
                )
            _join(connection, one)


def _join(connection: psycopg.Connection, one: Principal) -> None:
    wanted = f"{_ROLE_PREFIX}{one.tier.value}"
    rows = connection.execute(
        """
        SELECT role.rolname FROM pg_auth_members
        JOIN pg_roles AS role ON role.oid = roleid
        JOIN pg_roles AS member ON member.oid = member
        WHERE member.rolname = %s AND starts_with(role.rolname, %s)
        """,
        (one.name, _ROLE_PREFIX),
    ).fetchall()
    for (role,) in rows:
        if role != wanted:
            connection.execute(SQL("REVOKE {} FROM {}").format(Identifier(role), Identifier(one.name)))
    connection.execute(SQL("GRANT {} TO {}").format(Identifier(wanted), Identifier(one.name)))
