"""The memory of ADT routing in PostgreSQL: visits, early messages, survivors of merges."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from shared.adapters.postgres_statements import Statements
from shared.ports import Clock
from shared.workflow.visits import EarlyMessage, Survivor, Visit, Waiting


class PostgresVisits:
    """Where each visit stands."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    def get(self, key: str) -> Visit | None:
        """Return the visit, or None."""
        row = self._connection.execute(
            "SELECT visit_key, state, moved_at, stated_at, facility, class, unit, message_id FROM visit"
            " WHERE visit_key = %s",
            (key,),
        ).fetchone()
        return Visit(*row) if row else None

    def record(self, visit: Visit) -> None:
        """Make this what is known of the visit; whether it may be, the flow's policy has decided."""
        self._connection.execute(
            "INSERT INTO visit (visit_key, state, moved_at, stated_at, facility, class, unit, message_id)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (visit_key) DO UPDATE SET state = excluded.state,"
            " moved_at = excluded.moved_at, stated_at = excluded.stated_at, facility = excluded.facility,"
            " class = excluded.class, unit = excluded.unit, message_id = excluded.message_id",
            (
                visit.key,
                visit.state,
                visit.moved_at,
                visit.stated_at,
                visit.facility,
                visit.patient_class,
                visit.unit,
                visit.message_id,
            ),
        )


class PostgresEarlyMessages:
    """Messages that wait for their visit."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def get(self, message_id: UUID) -> EarlyMessage | None:
        """Lock the row and return it, or None."""
        row = self._connection.execute(
            "SELECT message_id, visit_key, stated_at, state FROM early_message WHERE message_id = %s FOR UPDATE",
            (message_id,),
        ).fetchone()
        return EarlyMessage(*row) if row else None

    def of_visit(self, key: str) -> list[EarlyMessage]:
        """Return them by the sender's time, then as they came."""
        with self._connection.cursor(row_factory=class_row(EarlyMessage)) as cursor:
            return cursor.execute(
                "SELECT early.message_id, early.visit_key, early.stated_at, early.state FROM early_message early"
                " JOIN message USING (message_id) WHERE early.visit_key = %s AND message.status = 'received'"
                " ORDER BY early.stated_at NULLS LAST, early.position",
                (key,),
            ).fetchall()

    def wait(self, message_id: UUID, key: str, stated_at: datetime | None) -> bool:
        """Let the message wait unless its time is up; False when it has waited before: its deadline stays."""
        row = self._connection.execute(
            "INSERT INTO early_message (message_id, visit_key, stated_at, state, since)"
            " VALUES (%s, %s, %s, 'waiting', %s) ON CONFLICT (message_id) DO UPDATE SET"
            " state = CASE early_message.state WHEN 'overdue' THEN 'overdue' ELSE 'waiting' END RETURNING xmax = 0",
            (message_id, key, stated_at, self._clock()),
        ).fetchone()
        return row is not None and bool(row[0])

    def let_go(self, message_id: UUID, state: Waiting) -> None:
        """Note that it waits no longer, and why."""
        self._connection.execute("UPDATE early_message SET state = %s WHERE message_id = %s", (state, message_id))

    def forget(self, message_id: UUID) -> None:
        """Remove it."""
        self._connection.execute("DELETE FROM early_message WHERE message_id = %s", (message_id,))


class PostgresSurvivors:
    """Which Patient lives on in which."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    def of(self, patient_ids: Sequence[str]) -> dict[str, Survivor]:
        """Return the survivors of those that are retired."""
        rows = self._connection.execute(
            "SELECT retired, survivor, identifiers FROM merged_patient WHERE retired = ANY(%s)", (list(patient_ids),)
        ).fetchall()
        return {retired: Survivor(survivor, identifiers) for retired, survivor, identifiers in rows}

    def record(self, retired: str, survivor: Survivor, message_id: UUID) -> None:
        """Retire a Patient and hand over those that lived on in it; who survives anew is not retired."""
        wanted = {
            "retired": retired,
            "survivor": survivor.patient_id,
            "identifiers": Jsonb(survivor.identifiers, dumps=orjson.dumps),
            "message_id": message_id,
        }
        self._connection.execute("DELETE FROM merged_patient WHERE retired = %(survivor)s", wanted)
        self._connection.execute(
            "UPDATE merged_patient SET survivor = %(survivor)s, identifiers = %(identifiers)s"
            " WHERE survivor = %(retired)s",
            wanted,
        )
        self._connection.execute(
            "INSERT INTO merged_patient (retired, survivor, identifiers, message_id)"
            " VALUES (%(retired)s, %(survivor)s, %(identifiers)s, %(message_id)s)"
            " ON CONFLICT (retired) DO UPDATE SET survivor = excluded.survivor,"
            " identifiers = excluded.identifiers, message_id = excluded.message_id",
            wanted,
        )

    def mark(self, subsumed: Sequence[UUID], surviving: UUID | None, message_id: UUID) -> None:
        """Note the keys of everybody in the merge: whose records must be looked at before they leave."""
        for key in filter(None, (*subsumed, surviving)):
            self._connection.execute(
                "INSERT INTO merged_key (patient_key, message_id) VALUES (%s, %s) ON CONFLICT DO NOTHING",
                (key, message_id),
            )
