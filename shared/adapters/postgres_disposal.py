"""Disposal in PostgreSQL: done by the database's own functions, so that `ops` can delete in no other way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.adapters.postgres_statements import Statements
from shared.audit.retention import START, Looked, Place


class PostgresDisposal:
    """Rows past their retention; a batch is one commit with the audit of it."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    def reached(self, retention: str) -> Place:
        """Return how far the class was looked through, START where nothing was."""
        row = self._connection.execute(
            "SELECT received_at, message_id FROM disposal WHERE retention = %s", (retention,)
        ).fetchone()
        return Place(*row) if row else START

    def reach(self, retention: str, place: Place) -> None:
        """Remember how far the class was looked through."""
        self._connection.execute(
            "INSERT INTO disposal (retention, received_at, message_id) VALUES (%s, %s, %s)"
            " ON CONFLICT (retention) DO UPDATE SET received_at = excluded.received_at,"
            " message_id = excluded.message_id",
            (retention, place.received_at, place.message_id),
        )

    def messages(self, flows: Sequence[str], before: datetime, after: Place, look: int) -> list[Looked]:
        """Look at the next messages and dispose of those that may go; one that a commit has in hand is let be."""
        rows = self._connection.execute(
            "SELECT received_at, message_id, disposed FROM dispose_messages(%s, %s, %s, %s, %s)",
            (list(flows), before, after.received_at, after.message_id, look),
        ).fetchall()
        return [Looked(Place(received_at, message_id), disposed) for received_at, message_id, disposed in rows]

    def files(self, before: datetime, limit: int) -> list[UUID]:
        """Dispose of dropped files that ended before, whose messages are gone; return which."""
        rows = self._connection.execute("SELECT * FROM dispose_files(%s, %s)", (before, limit)).fetchall()
        return [row[0] for row in rows]

    def dead_letters(self, before: datetime, limit: int) -> int:
        """Dispose of dead letters that were drained before; return how many."""
        rows = self._connection.execute(
            "DELETE FROM dead_letter WHERE (entity, sequence) IN"
            " (SELECT entity, sequence FROM dead_letter WHERE drained_at < %s LIMIT %s) RETURNING sequence",
            (before, limit),
        ).fetchall()
        return len(rows)
