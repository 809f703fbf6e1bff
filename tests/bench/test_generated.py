"""Generated rows look like delivered messages: the books balance, and every id finds its message."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from bench.generated import EVERYTHING, SEARCHED, fill
from bench.growth import grow
from bench.search import questions
from functions.operations.use_case import seal_audit_log
from shared.adapters.postgres_books import read_books
from shared.adapters.postgres_trace import read_traces
from shared.ports import Ports

COUNT = 60


@pytest.fixture
def connection(ledger_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(ledger_url, autocommit=True) as connection:
        yield connection


def test_the_books_of_generated_messages_balance(connection: psycopg.Connection, ledger_url: str) -> None:
    fill(connection, 1, COUNT)

    books = read_books(ledger_url)
    assert books.balance
    assert [COUNT] == [line.processed for line in books.items]
    assert {"harbor-ehr": COUNT, "insight-portal": COUNT} == {
        line.destination: line.delivered for line in books.deliveries
    }


def test_a_second_fill_goes_on_where_the_first_ended(connection: psycopg.Connection) -> None:
    fill(connection, 1, COUNT // 2)
    fill(connection, COUNT // 2 + 1, COUNT)

    for table in ("message", "inbox", "conversion", "event", "report_state"):
        assert (COUNT,) == connection.execute(f"select count(*) from {table}".encode()).fetchone()


def test_what_was_generated_is_left_to_no_sealer(connection: psycopg.Connection, ports: Ports) -> None:
    fill(connection, 1, COUNT)

    assert 0 == seal_audit_log(ports)


def test_what_is_searched_is_a_part_of_everything() -> None:
    assert set(SEARCHED) < set(EVERYTHING)


def test_each_question_finds_exactly_its_message(connection: psycopg.Connection, ledger_url: str) -> None:
    fill(connection, 1, COUNT, SEARCHED)

    for ids in questions(connection, COUNT).values():
        assert 20 == len(set(ids))
        for one in (ids[0], ids[-1]):
            (trace,) = read_traces(ledger_url, one)
            assert trace.message.control_id.startswith("old-")


class Burst:
    """A burst whose PostgreSQL share is told."""

    def __init__(self, of_postgres: float) -> None:
        self.rate = 10.0
        self.whole_cpu = 40.0
        self.cpu = {"postgres": of_postgres}


def test_growth_holds_the_costs_beside_many_rows_against_those_beside_few(connection: psycopg.Connection) -> None:
    bursts: list[tuple[str, int]] = []

    def burst(name: str) -> Burst:
        (stored,) = connection.execute("select count(*) from message").fetchone() or (0,)
        bursts.append((name, stored))
        return Burst(4.0 if stored <= COUNT else 5.0)

    few, many, ratio = grow(connection, 2 * COUNT, burst, few=COUNT)

    assert {COUNT, 2 * COUNT} == {stored for _, stored in bursts}
    assert len(bursts) == len({name for name, _ in bursts})
    assert (4.0, 5.0, 1.25) == tuple(row["PostgreSQL CPU ms"] for row in (few, many, ratio))
