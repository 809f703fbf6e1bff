"""Book 2 in PostgreSQL: deliveries, and the conversions, reports and events that they come from."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import class_row

from shared.adapters.postgres_statements import Statements
from shared.errors import RejectedError
from shared.ledger import ConversionRow, DeliveryRow, FactChannel, Owed
from shared.ports import Clock

_COLUMNS = (
    "delivery_id, message_id, destination, status, status_code, status_at, due_since, attempts, attempt_open, "
    "possibly_repeated, receipt, way, uncertain"
)

_MARKS: dict[FactChannel, str] = {"bus": "published_at", "event-grid": "announced_at"}

_NEWEST_OF_ONE = """
    SELECT report_key, rank, stated_at FROM report_state
    WHERE patient_key = %(key)s AND report_key = ANY(%(reports)s)
"""
_NEWEST_OF_ALL = """
    SELECT DISTINCT ON (report_key) report_key, rank, stated_at FROM report_state
    WHERE report_key = ANY(%(reports)s) AND patient_key = ANY(%(key)s::uuid ||
        ARRAY(SELECT key FROM stream WHERE %(stream_id)s IN (stream_id, joined_to)))
    ORDER BY report_key, stated_at DESC NULLS LAST, rank DESC
"""


class PostgresDeliveries:
    """What is owed to whom; consistent within one transaction."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def add(self, delivery_id: UUID, message_id: UUID, destination: str, status: str, code: str | None = None) -> None:
        """Add a delivery; its id is the stable idempotency key that the destination sees."""
        now = self._clock()
        self._connection.write(
            "delivery",
            {
                "delivery_id": delivery_id,
                "message_id": message_id,
                "destination": destination,
                "status": status,
                "status_code": code,
                "status_at": now,
                "due_since": now,
            },
        )

    def get(self, delivery_id: UUID) -> DeliveryRow | None:
        """Return the delivery, or None."""
        with self._connection.cursor(row_factory=class_row(DeliveryRow)) as cursor:
            return cursor.execute(
                f"SELECT {_COLUMNS} FROM delivery WHERE delivery_id = %s",  # noqa: S608 -- our own column list
                (delivery_id,),
            ).fetchone()

    def of_message(self, message_id: UUID) -> list[DeliveryRow]:
        """Return every delivery of a message, by destination."""
        with self._connection.cursor(row_factory=class_row(DeliveryRow)) as cursor:
            return cursor.execute(
                f"SELECT {_COLUMNS} FROM delivery WHERE message_id = %s ORDER BY destination",  # noqa: S608 -- as above
                (message_id,),
            ).fetchall()

    def open_attempt(self, delivery_id: UUID, way: str, *, idempotent: bool) -> None:
        """Note that an attempt begins; one never closed, or closed uncertainly, may have reached the destination."""
        begun = {"way": way, "idempotent": idempotent, "delivery_id": delivery_id}
        self._connection.write("open-attempt", begun)

    def close_attempt(
        self,
        delivery_id: UUID,
        status: str,
        code: str | None,
        sent_hash: bytes | None,
        receipt: str | None,
        way: str | None = None,
        *,
        uncertain: bool = False,
    ) -> None:
        """Note how the attempt ended; `sent_hash`, `receipt` and `way` stay when this attempt has none."""
        self._connection.write(
            "close-attempt",
            {
                "delivery_id": delivery_id,
                "status": status,
                "code": code,
                "at": self._clock(),
                "sent_hash": sent_hash,
                "receipt": receipt,
                "way": way,
                "uncertain": uncertain,
            },
        )

    def record_authority(self, destination: str, records: Sequence[str], message_id: UUID) -> None:
        """Note what the destination now has from the flow that speaks for it; what was noted before stays."""
        had = {"destination": destination, "records": list(records), "message_id": message_id}
        self._connection.write("authority", had)

    def with_authority(self, destination: str, records: Sequence[str]) -> frozenset[str]:
        """Return those of the records that the destination has from the flow that speaks for them."""
        rows = self._connection.execute(
            "SELECT record FROM authority WHERE destination = %s AND record = ANY(%s)", (destination, list(records))
        )
        return frozenset(record for (record,) in rows)

    def set_status(self, delivery_id: UUID, status: str, code: str | None = None) -> None:
        """Move the delivery to another status of its book without counting an attempt."""
        self._connection.execute(
            "UPDATE delivery SET status = %s, status_code = %s, status_at = %s WHERE delivery_id = %s",
            (status, code, self._clock(), delivery_id),
        )


