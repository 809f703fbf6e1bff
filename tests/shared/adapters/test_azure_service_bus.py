"""Hints wake the right queue, facts reach the topic, and a bus that is away holds nobody (invariants 1, 14)."""

from __future__ import annotations

import gc
import json
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from azure.servicebus import (
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceivedMessage,
    ServiceBusReceiveMode,
    ServiceBusReceiver,
)

from local.platform.bus_entities import emulator_config
from shared.adapters.azure_service_bus import ServiceBusFactPublisher, ServiceBusHintSender, ServiceBusSenders
from shared.catalog.index import queues, step_of_function, steps
from shared.catalog.model import FileDrop, Queue
from shared.errors import TransientError
from shared.ledger import Hint
from shared.trace_context import start_trace
from tests.fixtures.programs import Program, running
from tests.shared.adapters.parts import Seconds, eventually, nobody, silent_server

PROCESS, DETECT, SEND = "lab_results_process", "lab_results_detect_critical", "delivery_send"

# The SDK leaves its sockets open when its broker dies or refuses it; these tests ignore it, and nothing else.
pytestmark = [
    pytest.mark.usefixtures("sockets_that_the_sdk_left_open"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def sockets_that_the_sdk_left_open() -> Iterator[None]:
    yield
    collect_sockets()


def collect_sockets() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def connection_string(port: int) -> str:
    return f"Endpoint=sb://localhost:{port};SharedAccessKeyName=any;SharedAccessKey=any;UseDevelopmentEmulator=true;"


def senders_to(port: int) -> ServiceBusSenders:
    return ServiceBusSenders(lambda: ServiceBusClient.from_connection_string(connection_string(port), retry_total=0))


@dataclass
class Bus:
    """The stand-in with the catalogue's entities; it may be killed and started again on its port."""

    directory: Path
    port: int = 0
    stack: ExitStack = field(default_factory=ExitStack)
    program: Program | None = None
    receivers: dict[str, ServiceBusReceiver] = field(default_factory=dict)

    def start(self) -> None:
        config = self.directory / "Config.json"
        config.write_text(json.dumps(emulator_config()))
        words = ("--config", config, "--store", self.directory / "bus.sqlite", "--port", str(self.port))
        self.program = self.stack.enter_context(
            running("local.service_bus", *words, name="service-bus", log=self.directory / "log")
        )
        self.port = self.program.ports["service-bus"]

    def kill(self) -> None:
        assert self.program is not None
        self.program.process.kill()
        self.program.process.wait(10)
        self.receivers.clear()

    def take(self, entity: str, count: int, subscription: str | None = None) -> list[ServiceBusReceivedMessage]:
        """Return the next messages of a queue, or of a subscription to a topic."""
        taken: list[ServiceBusReceivedMessage] = []
        receiver = self.receivers.get(entity) or self._open(entity, subscription)
        deadline = time.monotonic() + 10
        # What the SDK waits for a message is also all the time that it has to open its link.
        while len(taken) < count and (left := deadline - time.monotonic()) > 0:
            taken += receiver.receive_messages(count - len(taken), max_wait_time=left)
        return taken

    def _open(self, entity: str, subscription: str | None) -> ServiceBusReceiver:
        client = ServiceBusClient.from_connection_string(connection_string(self.port))
        mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
        receiver = (
            client.get_subscription_receiver(entity, subscription, receive_mode=mode)
            if subscription
            else client.get_queue_receiver(entity, receive_mode=mode)
        )
        self.receivers[entity] = receiver
        return receiver


# Opening and closing each take the SDK a second or so: one of each for all, and the process ends what is left open.
@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    bus = Bus(tmp_path_factory.mktemp("bus"))
    bus.start()
    yield bus
    bus.kill()
    bus.stack.close()
    collect_sockets()


@pytest.fixture(scope="module")
def senders(bus: Bus) -> Iterator[ServiceBusSenders]:
    senders = senders_to(bus.port)
    yield senders
    senders.close()


def hint(stream_id: int, function: str = PROCESS, not_before: datetime | None = None) -> Hint:
    return Hint(stream_id, function, start_trace(), not_before)


def streams(messages: list[ServiceBusReceivedMessage]) -> list[int]:
    return sorted(json.loads(b"".join(message.body))["stream"] for message in messages)


def test_each_hint_reaches_the_queue_of_its_function_with_its_trace(bus: Bus, senders: ServiceBusSenders) -> None:
    hints = [hint(1, PROCESS), hint(2, DETECT), hint(3, SEND)]

    ServiceBusHintSender(senders).send(hints)

    for sent in hints:
        (message,) = bus.take(step_of_function(sent.function).queue.name, 1)
        assert [sent.stream_id] == streams([message])
        assert message.application_properties is not None
        assert sent.traceparent.encode() == message.application_properties[b"Diagnostic-Id"]


def test_every_queue_of_the_catalogue_takes_hints(bus: Bus, senders: ServiceBusSenders) -> None:
    hinted = {step.queue for step in steps() if isinstance(step.inbound, Queue | FileDrop)}

    assert set(queues()) == hinted
    assert {step_of_function(function).queue for function in (PROCESS, DETECT, SEND)} <= hinted


def test_a_scheduled_hint_comes_when_it_is_due(bus: Bus, senders: ServiceBusSenders) -> None:
    due = datetime.now(UTC) + timedelta(seconds=1)

    ServiceBusHintSender(senders).send([hint(4, not_before=due), hint(5)])

    assert [5] == streams(bus.take("lab-results-process", 1))
    assert [4] == streams(bus.take("lab-results-process", 1))
    assert datetime.now(UTC) >= due


def test_a_sweep_of_hints_goes_in_one_transfer(bus: Bus, senders: ServiceBusSenders) -> None:
    ServiceBusHintSender(senders).send([hint(number, SEND) for number in range(500)])

    assert list(range(500)) == streams(bus.take("delivery-send", 500))


def test_many_threads_may_send_at_once(bus: Bus, senders: ServiceBusSenders) -> None:
    sender = ServiceBusHintSender(senders)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda number: sender.send([hint(number), hint(number, SEND)]), range(64)))

    assert list(range(64)) == streams(bus.take("lab-results-process", 64))
    assert list(range(64)) == streams(bus.take("delivery-send", 64))


