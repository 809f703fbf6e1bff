"""
The ledger in PostgreSQL: one pool, one transaction per use case's commit, hints after it.

What one commit writes travels in one pipeline with its BEGIN and its COMMIT: a statement waits for an answer only
where somebody asks for one. Works behind PgBouncer in transaction mode: no session state, no LISTEN, and no prepared
statements unless the settings allow them. The password is fetched per physical connection, because in Azure it is a
token that expires within the hour.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Generic, TypeVar

import psycopg
from psycopg import Connection
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout, TooManyRequests

from shared import ledger_ports as ports
from shared.adapters.postgres_audit_chain import PostgresAuditChain
from shared.adapters.postgres_deliveries import (
    PostgresConversions,
    PostgresDeliveries,
    PostgresEvents,
    PostgresReports,
)
from shared.adapters.postgres_disposal import PostgresDisposal
from shared.adapters.postgres_dropped_files import PostgresDroppedFiles
from shared.adapters.postgres_evidence import PostgresAuditLog, PostgresLineage
from shared.adapters.postgres_gates import PostgresGates, PostgresHalts
from shared.adapters.postgres_messages import PostgresMessages, PostgresPatients
from shared.adapters.postgres_pressure import PostgresBackpressure
from shared.adapters.postgres_quarantine import PostgresQuarantine
from shared.adapters.postgres_replays import PostgresReplays
from shared.adapters.postgres_signatures import PostgresUsedSignatures
from shared.adapters.postgres_statements import Statements
from shared.adapters.postgres_streams import PostgresStreams
from shared.adapters.postgres_thresholds import PostgresThresholds
from shared.adapters.postgres_visits import PostgresEarlyMessages, PostgresSurvivors, PostgresVisits
from shared.adapters.postgres_waking import PostgresWaking
from shared.adapters.postgres_windows import PostgresWindows
from shared.adapters.postgres_work import PostgresConsents, PostgresJobLeases, PostgresTasks
from shared.audit.ports import AuditChain, Disposal
from shared.delivery import ports as engine
from shared.errors import TransientError
from shared.landing import DroppedFiles
from shared.ledger import Hint, LeaseLostError
from shared.ports import Clock, HintSender
from shared.replay.ports import Replays
from shared.workflow.ports import JobLeases, Tasks, Thresholds
from shared.workflow.visits import EarlyMessages, Survivors, Visits

Repository = TypeVar("Repository")

_POOL_WAIT_SECONDS = 5.0
_FENCE_MOVED = "CF001"  # raised by the step `hold` of the function write_steps
_AWAY = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,  # a server that was the primary until a moment ago
    psycopg.errors.IdleInTransactionSessionTimeout,
    PoolTimeout,
    PoolClosed,
    TooManyRequests,
)


class _Made(Generic[Repository]):
    """A repository of a transaction, made when it is first asked for: a commit uses three or four of them."""

    def __init__(self, make: Callable[[PostgresTransaction], Repository]) -> None:
        self._make = make

    def __set_name__(self, _: type, name: str) -> None:
        self._name = name

    def __get__(self, transaction: PostgresTransaction, _: type) -> Repository:
        made = transaction.__dict__[self._name] = self._make(transaction)
        return made


class PostgresTransaction:
    """Every repository over one connection, so that they commit together; see `shared.ledger_ports.Transaction`."""

    connection: Statements
    clock: Clock
    _hints: list[Hint]

    messages = _Made[ports.Messages](lambda tx: PostgresMessages(tx.connection, tx.clock))
    patients = _Made[ports.Patients](lambda tx: PostgresPatients(tx.connection, tx.clock))
    waking = _Made[engine.Waking](lambda tx: PostgresWaking(tx.connection, tx.clock, tx._hints))
    windows = _Made[engine.Windows](lambda tx: PostgresWindows(tx.connection, tx.clock, tx._hints))
    visits = _Made[Visits](lambda tx: PostgresVisits(tx.connection))
    early = _Made[EarlyMessages](lambda tx: PostgresEarlyMessages(tx.connection, tx.clock))
    survivors = _Made[Survivors](lambda tx: PostgresSurvivors(tx.connection))
    gates = _Made[engine.Gates](lambda tx: PostgresGates(tx.connection, tx.clock))
    signatures = _Made[engine.UsedSignatures](lambda tx: PostgresUsedSignatures(tx.connection))
    pressure = _Made[engine.Backpressure](lambda tx: PostgresBackpressure(tx.connection, tx.clock))
    halts = _Made[engine.Halts](lambda tx: PostgresHalts(tx.connection, tx.clock))
    deliveries = _Made[ports.Deliveries](lambda tx: PostgresDeliveries(tx.connection, tx.clock))
    conversions = _Made[ports.Conversions](lambda tx: PostgresConversions(tx.connection, tx.clock))
    reports = _Made[ports.Reports](lambda tx: PostgresReports(tx.connection))
    events = _Made[ports.Events](lambda tx: PostgresEvents(tx.connection, tx.clock))
    tasks = _Made[Tasks](lambda tx: PostgresTasks(tx.connection, tx.clock))
    quarantine = _Made[engine.Quarantine](lambda tx: PostgresQuarantine(tx.connection, tx.clock, tx._hints))
    consents = _Made[ports.Consents](lambda tx: PostgresConsents(tx.connection))
    lineage = _Made[ports.Lineage](lambda tx: PostgresLineage(tx.connection, tx.clock))
    audit = _Made[ports.AuditLog](lambda tx: PostgresAuditLog(tx.connection, tx.clock))
    audit_chain = _Made[AuditChain](lambda tx: PostgresAuditChain(tx.connection))
    jobs = _Made[JobLeases](lambda tx: PostgresJobLeases(tx.connection))
    disposal = _Made[Disposal](lambda tx: PostgresDisposal(tx.connection))
    thresholds = _Made[Thresholds](lambda tx: PostgresThresholds(tx.connection, tx.clock))
    replays = _Made[Replays](lambda tx: PostgresReplays(tx.connection, tx.clock))
    files = _Made[DroppedFiles](lambda tx: PostgresDroppedFiles(tx.connection, tx.clock))

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self.connection = connection
        self.clock = clock
        self._hints = []
        self._streams = PostgresStreams(connection, clock, self._hints)
        self.streams: ports.Streams = self._streams

    @property
    def hints(self) -> list[Hint]:
        """Return the hints collected so far, those that a statement's answer yields included."""
        self._streams.settle()
        return self._hints


