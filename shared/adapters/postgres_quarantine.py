"""
Quarantine in PostgreSQL: what waits for a person, and what the person decided.

Whatever is in quarantine has its entry parked in a stream: deciding moves both in one commit.
"""

from __future__ import annotations

from uuid import UUID, uuid4

from psycopg.rows import class_row

from shared.adapters.postgres_statements import Statements
from shared.delivery.ports import WaitingAt
from shared.ledger import Hint, Quarantined, QuarantineRow
from shared.ports import Clock


class PostgresQuarantine:
    """The quarantine within one transaction; hints go to `hints` and leave after the commit."""

    def __init__(self, connection: Statements, clock: Clock, hints: list[Hint]) -> None:
        self._connection = connection
        self._clock = clock
        self._hints = hints

    def add(
        self,
        message_id: UUID,
        delivery_id: UUID | None,
        stream_id: int | None,
        function: str,
        code: str,
        location: str,
        explanation: str,
        *,
        moves_message: bool,
    ) -> UUID:
        """Put the message, or one delivery of it, into quarantine."""
        quarantine_id = uuid4()
        self._connection.execute(
            "INSERT INTO quarantine (quarantine_id, message_id, delivery_id, stream_id, function, code, location,"
            " explanation, moves_message, entered_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                quarantine_id,
                message_id,
                delivery_id,
                stream_id,
                function,
                code,
                location,
                explanation,
                moves_message,
                self._clock(),
            ),
        )
        return quarantine_id

    def locked(self, quarantine_id: UUID) -> Quarantined | None:
        """Lock the row, and the stream that is parked for it; None if there is no such row."""
        with self._connection.cursor(row_factory=class_row(Quarantined)) as cursor:
            return cursor.execute(
                """
                SELECT quarantine_id, message.message_id, quarantine.delivery_id, entry.stream_id, entry.seq,
                    quarantine.function, quarantine.code, location, quarantine.entered_at, disposition,
                    moves_message, message.traceparent
                FROM quarantine JOIN message USING (message_id) LEFT JOIN entry
                    ON entry.status = 'parked' AND entry.message_id = message.message_id
                    AND entry.function = quarantine.function
                    AND entry.delivery_id IS NOT DISTINCT FROM quarantine.delivery_id
                WHERE quarantine_id = %s FOR UPDATE OF quarantine
                """,
                (quarantine_id,),
            ).fetchone()

    def decide(self, quarantine_id: UUID, disposition: str, actor: str, reason: str) -> None:
        """Note the decision; the row stays as the record of it."""
        self._connection.execute(
            "UPDATE quarantine SET disposition = %s, decided_at = %s, decided_by = %s, reason = %s"
            " WHERE quarantine_id = %s",
            (disposition, self._clock(), actor, reason, quarantine_id),
        )

    def unpark(self, held: Quarantined, *, remove: bool) -> None:
        """
        Let the stream go on at its next entry (`remove`) or with the parked one, as if it had never been tried.

        The stream's row is locked first, as every commit does that moves its head. What stood behind is due from now
        on: until now it waited for a person.
        """
        where = (held.stream_id, held.seq)
        self._connection.execute("SELECT 1 FROM stream WHERE stream_id = %s FOR UPDATE", where[:1])
        if remove:
            self._connection.execute("DELETE FROM entry WHERE (stream_id, seq) = (%s, %s)", where)
            self._connection.execute(
                "UPDATE entry SET due_at = greatest(entry.due_at, %s) FROM ("
                " SELECT coalesce(merge_stream, stream_id) AS stream_id, coalesce(merge_seq, seq) AS seq FROM entry"
                " WHERE stream_id = %s ORDER BY seq LIMIT 1) next"
                " WHERE (entry.stream_id, entry.seq) = (next.stream_id, next.seq) AND entry.status = 'waiting'",
                (self._clock(), held.stream_id),
            )
        else:
            self._connection.execute(
                "UPDATE entry SET status = 'waiting', attempts = 0, first_failed_at = NULL, code = NULL,"
                " parked_at = NULL, due_at = %s WHERE (stream_id, seq) = (%s, %s)",
                (self._clock(), *where),
            )
        with self._connection.cursor(row_factory=class_row(Hint)) as cursor:
            next_up = cursor.execute(
                "SELECT coalesce(merge_stream, stream_id) AS stream_id, function, traceparent FROM entry"
                " WHERE stream_id = %s ORDER BY seq LIMIT 1",
                where[:1],
            ).fetchall()
        self._hints.extend(next_up)

    def substitute(self, held: Quarantined, message_id: UUID, traceparent: str) -> None:
        """Put the copy into the parked entry's place, and into the fences of a merge, and let the stream go on."""
        where = (held.stream_id, held.seq)
        self._connection.execute("SELECT 1 FROM stream WHERE stream_id = %s FOR UPDATE", where[:1])
        self._connection.execute(
            "UPDATE entry SET message_id = %s, traceparent = %s"
            " WHERE (stream_id, seq) = (%s, %s) OR (merge_stream, merge_seq) = (%s, %s)",
            (message_id, traceparent, *where, *where),
        )
        self.unpark(held, remove=False)

    def page(self, after: UUID | None, code: str | None, limit: int) -> list[QuarantineRow]:
        """Return what waits for a decision, the oldest first; `after` is the last row of the page before."""
        condition = """
            WHERE disposition IS NULL AND (%(code)s::text IS NULL OR quarantine.code = %(code)s)
                AND (%(after)s::uuid IS NULL OR (quarantine.entered_at, quarantine_id)
                    > (SELECT entered_at, quarantine_id FROM quarantine WHERE quarantine_id = %(after)s))
            ORDER BY quarantine.entered_at, quarantine_id LIMIT %(limit)s
        """
        return self._rows(condition, {"after": after, "code": code, "limit": limit})

    def get(self, quarantine_id: UUID) -> QuarantineRow | None:
        """Return the row, decided or not."""
        found = self._rows("WHERE quarantine_id = %(id)s", {"id": quarantine_id})
        return found[0] if found else None

    def _rows(self, condition: str, parameters: dict[str, object]) -> list[QuarantineRow]:
        with self._connection.cursor(row_factory=class_row(QuarantineRow)) as cursor:
            return cursor.execute(
                f"""
                SELECT quarantine_id, message.message_id, quarantine.delivery_id, partner, message.flow, destination,
                    quarantine.function, quarantine.code, quarantine.location, quarantine.entered_at, disposition,
                    decided_at, decided_by, reason
                FROM quarantine JOIN message USING (message_id)
                    LEFT JOIN delivery ON delivery.delivery_id = quarantine.delivery_id
                {condition}
                """,  # noqa: S608 - constants of this module
                parameters,
            ).fetchall()

    def oldest(self) -> list[WaitingAt]:
        """Return how much waits for a decision per code, and since when."""
        with self._connection.cursor(row_factory=class_row(WaitingAt)) as cursor:
            return cursor.execute(
                "SELECT code AS waits_for, count(*) AS entries, min(entered_at) AS since FROM quarantine"
                " WHERE disposition IS NULL GROUP BY code ORDER BY code"
            ).fetchall()
