"""A session prepares what it sees often, where its settings allow it, and nothing where a pooler may stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from shared.adapters.memory import FixedClock, RecordedHints
from shared.adapters.postgres_ledger import PostgresLedger
from shared.ports import Ports
from tests.functions.messages import PARTNERS, oru
from tests.shared.adapters.rooms import post, work_off


@pytest.fixture
def desk(
    request: pytest.FixtureRequest, ledger_url: str, ports: Ports, clock: FixedClock, hints: RecordedHints
) -> Iterator[tuple[Ports, PostgresLedger]]:
    ledger = PostgresLedger(ledger_url, clock=clock, hints=hints, pool_size=1, prepare_after=request.param)
    yield replace(ports, ledger=ledger, partners=PARTNERS), ledger
    ledger.close()


@pytest.mark.parametrize(("desk", "expected"), [(0, False), (2, True)], indirect=["desk"])
def test_a_session_prepares_what_it_was_told_to(
    desk: tuple[Ports, PostgresLedger], expected: bool, hints: RecordedHints, ledger_url: str
) -> None:
    ports, ledger = desk
    for number in range(4):
        post(ports, oru(f"T-{number}", filler=f"F-{number}"))
        work_off(ports, hints)

    with ledger._pool.connection() as connection:
        prepared = connection.execute("select count(*) from pg_prepared_statements").fetchone()
    assert prepared is not None
    assert expected is (prepared[0] > 5)
    with psycopg.connect(ledger_url) as connection:
        assert [("delivered", 8)] == connection.execute(
            "select status, count(*) from delivery group by status"
        ).fetchall()
