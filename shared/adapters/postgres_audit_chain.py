"""The sealing of the audit log in PostgreSQL: what is to be sealed next, and what was sealed."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from shared.adapters.postgres_statements import Statements
from shared.audit.chain import AuditRow, Position, Seal
from shared.audit.ports import Sealed, Unsealed

ROW = "audit_id, xid::text, at, actor, action, subject, reason, details"
SEALED = """
    (audit_id <= %(floor)s
        OR (xid, audit_id) <= (%(xid)s::text::xid8, %(audit_id)s) AND audit_id <= coalesce(%(bound)s, audit_id))
"""


class PostgresAuditChain:
    """What the sealer reads and writes; the tier `ops` alone may."""

    def __init__(self, connection: Statements) -> None:
        self._connection = connection

    def last(self) -> Sealed | None:
        """Return the last batch that was sealed."""
        row = self._connection.execute(
            """
            SELECT batch, root, row_count, last_xid::text, last_audit_id, floor, highest, sealed_at
            FROM audit_seal ORDER BY batch DESC LIMIT 1
            """
        ).fetchone()
        return sealed(row) if row else None

    def unsealed(self, after: Position, limit: int) -> Unsealed:
        """
        Return the next rows in the order of the chain: those of transactions older than every open one.

        On a restored server the transactions count from anew; there the rows that were copied come first, and the
        position that ends them raises the floor.
        """
        restored = is_restored(self._connection, after)
        # By the column and not by what is selected under its name: that is text, has another order and no index.
        rows = self._connection.execute(
            f"""
            SELECT {ROW} FROM audit
            WHERE (xid, audit_id) > (%(xid)s::text::xid8, %(audit_id)s) AND audit_id > %(floor)s
                AND (%(restored)s OR xid < pg_snapshot_xmin(pg_current_snapshot()))
            ORDER BY audit.xid, audit_id LIMIT %(limit)s
            """,  # noqa: S608 - a constant of this module
            {**parameters(after), "restored": restored, "limit": limit},
        ).fetchall()
        found = [audit_row(row) for row in rows]
        highest = max((after.highest, *(row.audit_id for row in found)))
        end = Position(found[-1].xid, found[-1].audit_id, after.floor, highest) if found else after
        if restored and len(found) < limit:
            end = Position(0, 0, highest, highest)
        return Unsealed(found, end)

    def add(self, one: Seal) -> None:
        """Record that a batch was sealed; once is enough, there is one seal of each number."""
        end = one.end
        self._connection.execute(
            """
            INSERT INTO audit_seal (batch, root, row_count, last_xid, last_audit_id, floor, highest, sealed_at)
            VALUES (%s, %s, %s, %s::text::xid8, %s, %s, %s, %s)
            ON CONFLICT (batch) DO NOTHING
            """,
            (one.batch, one.root, len(one.rows), str(end.xid), end.audit_id, end.floor, end.highest, one.sealed_at),
        )


def is_restored(connection: Connection | Statements, position: Position) -> bool:
    """Tell whether this server counts transactions anew: it has not come as far as what was sealed."""
    row = connection.execute(
        "SELECT pg_snapshot_xmin(pg_current_snapshot()) <= %s::text::xid8", (str(position.xid),)
    ).fetchone()
    return row == (True,)


def parameters(position: Position, bound: int | None = None) -> dict[str, Any]:
    """Return the parameters of SEALED; `bound` is the highest number that may be sealed on a restored server."""
    return {"xid": str(position.xid), "audit_id": position.audit_id, "floor": position.floor, "bound": bound}


def sealed(row: tuple[Any, ...]) -> Sealed:
    """Return a row of audit_seal."""
    batch, root, count, xid, audit_id, floor, highest, sealed_at = row
    return Sealed(batch, root, count, Position(int(xid), audit_id, floor, highest), sealed_at)


def audit_row(row: tuple[Any, ...]) -> AuditRow:
    """Return a row of audit, selected as ROW says."""
    audit_id, xid, *rest = row
    return AuditRow(audit_id, int(xid), *rest)
