"""
The durable side: one SQLite file that holds every message, counter and remembered message id.

Changes are noted in memory and written by `commit` in one transaction (WAL, synchronous=FULL): after it returns
they survive a power cut. A failed commit is fatal for the broker: what it knows and what is stored would differ.
The file belongs to one process. It may be deleted while nothing runs; the store then starts empty
(SQLite drops the log that a deleted file leaves behind).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from local.service_bus.message import Message, State, parse

_VERSION = 1
_SCHEMA = """
CREATE TABLE message (
    entity TEXT NOT NULL, sequence INTEGER NOT NULL, state INTEGER NOT NULL, delivery_count INTEGER NOT NULL,
    enqueued_at REAL NOT NULL, due_at REAL, expires_at REAL, dead_letter_source TEXT, raw BLOB NOT NULL,
    PRIMARY KEY (entity, sequence));
CREATE TABLE counter (entity TEXT PRIMARY KEY, last_sequence INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE seen (
    entity TEXT NOT NULL, message_id TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (entity, message_id)) WITHOUT ROWID;
CREATE INDEX seen_at ON seen (entity, at);
"""
_INSERT = "INSERT INTO message VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_UPDATE = "UPDATE message SET state = ?, delivery_count = ? WHERE entity = ? AND sequence = ?"
_DELETE = "DELETE FROM message WHERE entity = ? AND sequence = ?"
_COUNT = "REPLACE INTO counter VALUES (?, ?)"
_REMEMBER = "REPLACE INTO seen VALUES (?, ?, ?)"
_FORGET = "DELETE FROM seen WHERE entity = ? AND at < ?"


class StoreError(Exception):
    """The store cannot be opened or written; the text says why, without content."""


class Store:
    """A journal in a SQLite file. Entities are named without regard to case."""

    def __init__(self, path: Path) -> None:
        """Open or create the file; raise `StoreError` when it is another's, in use or damaged."""
        self._pending: list[tuple[str, tuple[object, ...]]] = []
        self._counters: dict[str, int] = {}
        try:
            self._database = sqlite3.connect(path, isolation_level=None)
        except sqlite3.Error as error:
            raise StoreError(f"{path}: {error}") from error
        try:
            self._prepare()
        except (sqlite3.Error, StoreError) as error:
            self._database.close()
            raise StoreError(f"{path}: {error}") from error

    def _prepare(self) -> None:
        execute = self._database.execute
        execute("PRAGMA busy_timeout = 100")
        execute("PRAGMA locking_mode = EXCLUSIVE")
        execute("PRAGMA journal_mode = WAL")
        execute("PRAGMA synchronous = FULL")
        execute("BEGIN IMMEDIATE")
        version = execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            for statement in _SCHEMA.split(";"):
                execute(statement)
            execute(f"PRAGMA user_version = {_VERSION}")
        elif version != _VERSION:
            raise StoreError("not a store of this version; delete it to start empty")
        execute("COMMIT")

    # ------------------------------------------------------------------ the journal
    def insert(self, entity: str, message: Message) -> None:
        """Note a new message."""
        key, state, raw = entity.lower(), int(message.state), message.content.raw
        times = (message.enqueued_at, message.due_at, message.expires_at)
        row = (key, message.sequence, state, message.delivery_count, *times, message.dead_letter_source, raw)
        self._pending.append((_INSERT, row))
        self._counters[key] = max(message.sequence, self._counters.get(key, 0))

    def update(self, entity: str, message: Message) -> None:
        """Note the state and the delivery count of a message."""
        change = (int(message.state), message.delivery_count, entity.lower(), message.sequence)
        self._pending.append((_UPDATE, change))

    def delete(self, entity: str, sequence: int) -> None:
        """Note that a message has left the entity."""
        self._pending.append((_DELETE, (entity.lower(), sequence)))

    def remember(self, entity: str, message_id: str, at: float) -> None:
        """Note a message id for duplicate detection."""
        self._pending.append((_REMEMBER, (entity.lower(), message_id, at)))

    def forget(self, entity: str, before: float) -> None:
        """Drop the message ids that were noted before an instant."""
        self._pending.append((_FORGET, (entity.lower(), before)))

    def commit(self) -> bool:
        """Make everything noted so far durable; False when there was nothing."""
        if not self._pending:
            return False
        try:
            self._database.execute("BEGIN IMMEDIATE")
            for statement, values in self._pending:
                self._database.execute(statement, values)
            self._database.executemany(_COUNT, self._counters.items())
            self._database.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"cannot be written: {error}") from error
        self._pending.clear()
        self._counters.clear()
        return True

    # ------------------------------------------------------------------ start and stop
    def messages(self) -> Iterator[tuple[str, Message]]:
        """Return every stored message with its entity's name in lower case, in the order of sequence numbers."""
        rows = self._database.execute(
            "SELECT entity, sequence, raw, enqueued_at, state, delivery_count, due_at, expires_at,"
            " dead_letter_source FROM message ORDER BY sequence"
        )
        for entity, sequence, raw, enqueued_at, state, count, due_at, expires_at, source in rows:
            content = parse(raw)
            yield entity, Message(sequence, content, enqueued_at, State(state), count, due_at, expires_at, source)

    def last_sequences(self) -> dict[str, int]:
        """Return the highest sequence number that each entity ever gave."""
        return dict(self._database.execute("SELECT entity, last_sequence FROM counter"))

    def seen(self) -> Iterator[tuple[str, str, float]]:
        """Return the remembered message ids as (entity, id, instant), oldest first."""
        yield from self._database.execute("SELECT entity, message_id, at FROM seen ORDER BY at")

    def close(self) -> None:
        """Close the file; what was not committed is lost."""
        self._database.close()
