"""The audit log and its seals, to be proved: read by the command line, written by nobody here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection

from shared.adapters.postgres_audit_chain import ROW, SEALED, audit_row, is_restored, parameters, sealed
from shared.adapters.postgres_ledger import translated
from shared.audit.chain import AuditRow, Position
from shared.audit.ports import Sealed
from shared.audit.proof import Tail


class AuditBook:
    """The log and its seals, read in one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def seals(self) -> list[Sealed]:
        """Return every recorded batch in order."""
        rows = self._connection.execute(
            """
            SELECT batch, root, row_count, last_xid::text, last_audit_id, floor, highest, sealed_at
            FROM audit_seal ORDER BY batch
            """
        ).fetchall()
        return [sealed(row) for row in rows]

    def rows(self, audit_ids: Sequence[int]) -> dict[int, AuditRow]:
        """Return the rows with these numbers."""
        query = f"SELECT {ROW} FROM audit WHERE audit_id = ANY(%s)"  # noqa: S608 - a constant of this module
        found = (audit_row(row) for row in self._connection.execute(query, (list(audit_ids),)))
        return {row.audit_id: row for row in found}

    def sealed_numbers(self, upto: Position) -> Iterator[int]:
        """Yield the number of every row in the part of the log that is sealed."""
        query = f"SELECT audit_id FROM audit WHERE {SEALED} ORDER BY audit_id"  # noqa: S608 - a constant
        with self._connection.cursor("sealed_numbers") as cursor:
            cursor.itersize = 50_000
            cursor.execute(query, self._parameters(upto))
            for (audit_id,) in cursor:
                yield int(audit_id)

    def tail(self, upto: Position) -> Tail:
        """Return what comes after the part that is sealed."""
        query = f"SELECT count(*), min(at) FROM audit WHERE NOT {SEALED}"  # noqa: S608 - a constant of this module
        row = self._connection.execute(query, self._parameters(upto)).fetchone()
        assert row is not None  # noqa: S101 - an aggregate always has one row
        return Tail(*row)

    def _parameters(self, upto: Position) -> dict[str, Any]:
        return parameters(upto, upto.highest if is_restored(self._connection, upto) else None)


@contextmanager
def open_audit_book(url: str) -> Iterator[AuditBook]:
    """Open the log for reading in one snapshot; TransientError `ledger-unavailable` when it cannot be reached."""
    with translated(), psycopg.connect(url, connect_timeout=5) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield AuditBook(connection)