@contextmanager
def translated() -> Iterator[None]:
    """Turn what heals into TransientError; a wrong statement stays a defect and propagates."""
    try:
        yield
    except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure) as error:
        raise TransientError("ledger-conflict", text="two commits met; try again") from error
    except _AWAY as error:
        raise TransientError("ledger-unavailable", text="the state store cannot be reached") from error
    except psycopg.DatabaseError as error:
        if error.sqlstate != _FENCE_MOVED:
            raise
        raise LeaseLostError from error


class PostgresLedger:
    """
    The state store over a connection pool; `close` it when the process ends.

    A session prepares a statement that it has seen `prepare_after` times; never with 0, as PgBouncer in transaction
    mode needs it.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        hints: HintSender,
        password: Callable[[], str] | None = None,
        pool_size: int = 20,
        prepare_after: int = 0,
    ) -> None:
        self._clock = clock
        self._hints = hints
        self._checking = threading.Lock()

        def connect_arguments() -> dict[str, object]:
            fixed: dict[str, object] = {
                "prepare_threshold": prepare_after or None,
                "connect_timeout": 5,
                "autocommit": True,
            }
            return {**fixed, "password": password()} if password else fixed

        self._pool = ConnectionPool(
            url,
            min_size=1,
            max_size=pool_size,
            kwargs=connect_arguments,
            timeout=_POOL_WAIT_SECONDS,
            max_lifetime=1800,
            reconnect_timeout=30,
            open=True,
        )

    @contextmanager
    def transaction(self) -> Iterator[PostgresTransaction]:
        """Commit what the block wrote when it ends, nothing when it raises; then send the hints it collected."""
        with self._connected() as connection, ExitStack() as pipeline:
            statements = Statements(connection, pipeline)
            transaction = PostgresTransaction(statements, self._clock)
            yield transaction
            statements.commit()
        if hints := transaction.hints:
            self._hints.send(hints)

    @contextmanager
    def statements(self) -> Iterator[PostgresTransaction]:
        """Run statements that are each a commit of their own: reads, and the taking of a lease."""
        with self._connected() as connection:
            statements = Statements(connection)
            yield PostgresTransaction(statements, self._clock)
            statements.commit()

    def check(self) -> None:
        """Ask the server; a connection that lies in the pool proves nothing."""
        with self._connected() as connection:
            connection.execute("SELECT 1")

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        try:
            with translated(), self._pool.connection() as connection:
                yield connection
        except TransientError as error:
            if isinstance(error.__cause__, psycopg.OperationalError):
                self._discard_broken_connections()
            raise

    def _discard_broken_connections(self) -> None:
        """Test what lies in the pool after one connection broke: a restart of the server breaks all of them."""
        if self._checking.acquire(blocking=False):
            try:
                self._pool.check()
            finally:
                self._checking.release()

    def close(self) -> None:
        """Close the pool and its connections."""
        self._pool.close()
