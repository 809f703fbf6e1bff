"""Coalescing windows and deadlines in PostgreSQL: entries that are put off, and what takes their place."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from shared.adapters.postgres_statements import Statements
from shared.delivery.ports import Deferred
from shared.ledger import Hint, NewEntry
from shared.ports import Clock

# The streams of these keys in a lane, and those that they were joined to.
_OWN = """
    SELECT coalesce(joined_to, stream_id) AS stream_id FROM stream WHERE lane = %(lane)s AND key = ANY(%(keys)s)
    UNION SELECT stream_id FROM stream WHERE lane = %(lane)s AND key = ANY(%(keys)s)
"""

_REPLACE = f"""
    WITH own AS (
        SELECT stream_id, lease_until > clock_timestamp() AS leased FROM stream
        WHERE stream_id IN ({_OWN}) ORDER BY stream_id FOR UPDATE)
    DELETE FROM entry USING own
    WHERE entry.stream_id = own.stream_id AND entry.coalesces = %(subject)s AND entry.status = 'waiting'
      AND entry.due_at > %(now)s AND entry.attempts = 0
      AND NOT (coalesce(own.leased, false) AND NOT EXISTS (
          SELECT 1 FROM entry earlier WHERE earlier.stream_id = entry.stream_id AND earlier.seq < entry.seq))
    RETURNING entry.delivery_id, entry.due_at
"""  # noqa: S608 -- our own text

_CLOSE = f"""
    UPDATE entry SET coalesces = NULL, due_at = least(due_at, %(now)s)
    WHERE stream_id IN ({_OWN}) AND coalesces IS NOT NULL AND status = 'waiting' AND attempts = 0
    RETURNING stream_id, function, traceparent
"""  # noqa: S608 -- our own text


class PostgresWindows:
    """Windows within one transaction; hints go to `hints` and leave after the commit."""

    def __init__(self, connection: Statements, clock: Clock, hints: list[Hint]) -> None:
        self._connection = connection
        self._clock = clock
        self._hints = hints

    def defer(self, entry: NewEntry, until: datetime, subject: str | None = None) -> None:
        """Put off what was appended in this commit, with a hint scheduled for its time."""
        row = self._connection.execute(
            "UPDATE entry SET due_at = %(until)s, coalesces = %(subject)s"
            " WHERE message_id = %(message_id)s AND function = %(function)s AND status = 'waiting'"
            " AND delivery_id IS NOT DISTINCT FROM %(delivery_id)s RETURNING stream_id",
            {
                "until": until,
                "subject": subject,
                "message_id": entry.message_id,
                "function": entry.function,
                "delivery_id": entry.delivery_id,
            },
        ).fetchone()
        if row:
            self._hints.append(Hint(row[0], entry.function, entry.traceparent, not_before=until))

    def replace(self, lane: str, key: UUID, subject: str) -> list[Deferred]:
        """Take out what is about `subject` and whose window is open, unless a worker has it in hand."""
        rows = self._connection.execute(
            _REPLACE, {"lane": lane, "keys": [key], "subject": subject, "now": self._clock()}
        ).fetchall()
        return sorted((Deferred(*row) for row in rows), key=lambda one: one.until)

    def close(self, lane: str, keys: Sequence[UUID]) -> None:
        """Make due what waits in a window, since something comes behind it; its worker is hinted."""
        woken = self._connection.execute(_CLOSE, {"lane": lane, "keys": list(keys), "now": self._clock()}).fetchall()
        self._hints.extend(Hint(*row) for row in {row[0]: row for row in reversed(woken)}.values())