def owed_row(columns: Sequence[Any]) -> Owed | None:
    """Return what is owed, whose columns came as JSON (function `opened_by`); None where nothing was converted."""
    *row, mapping, bundle, bundle_hash, consent, flow = columns
    if mapping is None:
        return None
    of = dict(zip((field.name for field in fields(DeliveryRow)), row, strict=True))
    for name in ("delivery_id", "message_id"):
        of[name] = UUID(of[name])
    for name in ("status_at", "due_since"):
        of[name] = datetime.fromisoformat(of[name])
    delivery = DeliveryRow(**of)
    content = zlib.decompress(bytes.fromhex(bundle[2:]))
    conversion = ConversionRow(delivery.message_id, mapping, content, bytes.fromhex(bundle_hash[2:]))
    return Owed(delivery, conversion, consent, flow)


class PostgresConversions:
    """What was made of each message: the bundle's bytes, compressed, and its coverage."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def add(self, message_id: UUID, mapping: str, bundle: bytes, coverage: bytes, issues: list[Any]) -> None:
        """Keep the conversion, once per message; its coverage is JSON already."""
        self._connection.write(
            "conversion",
            {
                "message_id": message_id,
                "mapping": mapping,
                "bundle": zlib.compress(bundle, level=1),
                "bundle_hash": sha256(bundle).digest(),
                "coverage": orjson.Fragment(coverage),
                "issues": issues,
                "converted_at": self._clock(),
            },
        )

    def get(self, message_id: UUID) -> ConversionRow:
        """Return the conversion; RejectedError `conversion-missing` if the message has none."""
        row = self._connection.execute(
            "SELECT mapping, bundle, bundle_hash FROM conversion WHERE message_id = %s", (message_id,)
        ).fetchone()
        if row is None:
            raise RejectedError("conversion-missing", text="the message was never converted")
        mapping, bundle, bundle_hash = row
        return ConversionRow(message_id, mapping, zlib.decompress(bundle), bundle_hash)


class PostgresReports:
    """The newest state of each report that was passed on, per patient."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    def newest(
        self, patient_key: UUID, report_keys: Sequence[str], stream_id: int | None = None
    ) -> dict[str, tuple[int, datetime | None]]:
        """Return (rank, stated at) of the newest state of each report that has one."""
        rows = self._connection.execute(
            _NEWEST_OF_ONE if stream_id is None else _NEWEST_OF_ALL,
            {"key": patient_key, "reports": list(report_keys), "stream_id": stream_id},
        )
        return {key: (rank, stated_at) for key, rank, stated_at in rows}

    def record(
        self, patient_key: UUID, report_key: str, rank: int, stated_at: datetime | None, message_id: UUID
    ) -> None:
        """Make this the newest state; whether it is, the flow's policy has decided."""
        self._connection.write(
            "report",
            {
                "patient_key": patient_key,
                "report_key": report_key,
                "rank": rank,
                "stated_at": stated_at,
                "message_id": message_id,
            },
        )


class PostgresEvents:
    """Canonical events, recorded with the commit that caused them and published afterwards."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def record(
        self,
        event_id: UUID,
        type_: str,
        version: int,
        message_id: UUID,
        patient_key: UUID | None,
        occurred_at: datetime | None,
        data: dict[str, Any],
    ) -> None:
        """Record the event; the same id again changes nothing."""
        self._connection.write(
            "event",
            {
                "event_id": event_id,
                "type": type_,
                "version": version,
                "message_id": message_id,
                "patient_key": patient_key,
                "occurred_at": occurred_at,
                "recorded_at": self._clock(),
                "data": data,
            },
        )

    def unpublished(self, channel: FactChannel, limit: int) -> list[dict[str, Any]]:
        """Return events not yet published there as CloudEvents 1.0: opaque identifiers, never `data`."""
        rows = self._connection.execute(
            f"""
            SELECT event.event_id, event.type, event.version, event.message_id, event.recorded_at,
                message.partner, message.traceparent
            FROM event JOIN message USING (message_id) WHERE event.{_MARKS[channel]} IS NULL
            ORDER BY event.recorded_at LIMIT %s
            """,  # noqa: S608 -- our own columns
            (limit,),
        ).fetchall()
        return [
            {
                "specversion": "1.0",
                "id": str(event_id),
                "type": type_,
                "source": f"urn:corridor:partner:{partner}",
                "subject": f"messages/{message_id}",
                "time": recorded_at.isoformat(),
                "dataschema": f"urn:corridor:event:{type_}:{version}",
                "traceparent": traceparent,
            }
            for event_id, type_, version, message_id, recorded_at, partner, traceparent in rows
        ]

    def published(self, event_ids: Sequence[str], *channels: FactChannel) -> None:
        """Mark them published there."""
        marks = ", ".join(f"{_MARKS[channel]} = %(now)s" for channel in channels)
        self._connection.execute(
            f"UPDATE event SET {marks} WHERE event_id = ANY(%(ids)s::uuid[])",  # noqa: S608 -- our own columns
            {"now": self._clock(), "ids": list(event_ids)},
        )
