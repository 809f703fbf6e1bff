"""What one commit writes: its steps in their order, before what comes after them, all or nothing (ADR 25)."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.adapters.postgres_statements import Statements, _document

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)


def audit(subject: str, reason: str = "tested", **details: object) -> dict[str, object]:
    return {"at": NOW, "actor": "test", "action": "write", "subject": subject, "reason": reason, "details": details}


def appended(lane: str) -> dict[str, object]:
    return {
        "lane": lane, "key": uuid4(), "keep": True, "function": "f", "message_id": uuid4(), "delivery_id": None,
        "traceparent": "t", "now": NOW, "fresh": NOW - timedelta(seconds=5),
    }  # fmt: skip


def subjects(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("select subject from audit order by audit_id")]


def test_steps_are_written_in_the_order_in_which_they_were_given(ledger_url: str) -> None:
    with psycopg.connect(ledger_url, autocommit=True) as connection, ExitStack() as pipeline:
        statements = Statements(connection, pipeline)
        for number in range(5):
            statements.write("audit", audit(str(number)))
        statements.commit()

    assert ["0", "1", "2", "3", "4"] == subjects(ledger_url)


def test_a_statement_sees_what_was_written_before_it(ledger_url: str) -> None:
    with psycopg.connect(ledger_url, autocommit=True) as connection, ExitStack() as pipeline:
        statements = Statements(connection, pipeline)
        statements.write("audit", audit("before"))
        seen = statements.execute("select subject from audit").fetchall()
        statements.write("audit", audit("behind"))
        statements.commit()

    assert [("before",)] == seen
    assert ["before", "behind"] == subjects(ledger_url)


def test_each_step_that_answers_has_its_own_answer(ledger_url: str) -> None:
    with psycopg.connect(ledger_url, autocommit=True) as connection, ExitStack() as pipeline:
        statements = Statements(connection, pipeline)
        first = statements.write("append", appended("a"))
        silent = statements.write("audit", audit("between"))
        second = statements.write("append", appended("b"))
        statements.commit()
        streams = dict(connection.execute("select lane, stream_id from stream").fetchall())

        assert [streams["a"], 1, True] == first()
        assert [streams["b"], 1, True] == second()
        assert silent() is None


@pytest.mark.parametrize("asks", [False, True])
def test_a_step_that_fails_takes_everything_with_it(ledger_url: str, asks: bool) -> None:
    def fail() -> None:
        with psycopg.connect(ledger_url, autocommit=True) as connection, ExitStack() as pipeline:
            statements = Statements(connection, pipeline)
            statements.write("audit", audit("void"))
            if asks:
                statements.execute("select 1").fetchone()
            statements.write("hold", {"stream_id": 4711, "fence": 1})
            statements.write("audit", audit("void too"))
            statements.commit()

    with pytest.raises(psycopg.DatabaseError) as refused:
        fail()

    assert "CF001" == refused.value.sqlstate
    assert [] == subjects(ledger_url)


def test_a_commit_that_raises_before_its_end_writes_nothing(ledger_url: str) -> None:
    def fail() -> None:
        with psycopg.connect(ledger_url, autocommit=True) as connection, ExitStack() as pipeline:
            statements = Statements(connection, pipeline)
            statements.write("audit", audit("void"))
            statements.execute("select 1").fetchone()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert [] == subjects(ledger_url)


def test_a_step_that_nobody_knows_is_a_defect(ledger_url: str) -> None:
    with psycopg.connect(ledger_url, autocommit=True) as connection:
        statements = Statements(connection)
        statements.write("dance", {})
        with pytest.raises(psycopg.DatabaseError):
            statements.commit()


def test_bytes_spans_and_keys_arrive_as_they_are(ledger_url: str) -> None:
    key = uuid4()
    with psycopg.connect(ledger_url, autocommit=True) as connection:
        statements = Statements(connection)
        statements.write("audit", audit("kinds", key=key, content=b"\x00\xff", span=timedelta(minutes=2)))
        statements.commit()
        found = connection.execute("select details from audit").fetchone()

    assert ({"key": str(key), "content": "\\x00ff", "span": "120.0 seconds"},) == found


def test_what_no_text_can_say_is_refused() -> None:
    with pytest.raises(TypeError):
        _document([audit("kinds", content=object())])


@given(some.text().filter(lambda text: "\x00" not in text))
def test_every_other_text_is_taken(text: str) -> None:
    assert _document([audit("s", text)])


@given(some.text(), some.text())
def test_a_nul_is_refused_before_the_server_quotes_what_stands_around_it(before: str, behind: str) -> None:
    with pytest.raises(ValueError, match="NUL") as refused:
        _document([audit("MRN-TESTCASE", f"{before}\x00{behind}")])

    assert "TESTCASE" not in str(refused.value)


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\\\x00", "\\\\\x00"])
def test_a_nul_is_seen_behind_any_number_of_backslashes(text: str) -> None:
    with pytest.raises(ValueError, match="NUL"):
        _document([audit("s", text)])


@pytest.mark.parametrize("text", ["\\u0000", "\\\\u0000", "u0000"])
def test_what_only_looks_like_a_nul_is_kept(ledger_url: str, text: str) -> None:
    with psycopg.connect(ledger_url, autocommit=True) as connection:
        statements = Statements(connection)
        statements.write("audit", audit("s", text))
        statements.commit()

        assert (text,) == connection.execute("select reason from audit").fetchone()
