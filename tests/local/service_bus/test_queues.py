from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from local.service_bus import amqp_wire as wire
from local.service_bus.filters import sql_filter
from local.service_bus.message import Content, Message, State, parse
from local.service_bus.queues import Queue, QueueRules
from local.service_bus.schedule import Clockwork
from local.service_bus.topics import Topic


def content(body: bytes = b"x", message_id: str | None = None, ttl: int | None = None) -> Content:
    header = wire.list_section(wire.HEADER, [wire.NULL, wire.NULL, wire.uint(ttl * 1000)]) if ttl else b""
    properties = wire.list_section(wire.PROPERTIES, [wire.text(message_id)]) if message_id else b""
    return parse(header + properties + b"\x00\x53\x75\xa0" + bytes([len(body)]) + body)


def body(message: Message) -> bytes:
    return wire.binary(message.content.body)


@dataclass
class Memory:
    """A journal that keeps what a store would hold."""

    rows: dict[tuple[str, int], Message] = field(default_factory=dict)
    ids: dict[tuple[str, str], float] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)

    def insert(self, entity: str, message: Message) -> None:
        assert (entity, message.sequence) not in self.rows
        self.rows[entity, message.sequence] = replace(message, lock=None)
        self.last[entity] = max(message.sequence, self.last.get(entity, 0))

    def update(self, entity: str, message: Message) -> None:
        row = self.rows[entity, message.sequence]
        row.state, row.delivery_count = message.state, message.delivery_count

    def delete(self, entity: str, sequence: int) -> None:
        del self.rows[entity, sequence]

    def remember(self, entity: str, message_id: str, at: float) -> None:
        self.ids[entity, message_id] = at

    def forget(self, entity: str, before: float) -> None:
        self.ids = {k: at for k, at in self.ids.items() if k[0] != entity or at >= before}


DEFAULTS = QueueRules()


class Bench:
    """A queue with its dead-letter queue on a clock that the test moves."""

    def __init__(self, rules: QueueRules = DEFAULTS, window: float | None = None) -> None:
        self.time, self.rules, self.window, self.journal = 1000.0, rules, window, Memory()
        self.open()

    def open(self) -> None:
        """Build the queues from what the journal holds, as a restart does."""
        numbers: Iterator[int] = iter(range(10**9))
        clockwork = Clockwork(lambda: self.time, lambda: uuid.UUID(int=next(numbers)), self.journal)
        self.dead = Queue("q/$DeadLetterQueue", QueueRules(max_delivery_count=None), clockwork)
        self.queue = Queue("q", self.rules, clockwork, self.dead, self.window)
        for (entity, _), row in sorted(self.journal.rows.items()):
            (self.queue if entity == "q" else self.dead).restore(replace(row))
        self.queue.schedule.last_sequence = self.journal.last.get("q", 0)
        for (_, message_id), at in sorted(self.journal.ids.items(), key=lambda item: item[1]):
            self.queue.history.restore(message_id, at)

    def taken(self) -> tuple[Message, uuid.UUID]:
        message = self.queue.take()
        assert message is not None
        assert message.lock is not None
        return message, message.lock

    def pass_time(self, seconds: float) -> None:
        self.time += seconds
        self.queue.tick()


def test_an_abandoned_message_takes_its_old_place() -> None:
    bench = Bench()
    for number in (b"1", b"2"):
        bench.queue.send(content(number))
    _, token = bench.taken()
    bench.queue.abandon(token)

    assert [(body(m), m.delivery_count) for m in (bench.taken()[0], bench.taken()[0])] == [(b"1", 1), (b"2", 0)]


def test_a_released_message_counts_no_failure() -> None:
    bench = Bench()
    bench.queue.send(content())
    bench.queue.release(bench.taken()[1])

    assert bench.taken()[0].delivery_count == 0


