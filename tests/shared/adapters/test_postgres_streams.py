"""Streams keep order, leases keep workers apart, fences void what a late worker commits (invariants 2 and 3)."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.adapters.memory import FixedClock, RecordedHints
from shared.adapters.postgres_ledger import PostgresLedger
from shared.ledger import Entry, Lease, LeaseLostError, NewEntry, Taken
from shared.trace_context import start_trace

LEASE = timedelta(seconds=30)
GONE = timedelta(seconds=-1)
FUNCTION = "lab_results_process"


def entry(key: UUID, message_id: UUID | None = None, *, keep: bool = True, lane: str = "process") -> NewEntry:
    return NewEntry(lane, key, FUNCTION, message_id or uuid4(), start_trace(), keep)


def append(ledger: PostgresLedger, hints: RecordedHints, *entries: NewEntry) -> int:
    with ledger.transaction() as tx:
        for one in entries:
            tx.streams.append(one)
    return hints.take()[0].stream_id


def take(ledger: PostgresLedger, stream_id: int, owner: str = "first", duration: timedelta = LEASE) -> Taken | None:
    with ledger.transaction() as tx:
        return tx.streams.take(stream_id, owner, duration, "")()


def taken(ledger: PostgresLedger, stream_id: int, owner: str = "first", duration: timedelta = LEASE) -> Taken:
    found = take(ledger, stream_id, owner, duration)
    assert found is not None
    return found


def finish(ledger: PostgresLedger, lease: Lease, done: Entry | None) -> Entry | None:
    with ledger.transaction() as tx:
        tx.streams.confirm(lease)
        return tx.streams.finish(lease, done, FUNCTION, LEASE, "")()


def test_entries_come_out_in_the_order_in_which_they_were_committed(
    ledger: PostgresLedger, hints: RecordedHints
) -> None:
    key, messages = uuid4(), [uuid4() for _ in range(5)]
    stream_id = append(ledger, hints, *(entry(key, message) for message in messages))
    held = taken(ledger, stream_id)

    out, head = [], held.entry
    while head is not None:
        out.append(head.message_id)
        head = finish(ledger, held.lease, head)

    assert messages == out


def test_a_leased_stream_is_not_leased_again(ledger: PostgresLedger, hints: RecordedHints) -> None:
    stream_id = append(ledger, hints, entry(uuid4()))

    assert take(ledger, stream_id) is not None
    assert take(ledger, stream_id, "second") is None


def test_an_expired_lease_is_taken_over_and_the_late_worker_commits_nothing(
    ledger: PostgresLedger, hints: RecordedHints
) -> None:
    stream_id = append(ledger, hints, entry(uuid4()))
    late = taken(ledger, stream_id, "late", GONE)
    following = taken(ledger, stream_id, "next").lease
    assert (following.fence, following.takeovers) == (late.lease.fence + 1, 1)

    with pytest.raises(LeaseLostError):
        finish(ledger, late.lease, late.entry)

    assert late.entry == finish(ledger, following, None)


def test_a_parked_head_holds_its_stream_and_no_other(ledger: PostgresLedger, hints: RecordedHints) -> None:
    poisoned, healthy = uuid4(), uuid4()
    parked_stream = append(ledger, hints, entry(poisoned), entry(poisoned))
    flowing_stream = append(ledger, hints, entry(healthy))
    held = taken(ledger, parked_stream)
    assert held.entry is not None

    with ledger.transaction() as tx:
        tx.streams.confirm(held.lease)
        tx.streams.park(held.entry, "invalid")

    assert finish(ledger, held.lease, None) is None
    assert taken(ledger, flowing_stream).entry is not None


def test_a_postponed_head_is_not_worked_on_before_it_is_due(
    ledger: PostgresLedger, hints: RecordedHints, clock: FixedClock
) -> None:
    stream_id = append(ledger, hints, entry(uuid4()))
    held = taken(ledger, stream_id)
    assert held.entry is not None
    due_at = clock() + timedelta(minutes=1)
    with ledger.transaction() as tx:
        tx.streams.confirm(held.lease)
        tx.streams.postpone(held.entry, due_at, "destination-unavailable")
        tx.streams.release(held.lease)
    assert [due_at] == [hint.not_before for hint in hints.take()]
    early = taken(ledger, stream_id)
    assert early.entry is None
    finish(ledger, early.lease, None)

    clock.advance(timedelta(minutes=1))
    head = taken(ledger, stream_id).entry

    assert head is not None
    assert head.attempts == 1


def test_a_stream_of_one_message_goes_with_its_last_entry(
    ledger: PostgresLedger, hints: RecordedHints, ledger_url: str
) -> None:
    stream_id = append(ledger, hints, entry(uuid4(), keep=False))
    held = taken(ledger, stream_id)
    assert held.entry is not None

    assert finish(ledger, held.lease, held.entry) is None

    with psycopg.connect(ledger_url) as connection:
        assert (0,) == connection.execute("select count(*) from stream").fetchone()


def test_a_stream_whose_hint_was_lost_is_found_by_its_status(
    ledger: PostgresLedger, hints: RecordedHints, clock: FixedClock
) -> None:
    stream_id = append(ledger, hints, entry(uuid4()))
    clock.advance(timedelta(seconds=10))

    def overdue() -> list[int]:
        with ledger.transaction() as tx:
            return [hint.stream_id for hint in tx.waking.overdue(clock() - timedelta(seconds=5), 10)]

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
