"""Each tier's role reaches what its flows need and nothing else (invariant 10)."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from migrations.apply import apply, role_of
from shared.catalog.data_access import OPERATOR_ACCESS, TABLE_ACCESS
from shared.catalog.index import steps

ROLES = {role_of(tier): access for tier, access in TABLE_ACCESS.items()} | {role_of("operator"): OPERATOR_ACCESS}
LETTER = {"S": "SELECT", "I": "INSERT", "U": "UPDATE", "D": "DELETE"}


def tables(connection: psycopg.Connection) -> list[str]:
    query = "select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version'"
    return [row[0] for row in connection.execute(query)]


def test_every_role_has_exactly_the_declared_privileges(ledger_url: str) -> None:
    with psycopg.connect(ledger_url) as connection:
        for role, access in ROLES.items():
            for table in tables(connection):
                held = {
                    letter
                    for letter, privilege in LETTER.items()
                    if connection.execute(
                        "select has_table_privilege(%s, %s, %s)", (role, table, privilege)
                    ).fetchone()
                    == (True,)
                }
                assert set(access.get(table, "")) == held, (role, table)


@pytest.mark.parametrize(
    ("tier", "table"),
    [
        ("ingest", "conversion"),
        ("ingest", "task"),
        ("deliver", "patient_alias"),
        ("workflow", "conversion"),
        ("workflow", "patient_alias"),
        ("api", "conversion"),
        ("ops", "conversion"),
        ("ops", "patient_alias"),
        ("operator", "conversion"),
        ("operator", "patient_alias"),
    ],
)
def test_a_leak_in_one_tier_does_not_open_another(ledger_url: str, tier: str, table: str) -> None:
    with psycopg.connect(ledger_url) as connection:
        connection.execute(f"set role {role_of(tier)}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(f"select 1 from {table}")


def test_nobody_changes_or_deletes_an_audit_row(ledger_url: str) -> None:
    for role in ROLES:
        for change in ("update audit set reason = ''", "delete from audit", "update hop set outcome = ''"):
            with psycopg.connect(ledger_url) as connection:
                connection.execute(f"set role {role}")
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    connection.execute(change)


def test_every_tier_with_a_step_has_its_page() -> None:
    assert {step.tier for step in steps()} == set(TABLE_ACCESS)


def test_the_job_may_run_again(ledger_url: str) -> None:
    apply(ledger_url)

    test_every_role_has_exactly_the_declared_privileges(ledger_url)


def test_every_migration_is_found_by_its_number() -> None:
    folder = Path(__file__).parents[2] / "migrations" / "versions"
    numbers = sorted(file.name[:4] for file in folder.glob("[0-9]*.py"))

    assert [f"{number:04}" for number in range(1, len(numbers) + 1)] == numbers
