"""The ledger behind a real PgBouncer in transaction mode: a connection is ours for one transaction and no longer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.adapters.memory import FixedClock, RecordedHints
from shared.adapters.postgres_ledger import PostgresLedger
from shared.adapters.postgres_trace import read_traces
from shared.errors import TransientError
from shared.ledger import Hop, LeaseLostError, NewEntry
from shared.pipeline import Outcome, Stage, Work, drain
from shared.ports import Ports
from shared.trace_context import start_trace
from tests.fixtures.pgbouncer import SERVER_CONNECTIONS, Pooler, pooler
from tests.functions.messages import PARTNERS, oru
from tests.shared.adapters.rooms import STAGES, post, work_off

__all__ = ["pooler"]

WORKERS = 8
STEP = STAGES["lab_results_process"].step


@pytest.fixture
def pooled(pooler: Pooler, ports: Ports, clock: FixedClock, hints: RecordedHints) -> Iterator[Ports]:
    ledger = PostgresLedger(pooler.url, clock=clock, hints=hints, pool_size=WORKERS)
    yield replace(ports, ledger=ledger, partners=PARTNERS)
    ledger.close()


def test_a_message_goes_its_whole_way(pooled: Ports, hints: RecordedHints, pooler: Pooler) -> None:
    post(pooled, oru("P-1"))
    work_off(pooled, hints)

    (trace,) = read_traces(pooler.url, "P-1")
    assert "processed" == trace.message.status
    assert {"delivered"} == {delivery.status for delivery in trace.deliveries}


def test_more_workers_than_connections_keep_each_stream_in_order(pooled: Ports, ledger_url: str) -> None:
    assert SERVER_CONNECTIONS < WORKERS
    done: defaultdict[UUID, list[int]] = defaultdict(list)

    def use_case(work: Work, _: Ports) -> Outcome:
        done[work.lease.key].append(work.entry.seq)
        return Outcome(Hop(work.entry.message_id, STEP.function, "process", "nowhere", "processed", work.traceparent))

    stage = Stage(STEP, use_case, STAGES[STEP.function].retry, book=None)
    keys = [uuid4() for _ in range(WORKERS)]
    with ThreadPoolExecutor(WORKERS) as workers:
        list(workers.map(lambda number: append(pooled, keys[number % WORKERS]), range(5 * WORKERS)))
        list(workers.map(lambda stream_id: drain(stage, stream_id, pooled), streams(ledger_url)))

    assert {key: [1, 2, 3, 4, 5] for key in keys} == done
    with psycopg.connect(ledger_url) as connection:
        assert (0,) == connection.execute("select count(*) from entry").fetchone()


def test_nothing_of_a_transaction_stays_with_the_connection(
    pooled: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    post(pooled, oru("P-2"))
    work_off(pooled, hints)

    with psycopg.connect(ledger_url) as connection:
        held = connection.execute(
            "select count(*) from pg_locks where locktype = 'advisory' or (locktype = 'relation' and relation in"
            " (select oid from pg_class where relname in ('stream', 'entry')))"
        ).fetchone()
        states = connection.execute(
            "select distinct state from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and backend_type = 'client backend'"
        ).fetchall()
    assert (0,) == held
    assert [("idle",)] == states


def test_a_worker_that_lost_its_lease_is_told_through_the_pooler(pooled: Ports, ledger_url: str) -> None:
    append(pooled, uuid4())
    (stream_id,) = streams(ledger_url)
    with pooled.ledger.statements() as each:
        taken = each.streams.take(stream_id, "one", pooled.lease, "")()
    assert taken is not None

    with pytest.raises(LeaseLostError), pooled.ledger.transaction() as tx:
        tx.streams.confirm(replace(taken.lease, fence=taken.lease.fence + 1))


def test_a_pooler_that_dies_is_an_outage_that_heals(pooled: Ports, pooler: Pooler) -> None:
    pooled.ledger.check()
    pooler.kill()
    with pytest.raises(TransientError, match="ledger-unavailable"):
        pooled.ledger.check()

    pooler.start()
    pooled.ledger.check()


def append(ports: Ports, key: UUID) -> None:
    """Put an entry into the key's stream."""
    with ports.ledger.transaction() as tx:
        tx.streams.append(NewEntry("process", key, STEP.function, uuid4(), start_trace(), keep=True))


def streams(ledger_url: str) -> list[int]:
    with psycopg.connect(ledger_url) as connection:
        return [row[0] for row in connection.execute("select stream_id from stream order by stream_id").fetchall()]
