"""The operator's desk for legal holds: what the command line shows, places and releases, under the operator's role."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import LiteralString
from uuid import UUID

import psycopg

from shared.adapters.postgres_evidence import PostgresAuditLog
from shared.adapters.postgres_ledger import translated
from shared.adapters.postgres_statements import Statements
from shared.audit.retention import HoldKind, LegalHold
from shared.errors import RejectedError

_SUBJECT: dict[HoldKind, LiteralString] = {
    "message": "SELECT message_id FROM message WHERE message_id = %s",
    "patient": "SELECT patient_key FROM message WHERE message_id = %s AND patient_key IS NOT NULL",
    "partner": "SELECT partner FROM message WHERE partner = %s LIMIT 1",
}


class HoldDesk:
    """Legal holds, read and changed in one commit with the audit of it."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection
        self._audit = PostgresAuditLog(connection, _now)

    def all(self) -> list[LegalHold]:
        """Return every hold, the oldest first."""
        rows = self._connection.execute(
            "SELECT kind, name, actor, reason, held_at FROM legal_hold ORDER BY held_at, kind, name"
        ).fetchall()
        return [LegalHold(*row) for row in rows]

    def place(self, kind: HoldKind, name: str, actor: str, reason: str) -> LegalHold:
        """
        Hold a message, a partner's messages, or those of the patient whom the message `name` is about.

        RejectedError `hold-subject-unknown` where there is nothing by that name, `reason-missing`. Placing a hold
        again replaces who and why.
        """
        if not reason.strip():
            raise RejectedError("reason-missing", "reason", "a hold needs a reason")
        hold = LegalHold(kind, self._subject(kind, name), actor, reason, _now())
        self._connection.execute(
            "INSERT INTO legal_hold (kind, name, actor, reason, held_at) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (kind, name) DO UPDATE SET actor = excluded.actor, reason = excluded.reason",
            (hold.kind, hold.name, hold.actor, hold.reason, hold.held_at),
        )
        self._audit.record(actor, "hold-placed", f"{hold.kind}/{hold.name}", reason)
        return hold

    def release(self, kind: HoldKind, name: str, actor: str, reason: str) -> None:
        """End a hold; RejectedError `not-held` where there is none, `reason-missing`."""
        if not reason.strip():
            raise RejectedError("reason-missing", "reason", "a release needs a reason")
        gone = self._connection.execute(
            "DELETE FROM legal_hold WHERE (kind, name) = (%s, %s) RETURNING name", (kind, name)
        ).fetchone()
        if gone is None:
            raise RejectedError("not-held", "name", "no such hold was placed")
        self._audit.record(actor, "hold-released", f"{kind}/{name}", reason)

    def _subject(self, kind: HoldKind, name: str) -> str:
        """Return what the hold is on, as the disposal compares it."""
        with suppress(ValueError):
            row = self._connection.execute(_SUBJECT[kind], (name if kind == "partner" else UUID(name),)).fetchone()
            if row is not None:
                return str(row[0])
        raise RejectedError("hold-subject-unknown", "name", f"there is no {kind} by that name")


@contextmanager
def open_hold_desk(url: str) -> Iterator[HoldDesk]:
    """Open the desk; it commits when the block ends. TransientError `ledger-unavailable` when nothing answers."""
    with translated(), psycopg.connect(url, prepare_threshold=None, connect_timeout=5) as connection:
        statements = Statements(connection)
        yield HoldDesk(statements)
        statements.commit()


def _now() -> datetime:
    return datetime.now(UTC)
