"""Evidence in PostgreSQL: the lineage and the audit log. Both are only ever inserted into."""

from __future__ import annotations

import orjson
from psycopg import Connection
from psycopg.types.json import Jsonb

from shared.adapters.postgres_records import columns_of
from shared.ledger import Hop
from shared.ports import Clock


class PostgresLineage:
    """One row for each hop of each message (requirement H03)."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def add(self, hop: Hop, actor: str) -> None:
        """Record a hop."""
        self._connection.execute(
            """
            INSERT INTO hop (message_id, delivery_id, function, source, target, at, actor, outcome, code, location,
                schema_version, mapping, payload_hash, attempt, traceparent, parent_span)
            VALUES (%(message_id)s, %(delivery_id)s, %(function)s, %(source)s, %(target)s, %(at)s, %(actor)s,
                %(outcome)s, %(code)s, %(location)s, %(schema_version)s, %(mapping)s, %(payload_hash)s, %(attempt)s,
                %(traceparent)s, %(parent_span)s)
            """,
            {**columns_of(hop), "at": self._clock(), "actor": actor},
        )


class PostgresAuditLog:
    """Who did what, when, why (invariant 11)."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def record(self, actor: str, action: str, subject: str, reason: str, **details: object) -> None:
        """Record an act; `details` hold opaque identifiers and codes only."""
        self._connection.execute(
            "INSERT INTO audit (at, actor, action, subject, reason, details) VALUES (%s, %s, %s, %s, %s, %s)",
            (self._clock(), actor, action, subject, reason, Jsonb(details, dumps=orjson.dumps)),
        )