def test_a_lost_lock_settles_nothing() -> None:
    bench = Bench(QueueRules(lock_duration=5))
    bench.queue.send(content())
    _, token = bench.taken()
    bench.time += 5

    queue = bench.queue
    assert not any(settle(token) for settle in (queue.complete, queue.abandon, queue.defer, queue.release))
    assert (queue.renew(token), queue.dead_letter(token, None, None)) == (None, False)
    bench.pass_time(0)
    assert bench.taken()[0].delivery_count == 1


def test_a_renewed_lock_outlasts_its_first_end() -> None:
    bench = Bench(QueueRules(lock_duration=10))
    bench.queue.send(content())
    _, token = bench.taken()
    bench.pass_time(6)
    assert bench.queue.renew(token) == 1016.0
    bench.pass_time(6)

    assert bench.queue.complete(token)


def test_a_message_that_expires_while_locked_stays_until_it_is_given_back() -> None:
    bench = Bench(QueueRules(dead_letter_expired=True))
    bench.queue.send(content(ttl=10))
    _, token = bench.taken()
    bench.pass_time(11)
    assert bench.dead.messages == {}

    bench.queue.abandon(token)

    assert [m.content.application_properties["DeadLetterReason"] for m in bench.dead.peek(0, 9)] == [
        "TTLExpiredException"
    ]


def test_the_shorter_time_to_live_counts_and_expiry_without_burial_drops() -> None:
    bench = Bench(QueueRules(time_to_live=5))
    bench.queue.send(content(ttl=60))
    bench.pass_time(5)

    assert (bench.queue.messages, bench.dead.messages, bench.journal.rows) == ({}, {}, {})


def test_a_deferred_message_expires_too() -> None:
    bench = Bench(QueueRules(time_to_live=5))
    bench.queue.send(content())
    message, token = bench.taken()
    bench.queue.defer(token)
    assert bench.queue.deferred(message.sequence) is not None
    bench.pass_time(5)

    assert bench.queue.deferred(message.sequence) is None


def test_an_id_is_taken_again_once_the_window_has_passed_even_over_a_restart() -> None:
    bench = Bench(window=30)
    assert bench.queue.send(content(message_id="a")) is not None
    bench.pass_time(20)
    bench.open()
    assert bench.queue.send(content(message_id="a")) is None
    bench.pass_time(11)

    assert bench.queue.send(content(message_id="a")) is not None
    assert list(bench.journal.ids.values()) == [1031.0]


def test_a_dead_letter_queue_keeps_what_is_dead_lettered_in_it() -> None:
    bench = Bench()
    bench.queue.send(content())
    bench.queue.dead_letter(bench.taken()[1], "r" * 5000, None)
    for _ in range(20):
        message = bench.dead.take()
        assert message is not None
        assert message.lock is not None
        bench.dead.dead_letter(message.lock, "again", None)

    assert [len(str(m.content.application_properties["DeadLetterReason"])) for m in bench.dead.peek(0, 9)] == [4096]


def test_sequence_numbers_are_never_used_again() -> None:
    bench = Bench()
    first = bench.queue.send(content())
    bench.queue.complete(bench.taken()[1])
    bench.open()

    assert (first, bench.queue.send(content())) == (1, 2)


def test_a_topic_publishes_what_is_due_to_matching_subscriptions_with_its_own_time_to_live() -> None:
    bench = Bench()
    clockwork = Clockwork(lambda: bench.time, uuid.uuid4, bench.journal)
    topic = Topic("t", clockwork, duplicate_window=None, ttl=30)
    topic.subscriptions = [
        (bench.queue, (sql_filter("FALSE"), sql_filter("TRUE"))),
        (bench.dead, (sql_filter("FALSE"),)),
    ]
    topic.send(replace(content(b"due"), scheduled_for=1010.0))
    assert [m.state for m in topic.peek(0, 9)] == [State.SCHEDULED]

    bench.time = 1010.0
    topic.tick()

    assert [(body(m), m.expires_at) for m in bench.queue.peek(0, 9)] == [(b"due", 1040.0)]
    assert (topic.peek(0, 9), bench.dead.messages) == ([], {})


