"""
Search over many stored messages: by any id that somebody may have in hand, and the books as a whole.

Rows are generated into a database of its own. The first question of each kind is asked after the server's caches were
filled with something else; a search must answer within a second all the same.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import LiteralString

import psycopg

from bench.generated import SEARCHED, fill
from local.postgres.server import EmbeddedPostgres
from migrations.apply import apply
from shared.adapters.postgres_books import read_books
from shared.adapters.postgres_trace import read_traces

DEFAULT_ROWS = 100_000
_QUESTIONS = 20
Row = dict[str, object]

_IDS: dict[str, LiteralString] = {
    "trace by control id": "SELECT 'old-' || %(n)s",
    "trace by message id": "SELECT md5('m' || %(n)s)::uuid",
    "trace by trace id": "SELECT md5('t' || %(n)s)",
    "trace by delivery id": "SELECT md5('harbor-ehr' || %(n)s)::uuid",
    "trace by event id": "SELECT md5('e' || %(n)s)::uuid",
}


def run(rows: int = 0) -> list[Row]:
    """Return how long each kind of question takes beside `rows` messages (100,000 where none are given)."""
    count = rows or DEFAULT_ROWS
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as server:
        apply(server.dsn)
        with psycopg.connect(server.dsn, autocommit=True) as connection:
            fill(connection, 1, count, SEARCHED)
            wanted = questions(connection, count)
        found = [_row(what, count, [_seconds(_asked(server.dsn, one)) for one in ids]) for what, ids in wanted.items()]
        return [*found, _row("reconcile: both books, every rule", count, [_seconds(lambda: read_books(server.dsn))])]


def questions(connection: psycopg.Connection, count: int) -> dict[str, list[str]]:
    """Return, for each kind of question, ids of generated messages spread over all `count` of them."""
    return {what: _ids(connection, query, count) for what, query in _IDS.items()}


def _ids(connection: psycopg.Connection, query: LiteralString, count: int) -> list[str]:
    step = max(count // _QUESTIONS, 1)
    numbers = [str(number) for number in range(1, count + 1, step)][:_QUESTIONS]
    rows = [connection.execute(query, {"n": number}).fetchone() for number in numbers]
    return [str(row[0]) for row in rows if row]


def _asked(url: str, any_id: str) -> Callable[[], None]:
    def ask() -> None:
        if len(read_traces(url, any_id)) != 1:
            raise LookupError("a generated message was not found by its id")

    return ask


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _row(what: str, count: int, seconds: list[float]) -> Row:
    return {
        "what": what,
        "stored messages": count,
        "ms median": round(median(seconds) * 1000, 1),
        "ms worst": round(max(seconds) * 1000, 1),
    }
