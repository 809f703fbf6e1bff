"""A merge fences both identities: before it all is done, after it all lands on the survivor (invariant 3)."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from shared.adapters.memory import FixedClock, RecordedHints
from shared.adapters.postgres_ledger import PostgresLedger
from shared.ledger import NewEntry, Taken
from shared.trace_context import start_trace

LANE, FUNCTION = "deliver/harbor-ehr", "delivery_send"
LEASE = timedelta(seconds=30)


def owed(key: UUID, message_id: UUID | None = None) -> NewEntry:
    return NewEntry(LANE, key, FUNCTION, message_id or uuid4(), start_trace(), keep=True)


def append(ledger: PostgresLedger, *entries: NewEntry) -> None:
    for entry in entries:
        with ledger.transaction() as tx:
            tx.streams.append(entry)


def merge(ledger: PostgresLedger, survivor: UUID, *subsumed: UUID) -> UUID:
    entry = owed(survivor)
    with ledger.transaction() as tx:
        tx.streams.join(entry, subsumed)
    return entry.message_id


def stream_of(ledger: PostgresLedger, key: UUID) -> int:
    with ledger._pool.connection() as connection:
        row = connection.execute("select stream_id from stream where (lane, key) = (%s, %s)", (LANE, key)).fetchone()
    assert row is not None
    return int(row[0])


def take(ledger: PostgresLedger, key: UUID) -> Taken:
    with ledger.transaction() as tx:
        found = tx.streams.take(stream_of(ledger, key), "worker", LEASE, "")
    taken = found()
    assert taken is not None
    return taken


def give_back(ledger: PostgresLedger, taken: Taken, *, done: bool) -> None:
    with ledger.transaction() as tx:
        tx.streams.confirm(taken.lease)
        if done:
            tx.streams.finish(taken.lease, taken.entry, "nobody", LEASE, "")
        else:
            tx.streams.release(taken.lease)


def work(ledger: PostgresLedger, key: UUID) -> UUID | None:
    """Do the one thing that the stream of `key` lets a worker do; return its message."""
    taken = take(ledger, key)
    give_back(ledger, taken, done=True)
    return taken.entry.message_id if taken.entry else None


def test_a_merge_that_waits_for_its_fences_takes_no_place_of_who_is_to_be_woken(
    ledger: PostgresLedger, clock: FixedClock
) -> None:
    survivor, subsumed, lost = uuid4(), uuid4(), uuid4()
    append(ledger, owed(subsumed))
    waiting = take(ledger, subsumed)
    with ledger.transaction() as tx:
        tx.streams.confirm(waiting.lease)
        assert waiting.entry is not None
        tx.streams.postpone(waiting.entry, clock() + timedelta(minutes=5), "destination-unavailable")
        tx.streams.release(waiting.lease)
    merge(ledger, survivor, subsumed)
    clock.advance(timedelta(seconds=1))
    append(ledger, owed(lost))
    clock.advance(timedelta(minutes=1))

    with ledger.transaction() as tx:
        woken = tx.waking.overdue(clock(), 1)
    assert [stream_of(ledger, lost)] == [hint.stream_id for hint in woken]


def test_what_concerns_two_who_stay_two_fences_both_and_ends_no_stream(ledger: PostgresLedger) -> None:
    one, other = uuid4(), uuid4()
    before, after, own = owed(other), owed(other), owed(one)
    append(ledger, before)
    about_both = owed(one)
    with ledger.transaction() as tx:
        tx.streams.join(about_both, [other], ends=False)
    append(ledger, after, own)

    done = [work(ledger, key) for key in (one, other, other, one, other, one)]

    assert [None, before, None, about_both, after, own] == [
        next((entry for entry in (before, after, own, about_both) if entry.message_id == message), None)
        for message in done
    ]


@pytest.fixture
def survivor() -> UUID:
    return uuid4()


@pytest.fixture
def subsumed() -> UUID:
    return uuid4()


def test_the_merge_waits_for_what_was_owed_to_either(ledger: PostgresLedger, survivor: UUID, subsumed: UUID) -> None:
    before, own = owed(subsumed), owed(survivor)
    append(ledger, before, own)
    merging = merge(ledger, survivor, subsumed)

    assert [own.message_id, None] == [work(ledger, survivor) for _ in range(2)]
    assert [before.message_id, None] == [work(ledger, subsumed) for _ in range(2)]
    assert merging == work(ledger, survivor)


def test_what_comes_for_either_afterwards_waits_for_the_merge_and_lands_on_the_survivor(
    ledger: PostgresLedger, survivor: UUID, subsumed: UUID
) -> None:
    before = owed(subsumed)
    append(ledger, before)
    merging = merge(ledger, survivor, subsumed)
    after, own = owed(subsumed), owed(survivor)
    append(ledger, after, own)

    assert work(ledger, survivor) is None
    assert [before.message_id, None] == [work(ledger, subsumed) for _ in range(2)]

    assert [merging, after.message_id, own.message_id, None] == [work(ledger, survivor) for _ in range(4)]


def test_the_last_of_the_old_identity_wakes_the_merge(
    ledger: PostgresLedger, hints: RecordedHints, survivor: UUID, subsumed: UUID
) -> None:
    append(ledger, owed(subsumed))
    merge(ledger, survivor, subsumed)
    hints.take()

    work(ledger, subsumed)

    assert [stream_of(ledger, survivor)] == [hint.stream_id for hint in hints.take()]


def test_a_merge_of_strangers_needs_to_wait_for_nobody(ledger: PostgresLedger, survivor: UUID, subsumed: UUID) -> None:
    merging = merge(ledger, survivor, subsumed)

    assert merging == work(ledger, survivor)


def test_the_same_merge_again_and_its_reverse_are_in_line_and_make_no_circle(
    ledger: PostgresLedger, survivor: UUID, subsumed: UUID
) -> None:
    merges = [
        merge(ledger, survivor, subsumed),
        merge(ledger, survivor, subsumed),
        merge(ledger, subsumed, survivor),
        merge(ledger, survivor, survivor),
    ]

    assert merges == [work(ledger, survivor) for _ in merges]


def test_merges_in_a_chain_all_end_at_the_last_survivor(ledger: PostgresLedger) -> None:
    first, second, third = uuid4(), uuid4(), uuid4()
    one = merge(ledger, second, first)
    two = merge(ledger, third, second)
    late = owed(first)
    append(ledger, late)

    assert work(ledger, third) is None
    assert one == work(ledger, second)
    assert [two, late.message_id] == [work(ledger, third) for _ in range(2)]


def test_a_merge_of_several_waits_for_each(ledger: PostgresLedger, survivor: UUID) -> None:
    others = [uuid4(), uuid4()]
    append(ledger, *(owed(key) for key in others))
    merging = merge(ledger, survivor, *others)

    for key in others:
        assert work(ledger, survivor) is None
        work(ledger, key)

    assert merging == work(ledger, survivor)


class Merging(RuleBasedStateMachine):
    """
    Any order of postings, merges, work, parking and discarding, against a model that knows only what must wait.

    The model keeps each entry with its key and, for a merge, everybody who was one person from then on.
    """

    ledger: PostgresLedger

    @initialize()
    def begin(self) -> None:
        self.keys = [uuid4() for _ in range(4)]
        self.person = {key: {key} for key in self.keys}
        self.open: list[tuple[UUID, UUID, frozenset[UUID] | None]] = []
        self.parked: dict[UUID, Taken] = {}

    @rule(key=st.integers(0, 3))
    def post(self, key: int) -> None:
        entry = owed(self.keys[key])
        append(self.ledger, entry)
        self.open.append((entry.message_id, entry.key, None))

    @rule(survivor=st.integers(0, 3), subsumed=st.integers(0, 3))
    def merge(self, survivor: int, subsumed: int) -> None:
        into, of = self.keys[survivor], self.keys[subsumed]
        merging = merge(self.ledger, into, of)
        together = self.person[into] | self.person[of]
        for key in together:
            self.person[key] = together
        self.open.append((merging, into, frozenset(together)))

    @rule(key=st.integers(0, 3))
    def work(self, key: int) -> None:
        if self._has_stream(key):
            done = work(self.ledger, self.keys[key])
            if done is not None:
                self._check(done)

    @rule(key=st.integers(0, 3))
    def park(self, key: int) -> None:
        if not self._has_stream(key):
            return
        taken = take(self.ledger, self.keys[key])
        if taken.entry is not None:
            with self.ledger.transaction() as tx:
                tx.streams.confirm(taken.lease)
                tx.streams.park(taken.entry, "refused")
            self.parked[taken.entry.message_id] = taken
        give_back(self.ledger, taken, done=False)

    @precondition(lambda self: self.parked)
    @rule()
    def discard(self) -> None:
        message_id, taken = self.parked.popitem()
        assert taken.entry is not None
        with self.ledger._pool.connection() as connection:
            connection.execute(
                "delete from entry where (stream_id, seq) = (%s, %s)", (taken.entry.stream_id, taken.entry.seq)
            )
        self._check(message_id)

    def teardown(self) -> None:
        if not hasattr(self, "keys"):
            return
        while self.parked:
            self.discard()
        for _ in range(len(self.open) + 1):  # each round ends at least one, or nobody may ever go on
            for key in range(4):
                self.work(key)
        assert [] == self.open

    def _has_stream(self, key: int) -> bool:
        with self.ledger._pool.connection() as connection:
            return bool(connection.execute("select 1 from stream where key = %s", (self.keys[key],)).fetchone())

    def _check(self, message_id: UUID) -> None:
        """What is done now had nobody to wait for: not its own key, not the person it merges, not an open merge."""
        place = next(number for number, (done, *_) in enumerate(self.open) if done == message_id)
        _, key, together = self.open.pop(place)
        for _, earlier, merged in self.open[:place]:
            assert earlier != key
            assert together is None or earlier not in together
            assert merged is None or key not in merged


def test_no_history_of_merges_lets_anything_pass_before_its_time(ledger: PostgresLedger) -> None:
    Merging.ledger = ledger

    run_state_machine_as_test(
        Merging,
        settings=settings(
            max_examples=25, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


def test_a_fence_is_no_work_that_a_book_could_count(
    ledger: PostgresLedger, ledger_url: str, survivor: UUID, subsumed: UUID
) -> None:
    merge(ledger, survivor, subsumed)
    work(ledger, survivor)

    with psycopg.connect(ledger_url) as connection:
        assert [] == connection.execute("select status from entry").fetchall()
