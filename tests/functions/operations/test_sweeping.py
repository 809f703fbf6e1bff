"""The sweep: nothing waits for ever, and whoever should know is told once (D05, invariant 13)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from functions.lab_results.use_case import PROCESS
from functions.operations.dead_letters import drain_dead_letters
from functions.operations.sweeping import sweep, tell_what_waits_too_long, wake_held_streams
from shared.adapters.memory import FewDeadLetters, FixedClock, RecordedHints
from shared.delivery.breaker import CLOSED, Breaker
from shared.errors import ReviewNeededError, TransientError
from shared.ledger import NewEntry
from shared.pipeline import Outcome, Stage, Work, drain
from shared.pipeline.decisions import halt
from shared.ports import DeadLetter, Ports
from shared.trace_context import start_trace
from tests.functions.messages import PARTNERS, oru
from tests.shared.adapters.rooms import post


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def away(work: Work, ports: Ports) -> Outcome:
    raise TransientError("ledger-unavailable")


def refuse(work: Work, ports: Ports) -> Outcome:
    raise ReviewNeededError("unmapped-code", "OBX-3")


@pytest.fixture
def parked(ports: Ports, hints: RecordedHints) -> UUID:
    message = post(ports, oru())
    for hint in hints.take():
        if hint.function == PROCESS.step.function:
            drain(replace(PROCESS, use_case=refuse), hint.stream_id, replace(ports, partners=PARTNERS))
    return message


def waiting_tasks(url: str) -> list[str]:
    found = rows(url, "select explanation->>'how' from task where kind = 'waiting-too-long' order by 1")
    return [str(how) for (how,) in found]


def test_what_is_parked_and_quarantined_for_too_long_is_told_once(
    ports: Ports, parked: UUID, clock: FixedClock, ledger_url: str
) -> None:
    assert 0 == tell_what_waits_too_long(ports)
    clock.advance(timedelta(hours=5))

    assert [2, 0] == [tell_what_waits_too_long(ports) for _ in range(2)]
    assert ["parked", "quarantined"] == waiting_tasks(ledger_url)


def test_a_halt_that_was_forgotten_is_told(
    ports: Ports, hints: RecordedHints, clock: FixedClock, ledger_url: str
) -> None:
    halt("flow", "lab-results", "operator/one", "a test", ports)
    post(ports, oru())
    for hint in hints.take():
        if hint.function == PROCESS.step.function:
            drain(PROCESS, hint.stream_id, replace(ports, partners=PARTNERS))
    clock.advance(timedelta(hours=2))

    sweep(ports)

    assert ["held"] == waiting_tasks(ledger_url)
    assert 0 == wake_held_streams(ports)


def held_tasks(url: str) -> list[str]:
    return [str(state) for (state,) in rows(url, "select state from task where kind = 'waiting-too-long' order by 1")]


def test_one_task_is_told_of_a_wait_while_it_lasts_whoever_is_the_oldest_and_closes_itself(
    ports: Ports, hints: RecordedHints, clock: FixedClock, ledger_url: str
) -> None:
    halt("flow", "lab-results", "operator/one", "a test", ports)
    for number in range(3):
        post(ports, oru(f"T-{number}", mrn=f"TEST-{number}"))
        clock.advance(timedelta(seconds=1))
    process(PROCESS, ports, hints)
    clock.advance(timedelta(hours=2))
    for _ in range(3):
        tell_what_waits_too_long(ports)
        with psycopg.connect(ledger_url) as connection:  # the oldest is let through, and the next one is
            connection.execute(
                "delete from entry where status = 'held'"
                " and entered_at = (select min(entered_at) from entry where status = 'held')"
            )
        assert ["queued"] == held_tasks(ledger_url)
    tell_what_waits_too_long(ports)

    assert ["completed"] == held_tasks(ledger_url)


def test_what_is_tried_in_vain_for_hours_while_others_pass_is_told(
    ports: Ports, hints: RecordedHints, clock: FixedClock, ledger_url: str
) -> None:
    post(ports, oru())
    process(replace(PROCESS, use_case=away), ports, hints)
    clock.advance(timedelta(minutes=59))
    assert 0 == tell_what_waits_too_long(ports)
    clock.advance(timedelta(minutes=2))

    assert [1, 0] == [tell_what_waits_too_long(ports) for _ in range(2)]
    assert [("failing", "process", 1)] == rows(
        ledger_url,
        "select explanation->>'how', explanation->>'where', (explanation->>'count')::int from task"
        " where kind = 'waiting-too-long'",
    )


def test_an_outage_that_is_known_is_not_told_again_of_each_delivery_that_it_meets(
    ports: Ports, clock: FixedClock
) -> None:
    entry = NewEntry("deliver/harbor-ehr", uuid4(), "delivery_send", uuid4(), start_trace(), keep=True)
    with ports.ledger.transaction() as tx:
        tx.streams.append(entry)
    with ports.ledger.transaction() as tx:
        (hint,) = tx.waking.overdue(clock() + timedelta(seconds=1), 1)
        taken = tx.streams.take(hint.stream_id, "worker", timedelta(minutes=1), "")()
        assert taken is not None
        assert taken.entry is not None
        tx.streams.postpone(taken.entry, clock(), "destination-unavailable")
        gate = tx.gates.locked("harbor-ehr")
        tx.gates.write(replace(gate, breaker=Breaker("open", 5, 1, clock(), clock())))
    clock.advance(timedelta(hours=2))
    assert 0 == tell_what_waits_too_long(ports)

    with ports.ledger.transaction() as tx:
        tx.gates.write(replace(tx.gates.locked("harbor-ehr"), breaker=CLOSED))
    assert 1 == tell_what_waits_too_long(ports)


def process(stage: Stage, ports: Ports, hints: RecordedHints) -> None:
    for hint in hints.take():
        if hint.function == PROCESS.step.function:
            with suppress(TransientError):
                drain(stage, hint.stream_id, replace(ports, partners=PARTNERS))


def test_the_sweep_measures_what_intake_reads(ports: Ports, clock: FixedClock) -> None:
    post(ports, oru(flag="HH"))
    due = clock()
    clock.advance(timedelta(minutes=3))

    sweep(ports)

    with ports.ledger.statements() as each:
        measured = each.pressure.read()
    assert measured is not None
    assert (clock(), 2, due) == (measured.measured_at, measured.backlog, measured.oldest_due)


def test_a_parked_patient_ages_nobodys_backlog(ports: Ports, parked: UUID, clock: FixedClock, ledger_url: str) -> None:
    with psycopg.connect(ledger_url) as connection:
        connection.execute("delete from entry where function <> 'lab_results_process'")
    post(ports, oru("T-2"))
    with psycopg.connect(ledger_url) as connection:
        connection.execute("delete from entry where function <> 'lab_results_process'")
    clock.advance(timedelta(hours=1))

    sweep(ports)

    with ports.ledger.statements() as each:
        measured = each.pressure.read()
    assert measured is not None
    assert (2, None) == (measured.backlog, measured.oldest_due)


def test_a_stream_that_is_being_worked_off_ages_nobodys_backlog(ports: Ports, clock: FixedClock) -> None:
    post(ports, oru())
    clock.advance(timedelta(hours=1))
    with ports.ledger.transaction() as tx:
        for stream_id in (hint.stream_id for hint in tx.waking.overdue(clock(), 10)):
            tx.streams.take(stream_id, "a worker", timedelta(minutes=1), "")

    with ports.ledger.transaction() as tx:
        assert tx.pressure.measure().oldest_due is None


def test_nobody_waits_for_the_tomorrow_of_a_clock_that_was_wrong(
    ports: Ports, hints: RecordedHints, clock: FixedClock, ledger_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock.advance(timedelta(days=10_000))  # beyond the database's own
    post(ports, oru("T-1", mrn="TEST-RIGHT", value="7.9", flag="HH"))
    clock.advance(timedelta(days=1))
    post(ports, oru("T-2", mrn="TEST-WRONG", value="7.9", flag="HH"))
    failing = replace(PROCESS, use_case=away)
    for hint in hints.take():
        if hint.function == PROCESS.step.function:
            drain(failing, hint.stream_id, replace(ports, partners=PARTNERS))
    clock.advance(timedelta(days=-1))

    sweep(ports)
    clock.advance(timedelta(minutes=6))  # beyond the longest back-off, and the sweeper's grace
    sweep(ports)

    told = [record.__dict__["fields"] for record in caplog.records if "wrong clock" in record.message]
    assert [{"count": 3}] == told
    assert 4 == len([hint for hint in hints.take() if hint.not_before is None])
    assert [(True,)] == rows(ledger_url, f"select max(due_at) <= '{clock().isoformat()}' from entry")


def letter(
    body: bytes, sequence: int = 1, *, is_fact: bool = False, entity: str = "lab-results-process"
) -> DeadLetter:
    return DeadLetter(entity, sequence, "MaxDeliveryCountExceeded", body, None, is_fact)


def drained(ports: Ports, *letters: DeadLetter) -> int:
    return drain_dead_letters(replace(ports, dead_letters=FewDeadLetters(list(letters))))


def test_a_dead_hint_wakes_what_is_still_owed(
    ports: Ports, hints: RecordedHints, ledger_url: str, clock: FixedClock
) -> None:
    with ports.ledger.transaction() as tx:
        tx.streams.append(NewEntry("process", uuid4(), PROCESS.step.function, uuid4(), start_trace(), keep=True))
    (lost,) = hints.take()
    body = b'{"stream": %d}' % lost.stream_id

    assert 1 == drained(ports, letter(body))

    assert [(lost.stream_id, lost.function)] == [(hint.stream_id, hint.function) for hint in hints.take()]
    assert [("lab-results-process", "MaxDeliveryCountExceeded", "woken")] == rows(
        ledger_url, "select entity, reason, outcome from dead_letter"
    )


def test_a_dead_hint_of_work_that_is_done_is_recorded_and_wakes_nobody(
    ports: Ports, hints: RecordedHints, ledger_url: str
) -> None:
    drained(ports, letter(b'{"stream": 4711}'))

    assert [] == hints.take()
    assert [("nothing-owed",)] == rows(ledger_url, "select outcome from dead_letter")
    assert [] == rows(ledger_url, "select kind from task")


def test_what_cannot_be_read_and_what_a_subscriber_did_not_take_is_somebodys_task_once_a_day(
    ports: Ports, ledger_url: str
) -> None:
    drained(
        ports,
        letter(b"nonsense", 1),
        letter(b"nonsense", 2),
        letter(b"{}", 1, is_fact=True, entity="events/analytics"),
    )

    assert [("fact",), ("unreadable",), ("unreadable",)] == rows(
        ledger_url, "select outcome from dead_letter order by outcome"
    )
    assert [("dead-letter",)] * 2 == rows(ledger_url, "select kind from task")


def test_a_letter_that_comes_again_after_a_crash_is_recorded_once(ports: Ports, ledger_url: str) -> None:
    for _ in range(2):
        drained(ports, letter(b'{"stream": 4711}'))

    assert 1 == len(rows(ledger_url, "select entity from dead_letter"))
