"""Backpressure in PostgreSQL: what the sweeper measures and intake reads, and the partners' allowances."""

from __future__ import annotations

from datetime import timedelta

from psycopg.rows import class_row

from shared.adapters.postgres_statements import Statements
from shared.delivery.bucket import Bucket
from shared.delivery.ports import Pressure
from shared.partners.model import Rate
from shared.ports import Clock

# Counting stops here: whoever waits for more has waited too long already.
_COUNTED_AT_MOST = 1_000_000


class PostgresBackpressure:
    """Measured once for all by the sweeper, so that an acknowledgment counts nothing."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def measure(self) -> Pressure:
        """
        Count the entries, and find the oldest head that could be processed now.

        A delivery that waits for its destination is that destination's delay and refuses nobody's posting; nor does a
        merge that waits for its fences, or what stood behind a parked entry while that stream is worked off.
        """
        with self._connection.cursor(row_factory=class_row(Pressure)) as cursor:
            row = cursor.execute(
                """
                INSERT INTO pressure (measured_at, backlog, oldest_due)
                SELECT %(now)s, (SELECT count(*) FROM (SELECT 1 FROM entry LIMIT %(most)s) counted), (
                    SELECT entry.due_at FROM entry
                    WHERE status = 'waiting' AND delivery_id IS NULL AND due_at <= %(now)s AND NOT EXISTS (
                        SELECT 1 FROM stream
                        WHERE stream.stream_id = entry.stream_id AND stream.lease_until > clock_timestamp())
                    AND NOT EXISTS (
                        SELECT 1 FROM entry earlier
                        WHERE earlier.stream_id = entry.stream_id AND earlier.seq < entry.seq)
                    AND NOT EXISTS (
                        SELECT 1 FROM entry fence JOIN entry before ON before.stream_id = fence.stream_id
                        WHERE fence.status = 'fence' AND before.seq < fence.seq
                          AND (fence.merge_stream, fence.merge_seq) = (entry.stream_id, entry.seq))
                    ORDER BY due_at LIMIT 1)
                ON CONFLICT (only_row) DO UPDATE SET
                    measured_at = excluded.measured_at, backlog = excluded.backlog, oldest_due = excluded.oldest_due
                RETURNING measured_at, backlog, oldest_due
                """,
                {"now": self._clock(), "most": _COUNTED_AT_MOST},
            ).fetchone()
        if row is None:
            raise LookupError("the measurement was not kept")
        return row

    def read(self) -> Pressure | None:
        """Return what was measured last; None before the first time."""
        with self._connection.cursor(row_factory=class_row(Pressure)) as cursor:
            return cursor.execute("SELECT measured_at, backlog, oldest_due FROM pressure").fetchone()

    def draw(self, partner: str, rate: Rate, wanted: int) -> tuple[int, timedelta]:
        """Draw from the partner's bucket while its row is locked, so that instances share one allowance."""
        now = self._clock()
        full = Bucket.full(rate, now)
        row = self._connection.execute(
            "INSERT INTO intake_allowance (partner, tokens, refilled_at) VALUES (%s, %s, %s)"
            " ON CONFLICT (partner) DO UPDATE SET partner = excluded.partner RETURNING tokens, refilled_at",
            (partner, full.tokens, full.at),
        ).fetchone()
        bucket, given = (Bucket(*row) if row else full).drawn(rate, now, wanted)
        self._connection.execute(
            "UPDATE intake_allowance SET tokens = %s, refilled_at = %s WHERE partner = %s",
            (bucket.tokens, bucket.at, partner),
        )
        return given, bucket.wait(rate, now)
