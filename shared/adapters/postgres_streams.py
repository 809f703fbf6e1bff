"""
Streams in PostgreSQL: order, leases, fences, due times.

Number order is commit order, because a sequence number is assigned while the stream's row is locked. Leases
are judged by the database's clock, so that skewed workers agree; due times by the injected one. Appending, taking
and finishing are functions of the database (migration 0014, ADR 16): a session plans them once.

A merge joins two streams of one lane: its own entry goes to the survivor's, and a fence entry to the end of the
other's. The merge may be worked on once everything before the fence is done; from then on whatever is appended to
the other stream lands on the survivor's, behind the merge. The fence goes with the merge's entry, however that ends.
What concerns two patients who stay two has such a fence as well, behind which the other stream goes on by itself; the
sweeper wakes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.adapters.postgres_deliveries import owed_row
from shared.adapters.postgres_messages import message_row
from shared.adapters.postgres_records import columns_of
from shared.adapters.postgres_statements import Statements
from shared.ledger import Entry, Hint, Later, Lease, NewEntry, Opened, Owed, Taken
from shared.ledger_ports import Opens
from shared.ports import Clock

# A hint that was sent this recently is still on its way: a second one would find nothing to do.
_HINT_HOLDS = timedelta(seconds=5)

_FENCE = """
    WITH ended AS (
        UPDATE stream SET joined_to = CASE WHEN %(ends)s THEN %(into)s ELSE joined_to END, keep = true,
            next_seq = next_seq + 1
        WHERE stream_id = %(stream_id)s RETURNING next_seq - 1 AS seq),
    followed AS (
        UPDATE stream SET joined_to = %(into)s WHERE joined_to = %(stream_id)s AND %(ends)s)
    INSERT INTO entry (stream_id, seq, function, message_id, traceparent, due_at, entered_at, status,
        merge_stream, merge_seq)
    SELECT %(stream_id)s, ended.seq, merge.function, merge.message_id, merge.traceparent, merge.due_at,
        merge.entered_at, 'fence', merge.stream_id, merge.seq
    FROM ended, entry merge WHERE (merge.stream_id, merge.seq) = (%(into)s, %(seq)s)
