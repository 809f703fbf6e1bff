"""One commit, hints after it; what heals says so, and a restart of the server is over when it is over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex
from threading import Barrier, Thread
from urllib.parse import urlsplit

import psycopg
import pytest
from azure.identity import ManagedIdentityCredential

from local.postgres.server import EmbeddedPostgres
from local.supervisor.ports import free_port
from migrations.apply import apply
from shared.adapters.memory import FixedClock, RecordedHints
from shared.adapters.postgres_ledger import PostgresLedger, translated
from shared.errors import RejectedError, TransientError
from shared.ledger import Hint
from shared.trace_context import start_trace
from tests.fixtures.ledger import NOON
from tests.fixtures.postgres import UNSAFE_BUT_FAST
from tests.shared.adapters.parts import eventually
from tests.shared.adapters.standins import POSTGRES, Issuer


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path, port=free_port(), settings=UNSAFE_BUT_FAST) as server:
        yield server


def note(ledger: PostgresLedger, subject: str = "any") -> None:
    with ledger.transaction() as tx:
        tx.audit.record("test", "note", subject, "tried")


def subjects(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("select subject from audit order by audit_id")]


def test_a_failed_block_leaves_no_row_and_sends_no_hint(
    ledger: PostgresLedger, hints: RecordedHints, ledger_url: str
) -> None:
    def fail() -> None:
        with ledger.transaction() as tx:
            tx.audit.record("test", "note", "undone", "tried")
            tx.hints.append(Hint(1, "lab_results_process", start_trace()))
            raise RejectedError("refused")

    with pytest.raises(RejectedError):
        fail()

    assert ([], []) == (subjects(ledger_url), hints.take())


def test_hints_leave_after_the_commit(ledger: PostgresLedger, hints: RecordedHints) -> None:
    with ledger.transaction() as tx:
        tx.hints.append(Hint(1, "lab_results_process", start_trace()))
        assert [] == hints.sent

    assert [1] == [hint.stream_id for hint in hints.take()]


def test_a_check_asks_the_server_and_not_the_pool(
    own_server: EmbeddedPostgres, clock: FixedClock, hints: RecordedHints
) -> None:
    ledger = PostgresLedger(own_server.dsn, clock=clock, hints=hints, pool_size=1)
    ledger.check()
    own_server.stop()

    with pytest.raises(TransientError, match="ledger-unavailable"):
        ledger.check()
    ledger.close()


def test_the_pool_survives_a_restart_of_the_server(
    own_server: EmbeddedPostgres, clock: FixedClock, hints: RecordedHints
) -> None:
    apply(own_server.dsn)
    ledger = PostgresLedger(own_server.dsn, clock=clock, hints=hints, pool_size=4)
    together = Barrier(4)

    def fill_the_pool() -> None:
        with ledger.transaction() as tx:
            tx.audit.record("test", "note", "before", "tried")
            together.wait(10)

    holders = [Thread(target=fill_the_pool) for _ in range(4)]
    for holder in holders:
        holder.start()
    for holder in holders:
        holder.join()
    own_server.stop()
    with pytest.raises(TransientError, match="ledger-unavailable"):
        note(ledger, "lost")
    own_server.start()

    def heals() -> bool:
        try:
            note(ledger, "after")
        except TransientError:
            return False
        return True

    eventually(heals)
    for _ in range(8):  # every connection of the pool, not only one
        note(ledger, "after")
    ledger.close()

    assert ["before"] * 4 + ["after"] * 9 == subjects(own_server.dsn)


def provoke(*statements: str) -> Callable[[str], None]:
    def act(url: str) -> None:
        with psycopg.connect(url) as connection:
            for statement in statements:
                connection.execute(statement)

    return act


def deadlock(url: str) -> None:
    with psycopg.connect(url) as first, psycopg.connect(url) as second:
        first.execute("set deadlock_timeout = '10ms'")
        first.execute("select pg_advisory_xact_lock(1)")
        second.execute("set deadlock_timeout = '10s'")
        second.execute("select pg_advisory_xact_lock(2)")

        def other() -> None:
            second.execute("select pg_advisory_xact_lock(1)")
            second.rollback()

        thread = Thread(target=other)
        thread.start()
        try:
            first.execute("select pg_advisory_xact_lock(2)")
        finally:
            first.rollback()
            thread.join()


def serialization(url: str) -> None:
    level = psycopg.IsolationLevel.SERIALIZABLE
    with psycopg.connect(url) as first, psycopg.connect(url) as second:
        first.isolation_level = second.isolation_level = level
        for connection in (first, second):
            connection.execute("select count(*) from audit")
            connection.execute(
                "insert into audit (at, actor, action, subject, reason, details) values (now(), '', '', '', '', '{}')"
            )
        first.commit()
        second.commit()


def closed(url: str) -> None:
    connection = psycopg.connect(url)
    connection.close()
    connection.execute("select 1")


def closed_pool(url: str) -> None:
    ledger = PostgresLedger(url, clock=FixedClock(NOON), hints=RecordedHints(), pool_size=1)
    ledger.close()
    note(ledger)


HEALS: dict[str, tuple[Callable[[str], None], str]] = {
    "deadlock": (deadlock, "ledger-conflict"),
    "serialization": (serialization, "ledger-conflict"),
    "statement time-out": (provoke("set statement_timeout = 5", "select pg_sleep(5)"), "ledger-unavailable"),
    "terminated": (provoke("select pg_terminate_backend(pg_backend_pid())"), "ledger-unavailable"),
    "closed connection": (closed, "ledger-unavailable"),
    "closed pool": (closed_pool, "ledger-unavailable"),
    "wrong password": (lambda url: provoke()(url.replace("://", "://nobody-", 1)), "ledger-unavailable"),
    "unknown database": (lambda url: provoke()(f"{url}-unknown"), "ledger-unavailable"),
    "nobody listens": (lambda _: provoke()("postgresql://any:any@127.0.0.1:1/any"), "ledger-unavailable"),
}
DEFECTS = {
    "unknown table": provoke("select 1 from unknown_table"),
    "not unique": provoke(*["insert into job_lease values ('job', 'owner', now())"] * 2),
    "not allowed": provoke("set role corridor_ingest", "select 1 from conversion"),
    "wrong value": provoke("insert into consent values (gen_random_uuid(), 'd', 'perhaps', 'r', now())"),
    "no number": provoke("select 1 / 0"),
}


@pytest.mark.parametrize(("act", "code"), HEALS.values(), ids=HEALS)
def test_what_heals_is_transient(ledger_url: str, act: Callable[[str], None], code: str) -> None:
    with pytest.raises(TransientError) as error, translated():
        act(ledger_url)

    assert code == error.value.code
    assert error.value.__cause__ is not None


@pytest.mark.parametrize("act", DEFECTS.values(), ids=DEFECTS)
def test_a_wrong_statement_stays_a_defect(ledger_url: str, act: Callable[[str], None]) -> None:
    with pytest.raises(psycopg.Error), translated():
        act(ledger_url)


def test_an_error_says_nothing_of_values(ledger: PostgresLedger) -> None:
    def wait() -> None:
        with ledger.transaction() as tx:
            tx.connection.execute("set local statement_timeout = 5")
            tx.connection.execute("select pg_sleep(5), 'TESTPATIENT'")

    with pytest.raises(TransientError) as error:
        wait()

    assert "TESTPATIENT" not in str(error.value)


def test_the_password_is_asked_for_once_per_connection(
    ledger_url: str, clock: FixedClock, hints: RecordedHints
) -> None:
    asked: list[str] = []
    address = urlsplit(ledger_url)

    def current() -> str:
        asked.append("asked")
        return address.password or ""

    without = (
        f"postgresql://{address.username}@{address.hostname}:{address.port}{address.path}?application_name=asking"
    )
    ledger = PostgresLedger(without, clock=clock, hints=hints, password=current, pool_size=2)
    together = Barrier(2)

    def hold() -> None:
        for _ in range(3):
            with ledger.transaction():
                together.wait(10)

    holders = [Thread(target=hold) for _ in range(2)]
    for holder in holders:
        holder.start()
    for holder in holders:
        holder.join()
    with psycopg.connect(ledger_url) as connection:
        connections = connection.execute("select count(*) from pg_stat_activity where application_name = 'asking'")
        opened = connections.fetchone()
    ledger.close()

    assert ((2,), 2) == (opened, len(asked))


def test_the_token_of_the_apps_identity_is_its_password(
    issuer: Issuer, managed_identity: str, ledger_url: str, clock: FixedClock, hints: RecordedHints
) -> None:
    login, password = f"login_{token_hex(4)}", token_hex(16)
    (issuer.directory / "database-password").write_text(password)
    with psycopg.connect(ledger_url) as connection:
        connection.execute(f"create role {login} login password '{password}' in role corridor_ingest")
    address = f"postgresql://{login}@{ledger_url.rpartition('@')[2]}"

    with ManagedIdentityCredential(client_id=managed_identity) as credential:
        ledger = PostgresLedger(
            address,
            clock=clock,
            hints=hints,
            password=lambda: credential.get_token(f"{POSTGRES}/.default").token,
            pool_size=1,
        )
        note(ledger, "as the app")
        ledger.close()

    assert ["as the app"] == subjects(ledger_url)
    with psycopg.connect(ledger_url) as connection:
        connection.execute(f"drop role {login}")
