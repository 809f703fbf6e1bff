from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusReceivedMessage, ServiceBusReceiver
from azure.servicebus.exceptions import ServiceBusError

from local.service_bus.store import Store, StoreError
from tests.local.service_bus.conftest import SDK_LEAVES_SOCKETS_OPEN, BrokerProcess, namespace

BrokerOf = Callable[..., BrokerProcess]
CONFIG = namespace({"q": {"LockDuration": "PT5M"}, "once": {"RequiresDuplicateDetection": True}})


pytestmark = SDK_LEAVES_SOCKETS_OPEN


def connected(broker: BrokerProcess) -> ServiceBusClient:
    return ServiceBusClient.from_connection_string(broker.connection_string, retry_total=0)


def opened(*handlers: Any) -> tuple[Any, ...]:
    """Open several at once: most of an opening is waiting."""
    with ThreadPoolExecutor(len(handlers)) as pool:
        return tuple(pool.map(lambda handler: handler.__enter__(), handlers))


def receive(receiver: ServiceBusReceiver, count: int) -> list[ServiceBusReceivedMessage]:
    found: list[ServiceBusReceivedMessage] = []
    while len(found) < count:
        more = receiver.receive_messages(count - len(found), max_wait_time=5)
        assert more, f"{len(found)} of {count} messages came"
        found += more
    return found


def test_what_was_acknowledged_survives_a_kill_and_what_was_completed_does_not_return(broker_of: BrokerOf) -> None:
    broker = broker_of(CONFIG).start()
    due = datetime.now(UTC) + timedelta(hours=1)
    with connected(broker) as client:
        sender, once, receiver = opened(
            client.get_queue_sender("q"), client.get_queue_sender("once"), client.get_queue_receiver("q")
        )
        for name in ("completed", "abandoned", "locked", "deferred", "buried"):
            sender.send_messages(ServiceBusMessage(name, application_properties={"k": name}))
        sender.schedule_messages(ServiceBusMessage("scheduled"), due)
        once.send_messages(ServiceBusMessage("first", message_id="same"))
        held = {str(m): m for m in receive(receiver, 5)}
        receiver.complete_message(held["completed"])
        receiver.abandon_message(held["abandoned"])
        receiver.defer_message(held["deferred"])
        receiver.dead_letter_message(held["buried"], reason="why")
        broker.kill()

    broker.start()
    with connected(broker) as client:
        receiver, buried, once, kept = opened(
            client.get_queue_receiver("q"),
            client.get_queue_receiver("q", sub_queue="deadletter"),
            client.get_queue_sender("once"),
            client.get_queue_receiver("once"),
        )
        once.send_messages(ServiceBusMessage("second", message_id="same"))
        peeked = {str(m): m.state.name for m in receiver.peek_messages(10)}
        came = {str(m): m.delivery_count for m in receive(receiver, 2)}
        dead = receive(buried, 1)
        first = kept.peek_messages(10)
        deferred = receiver.receive_deferred_messages(held["deferred"].sequence_number or 0)

    assert peeked == {"abandoned": "ACTIVE", "locked": "ACTIVE", "deferred": "DEFERRED", "scheduled": "SCHEDULED"}
    assert came == {"abandoned": 1, "locked": 0}
    assert [(str(m), m.dead_letter_reason) for m in dead] == [("buried", "why")]
    assert [str(m) for m in first] == ["first"]
    assert [str(m) for m in deferred] == ["deferred"]


def test_a_kill_in_the_middle_of_sending_loses_nothing_that_was_acknowledged(broker_of: BrokerOf) -> None:
    broker = broker_of(CONFIG).start()
    acknowledged: list[str] = []

    def send_until_it_fails() -> None:
        with connected(broker) as client, client.get_queue_sender("q") as sender:
            for number in range(100_000):
                try:
                    sender.send_messages(ServiceBusMessage(str(number)))
                except ServiceBusError:
                    return
                acknowledged.append(str(number))

    thread = threading.Thread(target=send_until_it_fails)
    thread.start()
    deadline = time.monotonic() + 10
    while len(acknowledged) < 200 and time.monotonic() < deadline:
        time.sleep(0.005)
    broker.kill()
    thread.join(10)

    store = Store(broker.store)
    kept = [b"".join(m.content.body[5:] for _ in "1").decode() for _, m in store.messages()]
    store.close()

    assert len(acknowledged) >= 200
    assert kept[: len(acknowledged)] == acknowledged
    assert len(kept) - len(acknowledged) <= 1  # the one whose acknowledgement was on its way


def test_a_deleted_store_starts_empty_even_when_its_log_was_left_behind(broker_of: BrokerOf) -> None:
    broker = broker_of(CONFIG).start()
    with connected(broker) as client:
        client.get_queue_sender("q").send_messages(ServiceBusMessage("gone"))
        broker.kill()
    assert Path(f"{broker.store}-wal").exists()
    broker.store.unlink()

    broker.start()

    assert broker.stop() == 0
    store = Store(broker.store)
    assert list(store.messages()) == []
    store.close()


def test_a_store_belongs_to_one_process_and_to_this_program(tmp_path: Path) -> None:
    first = Store(tmp_path / "bus.sqlite")
    with pytest.raises(StoreError, match="locked"):
        Store(tmp_path / "bus.sqlite")
    first.close()

    (tmp_path / "other").write_text("this is no database, but long enough to be looked at" * 40)
    with pytest.raises(StoreError, match="not a database"):
        Store(tmp_path / "other")
    with pytest.raises(StoreError, match="unable to open"):
        Store(tmp_path / "nowhere" / "bus.sqlite")


def test_messages_of_entities_that_are_no_longer_declared_are_kept(broker_of: BrokerOf, tmp_path: Path) -> None:
    broker = broker_of(CONFIG).start()
    with connected(broker) as client:
        client.get_queue_sender("once").send_messages(ServiceBusMessage("kept"))
    broker.stop()
    other = broker_of(namespace({"q": {}}))
    broker.store.rename(other.store)

    assert other.start().stop() == 0

    assert "0 messages restored, 1 of entities that are not declared left alone" in other.log.read_text()
    store = Store(other.store)
    assert [entity for entity, _ in store.messages()] == ["once"]
    store.close()
