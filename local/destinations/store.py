"""
The durable store of both destinations: one SQLite file, WAL, synchronous FULL, one connection, one thread.

What a transaction wrote is on disk before its caller answers. Effects are numbered in commit order.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from local.destinations.answers import Answer

SCHEMA = """
CREATE TABLE IF NOT EXISTS versions (
    type TEXT, id TEXT, version INTEGER, updated TEXT, body BLOB, PRIMARY KEY (type, id, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS current (
    type TEXT, id TEXT, version INTEGER, updated TEXT, deleted INTEGER, PRIMARY KEY (type, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS terms (
    type TEXT, id TEXT, name TEXT, system TEXT, value TEXT, PRIMARY KEY (type, id, name, system, value)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS terms_by_value ON terms (type, name, value, system);
CREATE TABLE IF NOT EXISTS effects (
    number INTEGER PRIMARY KEY AUTOINCREMENT, destination TEXT, method TEXT, type TEXT, id TEXT, version INTEGER,
    idempotency_key TEXT, at TEXT
);
CREATE TABLE IF NOT EXISTS answers (
    destination TEXT, client TEXT, idempotency_key TEXT, digest TEXT, status INTEGER, headers BLOB, body BLOB,
    PRIMARY KEY (destination, client, idempotency_key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS deliveries (idempotency_key TEXT PRIMARY KEY, received TEXT, body BLOB) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a resource; without a body it is a deletion."""

    type: str
    id: str
    number: int
    updated: str
    body: bytes | None


@dataclass(frozen=True, slots=True)
class Term:
    """A value that a resource is found by. A system of "" is none."""

    name: str
    system: str
    value: str


@dataclass(frozen=True, slots=True)
class Condition:
    """Part of a search: SQL over `current AS c` with its parameters."""

    sql: str
    parameters: tuple[str, ...]


class Store:
    """SQLite behind the two destinations; not thread-safe, callers use one thread."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, cached_statements=256)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA busy_timeout=5000")
        # A page is written back once for many transactions; what is committed is in the log, and synced, all the same.
        self._db.execute("PRAGMA wal_autocheckpoint=8000")
        self._db.executescript(SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, roll back on any exception."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo only what happened inside when it raises."""
        self._db.execute("SAVEPOINT part")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO part")
            self._db.execute("RELEASE part")
            raise
        self._db.execute("RELEASE part")

    def current(self, kind: str, identity: str) -> Version | None:
        """Return the newest version, possibly a deletion; None if there never was one."""
        row = self._db.execute(
            "SELECT v.type, v.id, v.version, v.updated, v.body FROM current c JOIN versions v"
            " USING (type, id, version) WHERE c.type = ? AND c.id = ?",
            (kind, identity),
        ).fetchone()
        return Version(*row) if row else None

    def newest(self, kind: str, identity: str) -> tuple[int, bool]:
        """Return the number of the newest version, 0 if there never was one, and whether the next one creates."""
        row = self._db.execute("SELECT version, deleted FROM current WHERE type = ? AND id = ?", (kind, identity))
        number, deleted = row.fetchone() or (0, True)
        return number, bool(deleted)

    def version(self, kind: str, identity: str, number: int) -> Version | None:
        """Return one version."""
        row = self._db.execute(
            "SELECT type, id, version, updated, body FROM versions WHERE type = ? AND id = ? AND version = ?",
            (kind, identity, number),
        ).fetchone()
        return Version(*row) if row else None

    def history(self, kind: str, identity: str) -> list[Version]:
        """Return all versions, newest first."""
        rows = self._db.execute(
            "SELECT type, id, version, updated, body FROM versions WHERE type = ? AND id = ? ORDER BY version DESC",
            (kind, identity),
        )
        return [Version(*row) for row in rows]

    def add(self, version: Version, terms: Iterable[Term]) -> None:
        """Make this the current version and index it."""
        kind, identity = version.type, version.id
        self._db.execute(
            "INSERT INTO versions VALUES (?, ?, ?, ?, ?)",
            (kind, identity, version.number, version.updated, version.body),
        )
        self._db.execute(
            "INSERT OR REPLACE INTO current VALUES (?, ?, ?, ?, ?)",
            (kind, identity, version.number, version.updated, version.body is None),
        )
        wanted = {(term.name, term.system, term.value) for term in terms}
        if version.number > 1:
            subject = (kind, identity)
            indexed = self._db.execute("SELECT name, system, value FROM terms WHERE type = ? AND id = ?", subject)
            if wanted == set(indexed):
                return
            self._db.execute("DELETE FROM terms WHERE type = ? AND id = ?", subject)
        self._db.executemany("INSERT INTO terms VALUES (?, ?, ?, ?, ?)", [(kind, identity, *term) for term in wanted])

    def find(self, kind: str, conditions: Iterable[Condition], count: int) -> tuple[int, list[Version]]:
        """Return how many current resources meet all conditions, and the first `count` of them, newest first."""
        parts = [Condition("c.type = ? AND NOT c.deleted", (kind,)), *conditions]
        where = " AND ".join(part.sql for part in parts)
        parameters = [value for part in parts for value in part.parameters]
        # The conditions are SQL of our own; values travel as parameters.
        total = self._db.execute(f"SELECT count(*) FROM current c WHERE {where}", parameters).fetchone()[0]  # noqa: S608
        rows = self._db.execute(
            "SELECT v.type, v.id, v.version, v.updated, v.body FROM current c JOIN versions v"  # noqa: S608
            f" USING (type, id, version) WHERE {where} ORDER BY c.updated DESC, c.id LIMIT ?",
            [*parameters, count],
        )
        return total, [Version(*row) for row in rows]

    def record(self, destination: str, method: str, subject: tuple[str, str, int], key: str, at: str) -> None:
        """Log an effect: `subject` is type, id and version."""
        self._db.execute(
            "INSERT INTO effects (destination, method, type, id, version, idempotency_key, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (destination, method, *subject, key or None, at),
        )

    def effects(self, destination: str, after: int) -> list[dict[str, Any]]:
        """Return the effects with a number above `after`, in order; of one destination or of all ("")."""
        rows = self._db.execute(
            "SELECT number, destination, method, type, id, version, idempotency_key, at FROM effects"
            " WHERE number > ? AND (? = '' OR destination = ?) ORDER BY number",
            (after, destination, destination),
        )
        names = ("number", "destination", "method", "resourceType", "id", "version", "idempotencyKey", "at")
        return [dict(zip(names, row, strict=True)) for row in rows]

    def counts(self) -> dict[str, int]:
        """Return how many resources of each type are current, and how many deliveries the webhook has."""
        rows = self._db.execute("SELECT type, count(*) FROM current WHERE NOT deleted GROUP BY type ORDER BY type")
        deliveries = self._db.execute("SELECT count(*) FROM deliveries").fetchone()[0]
        return {**dict(rows.fetchall()), **({"webhook": deliveries} if deliveries else {})}

    def answer(self, destination: str, client: str, key: str) -> tuple[str, Answer] | None:
        """Return the digest of the request that used this key, and what it was answered."""
        row = self._db.execute(
            "SELECT digest, status, body, headers FROM answers"
            " WHERE destination = ? AND client = ? AND idempotency_key = ?",
            (destination, client, key),
        ).fetchone()
        return (row[0], Answer(row[1], row[2], orjson.loads(row[3]))) if row else None

    def keep_answer(self, destination: str, client: str, key: str, digest: str, answer: Answer) -> None:
        """Keep an answer for a repeated request."""
        self._db.execute(
            "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?)",
            (destination, client, key, digest, answer.status, orjson.dumps(answer.headers), answer.body),
        )

    def add_delivery(self, key: str, received: str, body: bytes) -> None:
        """Keep what the webhook received."""
        self._db.execute("INSERT INTO deliveries VALUES (?, ?, ?)", (key, received, body))

    def delivery(self, key: str) -> bytes | None:
        """Return what the webhook received under this key."""
        row = self._db.execute("SELECT body FROM deliveries WHERE idempotency_key = ?", (key,)).fetchone()
        return bytes(row[0]) if row else None
