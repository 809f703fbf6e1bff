"""Who sleeps and who is woken: held entries, lost hints, streams that wait for a person too long."""

from __future__ import annotations

from datetime import datetime

from psycopg.rows import class_row

from shared.adapters.postgres_statements import Statements
from shared.delivery.clocks import FAR_AHEAD
from shared.delivery.ports import ParkedStreams, WaitingAt
from shared.ledger import Entry, Hint
from shared.ports import Clock

_UNLEASED = "(stream.lease_until IS NULL OR stream.lease_until < clock_timestamp())"


class PostgresWaking:
    """Holding and waking within one transaction; hints go to `hints` and leave after the commit."""

    def __init__(self, connection: Statements, clock: Clock, hints: list[Hint]) -> None:
        self._connection = connection
        self._clock = clock
        self._hints = hints

    def hold(self, entry: Entry, waits_for: str, code: str, until: datetime | None, *, hint: bool) -> None:
        """Leave the head to its gate: no attempt is burnt; with `hint` it is tried again at `until` by itself."""
        self._connection.execute(
            "UPDATE entry SET status = 'held', waits_for = %s, code = %s, due_at = greatest(due_at, %s)"
            " WHERE (stream_id, seq) = (%s, %s)",
            (waits_for, code, until, entry.stream_id, entry.seq),
        )
        if hint:
            self._hints.append(Hint(entry.stream_id, entry.function, entry.traceparent, not_before=until))

    def wake(self, waits_for: str, limit: int) -> int:
        """Wake the entries that wait for this gate, `limit` at most, the longest waiting first; return how many."""
        with self._connection.cursor(row_factory=class_row(Hint)) as cursor:
            woken = cursor.execute(
                f"""
                WITH chosen AS (
                    SELECT entry.stream_id, entry.seq FROM entry JOIN stream USING (stream_id)
                    WHERE entry.status = 'held' AND entry.waits_for = %(waits_for)s AND {_UNLEASED}
                    ORDER BY entry.entered_at LIMIT %(limit)s FOR UPDATE OF entry SKIP LOCKED)
                UPDATE entry SET status = 'waiting', due_at = %(now)s, waits_for = NULL FROM chosen
                WHERE (entry.stream_id, entry.seq) = (chosen.stream_id, chosen.seq)
                RETURNING entry.stream_id, entry.function, entry.traceparent
                """,  # noqa: S608 -- our own text
                {"waits_for": waits_for, "limit": limit, "now": self._clock()},
            ).fetchall()
        self._hints.extend(woken)
        return len(woken)

    def wake_stream(self, stream_id: int) -> bool:
        """Hint the stream if its head is due and nobody holds it."""
        with self._connection.cursor(row_factory=class_row(Hint)) as cursor:
            owed = cursor.execute(
                f"""
                SELECT stream_id, head.function, head.traceparent FROM stream CROSS JOIN LATERAL (
                    SELECT function, traceparent, status, due_at FROM entry
                    WHERE entry.stream_id = stream.stream_id ORDER BY seq LIMIT 1) head
                WHERE stream_id = %s AND head.status = 'waiting' AND head.due_at <= %s AND {_UNLEASED}
                """,  # noqa: S608 -- our own text
                (stream_id, self._clock()),
            ).fetchall()
        self._hints.extend(owed)
        return bool(owed)

    def record_residue(
        self,
        entity: str,
        sequence: int,
        reason: str,
        stream_id: int | None,
        enqueued_at: datetime | None,
        outcome: str,
    ) -> bool:
        """Keep what the bus gave up on and what became of it; False when this letter was kept before."""
        kept = self._connection.execute(
            "INSERT INTO dead_letter (entity, sequence, reason, stream_id, enqueued_at, drained_at, outcome)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING entity",
            (entity, sequence, reason, stream_id, enqueued_at, self._clock(), outcome),
        ).fetchone()
        return kept is not None

    def waiting(self) -> list[WaitingAt]:
        """Return every gate with entries waiting for it, and since when."""
        with self._connection.cursor(row_factory=class_row(WaitingAt)) as cursor:
            return cursor.execute(
                "SELECT waits_for, count(*) AS entries, min(entered_at) AS since FROM entry"
                " WHERE status = 'held' GROUP BY waits_for ORDER BY waits_for"
            ).fetchall()

    def overdue(self, before: datetime, limit: int) -> list[Hint]:
        """Return hints for unleased streams whose head could go before `before`, and note that they were hinted."""
        with self._connection.cursor(row_factory=class_row(Hint)) as cursor:
            return cursor.execute(
                f"""
                WITH stuck AS (
                    SELECT stream.stream_id, entry.function, entry.traceparent
                    FROM entry JOIN stream USING (stream_id)
                    WHERE entry.status = 'waiting' AND entry.due_at < %(before)s AND {_UNLEASED}
                      AND (stream.hinted_at IS NULL OR stream.hinted_at < %(before)s OR stream.hinted_at > %(beyond)s)
                      AND NOT EXISTS (
                          SELECT 1 FROM entry earlier
                          WHERE earlier.stream_id = entry.stream_id AND earlier.seq < entry.seq)
                      AND NOT EXISTS (
                          SELECT 1 FROM entry fence JOIN entry ahead ON ahead.stream_id = fence.stream_id
                          WHERE fence.status = 'fence' AND ahead.seq < fence.seq
                            AND (fence.merge_stream, fence.merge_seq) = (entry.stream_id, entry.seq))
                    ORDER BY entry.due_at LIMIT %(limit)s
                    FOR UPDATE OF stream SKIP LOCKED)
                UPDATE stream SET hinted_at = %(now)s FROM stuck WHERE stream.stream_id = stuck.stream_id
                RETURNING stuck.stream_id, stuck.function, stuck.traceparent
                """,  # noqa: S608 -- our own text
                {"before": before, "beyond": self._clock() + FAR_AHEAD, "limit": limit, "now": self._clock()},
            ).fetchall()

    def recall(self, beyond: datetime) -> int:
        """
        Count an entry's wait from now where it was entered in a time to come; else it is due.

        The database's clock must agree: a sweeper whose own is behind would undo every back-off.
        """
        recalled = self._connection.execute(
            """
            WITH limits AS (
                SELECT greatest(%(beyond)s, clock_timestamp() + (%(beyond)s - %(now)s::timestamptz)) AS beyond)
            UPDATE entry SET entered_at = least(entered_at, %(now)s), due_at = CASE WHEN entered_at > beyond
                THEN %(now)s + greatest(due_at - entered_at, interval '0') ELSE %(now)s END
            FROM limits WHERE status = 'waiting' AND due_at > beyond AND (attempts > 0 OR entered_at > beyond)
            RETURNING seq
            """,
            {"now": self._clock(), "beyond": beyond},
        ).fetchall()
        return len(recalled)

    def failing(self, since: datetime) -> list[WaitingAt]:
        """Return how many entries of each lane have failed since before this moment, and since when the oldest has."""
        with self._connection.cursor(row_factory=class_row(WaitingAt)) as cursor:
            return cursor.execute(
                "SELECT lane AS waits_for, count(*) AS entries, min(first_failed_at) AS since"
                " FROM entry JOIN stream USING (stream_id) WHERE status = 'waiting' AND first_failed_at < %s"
                " GROUP BY lane ORDER BY lane",
                (since,),
            ).fetchall()

    def parked(self) -> list[ParkedStreams]:
        """Return how many streams are parked per function, and since when the oldest is."""
        with self._connection.cursor(row_factory=class_row(ParkedStreams)) as cursor:
            return cursor.execute(
                "SELECT function, count(*) AS streams, min(coalesce(parked_at, entered_at)) AS since FROM entry"
                " WHERE status = 'parked' GROUP BY function ORDER BY function"
            ).fetchall()