def event(kind: str = "result.finalized") -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": str(uuid4()), "type": kind, "source": "urn:corridor:partner:riverside-lab",
        "subject": "messages/1",
    }  # fmt: skip


def test_what_is_posted_during_a_transfer_goes_together_with_the_next(bus: Bus, senders: ServiceBusSenders) -> None:
    transfers: list[int] = []
    began, may_go_on = threading.Event(), threading.Event()

    class Slow:
        """A sender whose first transfer lasts until it is told to go on."""

        def send_messages(self, content: Any) -> None:
            transfers.append(len(content) if isinstance(content, list) else 1)
            began.set()
            may_go_on.wait(10)

        def close(self) -> None:
            pass

    class ToSlow:
        def get_queue_sender(self, _: str) -> Slow:
            return Slow()

        def close(self) -> None:
            pass

    slow = ServiceBusSenders(lambda: cast(ServiceBusClient, ToSlow()))
    sender = ServiceBusHintSender(slow)
    sender.send([hint(0)])
    assert began.wait(10)
    for number in range(150):
        sender.send([hint(number)])
    may_go_on.set()
    slow.close()

    assert [1, 100, 50] == transfers


def test_facts_are_cloud_events_that_a_subscription_can_filter(bus: Bus, senders: ServiceBusSenders) -> None:
    wanted, unwanted = [event() for _ in range(3)], event("claim.accepted")

    ServiceBusFactPublisher(senders).publish([unwanted, *wanted])

    messages = bus.take("events", 3, subscription="analytics")
    assert wanted == [json.loads(b"".join(message.body)) for message in messages]
    assert [fact["id"] for fact in wanted] == [message.message_id for message in messages]
    assert {"application/cloudevents+json"} == {message.content_type for message in messages}


