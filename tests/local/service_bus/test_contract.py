"""
What product code relies on, seen through `azure-servicebus` alone.

With CORRIDOR_TEST_SERVICE_BUS (a connection string) the suite runs against Azure, where the entities of `CONFIG`
must exist (lock durations there are at least PT5S) and be empty.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from azure.servicebus import (
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceivedMessage,
    ServiceBusReceiveMode,
    ServiceBusReceiver,
    ServiceBusSender,
    ServiceBusSubQueue,
)
from azure.servicebus.aio import ServiceBusClient as AsyncServiceBusClient
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessageNotFoundError,
    MessagingEntityNotFoundError,
    ServiceBusError,
)

from tests.local.service_bus.conftest import namespace

SHORT_LOCK: dict[str, object] = {"LockDuration": "PT1S", "MaxDeliveryCount": 3}
QUEUES: dict[str, dict[str, object]] = {
    "properties": {},
    "batches": {},
    "poison": {"MaxDeliveryCount": 3},
    "refused": {},
    "locks": SHORT_LOCK,
    "renewals": SHORT_LOCK,
    "scheduled": {},
    "deferred": {},
    "large": {},
    "peeked": {},
    "async": {},
    "order": {},
    "once": {"RequiresDuplicateDetection": True, "DuplicateDetectionHistoryTimeWindow": "PT20S"},
    "short-lived": {"DefaultMessageTimeToLive": "PT1S", "DeadLetteringOnMessageExpiration": True},
}
WITH_DEAD_LETTERS = ("poison", "refused", "short-lived")
SQL = {"FilterType": "Sql", "SqlFilter": {"SqlExpression": "kind = 'ADT' AND sys.Label = 'hl7'"}}
CORRELATION = {"FilterType": "Correlation", "CorrelationFilter": {"Label": "hl7", "Properties": {"kind": "ORU"}}}
TOPIC: dict[str, object] = {
    "Name": "facts",
    "Subscriptions": [
        {"Name": "all"},
        {"Name": "adt", "Rules": [{"Name": "r", "Properties": SQL}]},
        {"Name": "oru", "Rules": [{"Name": "r", "Properties": CORRELATION}]},
    ],
}
CONFIG = namespace(QUEUES, [TOPIC])


class Line(NamedTuple):
    """A sender and a receiver of one queue."""

    sender: ServiceBusSender
    receiver: ServiceBusReceiver

    def send(self, body: bytes | str, **properties: object) -> None:
        self.sender.send_messages(ServiceBusMessage(body, **properties))  # type: ignore[arg-type]

    def receive(self, wait: float = 8) -> ServiceBusReceivedMessage:
        return self.receiver.receive_messages(1, max_wait_time=wait)[0]

    def is_empty(self) -> bool:
        return self.receiver.receive_messages(1, max_wait_time=0.3) == []


class Clients(NamedTuple):
    """Everything that the tests talk to, opened once: opening and closing is what costs time."""

    client: ServiceBusClient
    lines: dict[str, Line]
    dead_letters: dict[str, ServiceBusReceiver]
    topic: ServiceBusSender
    subscriptions: dict[str, ServiceBusReceiver]


@pytest.fixture(scope="module")
def connection_string(contract_broker: Callable[[object], str]) -> str:
    return contract_broker(CONFIG)


@pytest.fixture(scope="module")
def clients(connection_string: str) -> Iterator[Clients]:
    with ServiceBusClient.from_connection_string(connection_string, retry_total=0) as client, ExitStack() as stack:
        lines = {name: Line(client.get_queue_sender(name), client.get_queue_receiver(name)) for name in QUEUES}
        dead = ServiceBusSubQueue.DEAD_LETTER
        buried = {name: client.get_queue_receiver(name, sub_queue=dead) for name in WITH_DEAD_LETTERS}
        topic = client.get_topic_sender("facts")
        subscriptions = {s: client.get_subscription_receiver("facts", s) for s in ("all", "adt", "oru")}
        handlers = [
            *(h for line in lines.values() for h in line),
            *buried.values(),
            topic,
            *subscriptions.values(),
        ]
        pool = stack.enter_context(ThreadPoolExecutor(len(handlers)))
        list(pool.map(lambda handler: handler.__enter__(), handlers))
        yield Clients(client, lines, buried, topic, subscriptions)
        list(pool.map(lambda handler: handler.close(), handlers))


def content(message: ServiceBusReceivedMessage) -> bytes:
    return b"".join(message.body)


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_a_message_arrives_as_it_was_sent(clients: Clients) -> None:
    line = clients.lines["properties"]
    line.send(
        b"h\x00\x01\xff",
        message_id="1",
        subject="hint",
        correlation_id="c",
        content_type="x/hint",
        to="t",
        reply_to="r",
        time_to_live=timedelta(minutes=5),
        application_properties={"a": 1, "b": "x", "c": 1.5, "d": True},
    )

    message = line.receive()

    seen = (message.message_id, message.subject, message.correlation_id, message.content_type, message.to)
    assert seen == ("1", "hint", "c", "x/hint", "t")
    assert content(message) == b"h\x00\x01\xff"
    assert message.application_properties == {b"a": 1, b"b": b"x", b"c": 1.5, b"d": True}
    assert message.delivery_count == 0
    assert message.time_to_live == timedelta(minutes=5)
    assert isinstance(message.lock_token, uuid.UUID)
    assert message.sequence_number is not None
    assert message.locked_until_utc is not None
    assert message.locked_until_utc > datetime.now(UTC)
    line.receiver.complete_message(message)
    assert line.is_empty()


def test_batches_and_single_messages_keep_their_order(clients: Clients) -> None:
    sender, receiver = clients.lines["batches"]
    batch = sender.create_message_batch()
    for number in range(30):
        batch.add_message(ServiceBusMessage(str(number), message_id=f"id-{number}"))
    sender.send_messages(batch)
    sender.send_messages([ServiceBusMessage("30"), ServiceBusMessage("31")])
    sender.send_messages(ServiceBusMessage("32"))

    got: list[str] = []
    while len(got) < 33:
        for message in receiver.receive_messages(50, max_wait_time=5):
            got.append(str(message))
            receiver.complete_message(message)

    assert [str(number) for number in range(33)] == got


def test_a_body_of_768_kilobytes_arrives_byte_by_byte(clients: Clients) -> None:
    line, body = clients.lines["large"], bytes(range(256)) * 3072
    line.send(body)

    message = line.receive()

    assert content(message) == body
    line.receiver.complete_message(message)


def test_a_body_over_one_mebibyte_is_refused_and_the_queue_goes_on(clients: Clients) -> None:
    with pytest.raises(ServiceBusError), clients.client.get_queue_sender("large") as sender:
        sender.send_messages(ServiceBusMessage(bytes(1_100_000)))

    clients.lines["large"].send("small")
    message = clients.lines["large"].receive()
    assert str(message) == "small"
    clients.lines["large"].receiver.complete_message(message)


def test_a_message_that_is_abandoned_too_often_is_dead_lettered_with_the_reason(clients: Clients) -> None:
    line = clients.lines["poison"]
    line.send("poison")
    for failures in range(3):
        message = line.receive()
        assert message.delivery_count == failures
        line.receiver.abandon_message(message)

    dead = clients.dead_letters["poison"].receive_messages(1, max_wait_time=5)[0]

    assert (dead.dead_letter_reason, dead.dead_letter_source) == ("MaxDeliveryCountExceeded", "poison")
    clients.dead_letters["poison"].complete_message(dead)
    assert line.is_empty()


def test_a_dead_lettered_message_carries_reason_description_and_its_own_properties(clients: Clients) -> None:
    line = clients.lines["refused"]
    line.send("bad", application_properties={"k": "v"})
    line.receiver.dead_letter_message(line.receive(), reason="schema", error_description="no MSH")

    dead = clients.dead_letters["refused"].receive_messages(1, max_wait_time=5)[0]

    assert (dead.dead_letter_reason, dead.dead_letter_error_description) == ("schema", "no MSH")
    assert (dead.application_properties or {})[b"k"] == b"v"
    assert str(dead) == "bad"
    clients.dead_letters["refused"].complete_message(dead)


def test_an_expired_lock_gives_the_message_back_and_refuses_its_settlement(clients: Clients) -> None:
    line = clients.lines["locks"]
    line.send("slow")
    first = line.receive()

    second = line.receive()  # comes only once the lock of the first has expired
    first._expiry = soon(60)  # the SDK would not even ask
    with pytest.raises(MessageLockLostError):
        line.receiver.complete_message(first)

    assert (second.delivery_count, str(second)) == (1, "slow")
    line.receiver.complete_message(second)
    assert line.is_empty()


def test_a_renewed_lock_holds_beyond_its_first_end(clients: Clients) -> None:
    line = clients.lines["renewals"]
    line.send("long")
    message = line.receive()
    first_end = message.locked_until_utc
    assert first_end is not None

    while datetime.now(UTC) < first_end + timedelta(seconds=0.3):
        assert line.receiver.renew_message_lock(message) > first_end
        assert line.is_empty()
    line.receiver.complete_message(message)

    assert line.is_empty()


def test_scheduled_messages_come_at_their_time_unless_cancelled(clients: Clients) -> None:
    line = clients.lines["scheduled"]
    due = soon(1.5)
    kept, cancelled = line.sender.schedule_messages([ServiceBusMessage("later"), ServiceBusMessage("never")], due)
    line.sender.cancel_scheduled_messages(cancelled)
    with pytest.raises(MessageNotFoundError):
        line.sender.cancel_scheduled_messages(cancelled)
    line.send("by property", scheduled_enqueue_time_utc=due)

    peeked = line.receiver.peek_messages(10)
    assert [(str(m), m.state.name) for m in peeked] == [("later", "SCHEDULED"), ("by property", "SCHEDULED")]
    assert peeked[0].sequence_number == kept
    assert line.is_empty()
    for expected in ("later", "by property"):
        message = line.receive()
        assert str(message) == expected
        assert datetime.now(UTC) >= due
        line.receiver.complete_message(message)


def test_a_deferred_message_comes_by_its_number_alone(clients: Clients) -> None:
    line = clients.lines["deferred"]
    line.send("set aside")
    message = line.receive()
    number = message.sequence_number
    assert number is not None
    line.receiver.defer_message(message)
    assert line.is_empty()

    deferred = line.receiver.receive_deferred_messages(number)[0]
    assert str(deferred) == "set aside"
    line.receiver.complete_message(deferred)

    with pytest.raises(MessageNotFoundError):
        line.receiver.receive_deferred_messages(number)


def test_peeking_locks_nothing(clients: Clients) -> None:
    line = clients.lines["peeked"]
    line.send("seen")

    assert [str(m) for m in line.receiver.peek_messages(5)] == ["seen"]
    message = line.receive()
    assert (str(message), message.delivery_count) == ("seen", 0)
    assert [str(m) for m in line.receiver.peek_messages(5, sequence_number=1)] == ["seen"]
    line.receiver.complete_message(message)


def test_a_message_id_is_taken_once_within_the_window(clients: Clients) -> None:
    line = clients.lines["once"]
    for body in ("first", "again", "and again"):
        line.send(body, message_id="same")
    line.send("other", message_id="other")

    bodies = []
    for _ in range(2):
        message = line.receive()
        bodies.append(str(message))
        line.receiver.complete_message(message)

    assert bodies == ["first", "other"]
    assert line.is_empty()


def test_an_expired_message_is_dead_lettered(clients: Clients) -> None:
    clients.lines["short-lived"].send("stale")

    dead = clients.dead_letters["short-lived"].receive_messages(1, max_wait_time=8)[0]

    assert (str(dead), dead.dead_letter_reason) == ("stale", "TTLExpiredException")
    clients.dead_letters["short-lived"].complete_message(dead)
    assert clients.lines["short-lived"].is_empty()


def test_a_topic_copies_to_the_subscriptions_whose_rules_match(clients: Clients) -> None:
    scheduled = clients.topic.schedule_messages(ServiceBusMessage("never"), soon(60))
    clients.topic.cancel_scheduled_messages(scheduled)
    clients.topic.schedule_messages(ServiceBusMessage("4"), soon(0.6))
    clients.topic.send_messages(
        [
            ServiceBusMessage("1", subject="hl7", application_properties={"kind": "ADT"}),
            ServiceBusMessage("2", subject="hl7", application_properties={"kind": "ORU"}),
            ServiceBusMessage("3", application_properties={"kind": "ADT"}),
        ]
    )

    def drain(name: str, count: int) -> list[str]:
        found: list[str] = []
        while len(found) < count:
            for message in clients.subscriptions[name].receive_messages(10, max_wait_time=5):
                found.append(str(message))
                clients.subscriptions[name].complete_message(message)
        return found

    assert drain("all", 4) == ["1", "2", "3", "4"]
    assert (drain("adt", 1), drain("oru", 1)) == (["1"], ["2"])
    assert clients.subscriptions["adt"].receive_messages(1, max_wait_time=0.3) == []


def test_what_does_not_exist_is_said_not_to_exist(clients: Clients) -> None:
    with pytest.raises(MessagingEntityNotFoundError), clients.client.get_queue_sender("nowhere") as sender:
        sender.send_messages(ServiceBusMessage("lost"))


def test_received_and_deleted_messages_are_gone(clients: Clients) -> None:
    line = clients.lines["order"]
    line.sender.send_messages([ServiceBusMessage(str(number)) for number in range(20)])
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE

    with clients.client.get_queue_receiver("order", receive_mode=mode, prefetch_count=20) as receiver:
        got: list[str] = []
        while len(got) < 20:
            got += [str(m) for m in receiver.receive_messages(20, max_wait_time=5)]

    assert [str(number) for number in range(20)] == got
    assert line.is_empty()


def test_the_async_client_gives_back_what_it_prefetched(clients: Clients, connection_string: str) -> None:
    async def receive_one() -> str:
        async with AsyncServiceBusClient.from_connection_string(connection_string) as client:
            async with client.get_queue_sender("async") as sender:
                await sender.send_messages([ServiceBusMessage(str(number)) for number in range(5)])
            async with client.get_queue_receiver("async", prefetch_count=5) as receiver:
                (message,) = await receiver.receive_messages(1, max_wait_time=5)
                await receiver.complete_message(message)
                return str(message)

    assert asyncio.run(receive_one()) == "0"
    for expected in ("1", "2", "3", "4"):
        message = clients.lines["async"].receive()
        assert (str(message), message.delivery_count) == (expected, 0)
        clients.lines["async"].receiver.complete_message(message)
