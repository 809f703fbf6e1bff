"""
Generated rows: what the ledger holds of messages that were delivered long ago, put there without sending them.

A message leaves one row in most tables, one per destination in `delivery`, and one per hop; a patient comes back
every twenty messages. Bundles are short, so that a million of them fit on a laptop: their size is not what a search or
an insert depends on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg.sql import SQL, Identifier, Literal

_AT_ONCE = 100_000
_NUMBERS: LiteralString = """
    WITH old AS (
        SELECT n, md5('m' || n)::uuid AS message_id, md5('p' || n / 20)::uuid AS patient_key,
            timestamptz '2026-01-01 00:00+00' + n * interval '1 second' AS at,
            '00-' || md5('t' || n) || '-00f067aa0ba902b7-01' AS traceparent, sha256(n::text::bytea) AS digest
        FROM generate_series(%s::bigint, %s::bigint) AS n),
    owed AS (
        SELECT old.*, destination, md5(destination || n)::uuid AS delivery_id
        FROM old, unnest(ARRAY['harbor-ehr', 'insight-portal']) AS destination)
"""
_ROWS: dict[str, LiteralString] = {
    "message": """
        INSERT INTO message (message_id, partner, control_id, payload_hash, payload_size, media_type, message_code,
            trigger_event, structure, hl7_version, processing_id, flow, received_at, status, status_at,
            acknowledgment, acknowledgment_code, patient_key, traceparent)
        SELECT message_id, 'riverside-lab', 'old-' || n, digest, 600, 'application/hl7-v2', 'ORU', 'R01', 'ORU_R01',
            '2.5.1', 'P', 'lab-results', at, 'processed', at, convert_to(repeat('ack ', 40), 'UTF8'), 'AA',
            patient_key, traceparent
        FROM old""",
    "inbox": """
        INSERT INTO inbox (partner, control_id, payload_hash, message_id)
        SELECT 'riverside-lab', 'old-' || n, digest, message_id FROM old""",
    "patient_alias": """
        INSERT INTO patient_alias (authority, identifier, patient_key, first_seen)
        SELECT 'HARBOR', 'OLD-' || n / 20, patient_key, at FROM old WHERE mod(n, 20) = 0""",
    "stream": """
        INSERT INTO stream (lane, key, keep)
        SELECT lane, patient_key, true
        FROM old, unnest(ARRAY['process', 'deliver/harbor-ehr', 'deliver/insight-portal']) AS lane
        WHERE mod(n, 20) = 0""",
    "conversion": """
        INSERT INTO conversion (message_id, mapping, bundle, bundle_hash, coverage, issues, converted_at)
        SELECT message_id, 'generated', digest, digest, '{}', '[]', at FROM old""",
    "event": """
        INSERT INTO event (event_id, type, version, message_id, patient_key, occurred_at, recorded_at, data,
            published_at, announced_at)
        SELECT md5('e' || n)::uuid, 'result.finalized', 1, message_id, patient_key, at, at, '{}', at, at FROM old""",
    "report_state": """
        INSERT INTO report_state (patient_key, report_key, rank, stated_at, message_id)
        SELECT patient_key, 'riverside-lab|old-' || n, 3, at, message_id FROM old""",
    "delivery": """
        INSERT INTO delivery (delivery_id, message_id, destination, status, status_at, due_since, attempts, receipt)
        SELECT delivery_id, message_id, destination, 'delivered', at, at, 1, 'HTTP 200' FROM owed""",
    "hop": """
        INSERT INTO hop (message_id, delivery_id, function, source, target, at, actor, outcome, attempt, traceparent)
        SELECT message_id, NULL, function, 'generated', 'generated', at, 'bench', outcome, 1, traceparent
        FROM old, (VALUES ('intake_receive_hl7v2', 'accepted'), ('lab_results_process', 'processed'))
            AS hop (function, outcome)
        UNION ALL
        SELECT message_id, delivery_id, 'delivery_send', 'generated', destination, at, 'bench', 'delivered', 1,
            traceparent
        FROM owed""",
    "audit": """
        INSERT INTO audit (at, actor, action, subject, reason, details)
        SELECT at, 'bench', 'disclose', delivery_id::text, destination, '{}' FROM owed""",
}
# What is old was sealed long ago: otherwise the sealer, not the pipeline, would be what is measured.
_SEALED = """
    INSERT INTO audit_seal (batch, root, row_count, last_xid, last_audit_id, floor, highest, sealed_at)
    SELECT coalesce((SELECT max(batch) FROM audit_seal), 0) + 1, sha256('generated'), 0, xid, audit_id, 0, audit_id,
        clock_timestamp()
    FROM audit ORDER BY xid DESC, audit_id DESC LIMIT 1
"""
EVERYTHING: tuple[str, ...] = tuple(_ROWS)
SEARCHED: tuple[str, ...] = ("message", "event", "delivery", "hop")


# Without these a random insert into a large index costs a whole page of log. They are set back before anything is
# measured.
_HASTE = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off", "max_wal_size": "8GB"}
_SECONDARY = """
    SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
    WHERE indrelid = %s::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
"""


def fill(connection: psycopg.Connection, first: int, last: int, tables: Sequence[str] = EVERYTHING) -> None:
    """
    Add the rows of messages `first` to `last` to `tables`, and tell the planner; asked as a superuser.

    The connection commits each statement. Secondary indexes are made anew at the end.
    """
    with _in_haste(connection), _without_indexes(connection, tables):
        for begin in range(first, last + 1, _AT_ONCE):
            end = min(begin + _AT_ONCE - 1, last)
            for table in tables:
                connection.execute(_NUMBERS + _ROWS[table], (begin, end))
    if "audit" in tables:
        connection.execute(_SEALED)
    for table in tables:
        connection.execute(SQL("VACUUM ANALYZE {}").format(Identifier(table)))
    connection.execute("CHECKPOINT")


@contextmanager
def _in_haste(connection: psycopg.Connection) -> Iterator[None]:
    for name, value in _HASTE.items():
        connection.execute(SQL("ALTER SYSTEM SET {} = {}").format(Identifier(name), Literal(value)))
    connection.execute("SELECT pg_reload_conf()")
    connection.execute("SET session_replication_role = replica")  # no look-up of foreign keys: they hold by themselves
    try:
        yield
    finally:
        connection.execute("RESET session_replication_role")
        for name in _HASTE:
            connection.execute(SQL("ALTER SYSTEM RESET {}").format(Identifier(name)))
        connection.execute("SELECT pg_reload_conf()")


@contextmanager
def _without_indexes(connection: psycopg.Connection, tables: Sequence[str]) -> Iterator[None]:
    found = [row for table in tables for row in connection.execute(_SECONDARY, (table,)).fetchall()]
    for name, _ in found:
        connection.execute(SQL("DROP INDEX {}").format(Identifier(name)))
    try:
        yield
    finally:
        for _, definition in found:
            connection.execute(definition.encode())
