"""The book of dropped files in PostgreSQL: versions, leases, checkpoints, items."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from shared.adapters.postgres_statements import Statements
from shared.delivery.clocks import FAR_AHEAD
from shared.errors import RejectedError
from shared.landing import DroppedFile, ItemOfFile, ItemRow, Sighting
from shared.ports import Clock

_COLUMNS = (
    "file_id, container, name, etag, size, partner, status, code, location, duplicate_of, file_header, batch_header, "
    "position, items, attempts, seen_at, traceparent"
)

# A partner's files are taken in the order in which they were seen; one that is still being written holds up none.
# The lease runs by the database's clock, what is due by ours, as everywhere in the ledger.
_LEASE = f"""
    UPDATE dropped_file SET lease_owner = %(owner)s, lease_until = clock_timestamp() + %(duration)s
    WHERE file_id IN (
        SELECT file_id FROM dropped_file
        WHERE (due_at <= %(now)s OR due_at > %(beyond)s) AND coalesce(lease_until < clock_timestamp(), true)
          AND NOT EXISTS (
              SELECT 1 FROM dropped_file earlier
              WHERE earlier.partner = dropped_file.partner AND earlier.due_at IS NOT NULL
                AND (earlier.seen_at, earlier.file_id) < (dropped_file.seen_at, dropped_file.file_id)
                AND (earlier.status = 'taking' OR earlier.code IS NULL))
        ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
    RETURNING {_COLUMNS}
"""  # noqa: S608 -- our own column list

# A duplicate's items are those of the file that it repeats; a message that came before answers as it did then.
_ITEMS = """
    SELECT item.number, coalesce(original.acknowledgment, message.acknowledgment) AS acknowledgment,
           coalesce(item.code, refused.status_code) AS code,
           coalesce(item.location, refused.status_location) AS location
    FROM file_item item
    LEFT JOIN message USING (message_id)
    LEFT JOIN message refused ON refused.message_id = message.message_id AND refused.status = 'rejected'
    LEFT JOIN message original ON original.message_id = message.duplicate_of
    WHERE item.file_id = %s AND item.number > %s
    ORDER BY item.number LIMIT %s
"""


class PostgresDroppedFiles:
    """Files and items; consistent within the transaction that it was made for."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def register(self, file_id: UUID, sighting: Sighting, partner: str, traceparent: str) -> bool:
        """Insert the version, due at once; False when the storage has told of it before."""
        now = self._clock()
        row = self._connection.execute(
            "INSERT INTO dropped_file (file_id, container, name, etag, size, partner, traceparent, seen_at, due_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (container, name, etag) DO NOTHING"
            " RETURNING file_id",
            (
                file_id,
                sighting.container,
                sighting.name,
                sighting.etag,
                sighting.size,
                partner,
                traceparent,
                now,
                now,
            ),
        ).fetchone()
        return row is not None

    def get(self, file_id: UUID) -> DroppedFile | None:
        """Return the file, or None."""
        with self._connection.cursor(row_factory=class_row(DroppedFile)) as cursor:
            query = f"SELECT {_COLUMNS} FROM dropped_file WHERE file_id = %s"  # noqa: S608 -- our own column list
            return cursor.execute(query, (file_id,)).fetchone()

    def lease(self, owner: str, duration: timedelta, limit: int) -> Sequence[DroppedFile]:
        """Lease what is due, the longest due first, of each partner its first; a lease that ran out is anybody's."""
        with self._connection.cursor(row_factory=class_row(DroppedFile)) as cursor:
            return cursor.execute(
                _LEASE,
                {
                    "owner": owner,
                    "duration": duration,
                    "now": self._clock(),
                    "beyond": self._clock() + FAR_AHEAD,  # by a clock gone wrong: no pause is as long
                    "limit": limit,
                },
            ).fetchall()

    def renew(self, file: DroppedFile, owner: str, duration: timedelta) -> bool:
        """Put the lease's end off, if it is still this owner's."""
        row = self._connection.execute(
            "UPDATE dropped_file SET lease_until = clock_timestamp() + %s WHERE file_id = %s AND lease_owner = %s"
            " RETURNING file_id",
            (duration, file.file_id, owner),
        ).fetchone()
        return row is not None

    def claim(self, file: DroppedFile, content_hash: bytes, headers: tuple[bytes, bytes]) -> DroppedFile | None:
        """Claim (partner, hash); two that do so at once meet at a lock on the hash."""
        self._connection.execute("SELECT pg_advisory_xact_lock(%s)", (int.from_bytes(content_hash[:7]),))
        with self._connection.cursor(row_factory=class_row(DroppedFile)) as cursor:
            earlier = cursor.execute(
                f"SELECT {_COLUMNS} FROM dropped_file"  # noqa: S608 -- our own column list
                " WHERE (partner, content_hash) = (%s, %s) AND status IN ('taking', 'taken') AND file_id <> %s",
                (file.partner, content_hash, file.file_id),
            ).fetchone()
        if earlier is None:
            self._connection.execute(
                "UPDATE dropped_file SET status = 'taking', code = NULL, content_hash = %s, file_header = %s,"
                " batch_header = %s WHERE file_id = %s",
                (content_hash, *headers, file.file_id),
            )
        return earlier

    def advance(self, item: ItemOfFile, message_id: UUID | None, code: str | None, location: str | None) -> None:
        """Insert the item and move the checkpoint, if it is the next one; RejectedError `file-moved-on` if not."""
        moved = self._connection.execute(
            "UPDATE dropped_file SET items = %s, position = %s"
            " WHERE file_id = %s AND items = %s AND status = 'taking' RETURNING file_id",
            (item.number, item.position, item.file_id, item.number - 1),
        ).fetchone()
        if moved is None:
            raise RejectedError("file-moved-on", "", "another worker has taken this item")
        self._connection.execute(
            "INSERT INTO file_item (file_id, number, message_id, code, location) VALUES (%s, %s, %s, %s, %s)",
            (item.file_id, item.number, message_id, code, location),
        )

    def postpone(self, file: DroppedFile, due_at: datetime, code: str | None) -> None:
        """Give the lease back; an attempt without a code is none: the file only goes on later."""
        self._connection.execute(
            "UPDATE dropped_file SET due_at = %s, code = %s, attempts = CASE WHEN %s THEN attempts + 1 ELSE 0 END,"
            " lease_owner = NULL, lease_until = NULL WHERE file_id = %s AND ended_at IS NULL",
            (due_at, code, code is not None, file.file_id),
        )

    def end(
        self, file: DroppedFile, status: str, code: str | None, location: str | None, original: UUID | None = None
    ) -> None:
        """Write the last status; nothing is due any more."""
        self._connection.execute(
            "UPDATE dropped_file SET status = %s, code = %s, location = %s, duplicate_of = %s, due_at = NULL,"
            " ended_at = %s, lease_owner = NULL, lease_until = NULL WHERE file_id = %s AND ended_at IS NULL",
            (status, code, location, original, self._clock(), file.file_id),
        )

    def items(self, file_id: UUID, after: int, limit: int) -> Sequence[ItemRow]:
        """Return the items behind `after`, each with the acknowledgment of its message."""
        with self._connection.cursor(row_factory=class_row(ItemRow)) as cursor:
            return cursor.execute(_ITEMS, (file_id, after, limit)).fetchall()
