"""Evidence in PostgreSQL: the lineage and the audit log. Both are only ever inserted into."""

from __future__ import annotations

from shared.adapters.postgres_records import columns_of
from shared.adapters.postgres_statements import Statements
from shared.ledger import Hop
from shared.ports import Clock


class PostgresLineage:
    """One row for each hop of each message (requirement H03)."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def add(self, hop: Hop, actor: str) -> None:
        """Record a hop."""
        self._connection.write("hop", {**columns_of(hop), "at": self._clock(), "actor": actor})


class PostgresAuditLog:
    """Who did what, when, why (invariant 11)."""

    def __init__(self, connection: Statements, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def record(self, actor: str, action: str, subject: str, reason: str, **details: object) -> None:
        """Record an act; `details` hold opaque identifiers and codes only."""
        about = {"actor": actor, "action": action, "subject": subject, "reason": reason, "details": details}
        self._connection.write("audit", {**about, "at": self._clock()})
