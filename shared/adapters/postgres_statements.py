"""
The statements of one commit: those that answer at once, and the steps that only write.

Steps are gathered and travel together as one call of the database's function `write_steps`, in the order in which
they were written, and before any statement that comes after them (ADR 25). A commit of steps alone is that one
statement, without a BEGIN and a COMMIT around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from typing import Any, LiteralString, TypeVar

import orjson
from psycopg import Connection, Cursor
from psycopg.rows import RowFactory, TupleRow
from psycopg.types.json import Jsonb

from shared.ledger import Later

Row = TypeVar("Row")

_NUL, _ESCAPED_BACKSLASH = rb"\u0000", rb"\\"
_WRITE = "SELECT place, answer::text FROM write_steps(%s)"


class Statements:
    """
    A connection as the repositories use it; what they `write` leaves with the next statement or the commit.

    With a `pipeline` to leave at the end, everything until `commit` is one transaction and travels in it; without
    one each statement is a commit of its own, or part of the connection's.
    """

    def __init__(self, connection: Connection, pipeline: ExitStack | None = None) -> None:
        self._connection = connection
        self._pipeline = pipeline
        self._has_begun = False
        self._steps: list[dict[str, Any]] = []
        self._batch = _Batch()

    def execute(
        self, query: LiteralString, parameters: Sequence[Any] | Mapping[str, Any] | None = None
    ) -> Cursor[TupleRow]:
        """Execute a statement behind everything that was written before it."""
        self.arrive()
        return self._connection.execute(query, parameters)

    def cursor(self, row_factory: RowFactory[Row]) -> Cursor[Row]:
        """Return a cursor for statements behind everything that was written before it."""
        self.arrive()
        return self._connection.cursor(row_factory=row_factory)

    def write(self, step: str, values: Mapping[str, Any]) -> Later[Any]:
        """Write `step` (one of the function's) with `values`; what it answers may be asked for later."""
        self._steps.append({"do": step, **values})
        batch, place = self._batch, len(self._steps)

        def answer() -> Any:
            if batch.cursor is None:
                self.arrive()
            return batch.answers().get(place)

        return answer

    def arrive(self) -> None:
        """Send what was written so far, within the commit; its answer is not waited for."""
        if self._pipeline is not None and not self._has_begun:
            self._pipeline.enter_context(self._connection.pipeline())
            self._connection.execute("BEGIN")  # ours, not the driver's: that one would wait for the answer
            self._has_begun = True
        self._send()

    def commit(self) -> None:
        """Send the rest and end the commit."""
        self._send()
        if self._has_begun:
            self._connection.execute("COMMIT")

    def _send(self) -> None:
        if not self._steps:
            return
        steps = Jsonb(self._steps, dumps=_document)
        self._batch.cursor = self._connection.execute(_WRITE, (steps,))
        self._steps, self._batch = [], _Batch()


class _Batch:
    """The answers of the steps that travelled together."""

    def __init__(self) -> None:
        self.cursor: Cursor[TupleRow] | None = None
        self._answers: dict[int, Any] | None = None

    def answers(self) -> dict[int, Any]:
        """Return the answers by the steps' places."""
        if self._answers is None:
            rows = self.cursor.fetchall() if self.cursor else ()
            self._answers = {place: orjson.loads(answer) for place, answer in rows if answer}
        return self._answers


def _document(steps: list[dict[str, Any]]) -> bytes:
    document = orjson.dumps(steps, default=_as_text)
    # Here: the server would quote what stands around it. A text may say `\u0000` itself, with its backslash escaped.
    if _NUL in document and _NUL in document.replace(_ESCAPED_BACKSLASH, b""):
        raise ValueError("a text of PostgreSQL cannot hold NUL")
    return document


def _as_text(value: object) -> str:
    """Return bytes and spans of time as PostgreSQL reads them."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    if isinstance(value, timedelta):
        return f"{value.total_seconds()} seconds"
    raise TypeError(type(value).__name__)
