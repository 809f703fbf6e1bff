"""
The one-shot job: bring the schema up to date, then make each tier's role and its grants.

Idempotent, and safe to run twice at once: an advisory lock lets one job through at a time. Roles are made
with `NOLOGIN` unless they exist; who may log in as one is decided by whoever provisions the server
(Entra principals in Azure, passwords of the local platform's own).
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from shared.catalog.data_access import FUNCTION_ACCESS, OPERATOR_ACCESS, TABLE_ACCESS

_PRIVILEGE = {"S": "SELECT", "I": "INSERT", "U": "UPDATE", "D": "DELETE"}
_JOB_LOCK = 0x0C0441D0


def role_of(tier: str) -> str:
    """Return the PostgreSQL role of `tier`, for instance `corridor_ingest`."""
    return f"corridor_{tier}"


def apply(database_url: str) -> None:
    """Migrate the database behind `database_url` (postgresql://...) and grant each role what it may touch."""
    engine = create_engine(make_url(database_url).set(drivername="postgresql+psycopg"))
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _JOB_LOCK})
            _migrate(connection)
            _grant(connection)
    finally:
        engine.dispose()


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _grant(connection: Connection) -> None:
    roles = {role_of(tier): tables for tier, tables in TABLE_ACCESS.items()}
    roles[role_of("operator")] = OPERATOR_ACCESS
    for role, tables in roles.items():
        _ensure_role(connection, role)
        connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}"))
        connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {role}"))
        for table, letters in tables.items():
            privileges = ", ".join(_PRIVILEGE[letter] for letter in letters)
            connection.execute(text(f"GRANT {privileges} ON {table} TO {role}"))
    for function, tier in FUNCTION_ACCESS.items():
        connection.execute(text(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC"))
        connection.execute(text(f"GRANT EXECUTE ON FUNCTION {function} TO {role_of(tier)}"))
    everything = role_of("all")
    _ensure_role(connection, everything)
    for role in roles:
        connection.execute(text(f"GRANT {role} TO {everything}"))


def _ensure_role(connection: Connection, role: str) -> None:
    known = connection.execute(text("SELECT 1 FROM pg_roles WHERE rolname = :role"), {"role": role}).scalar()
    if not known:
        connection.execute(text(f"CREATE ROLE {role} NOLOGIN"))