"""


class PostgresStreams:
    """Streams within one transaction; hints go to `hints` and leave after the commit."""

    def __init__(self, connection: Statements, clock: Clock, hints: list[Hint]) -> None:
        self._connection = connection
        self._clock = clock
        self._hints = hints
        self._awaited: list[Later[Hint | None]] = []

    def settle(self) -> None:
        """Collect the hints that statements of this transaction have yielded."""
        awaited, self._awaited = self._awaited, []
        self._hints.extend(hint for later in awaited if (hint := later()) is not None)

    def append(self, entry: NewEntry) -> None:
        """
        Add an entry that is due at once, and collect the hint that wakes its function.

        No hint is needed while a worker holds the stream (it looks again before it lets go) or one is on its way.
        """
        self._append(entry)

    def join(self, merge: NewEntry, others: Sequence[UUID], *, ends: bool = True) -> None:
        """Append `merge` to its stream, and put a fence for it at the end of the others', which end there or not."""
        fenced = [self._locked(merge, key) for key in others]
        into, seq, _ = self._append(merge)()
        for stream_id in dict.fromkeys(fenced):
            if stream_id != into:
                self._connection.execute(_FENCE, {"stream_id": stream_id, "into": into, "seq": seq, "ends": ends})

    def take(
        self,
        stream_id: int,
        owner: str,
        duration: timedelta,
        flow: str,
        *,
        opens: Opens | None = None,
    ) -> Later[Taken | None]:
        """Lease the stream if nobody holds it, and look at its head. An expired lease counts as a takeover."""
        wanted = {"stream_id": stream_id, "owner": owner, "duration": duration, "flow": flow, "opens": opens}
        answer = self._connection.write("take", {**wanted, "now": self._clock()})

        def taken() -> Taken | None:
            row = answer()
            if row is None:
                return None
            stream, lane, key, fence, holder, takeovers, halted, *head, opened, is_merged = row
            lease = Lease(stream, lane, UUID(key), fence, holder, takeovers)
            return Taken(lease, _entry(head, _opened(opens, opened, is_merged)), halted)

        return taken

    def confirm(self, lease: Lease) -> None:
        """
        Lock the stream's row for this commit.

        LeaseLostError if another worker took over: here, or at the next answer that is waited for, or at the commit.
        """
        self._connection.write("hold", {"stream_id": lease.stream_id, "fence": lease.fence})

    def finish(
        self,
        lease: Lease,
        entry: Entry | None,
        function: str,
        duration: timedelta,
        flow: str,
        *,
        opens: Opens | None = None,
    ) -> Later[Entry | None]:
        """
        Remove `entry`, whose record is the lineage, and take the next one or give the lease back, after `confirm`.

        What another function owes next is hinted; a stream that need not be kept goes with its last entry.
        """
        answer = self._connection.write(
            "finish",
            {
                "stream_id": lease.stream_id,
                "key": lease.key,
                "seq": entry.seq if entry else 0,
                "function": function,
                "duration": duration,
                "flow": flow,
                "opens": opens,
                "now": self._clock(),
            },
        )
        self._awaited.append(lambda: _hint_after(answer()))

        def following() -> Entry | None:
            row = answer()
            if row is None or not row[0]:
                return None
            _, *head, opened, is_merged = row
            return _entry(head, _opened(opens, opened, is_merged))

        return following

    def release(self, lease: Lease) -> None:
        """Give the lease back with the head where it is, after `confirm`."""
        self._connection.execute(
            "UPDATE stream SET lease_owner = NULL, lease_until = NULL WHERE stream_id = %s", (lease.stream_id,)
        )

    def postpone(self, entry: Entry, due_at: datetime, code: str) -> bool:
        """Keep the entry at the head, due at `due_at`, with a hint scheduled for then; False when it is done."""
        kept = self._connection.execute(
            "UPDATE entry SET attempts = attempts + 1, due_at = %s, code = %s, status = 'waiting', waits_for = NULL,"
            " first_failed_at = coalesce(first_failed_at, %s) WHERE (stream_id, seq) = (%s, %s) RETURNING seq",
            (due_at, code, self._clock(), entry.stream_id, entry.seq),
        ).fetchone()
        if kept is None:
            return False
        self._hints.append(Hint(entry.stream_id, entry.function, entry.traceparent, not_before=due_at))
        return True

    def park(self, entry: Entry, code: str) -> bool:
        """Hold the stream at this entry until a person decides; False when it is done."""
        kept = self._connection.execute(
            "UPDATE entry SET status = 'parked', attempts = attempts + 1, code = %s, parked_at = %s, waits_for = NULL"
            " WHERE (stream_id, seq) = (%s, %s) RETURNING seq",
            (code, self._clock(), entry.stream_id, entry.seq),
        ).fetchone()
        return kept is not None

    def _append(self, entry: NewEntry) -> Later[Any]:
        now = self._clock()
        row = self._connection.write("append", {**columns_of(entry), "now": now, "fresh": now - _HINT_HOLDS})

        def hint() -> Hint | None:
            stream_id, _, wakes = row()
            return Hint(stream_id, entry.function, entry.traceparent) if wakes else None

        self._awaited.append(hint)
        return row

    def _locked(self, merge: NewEntry, key: UUID) -> int:
        """Lock the stream of `key` in the merge's lane, made if need be; return it, or what it was joined to."""
        cursor = self._connection.execute(
            "INSERT INTO stream (lane, key, keep) VALUES (%s, %s, true)"
            " ON CONFLICT (lane, key) DO UPDATE SET keep = true RETURNING coalesce(joined_to, stream_id)",
            (merge.lane, key),
        )
        row = cursor.fetchone()
        if row is None:
            raise LookupError("the statement always yields a row")
        return int(row[0])


def _opened(opens: str | None, columns: Any, is_merged: bool | None) -> Opened | Owed | None:
    if columns is None:
        return None
    return owed_row(columns) if opens == "delivery" else Opened(message_row(columns), is_merged)


def _head(columns: Sequence[Any]) -> Any:
    stream_id, seq, function, message_id, delivery_id, attempts, due_at, first_failed_at, *rest = columns
    return (
        stream_id,
        seq,
        function,
        UUID(message_id),
        UUID(delivery_id) if delivery_id else None,
        attempts,
        datetime.fromisoformat(due_at),
        datetime.fromisoformat(first_failed_at) if first_failed_at else None,
        *rest,
    )


def _entry(head: Sequence[Any], opened: Opened | Owed | None) -> Entry | None:
    """Return the head as an entry; None when there is none, or it may not be worked on."""
    *_, ready = head
    if not ready:
        return None
    *fields, _, _, _ = _head(head)
    return replace(Entry(*fields), opened=opened)


def _hint_after(answer: Any) -> Hint | None:
    """Return the hint for what the stream goes on with, unless its worker does so itself or it has its own."""
    if answer is None or answer[0]:
        return None
    _, *head, _, _ = answer
    *fields, status, merge_stream, ready = _head(head)
    head = Entry(*fields)
    if status == "fence":  # everything before the fence is done: the merge may go
        return Hint(merge_stream, head.function, head.traceparent)
    return Hint(head.stream_id, head.function, head.traceparent) if status == "waiting" and ready else None
