"""
Streams in PostgreSQL: order, leases, fences, due times.

Number order is commit order, because a sequence number is assigned while the stream's row is locked. Leases
are judged by the database's clock, so that skewed workers agree; due times by the injected one.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta

from psycopg import Connection
from psycopg.rows import class_row

from shared.ledger import Entry, Hint, Lease, LeaseLostError, NewEntry
from shared.ports import Clock


class PostgresStreams:
    """Streams within one transaction; hints go to `hints` and leave after the commit."""

    def __init__(self, connection: Connection, clock: Clock, hints: list[Hint]) -> None:
        self._connection = connection
        self._clock = clock
        self._hints = hints

    def append(self, entry: NewEntry) -> None:
        """Add an entry that is due at once, and collect the hint that wakes its function."""
        row = self._connection.execute(
            """
            WITH numbered AS (
                INSERT INTO stream (lane, key, keep, next_seq) VALUES (%(lane)s, %(key)s, %(keep)s, 2)
                ON CONFLICT (lane, key) DO UPDATE SET next_seq = stream.next_seq + 1
                RETURNING stream_id, next_seq - 1 AS seq)
            INSERT INTO entry (stream_id, seq, function, message_id, delivery_id, traceparent, due_at, entered_at)
            SELECT stream_id, seq, %(function)s, %(message_id)s, %(delivery_id)s, %(traceparent)s, %(now)s, %(now)s
            FROM numbered RETURNING stream_id
            """,
            {**asdict(entry), "now": self._clock()},
        ).fetchone()
        if row is None:
            raise LookupError("the stream took no entry")
        self._hints.append(Hint(row[0], entry.function, entry.traceparent))

    def lease(self, stream_id: int, owner: str, duration: timedelta) -> Lease | None:
        """Lease the stream if nobody holds it. Taking over an expired lease counts as a takeover."""
        with self._connection.cursor(row_factory=class_row(Lease)) as cursor:
            return cursor.execute(
                """
                UPDATE stream
                SET lease_owner = %(owner)s, lease_until = clock_timestamp() + %(duration)s, fence = fence + 1,
                    takeovers = takeovers + (lease_owner IS NOT NULL)::int, hinted_at = NULL
                WHERE stream_id = %(stream_id)s AND (lease_until IS NULL OR lease_until < clock_timestamp())
                RETURNING stream_id, lane, key, fence, lease_owner AS owner, takeovers
                """,
                {"owner": owner, "duration": duration, "stream_id": stream_id},
            ).fetchone()

    def head(self, lease: Lease, duration: timedelta) -> Entry | None:
        """Return the stream's first entry if it may be worked on now; None if empty, parked or not yet due."""
        row = self._connection.execute(
            """
            WITH held AS (
                UPDATE stream SET lease_until = clock_timestamp() + %(duration)s
                WHERE stream_id = %(stream_id)s AND fence = %(fence)s RETURNING stream_id)
            SELECT first.* FROM held LEFT JOIN LATERAL (
                SELECT stream_id, seq, function, message_id, delivery_id, attempts, due_at, first_failed_at,
                    traceparent, status
                FROM entry WHERE entry.stream_id = held.stream_id ORDER BY seq LIMIT 1) first ON true
            """,
            {"duration": duration, "stream_id": lease.stream_id, "fence": lease.fence},
        ).fetchone()
        if row is None:
            raise LeaseLostError(lease.stream_id)
        *fields, status = row
        if status != "waiting":
            return None
        entry = Entry(*fields)
        return entry if entry.due_at <= self._clock() else None

    def confirm(self, lease: Lease) -> None:
        """Lock the stream's row for this commit; LeaseLostError if another worker took over."""
        held = self._connection.execute(
            "SELECT 1 FROM stream WHERE stream_id = %s AND fence = %s FOR UPDATE", (lease.stream_id, lease.fence)
        ).fetchone()
        if held is None:
            raise LeaseLostError(lease.stream_id)

    def release(self, lease: Lease) -> None:
        """
        Give the lease back; a stream that need not be kept goes with its last entry.

        Call it in the commit that found no head: the row is locked, so no entry can slip in between.
        """
        self._connection.execute(
            """
            WITH gone AS (
                DELETE FROM stream
                WHERE stream_id = %(stream_id)s AND fence = %(fence)s AND NOT keep
                  AND NOT EXISTS (SELECT 1 FROM entry WHERE entry.stream_id = stream.stream_id)
                RETURNING stream_id)
            UPDATE stream SET lease_owner = NULL, lease_until = NULL
            WHERE stream_id = %(stream_id)s AND fence = %(fence)s AND NOT EXISTS (SELECT 1 FROM gone)
            """,
            {"stream_id": lease.stream_id, "fence": lease.fence},
        )

    def close(self, entry: Entry) -> None:
        """Remove the entry; the lineage is its record. Progress forgives earlier takeovers."""
        self._connection.execute(
            "WITH done AS (DELETE FROM entry WHERE (stream_id, seq) = (%(stream_id)s, %(seq)s))"
            " UPDATE stream SET takeovers = 0 WHERE stream_id = %(stream_id)s AND takeovers > 0",
            {"stream_id": entry.stream_id, "seq": entry.seq},
        )

    def postpone(self, entry: Entry, due_at: datetime, code: str) -> None:
        """Keep the entry at the head, due at `due_at`, with a hint scheduled for then."""
        self._connection.execute(
            "UPDATE entry SET attempts = attempts + 1, due_at = %s, code = %s,"
            " first_failed_at = coalesce(first_failed_at, %s) WHERE (stream_id, seq) = (%s, %s)",
            (due_at, code, self._clock(), entry.stream_id, entry.seq),
        )
        self._hints.append(Hint(entry.stream_id, entry.function, entry.traceparent, not_before=due_at))

    def park(self, entry: Entry, code: str) -> None:
        """Hold the stream at this entry until a person decides."""
        self._connection.execute(
            "UPDATE entry SET status = 'parked', attempts = attempts + 1, code = %s WHERE (stream_id, seq) = (%s, %s)",
            (code, entry.stream_id, entry.seq),
        )

    def overdue(self, before: datetime, limit: int) -> list[Hint]:
        """Return hints for unleased streams whose head was due before `before`, and note that they were hinted."""
        with self._connection.cursor(row_factory=class_row(Hint)) as cursor:
            return cursor.execute(
                """
                WITH stuck AS (
                    SELECT stream.stream_id, entry.function, entry.traceparent
                    FROM entry JOIN stream USING (stream_id)
                    WHERE entry.status = 'waiting' AND entry.due_at < %(before)s
                      AND (stream.lease_until IS NULL OR stream.lease_until < clock_timestamp())
                      AND (stream.hinted_at IS NULL OR stream.hinted_at < %(before)s)
                      AND NOT EXISTS (
                          SELECT 1 FROM entry earlier
                          WHERE earlier.stream_id = entry.stream_id AND earlier.seq < entry.seq)
                    ORDER BY entry.due_at LIMIT %(limit)s
                    FOR UPDATE OF stream SKIP LOCKED)
                UPDATE stream SET hinted_at = %(now)s FROM stuck WHERE stream.stream_id = stuck.stream_id
                RETURNING stuck.stream_id, stuck.function, stuck.traceparent
                """,
                {"before": before, "limit": limit, "now": self._clock()},
            ).fetchall()
