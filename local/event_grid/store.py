"""What is still to be delivered, and which files were told of: one SQLite file that survives `kill -9`."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS delivery (
        id INTEGER PRIMARY KEY, subscription TEXT NOT NULL, event TEXT NOT NULL, published REAL NOT NULL,
        attempts INTEGER NOT NULL DEFAULT 0, due REAL NOT NULL);
    CREATE INDEX IF NOT EXISTS delivery_due ON delivery (subscription, due);
    CREATE TABLE IF NOT EXISTS told (name TEXT PRIMARY KEY, etag TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event that is owed to a subscription; times are seconds since 1970."""

    id: int
    subscription: str
    event: dict[str, Any]
    published: float
    attempts: int


class EventStore:
    """Usable from several threads; each call is one durable commit."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.executescript(f"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; {_SCHEMA}")

    def owe(
        self,
        owed: Iterable[tuple[str, dict[str, Any]]],
        now: float,
        told: Sequence[tuple[str, str]] = (),
        forgotten: Sequence[str] = (),
    ) -> None:
        """Owe each event to its subscription, due at once, and note the files (name, etag) that they tell of."""
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT INTO delivery (subscription, event, published, due) VALUES (?, ?, ?, ?)",
                [(subscription, json.dumps(event), now, now) for subscription, event in owed],
            )
            self._connection.executemany("INSERT OR REPLACE INTO told VALUES (?, ?)", told)
            self._connection.executemany("DELETE FROM told WHERE name = ?", [(name,) for name in forgotten])

    def due(self, subscription: str, now: float, limit: int = 50) -> list[Delivery]:
        """Return what is due for a subscription, the longest due first."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT id, subscription, event, published, attempts FROM delivery"
                " WHERE subscription = ? AND due <= ? ORDER BY due, id LIMIT ?",
                (subscription, now, limit),
            ).fetchall()
        return [Delivery(row[0], row[1], json.loads(row[2]), row[3], row[4]) for row in rows]

    def done(self, delivery: Delivery) -> None:
        """Forget a delivery: it arrived, or is a dead letter."""
        with self._lock:
            self._connection.execute("DELETE FROM delivery WHERE id = ?", (delivery.id,))

    def again(self, delivery: Delivery, due: float) -> None:
        """Count an attempt, and try again at `due`."""
        with self._lock:
            self._connection.execute(
                "UPDATE delivery SET attempts = attempts + 1, due = ? WHERE id = ?", (due, delivery.id)
            )

    def told(self) -> dict[str, str]:
        """Return the etag of each file that was told of."""
        with self._lock:
            return dict(self._connection.execute("SELECT name, etag FROM told").fetchall())

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
