"""One message's whole way, found by any of its ids (requirements H03, H06, H07)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime
from typing import TypeVar
from uuid import UUID

import psycopg
from psycopg import Connection
from psycopg.rows import class_row
from psycopg.sql import SQL, Identifier

from shared.adapters.postgres_ledger import translated
from shared.audit.retention import DISPOSED
from shared.ledger import DeliveryRow

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TracedHop:
    """One hop, with its span."""

    at: datetime
    function: str
    source: str
    target: str
    outcome: str
    code: str | None
    location: str | None
    attempt: int
    actor: str
    mapping: str | None
    schema_version: str | None
    payload_hash: bytes | None
    traceparent: str
    parent_span: str | None
    delivery_id: UUID | None


@dataclass(frozen=True, slots=True)
class TracedTask:
    """A task that the message opened, with one of its transitions."""

    task_id: UUID
    kind: str
    state: str
    owner_queue: str
    due_at: datetime
    escalation: int


@dataclass(frozen=True, slots=True)
class TracedMessage:
    """The message itself: identifiers and states, no payload."""

    message_id: UUID
    partner: str
    control_id: str
    message_code: str
    trigger_event: str
    hl7_version: str
    flow: str | None
    received_at: datetime
    status: str
    status_code: str | None
    status_location: str | None
    duplicate_of: UUID | None
    control_id_reused: bool
    acknowledgment_code: str | None
    traceparent: str


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that the ledger knows of one message's way, in time order."""

    message: TracedMessage
    hops: list[TracedHop]
    deliveries: list[DeliveryRow]
    tasks: list[TracedTask]
    events: list[str]
    waiting: list[tuple[str, str, int, str | None]]


_FOUND = """
    SELECT message_id FROM message WHERE control_id = %(text)s
    UNION SELECT message_id FROM message WHERE split_part(traceparent, '-', 2) = lower(%(text)s)
    UNION SELECT message_id FROM message WHERE message_id = %(uuid)s
    UNION SELECT message_id FROM delivery WHERE delivery_id = %(uuid)s
    UNION SELECT message_id FROM task WHERE task_id = %(uuid)s
    UNION SELECT message_id FROM event WHERE event_id = %(uuid)s
"""
_OLDEST_FIRST = f"""
    SELECT message_id FROM message WHERE message_id IN ({_FOUND}) ORDER BY received_at, message_id LIMIT %(limit)s
"""  # noqa: S608 -- our own query


def read_traces(url: str, any_id: str, limit: int = 20) -> list[Trace]:
    """
    Return the traces of the messages that `any_id` names, oldest first; an empty list when it names none.

    `any_id` is a message, delivery, task or event id, a control id (MSH-10, several partners may use it), or a
    W3C trace id. Looking is an act: it is written to the audit log.
    """
    with translated(), psycopg.connect(url, prepare_threshold=None, connect_timeout=5) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        wanted = {"text": any_id, "uuid": _uuid(any_id), "limit": limit}
        traces = [_trace(connection, row[0]) for row in connection.execute(_OLDEST_FIRST, wanted).fetchall()]
        for trace in traces:
            connection.execute(
                "INSERT INTO audit (at, actor, action, subject, reason, details)"
                " VALUES (clock_timestamp(), 'operator', 'trace', %s, 'command line', '{}')",
                (str(trace.message.message_id),),
            )
        return traces


def read_disposal(url: str, any_id: str) -> tuple[datetime, str] | None:
    """Return when the message of this id was disposed of and under which retention class; None when it was not."""
    with translated(), psycopg.connect(url, prepare_threshold=None, connect_timeout=5) as connection:
        return connection.execute(
            "SELECT at, reason FROM audit WHERE subject = %s AND action = %s", (any_id, DISPOSED)
        ).fetchone()


def _uuid(any_id: str) -> UUID | None:
    # A trace id has a UUID's digits without its dashes: only the dashed form is taken for one of ours.
    if "-" in any_id:
        with suppress(ValueError):
            return UUID(any_id)
    return None


def _trace(connection: Connection, message_id: UUID) -> Trace:
    (message,) = _rows(connection, TracedMessage, "message", message_id, "received_at")
    waiting = connection.execute(
        "SELECT function, status, attempts, code FROM entry"
        " WHERE message_id = %s AND status <> 'fence' ORDER BY entered_at",
        (message_id,),
    ).fetchall()
    events = connection.execute(
        "SELECT type FROM event WHERE message_id = %s ORDER BY recorded_at, event_id", (message_id,)
    ).fetchall()
    return Trace(
        message=message,
        hops=_rows(connection, TracedHop, "hop", message_id, "hop_id"),
        deliveries=_rows(connection, DeliveryRow, "delivery", message_id, "destination"),
        tasks=_rows(connection, TracedTask, "task", message_id, "opened_at"),
        events=[row[0] for row in events],
        waiting=[(function, status, attempts, code) for function, status, attempts, code in waiting],
    )


def _rows(connection: Connection, kind: type[T], table: str, message_id: UUID, order: str) -> list[T]:
    """Return the table's rows of one message as `kind`, whose fields are the columns."""
    columns = [Identifier(name.name) for name in fields(kind)]  # type: ignore[arg-type]
    query = SQL("SELECT {} FROM {} WHERE message_id = %s ORDER BY {}").format(
        SQL(", ").join(columns), Identifier(table), Identifier(order)
    )
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(query, (message_id,)).fetchall()
