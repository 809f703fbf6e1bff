"""The day through the real use cases on a real database: the books say what `summary_of` foretold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from functions.delivery.use_case import SEND
from functions.intake.use_case import Submission, receive_hl7v2
from functions.lab_results.use_case import DETECT_CRITICAL, PROCESS
from local.traffic.day import hospital_day
from local.traffic.posting import Expected, Posting, summary_of
from shared.adapters.memory import RecordedHints
from shared.adapters.postgres_books import Books, read_books
from shared.authorization import Principal
from shared.errors import RejectedError
from shared.pipeline import drain
from shared.ports import Ports
from shared.trace_context import start_trace
from tests.functions.messages import PARTNERS, without_signatures

STAGES = {stage.step.function: stage for stage in (PROCESS, DETECT_CRITICAL, SEND)}


def post(posting: Posting, desk: Ports) -> str:
    """Return MSA-1, "" where a problem document is the answer."""
    principal = Principal(posting.partner, posting.partner, frozenset({"message.send"}))
    submission = Submission(posting.partner, posting.payload, posting.media_type, start_trace())
    try:
        return receive_hl7v2(submission, principal, desk).code
    except RejectedError:
        return ""


def work_off(desk: Ports, hints: RecordedHints) -> None:
    """Drain every stream that was hinted at, until nobody is hinted at any more."""
    while taken := hints.take():
        for stream_id, function in dict.fromkeys((hint.stream_id, hint.function) for hint in taken):
            drain(STAGES[function], stream_id, desk)


def foretold(books: Books, expected: Expected, url: str) -> Iterator[tuple[str, object, object]]:
    """Yield (what, expected, actual) for every total that the books or the task list can tell."""
    for name in ("received", "processed", "rejected", "quarantined"):
        yield name, getattr(expected, name), sum(getattr(line, name) for line in books.items)
    yield "duplicates", expected.duplicates, sum(line.duplicate for line in books.items)
    yield "in flight", 0, books.in_flight
    with psycopg.connect(url) as connection:
        tasks: dict[str, int] = dict(connection.execute("SELECT kind, count(*) FROM task GROUP BY kind").fetchall())
        superseded = connection.execute(
            "SELECT count(DISTINCT message_id) FROM delivery WHERE status = 'superseded'"
        ).fetchone()
    yield "tasks", {"critical-result": expected.critical_tasks, "quarantine-review": expected.quarantined}, tasks
    yield "superseded", (expected.superseded,), superseded
    delivered = {
        partner.name: count
        for partner in PARTNERS.by_name.values()
        if partner.receives
        and (count := sum(count for event, count in expected.events.items() if partner.receives.wants(event)))
    }
    yield "delivered", delivered, {line.destination: line.delivered for line in books.deliveries}


@pytest.mark.parametrize(
    ("patients", "messages"), [(20, 120), pytest.param(60, 400, marks=pytest.mark.long, id="the whole day")]
)
def test_the_books_of_a_day_are_those_that_were_foretold(
    patients: int, messages: int, ports: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    day = hospital_day(patients=patients, messages=messages)
    desk = replace(ports, partners=without_signatures(PARTNERS))

    answers = [post(posting, desk) for posting in day]
    work_off(desk, hints)

    assert [posting.expect.acknowledgment for posting in day] == answers
    books = read_books(ledger_url)
    wrong = [line for line in foretold(books, summary_of(day), ledger_url) if line[1] != line[2]]
    assert [] == wrong
    assert books.balance
