"""
The secrets of one vault, in one SQLite file of mode 0600 that holds them across kill -9.

A deleted secret keeps its versions until it is purged or recovered; purged values are overwritten in the file.
Nothing is purged by the passing of time.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

RECOVERABLE_DAYS = 90

_SCHEMA = """
create table if not exists secret_version (
    sequence integer primary key autoincrement,
    name text not null collate nocase,
    version text not null unique,
    value text not null,
    content_type text,
    tags text not null,
    enabled integer not null,
    created integer not null,
    updated integer not null,
    not_before integer,
    expires integer
) strict;
create index if not exists secret_version_name on secret_version (name, sequence);
create table if not exists deleted_secret (
    name text primary key collate nocase,
    deleted integer not null
) strict;
create view if not exists live_version as
    select * from secret_version where name not in (select name from deleted_secret);
create view if not exists newest_version as
    select *, name in (select name from deleted_secret) as is_deleted from secret_version
    where sequence in (select max(sequence) from secret_version group by name);
"""


@dataclass(frozen=True, slots=True)
class Attributes:
    """What the vault knows about a version beside its value; times are seconds since 1970."""

    enabled: bool = True
    not_before: int | None = None
    expires: int | None = None
    content_type: str | None = None
    tags: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """One version of a secret. Its value stays out of its text form."""

    sequence: int
    name: str
    version: str
    value: str
    attributes: Attributes
    created: int
    updated: int

    def __repr__(self) -> str:
        return f"SecretVersion({self.name!r}, {self.version!r})"


class SecretStore:
    """Every method is one transaction. For one thread."""

    def __init__(self, path: Path, clock: Callable[[], float], new_version: Callable[[], str]) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        path.chmod(0o600)
        self._clock = clock
        self._new_version = new_version
        self._database = sqlite3.connect(path)
        self._database.row_factory = sqlite3.Row
        self._database.executescript(f"pragma synchronous = extra; pragma secure_delete = on; {_SCHEMA}")

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def add(self, name: str, value: str, attributes: Attributes) -> SecretVersion:
        """Store a new version, the newest from now on, and return it."""
        now = int(self._clock())
        with self._database:
            cursor = self._database.execute(
                "insert into secret_version (name, version, value, content_type, tags, enabled, created, updated,"
                " not_before, expires) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) returning *",
                (
                    *(name, self._new_version(), value, attributes.content_type, json.dumps(attributes.tags or {})),
                    *(attributes.enabled, now, now, attributes.not_before, attributes.expires),
                ),
            )
            return _version(cursor.fetchone())

    def update(self, version: str, attributes: Attributes) -> SecretVersion:
        """Replace what is known about a version and return it."""
        with self._database:
            cursor = self._database.execute(
                "update secret_version set content_type = ?, tags = ?, enabled = ?, updated = ?, not_before = ?,"
                " expires = ? where version = ? returning *",
                (
                    *(attributes.content_type, json.dumps(attributes.tags or {}), attributes.enabled),
                    *(int(self._clock()), attributes.not_before, attributes.expires, version),
                ),
            )
            return _version(cursor.fetchone())

    def find(self, name: str, version: str | None = None) -> SecretVersion | None:
        """Return this version of a secret that is not deleted, or its newest."""
        found = self._query(
            "select * from live_version where name = :name and (:version is null or version = :version)"
            " order by sequence desc limit 1",
            {"name": name, "version": version},
        )
        return found[0] if found else None

    def newest(self, after: str, limit: int, deleted: bool = False) -> list[SecretVersion]:
        """Return the newest version of each secret, by name, from the one that follows `after`."""
        return self._query(
            "select * from newest_version where is_deleted = :deleted and name > :after order by name limit :limit",
            {"deleted": deleted, "after": after, "limit": limit},
        )

    def versions(self, name: str, after: int, limit: int) -> list[SecretVersion]:
        """Return the versions of a secret, oldest first, from the one that follows sequence `after`."""
        return self._query(
            "select * from live_version where name = :name and sequence > :after order by sequence limit :limit",
            {"name": name, "after": after, "limit": limit},
        )

    def delete(self, name: str) -> None:
        """Hide a secret with all its versions."""
        with self._database:
            self._database.execute("insert into deleted_secret values (?, ?)", (name, int(self._clock())))

    def find_deleted(self, name: str) -> tuple[SecretVersion, int] | None:
        """Return the newest version of a deleted secret, and when it was deleted."""
        found = self._query(
            "select * from secret_version where name = :name order by sequence desc limit 1", {"name": name}
        )
        with closing(self._database.execute("select deleted from deleted_secret where name = ?", (name,))) as cursor:
            row = cursor.fetchone()
        return (found[0], int(row["deleted"])) if row and found else None

    def recover(self, name: str) -> None:
        """Bring a deleted secret back with all its versions."""
        with self._database:
            self._database.execute("delete from deleted_secret where name = ?", (name,))

    def purge(self, name: str) -> None:
        """Destroy a deleted secret."""
        with self._database:
            self._database.execute("delete from secret_version where name = ?", (name,))
            self._database.execute("delete from deleted_secret where name = ?", (name,))

    def _query(self, statement: str, parameters: Mapping[str, object]) -> list[SecretVersion]:
        with closing(self._database.execute(statement, parameters)) as cursor:
            return [_version(row) for row in cursor.fetchall()]


def _version(row: sqlite3.Row) -> SecretVersion:
    attributes = Attributes(
        bool(row["enabled"]), row["not_before"], row["expires"], row["content_type"], json.loads(row["tags"])
    )
    return SecretVersion(
        *(row["sequence"], row["name"], row["version"], row["value"], attributes, row["created"], row["updated"])
    )
