"""The rooms of the ledger: one key per identifier, one runner per job, one event per fact (invariants 2, 3, 11)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.adapters.memory import FixedClock
from shared.adapters.postgres_ledger import PostgresLedger
from shared.errors import RejectedError
from shared.ledger import MessageRow, NewTask, Receipt
from tests.shared.adapters.rooms import receipt

SENDERS = 6


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


@pytest.fixture
def message(ledger: PostgresLedger, clock: FixedClock) -> UUID:
    received = receipt(clock)
    with ledger.transaction() as tx:
        tx.messages.add(received, "received", ("AA", b"ACK"))
    return received.message_id


def test_a_new_identifier_gets_one_key_however_many_ask_at_once(ledger: PostgresLedger) -> None:
    at_once = Barrier(SENDERS)

    def ask(_: int) -> UUID:
        with ledger.transaction() as tx:
            at_once.wait(10)
            return tx.patients.key_for("HARBOR", "TEST-0001")()

    with ThreadPoolExecutor(SENDERS) as pool:
        keys = set(pool.map(ask, range(SENDERS)))

    assert 1 == len(keys)
    with ledger.transaction() as tx:
        assert keys == {tx.patients.key_for("HARBOR", "TEST-0001")()}
        assert keys != {tx.patients.key_for("RIVERSIDE", "TEST-0001")()}


def test_of_many_senders_of_the_same_bytes_one_is_the_first(ledger: PostgresLedger, clock: FixedClock) -> None:
    first, at_once = receipt(clock), Barrier(SENDERS)

    def send(_: int) -> MessageRow | None:
        mine: Receipt = replace(first, message_id=uuid4())
        with ledger.transaction() as tx:
            at_once.wait(10)
            earlier = tx.messages.find_duplicate(mine)()
            if earlier is None:
                tx.messages.add(mine, "received", ("AA", b"ACK"))
            return earlier

    with ThreadPoolExecutor(SENDERS) as pool:
        earlier = list(pool.map(send, range(SENDERS)))

    assert 1 == earlier.count(None)
    assert {b"ACK"} == {row.acknowledgment for row in earlier if row}


def test_a_claim_that_was_rolled_back_is_free_again(ledger: PostgresLedger, clock: FixedClock) -> None:
    received = receipt(clock)

    def claim_and_fail() -> None:
        with ledger.transaction() as tx:
            assert tx.messages.find_duplicate(received)() is None
            raise RejectedError("changed-mind")

    with pytest.raises(RejectedError, match="changed-mind"):
        claim_and_fail()

    with ledger.transaction() as tx:
        assert tx.messages.find_duplicate(received)() is None
        tx.messages.add(received, "received", ("AA", b"ACK"))


def test_a_control_id_with_other_bytes_is_flagged(ledger: PostgresLedger, clock: FixedClock, ledger_url: str) -> None:
    first, second, other = receipt(clock), receipt(clock), receipt(clock, control_id="T-2")
    with ledger.transaction() as tx:
        for one in (first, second, other):
            assert tx.messages.find_duplicate(one)() is None
            assert tx.messages.is_control_id_used(one) is (one is second)
            tx.messages.add(one, "received", ("AA", b"ACK"))

    assert [(first.message_id, False), (second.message_id, True), (other.message_id, False)] == sorted(
        rows(ledger_url, "select message_id, control_id_reused from message"),
        key=lambda row: [first.message_id, second.message_id, other.message_id].index(row[0]),  # type: ignore[arg-type]
    )


def test_messages_without_a_control_id_do_not_reuse_one(
    ledger: PostgresLedger, clock: FixedClock, ledger_url: str
) -> None:
    with ledger.transaction() as tx:
        for _ in range(2):
            tx.messages.add(receipt(clock, control_id=""), "rejected", None, refusal=("not-hl7", "MSH"))

    assert [(False,), (False,)] == rows(ledger_url, "select control_id_reused from message")


def test_what_nobody_knows_is_none(ledger: PostgresLedger) -> None:
    with ledger.transaction() as tx:
        assert tx.messages.get(uuid4()) is None
        assert tx.deliveries.get(uuid4()) is None
        assert not tx.reports.newest(uuid4(), ["any"])
        assert tx.consents.decision(uuid4(), "any") is None
        with pytest.raises(RejectedError, match="conversion-missing"):
            tx.conversions.get(uuid4())


def test_a_status_carries_its_code_place_and_time(ledger: PostgresLedger, message: UUID, clock: FixedClock) -> None:
    clock.advance(timedelta(minutes=1))
    with ledger.transaction() as tx:
        tx.messages.set_status(message, "quarantined", "value-invalid", "OBX-5")
        row = tx.messages.get(message)

    assert row is not None
    assert ("quarantined", "value-invalid", "OBX-5", clock()) == (
        row.status,
        row.status_code,
        row.status_location,
        row.status_at,
    )


def test_an_attempt_that_was_never_closed_may_have_arrived(ledger: PostgresLedger, message: UUID) -> None:
    delivery, told = uuid4(), []
    with ledger.transaction() as tx:
        tx.deliveries.add(delivery, message, "forgetful", "due")
        for _ in range(2):
            tx.deliveries.open_attempt(delivery, "forgetful", idempotent=False)
            row = tx.deliveries.get(delivery)
            assert row is not None
            told.append(row.possibly_repeated)
        tx.deliveries.close_attempt(delivery, "due", "destination-unavailable", None, None)
        tx.deliveries.close_attempt(delivery, "delivered", None, b"hash", "taken")
        (last,) = tx.deliveries.of_message(message)

    assert [False, True] == told
    assert ("delivered", None, 2, False, True, "taken") == (
        last.status,
        last.status_code,
        last.attempts,
        last.attempt_open,
        last.possibly_repeated,
        last.receipt,
    )


def test_a_conversion_comes_back_as_it_was(ledger: PostgresLedger, message: UUID) -> None:
    with ledger.transaction() as tx:
        tx.conversions.add(message, "oru/1", b'{"resourceType":"Bundle"}' * 100, b'{"mapped":1}', [])
        kept = tx.conversions.get(message)

    assert ("oru/1", b'{"resourceType":"Bundle"}' * 100) == (kept.mapping, kept.bundle)


def test_the_newest_state_of_a_report_replaces_the_older(
    ledger: PostgresLedger, message: UUID, clock: FixedClock
) -> None:
    patient, told = uuid4(), []
    with ledger.transaction() as tx:
        for rank in (1, 2):
            tx.reports.record(patient, "report", rank, clock(), message)
            told.append(tx.reports.newest(patient, ["report"]).get("report"))

    assert [(1, clock()), (2, clock())] == told


def test_an_event_is_recorded_once_and_published_once(ledger: PostgresLedger, message: UUID) -> None:
    event = uuid4()
    for _ in range(2):
        with ledger.transaction() as tx:
            tx.events.record(event, "result.finalized", 1, message, None, None, {"secret": "stays here"})
    with ledger.transaction() as tx:
        (fact,) = tx.events.unpublished("bus", 10)
        tx.events.published([fact["id"]], "bus")

    assert (str(event), "result.finalized") == (fact["id"], fact["type"])
    assert "stays here" not in str(fact)
    with ledger.transaction() as tx:
        assert ([], [fact]) == (tx.events.unpublished("bus", 10), tx.events.unpublished("event-grid", 10))


def new_task(message: UUID, clock: FixedClock, key: str = "one") -> NewTask:
    return NewTask("critical-result", key, "lab-results", "unit", message, clock() + timedelta(minutes=15))


def test_one_reason_opens_one_task(ledger: PostgresLedger, message: UUID, clock: FixedClock, ledger_url: str) -> None:
    opened = []
    for _ in range(2):
        with ledger.transaction() as tx:
            opened.append(tx.tasks.open(new_task(message, clock), "corridor", "critical"))

    assert [True, False] == opened
    assert [(1, None, "queued", "corridor", "critical")] == rows(
        ledger_url, "select seq, from_state, to_state, actor, reason from task_transition"
    )


def test_an_overdue_task_goes_to_the_next_queue_with_a_new_deadline(
    ledger: PostgresLedger, message: UUID, clock: FixedClock, ledger_url: str
) -> None:
    with ledger.transaction() as tx:
        tx.tasks.open(new_task(message, clock), "corridor", "critical")
        assert [] == tx.tasks.overdue(10)
    clock.advance(timedelta(minutes=15))
    with ledger.transaction() as tx:
        (task,) = tx.tasks.overdue(10)
        with ledger.transaction() as other:
            assert [] == other.tasks.overdue(10)
        tx.tasks.escalate(task, "supervisor", clock() + timedelta(minutes=5), "corridor", "deadline-passed")
        assert [] == tx.tasks.overdue(10)

    assert [("supervisor", 1, "queued")] == rows(ledger_url, "select owner_queue, escalation, state from task")
    assert [(1, None, "queued"), (2, "queued", "queued")] == rows(
        ledger_url, "select seq, from_state, to_state from task_transition order by seq"
    )


def test_a_job_lets_one_runner_through(ledger: PostgresLedger) -> None:
    at_once = Barrier(SENDERS)

    def take(number: int) -> bool:
        at_once.wait(10)
        with ledger.transaction() as tx:
            return tx.jobs.take("sweep", f"runner-{number}", timedelta(seconds=30))

    with ThreadPoolExecutor(SENDERS) as pool:
        taken = list(pool.map(take, range(SENDERS)))

    assert 1 == taken.count(True)


def test_a_job_whose_lease_has_run_out_is_taken_by_the_next(ledger: PostgresLedger) -> None:
    taken = []
    for runner, duration in (("first", 30), ("second", 30), ("first", -1), ("second", 30), ("first", 30)):
        with ledger.transaction() as tx:
            taken.append(tx.jobs.take("sweep", runner, timedelta(seconds=duration)))

    assert [True, False, True, True, False] == taken


def test_a_recorded_decision_is_told(ledger: PostgresLedger, ledger_url: str) -> None:
    patient = uuid4()
    with psycopg.connect(ledger_url) as connection:
        connection.execute("insert into consent values (%s, 'portal', 'deny', 'asked to', now())", (patient,))

    with ledger.transaction() as tx:
        assert ("deny", None) == (tx.consents.decision(patient, "portal"), tx.consents.decision(patient, "ehr"))
