from __future__ import annotations

import psycopg

from local.postgres.server import EmbeddedPostgres


def test_each_test_gets_a_database_of_its_own(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("create table mine (one int)")

        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()

    assert [("mine",)] == tables


def test_a_database_is_gone_after_its_test(database_url: str, postgres_server: EmbeddedPostgres) -> None:
    with psycopg.connect(postgres_server.dsn) as connection:
        databases = connection.execute("select count(*) from pg_database where datname like 'test\\_%'").fetchone()

    assert (1,) == databases
