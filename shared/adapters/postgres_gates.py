"""
Gates and halts in PostgreSQL: what every worker of a destination shares.

A gate's row is locked before streams of its lane are counted, so that two workers never count one free place
twice. It is never locked while a stream's row is: the outcome of a delivery is committed first, its effect on the
gate after it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg.rows import class_row

from shared.adapters.postgres_statements import Statements
from shared.delivery.breaker import Breaker
from shared.delivery.bucket import Bucket
from shared.delivery.gate import Gate
from shared.delivery.ports import Halt, HaltKind, Look
from shared.ledger import Later
from shared.ports import Clock

_COLUMNS = "way, state, failures, openings, opened_at, probe_at, tokens, refilled_at, wake_at"


class PostgresGates:
    """The gates of destinations, within one transaction."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def look(self, stream_id: int) -> Later[Look]:
        """
        Lock the gate of the destination that the stream delivers to, and count what is on its way there.

        A gate that has no row yet is not locked: its first deliveries may be one or two too many.
        """
        return self._looked("look", stream_id)

    def look_again(self, stream_id: int) -> Later[Look]:
        """Read the gate without locking it: who goes on with a stream has its place there already."""
        return self._looked("look-again", stream_id)

    def _looked(self, step: str, stream_id: int) -> Later[Look]:
        answer = self._connection.write(step, {"stream_id": stream_id, "now": self._clock()})

        def look() -> Look:
            row, *around = answer() or (None, 0, False, False)
            return Look(_gate_of(row) if row else None, *around)

        return look

    def locked(self, way: str) -> Gate:
        """Lock the gate and return it, closed and full if it is new."""
        row = self._connection.execute(
            f"""
            INSERT INTO destination_gate (way) VALUES (%s) ON CONFLICT (way) DO UPDATE SET way = excluded.way
            RETURNING {_COLUMNS}
            """,  # noqa: S608 -- our own column list
            (way,),
        ).fetchone()
        if row is None:
            raise LookupError("the gate was neither found nor inserted")
        return _gate(row)

    def read(self, way: str) -> Gate:
        """Return the gate without locking it."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM destination_gate WHERE way = %s",  # noqa: S608 -- our own column list
            (way,),
        ).fetchone()
        return _gate(row) if row else Gate(way)

    def write(self, gate: Gate) -> None:
        """Write the state of a gate that this transaction has locked."""
        breaker, bucket = gate.breaker, gate.bucket
        self._connection.execute(
            "UPDATE destination_gate SET state = %s, failures = %s, openings = %s, opened_at = %s, probe_at = %s,"
            " tokens = %s, refilled_at = %s, wake_at = %s WHERE way = %s",
            (
                breaker.state,
                breaker.failures,
                breaker.openings,
                breaker.opened_at,
                breaker.probe_at,
                bucket.tokens if bucket else None,
                bucket.at if bucket else None,
                gate.wake_at,
                gate.way,
            ),
        )

    def in_flight(self, destination: str) -> int:
        """Count the streams that deliver to the destination just now."""
        row = self._connection.execute(
            "SELECT count(*) FROM stream WHERE lane = 'deliver/' || %s AND lease_until > clock_timestamp()",
            (destination,),
        ).fetchone()
        return int(row[0]) if row else 0


class PostgresHalts:
    """What operators have halted; consistent within one transaction."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def put(self, kind: HaltKind, name: str, actor: str, reason: str, until: datetime | None) -> None:
        """Halt it, or replace who, why and until when."""
        self._connection.execute(
            "INSERT INTO halt (kind, name, actor, reason, halted_at, until) VALUES (%s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (kind, name) DO UPDATE SET actor = excluded.actor, reason = excluded.reason,"
            " until = excluded.until",
            (kind, name, actor, reason, self._clock(), until),
        )

    def remove(self, kind: HaltKind, name: str) -> bool:
        """Take the halt away; False when there was none."""
        removed = self._connection.execute(
            "DELETE FROM halt WHERE (kind, name) = (%s, %s) RETURNING name", (kind, name)
        ).fetchone()
        return removed is not None

    def all(self) -> list[Halt]:
        """Return every halt, those that have run out included."""
        with self._connection.cursor(row_factory=class_row(Halt)) as cursor:
            return cursor.execute(
                "SELECT kind, name, actor, reason, halted_at, until FROM halt ORDER BY kind, name"
            ).fetchall()


def _gate_of(columns: Any) -> Gate:
    """Return the gate whose columns came as JSON."""
    way, state, failures, openings, opened_at, probe_at, tokens, refilled_at, wake_at = columns
    at = [datetime.fromisoformat(text) if text else None for text in (opened_at, probe_at, refilled_at, wake_at)]
    return _gate((way, state, failures, openings, at[0], at[1], tokens, at[2], at[3]))


def _gate(row: Any) -> Gate:
    way, state, failures, openings, opened_at, probe_at, tokens, refilled_at, wake_at = row
    bucket = Bucket(tokens, refilled_at) if tokens is not None else None
    return Gate(way, Breaker(state, failures, openings, opened_at, probe_at), bucket, wake_at)
