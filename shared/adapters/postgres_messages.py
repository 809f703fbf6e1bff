"""Book 1 in PostgreSQL: messages, the inbox that recognises duplicates, and the patient index."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import TupleRow, class_row

from shared.adapters.postgres_records import columns_of
from shared.adapters.postgres_statements import Statements
from shared.ledger import Later, MessageRow, Receipt
from shared.ports import Clock

_COLUMNS = (
    "message_id, partner, control_id, message_code, trigger_event, processing_id, flow, received_at, status, "
    "status_code, status_location, status_at, duplicate_of, acknowledgment, acknowledgment_code, patient_key, "
    "traceparent, payload_hash"
)


_FIELDS = tuple(name.strip() for name in _COLUMNS.split(","))


class PostgresMessages:
    """Messages and their inbox keys; consistent within the transaction that it was made for."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def find_duplicate(self, receipt: Receipt) -> Later[MessageRow | None]:
        """
        Claim (partner, control id, payload hash) for `receipt`, or tell the message that holds it.

        A concurrent sender of the same bytes waits for the answer until the first commit is decided.
        """
        claim = self._connection.execute(
            "INSERT INTO inbox (partner, control_id, payload_hash, message_id) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING RETURNING message_id",
            (receipt.partner, receipt.control_id, receipt.payload_hash, receipt.message_id),
        )
        return lambda: None if claim.fetchone() else self._holder(receipt)

    def _holder(self, receipt: Receipt) -> MessageRow | None:
        with self._connection.cursor(row_factory=class_row(MessageRow)) as cursor:
            return cursor.execute(
                f"SELECT {_COLUMNS} FROM message WHERE message_id ="  # noqa: S608 -- our own column list
                " (SELECT message_id FROM inbox WHERE (partner, control_id, payload_hash) = (%s, %s, %s))",
                (receipt.partner, receipt.control_id, receipt.payload_hash),
            ).fetchone()

    def add(
        self,
        receipt: Receipt,
        status: str,
        acknowledgment: tuple[str, bytes] | None,
        patient_key: UUID | None = None,
        duplicate_of: UUID | None = None,
        refusal: tuple[str, str] | None = None,
    ) -> None:
        """Insert the message; `refusal` is (code, location), `acknowledgment` (MSA-1, the ACK's bytes)."""
        code, location = refusal or (None, None)
        acknowledgment_code, acknowledgment_bytes = acknowledgment or (None, None)
        self._connection.write(
            "message",
            {
                **columns_of(receipt),
                "status": status,
                "status_code": code,
                "status_location": location,
                "status_at": self._clock(),
                "duplicate_of": duplicate_of,
                "acknowledgment": acknowledgment_bytes,
                "acknowledgment_code": acknowledgment_code,
                "patient_key": patient_key,
            },
        )

    def get(self, message_id: UUID) -> MessageRow | None:
        """Return the message, or None."""
        with self._connection.cursor(row_factory=class_row(MessageRow)) as cursor:
            query = f"SELECT {_COLUMNS} FROM message WHERE message_id = %s"  # noqa: S608 -- our own column list
            return cursor.execute(query, (message_id,)).fetchone()

    def is_control_id_used(self, receipt: Receipt) -> bool:
        """Tell whether an accepted message of the partner has this control id and other bytes."""
        found = self._connection.execute(
            "SELECT 1 FROM inbox WHERE (partner, control_id) = (%s, %s) AND payload_hash <> %s LIMIT 1",
            (receipt.partner, receipt.control_id, receipt.payload_hash),
        ).fetchone()
        return found is not None

    def set_status(self, message_id: UUID, status: str, code: str | None = None, location: str | None = None) -> None:
        """Move the message to another status of its book."""
        moved = {"message_id": message_id, "status": status, "code": code, "location": location}
        self._connection.write("message-status", {**moved, "at": self._clock()})

    def link_correction(self, copy_id: UUID, original_id: UUID) -> None:
        """Note whose corrected copy the message is."""
        self._connection.execute("UPDATE message SET corrects = %s WHERE message_id = %s", (original_id, copy_id))


def message_row(columns: Sequence[Any]) -> MessageRow:
    """Return the message whose columns came as JSON (function `opened_by`), in the order of its fields."""
    text = dict(zip(_FIELDS, columns, strict=True))
    for name in ("message_id", "duplicate_of", "patient_key"):
        text[name] = UUID(text[name]) if text[name] else None
    for name in ("received_at", "status_at"):
        text[name] = datetime.fromisoformat(text[name])
    for name in ("acknowledgment", "payload_hash"):
        text[name] = bytes.fromhex(text[name][2:]) if text[name] is not None else None
    return MessageRow(**text)


class PostgresPatients:
    """Opaque patient keys for (assigning authority, identifier): the alias table."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def key_for(self, authority: str, identifier: str) -> Later[UUID]:
        """Tell the key of the identifier, allotting a random one in this commit if it is new."""
        where = (authority, identifier)
        asked = self._connection.execute(
            "SELECT patient_key FROM patient_alias WHERE (authority, identifier) = (%s, %s)", where
        )
        return lambda: self._key(where, asked.fetchone())

    def _key(self, where: tuple[str, str], known: TupleRow | None) -> UUID:
        if known is None:
            known = self._connection.execute(
                "INSERT INTO patient_alias (authority, identifier, patient_key, first_seen) VALUES (%s, %s, %s, %s)"
                " ON CONFLICT DO NOTHING RETURNING patient_key",
                (*where, uuid4(), self._clock()),
            ).fetchone()
        if known is None:  # another commit allotted it between the two statements
            known = self._connection.execute(
                "SELECT patient_key FROM patient_alias WHERE (authority, identifier) = (%s, %s)", where
            ).fetchone()
        if known is None:
            raise LookupError("the patient alias was neither found nor inserted")
        key: UUID = known[0]
        return key
