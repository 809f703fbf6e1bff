"""Work for people in PostgreSQL: tasks, consents, and the leases of scheduled jobs."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import orjson
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from shared.adapters.postgres_statements import Statements
from shared.ledger import NewTask, OverdueTask
from shared.ports import Clock


class PostgresTasks:
    """Tasks and their transitions; every transition has an actor, a time and a reason (invariant 11)."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def open(self, task: NewTask, actor: str, reason: str) -> bool:
        """Open the task in state `queued`; False when its dedupe key has opened one before."""
        task_id, now = uuid4(), self._clock()
        opened = self._connection.execute(
            "INSERT INTO task (task_id, kind, dedupe_key, flow, state, owner_queue, message_id, patient_key,"
            " explanation, opened_at, due_at)"
            " VALUES (%s, %s, %s, %s, 'queued', %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (dedupe_key) DO NOTHING RETURNING task_id",
            (
                task_id,
                task.kind,
                task.dedupe_key,
                task.flow,
                task.owner_queue,
                task.message_id,
                task.patient_key,
                Jsonb(task.explanation, dumps=orjson.dumps),
                now,
                task.due_at,
            ),
        ).fetchone()
        if opened:
            self._transition(task_id, None, "queued", actor, reason)
        return opened is not None

    def close(self, dedupe_key: str, actor: str, reason: str) -> bool:
        """Complete the task; the same dedupe key opens no second one."""
        row = self._connection.execute(
            "SELECT task_id, state FROM task WHERE dedupe_key = %s AND state NOT IN ('completed', 'cancelled')"
            " FOR UPDATE",
            (dedupe_key,),
        ).fetchone()
        if row is None:
            return False
        self._connection.execute("UPDATE task SET state = 'completed' WHERE task_id = %s", (row[0],))
        self._transition(row[0], row[1], "completed", actor, reason)
        return True

    def still_open(self, kind: str) -> list[str]:
        """Return the dedupe keys of the open tasks of this kind."""
        rows = self._connection.execute(
            "SELECT dedupe_key FROM task WHERE state NOT IN ('completed', 'cancelled') AND kind = %s", (kind,)
        )
        return [key for (key,) in rows]

    def overdue(self, limit: int) -> list[OverdueTask]:
        """Lock and return open tasks whose deadline has passed, the longest overdue first."""
        with self._connection.cursor(row_factory=class_row(OverdueTask)) as cursor:
            return cursor.execute(
                "SELECT task_id, kind, state, owner_queue, escalation, due_at FROM task"
                " WHERE state NOT IN ('completed', 'cancelled') AND due_at <= %s"
                " ORDER BY due_at LIMIT %s FOR UPDATE SKIP LOCKED",
                (self._clock(), limit),
            ).fetchall()

    def escalate(self, task: OverdueTask, owner_queue: str, due_at: datetime, actor: str, reason: str) -> None:
        """Hand the task to `owner_queue` with a new deadline; its state stays what it was."""
        self._connection.execute(
            "UPDATE task SET owner_queue = %s, due_at = %s, escalation = escalation + 1 WHERE task_id = %s",
            (owner_queue, due_at, task.task_id),
        )
        self._transition(task.task_id, task.state, task.state, actor, reason)

    def _transition(self, task_id: UUID, before: str | None, after: str, actor: str, reason: str) -> None:
        self._connection.execute(
            "INSERT INTO task_transition (task_id, seq, from_state, to_state, actor, at, reason)"
            " SELECT %(task_id)s, coalesce(max(seq), 0) + 1, %(before)s, %(after)s, %(actor)s, %(at)s, %(reason)s"
            " FROM task_transition WHERE task_id = %(task_id)s",
            {
                "task_id": task_id,
                "before": before,
                "after": after,
                "actor": actor,
                "at": self._clock(),
                "reason": reason,
            },
        )


class PostgresConsents:
    """Recorded consent decisions per patient and destination."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    def decision(self, patient_key: UUID, destination: str) -> str | None:
        """Return `permit`, `deny`, or None when nothing is recorded."""
        row = self._connection.execute(
            "SELECT decision FROM consent WHERE (patient_key, destination) = (%s, %s)", (patient_key, destination)
        ).fetchone()
        return row[0] if row else None


class PostgresJobLeases:
    """One runner per scheduled job: a timer that fires twice runs once."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    def take(self, name: str, owner: str, duration: timedelta) -> bool:
        """Take the lease for `duration` by the database's clock; False when another runner holds it."""
        taken = self._connection.execute(
            "INSERT INTO job_lease (name, lease_owner, lease_until)"
            " VALUES (%(name)s, %(owner)s, clock_timestamp() + %(duration)s)"
            " ON CONFLICT (name) DO UPDATE SET lease_owner = excluded.lease_owner, lease_until = excluded.lease_until"
            " WHERE job_lease.lease_until < clock_timestamp() OR job_lease.lease_owner = excluded.lease_owner"
            " RETURNING name",
            {"name": name, "owner": owner, "duration": duration},
        ).fetchone()
        return taken is not None