class QueueMachine(RuleBasedStateMachine):
    """Any sequence of operations, restarts and waits: every message is in one place and the journal agrees."""

    @initialize(burial=st.booleans(), most=st.integers(1, 3), ttl=st.sampled_from([None, 40.0]))
    def begin(self, burial: bool, most: int, ttl: float | None) -> None:
        self.bench = Bench(QueueRules(10.0, most, ttl, burial), window=15.0)
        self.accepted: set[bytes] = set()
        self.gone: set[bytes] = set()
        self.tokens: list[uuid.UUID] = []
        self.held: dict[uuid.UUID, bytes] = {}

    @rule(delay=st.sampled_from([None, 5.0, 25.0]), ttl=st.sampled_from([None, 20]), repeat=st.booleans())
    def send(self, delay: float | None, ttl: int | None, repeat: bool) -> None:
        name = b"%d" % (len(self.accepted) - (repeat and bool(self.accepted)))
        sent = content(name, message_id=name.decode(), ttl=ttl)
        taken = self.bench.queue.send(replace(sent, scheduled_for=self.bench.time + delay if delay else None))
        assert taken is not None or name in self.accepted
        if taken is not None and name in self.accepted:
            self.gone.discard(name)  # the window has passed: a second message of the same name
        self.accepted.add(name)

    @rule(for_good=st.booleans())
    def receive(self, for_good: bool) -> None:
        message = self.bench.queue.take_for_good() if for_good else self.bench.queue.take()
        if message is not None and message.lock is not None:
            self.held[message.lock] = body(message)
        elif message is not None:
            self.gone.add(body(message))

    @precondition(lambda self: self.held)
    @rule(what=st.sampled_from(["complete", "abandon", "release", "defer", "renew", "dead_letter"]), data=st.data())
    def settle(self, what: str, data: st.DataObject) -> None:
        token = data.draw(st.sampled_from(sorted(self.held)))
        held = self.bench.queue.holds(token)
        extra = ("reason", "why") if what == "dead_letter" else ()
        done = getattr(self.bench.queue, what)(token, *extra)
        assert bool(done) == held
        if what != "renew":
            name = self.held.pop(token)
            if what == "complete" and held:
                self.gone.add(name)

    @rule(data=st.data(), for_good=st.booleans())
    def receive_deferred(self, data: st.DataObject, for_good: bool) -> None:
        numbers = [m.sequence for m in self.bench.queue.messages.values() if m.state is State.DEFERRED]
        message = self.bench.queue.take_deferred(data.draw(st.sampled_from([0, *numbers])), for_good=for_good)
        if message is not None and message.lock is not None:
            self.held[message.lock] = body(message)
        elif message is not None:
            self.gone.add(body(message))

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        waiting = self.bench.queue.schedule.messages
        number = data.draw(st.sampled_from([0, *waiting]))
        name = body(waiting[number]) if number else b""
        assert self.bench.queue.schedule.cancel(number) == bool(number)
        self.gone.add(name)

    @rule(seconds=st.sampled_from([0.5, 5.0, 11.0, 41.0]))
    def wait(self, seconds: float) -> None:
        self.bench.pass_time(seconds)

    @rule()
    def restart(self) -> None:
        self.bench.open()
        self.held = {}

    @invariant()
    def nothing_is_lost(self) -> None:
        if not hasattr(self, "bench") or not self.bench.rules.dead_letter_expired:
            return  # what expires is dropped
        present = [m for q in (self.bench.queue, self.bench.dead) for m in q.peek(0, 10**6)]
        assert self.accepted <= {body(m) for m in present} | self.gone

    @invariant()
    def the_journal_holds_what_the_queues_hold(self) -> None:
        if hasattr(self, "bench"):
            queues = {"q": self.bench.queue, "q/$DeadLetterQueue": self.bench.dead}
            known = {(name, m.sequence): replace(m, lock=None) for name, q in queues.items() for m in q.peek(0, 10**6)}
            assert known == self.bench.journal.rows
            assert len({m.sequence for m in known.values()}) == len(known)


TestQueue = pytest.mark.filterwarnings("error")(QueueMachine.TestCase)
TestQueue.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