def test_a_bus_that_is_away_holds_nobody_and_is_not_asked_again_at_once(caplog: pytest.LogCaptureFixture) -> None:
    seconds = Seconds()
    with nobody() as port:
        senders = senders_to(port)
        sender = ServiceBusHintSender(senders, monotonic=seconds)
        started = time.monotonic()
        for _ in range(20):
            sender.send([hint(1)])
        assert time.monotonic() - started < 10
        eventually(lambda: not_sent(caplog) == ["ServiceBusConnectionError"])
        sender.send([hint(1)])
        seconds.now += 3
        sender.send([hint(1)])
        senders.close()

    assert ["ServiceBusConnectionError"] * 2 == not_sent(caplog)


def not_sent(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the kind of each failure that was told."""
    return [
        record.__dict__["error_type"] for record in caplog.records if record.__dict__.get("event") == "hint not sent"
    ]


def test_one_queue_that_is_away_leaves_the_others_alone(
    bus: Bus, senders: ServiceBusSenders, caplog: pytest.LogCaptureFixture
) -> None:
    class Halved(ServiceBusSenders):
        """Senders of which one queue's refuse."""

        def post(self, entity: str, *arguments: Any, **options: Any) -> Future[None]:
            return senders.post("unknown-queue" if entity == "lab-results-process" else entity, *arguments, **options)

    ServiceBusHintSender(Halved(lambda: pytest.fail("never asked"))).send([hint(6), hint(7, SEND)])

    assert [7] == streams(bus.take("delivery-send", 1))
    eventually(lambda: len(not_sent(caplog)) == 1)


def test_what_another_version_owes_keeps_nobody_from_being_woken(
    bus: Bus, senders: ServiceBusSenders, caplog: pytest.LogCaptureFixture
) -> None:
    ServiceBusHintSender(senders).send([hint(8, "a_function_of_tomorrow"), hint(9, SEND)])

    assert [9] == streams(bus.take("delivery-send", 1))
    told = [record.__dict__["fields"] for record in caplog.records if "unknown function" in record.message]
    assert [{"stream_id": 8}] == told


def test_facts_stay_in_the_ledger_while_the_bus_is_away() -> None:
    with nobody() as port:
        senders = senders_to(port)
        with pytest.raises(TransientError, match="bus-unavailable"):
            ServiceBusFactPublisher(senders).publish([event()])
        senders.close()


def test_a_bus_that_takes_the_connection_and_says_nothing_holds_nobody(caplog: pytest.LogCaptureFixture) -> None:
    started = time.monotonic()
    with silent_server() as port:
        senders = senders_to(port)
        sender = ServiceBusHintSender(senders)
        sender.send([hint(1)])
        assert time.monotonic() - started < 10

        def stands_still() -> bool:
            sender.send([hint(1)])
            return not_sent(caplog) == ["OperationTimeoutError"]

        eventually(stands_still)
    senders.close()


def test_hints_flow_again_when_the_bus_returns_and_the_first_over_a_dead_link_is_not_lost(tmp_path: Path) -> None:
    bus, seconds = Bus(tmp_path), Seconds()
    with bus.stack:
        bus.start()
        senders = senders_to(bus.port)
        sender = ServiceBusHintSender(senders, monotonic=seconds)
        # Until the bus has said that it took it: a bus killed before that leaves the queue alone for a while.
        senders.send("lab-results-process", [ServiceBusMessage(b'{"stream": 1}')])
        assert [1] == streams(bus.take("lab-results-process", 1))
        bus.kill()
        bus.start()
        sender.send([hint(2)])  # over a link that the bus knows no more
        assert [2] == streams(bus.take("lab-results-process", 1))

        bus.kill()
        sender.send([hint(3)])
        bus.start()

        def arrives() -> bool:
            seconds.now += 3
            sender.send([hint(4)])
            return 4 in streams(bus.take("lab-results-process", 1))

        eventually(arrives)
        senders.close()


def test_senders_that_were_never_used_close() -> None:
    senders_to(1).close()
