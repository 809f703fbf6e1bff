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
from dataclasses import dataclass, field

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


@dataclass
class PostgresTransaction:
    """Every repository of the ledger over one connection; see `shared.ports.Transaction`."""

    connection: Statements
    clock: Clock
    _hints: list[Hint] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Make the repositories; they share the connection, so they commit together."""
        self.messages: ports.Messages = PostgresMessages(self.connection, self.clock)
        self.patients: ports.Patients = PostgresPatients(self.connection, self.clock)
        self._streams = PostgresStreams(self.connection, self.clock, self._hints)
        self.streams: ports.Streams = self._streams
        self.waking: engine.Waking = PostgresWaking(self.connection, self.clock, self._hints)
        self.windows: engine.Windows = PostgresWindows(self.connection, self.clock, self._hints)
        self.visits: Visits = PostgresVisits(self.connection)
        self.early: EarlyMessages = PostgresEarlyMessages(self.connection, self.clock)
        self.survivors: Survivors = PostgresSurvivors(self.connection)
        self.gates: engine.Gates = PostgresGates(self.connection, self.clock)
        self.signatures: engine.UsedSignatures = PostgresUsedSignatures(self.connection)
        self.pressure: engine.Backpressure = PostgresBackpressure(self.connection, self.clock)
        self.halts: engine.Halts = PostgresHalts(self.connection, self.clock)
        self.deliveries: ports.Deliveries = PostgresDeliveries(self.connection, self.clock)
        self.conversions: ports.Conversions = PostgresConversions(self.connection, self.clock)
        self.reports: ports.Reports = PostgresReports(self.connection)
        self.events: ports.Events = PostgresEvents(self.connection, self.clock)
        self.tasks: Tasks = PostgresTasks(self.connection, self.clock)
        self.quarantine: engine.Quarantine = PostgresQuarantine(self.connection, self.clock, self._hints)
        self.consents: ports.Consents = PostgresConsents(self.connection)
        self.lineage: ports.Lineage = PostgresLineage(self.connection, self.clock)
        self.audit: ports.AuditLog = PostgresAuditLog(self.connection, self.clock)
        self.audit_chain: AuditChain = PostgresAuditChain(self.connection)
        self.jobs: JobLeases = PostgresJobLeases(self.connection)
        self.disposal: Disposal = PostgresDisposal(self.connection)
        self.thresholds: Thresholds = PostgresThresholds(self.connection, self.clock)
        self.replays: Replays = PostgresReplays(self.connection, self.clock)
        self.files: DroppedFiles = PostgresDroppedFiles(self.connection, self.clock)

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
