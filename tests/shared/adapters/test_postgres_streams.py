"""Streams keep order, leases keep workers apart, fences void what a late worker commits (invariants 2 and 3)."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.adapters.memory import FixedClock, RecordedHints
from shared.adapters.postgres_ledger import PostgresLedger
from shared.ledger import Lease, LeaseLostError, NewEntry
from shared.trace_context import start_trace

LEASE = timedelta(seconds=30)
GONE = timedelta(seconds=-1)


def entry(key: UUID, message_id: UUID | None = None, *, keep: bool = True, lane: str = "process") -> NewEntry:
    return NewEntry(lane, key, "lab_results_process", message_id or uuid4(), start_trace(), keep)


def append(ledger: PostgresLedger, hints: RecordedHints, *entries: NewEntry) -> int:
    with ledger.transaction() as tx:
        for one in entries:
            tx.streams.append(one)
    return hints.take()[-1].stream_id


def lease(ledger: PostgresLedger, stream_id: int, owner: str = "first", duration: timedelta = LEASE) -> Lease | None:
    with ledger.transaction() as tx:
        return tx.streams.lease(stream_id, owner, duration)


def test_entries_come_out_in_the_order_in_which_they_were_committed(
    ledger: PostgresLedger, hints: RecordedHints
) -> None:
    key, messages = uuid4(), [uuid4() for _ in range(5)]
    stream_id = append(ledger, hints, *(entry(key, message) for message in messages))
    held = lease(ledger, stream_id)
    assert held is not None

    out = []
    with ledger.transaction() as tx:
        while head := tx.streams.head(held, LEASE):
            out.append(head.message_id)
            tx.streams.close(head)

    assert messages == out


def test_a_leased_stream_is_not_leased_again(ledger: PostgresLedger, hints: RecordedHints) -> None:
    stream_id = append(ledger, hints, entry(uuid4()))

    assert lease(ledger, stream_id) is not None
    assert lease(ledger, stream_id, "second") is None


def test_an_expired_lease_is_taken_over_and_the_late_worker_commits_nothing(
    ledger: PostgresLedger, hints: RecordedHints
) -> None:
    stream_id = append(ledger, hints, entry(uuid4()))
    late = lease(ledger, stream_id, "late", GONE)
    assert late is not None
    taken = lease(ledger, stream_id, "next")
    assert taken is not None
    assert (taken.fence, taken.takeovers) == (late.fence + 1, 1)

    with pytest.raises(LeaseLostError), ledger.transaction() as tx:
        tx.streams.confirm(late)
    with pytest.raises(LeaseLostError), ledger.transaction() as tx:
        tx.streams.head(late, LEASE)


def test_a_parked_head_holds_its_stream_and_no_other(ledger: PostgresLedger, hints: RecordedHints) -> None:
    poisoned, healthy = uuid4(), uuid4()
    parked_stream = append(ledger, hints, entry(poisoned), entry(poisoned))
    flowing_stream = append(ledger, hints, entry(healthy))
    held, other = lease(ledger, parked_stream), lease(ledger, flowing_stream)
    assert held is not None
    assert other is not None

    with ledger.transaction() as tx:
        head = tx.streams.head(held, LEASE)
        assert head is not None
        tx.streams.park(head, "invalid")
        assert tx.streams.head(held, LEASE) is None
        assert tx.streams.head(other, LEASE) is not None


def test_a_postponed_head_is_not_worked_on_before_it_is_due(
    ledger: PostgresLedger, hints: RecordedHints, clock: FixedClock
) -> None:
    stream_id = append(ledger, hints, entry(uuid4()))
    held = lease(ledger, stream_id)
    assert held is not None
    due_at = clock() + timedelta(minutes=1)
    with ledger.transaction() as tx:
        head = tx.streams.head(held, LEASE)
        assert head is not None
        tx.streams.postpone(head, due_at, "destination-unavailable")
        assert tx.streams.head(held, LEASE) is None
    assert [due_at] == [hint.not_before for hint in hints.take()]

    clock.advance(timedelta(minutes=1))
    with ledger.transaction() as tx:
        head = tx.streams.head(held, LEASE)

    assert head is not None
    assert head.attempts == 1


def test_a_stream_of_one_message_goes_with_its_last_entry(
    ledger: PostgresLedger, hints: RecordedHints, ledger_url: str
) -> None:
    stream_id = append(ledger, hints, entry(uuid4(), keep=False))
    held = lease(ledger, stream_id)
    assert held is not None
    with ledger.transaction() as tx:
        head = tx.streams.head(held, LEASE)
        assert head is not None
        tx.streams.close(head)
        tx.streams.release(held)

    with psycopg.connect(ledger_url) as connection:
        assert (0,) == connection.execute("select count(*) from stream").fetchone()


def test_a_stream_whose_hint_was_lost_is_found_by_its_status(
    ledger: PostgresLedger, hints: RecordedHints, clock: FixedClock
) -> None:
    stream_id = append(ledger, hints, entry(uuid4()))
    clock.advance(timedelta(seconds=10))

    def overdue() -> list[int]:
        with ledger.transaction() as tx:
            return [hint.stream_id for hint in tx.streams.overdue(clock() - timedelta(seconds=5), 10)]

    assert [stream_id] == overdue()
    assert [] == overdue()
    clock.advance(timedelta(seconds=10))
    assert [stream_id] == overdue()


def test_appending_from_many_senders_at_once_leaves_no_gap_and_no_double(
    ledger: PostgresLedger, hints: RecordedHints, ledger_url: str
) -> None:
    key = uuid4()
    senders = [Thread(target=lambda: _append_quietly(ledger, key), daemon=True) for _ in range(24)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()

    with psycopg.connect(ledger_url) as connection:
        numbers = [row[0] for row in connection.execute("select seq from entry order by seq")]
    assert list(range(1, 25)) == numbers


def _append_quietly(ledger: PostgresLedger, key: UUID) -> None:
    with ledger.transaction() as tx:
        tx.streams.append(entry(key))
