"""What is owed is delivered, again and again, each subscription for itself, and buried when there is no hope."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusConnectionError

from local.event_grid.config import Subscription
from local.event_grid.delivery import MOST_ATTEMPTS, RETRY_SECONDS, Worker
from local.event_grid.store import EventStore
from local.event_grid.targets import DeliveryError, QueueTarget, WebhookTarget

EVENT = {"specversion": "1.0", "id": "e-1", "source": "/invented", "type": "invented", "data": {"n": 1}}
HOOK = Subscription("note-expiry", "vault-facts", webhook="http://localhost:9/hook")


@dataclass
class Listener:
    """A far end that fails as it is told."""

    failures: list[DeliveryError] = field(default_factory=list)
    ready: bool = True
    taken: list[tuple[str, int]] = field(default_factory=list)

    def is_ready(self) -> bool:
        return self.ready

    def deliver(self, event: dict[str, Any], attempts: int) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append((event["id"], attempts))


@dataclass
class Bench:
    """A worker over a clock that is moved by hand."""

    store: EventStore
    target: Listener
    folder: Path
    now: float = 1_000_000.0

    def __post_init__(self) -> None:
        self.worker = Worker(HOOK, self.target, self.store, self.folder, now=lambda: self.now)
        self.store.owe([(HOOK.name, EVENT)], self.now)

    def letters(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text())[0] for path in self.folder.rglob("*.json")]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    store = EventStore(tmp_path / "events.sqlite")
    yield Bench(store, Listener(), tmp_path / "dead-letters")
    store.close()


def test_an_event_is_delivered_once(bench: Bench) -> None:
    assert [1, 0] == [bench.worker.work_once(), bench.worker.work_once()]
    assert [("e-1", 0)] == bench.target.taken


def test_a_failed_delivery_is_tried_again_at_azures_times(bench: Bench) -> None:
    bench.target.failures = [DeliveryError("503") for _ in range(4)]

    for wait in RETRY_SECONDS[:4]:
        assert 0 == bench.worker.work_once()
        bench.now += wait - 1
        assert 0 == bench.worker.work_once()
        bench.now += 1
    assert 1 == bench.worker.work_once()
    assert [("e-1", 4)] == bench.target.taken


def test_what_is_refused_for_good_is_buried_at_once_with_its_reason(bench: Bench) -> None:
    bench.target.failures = [DeliveryError("400", is_lasting=True)]
    bench.worker.work_once()

    (letter,) = bench.letters()
    assert ("NonRetriableError", 1, "400") == tuple(
        letter[key] for key in ("deadletterreason", "deliveryattempts", "lastdeliveryoutcome")
    )
    assert EVENT == {key: letter[key] for key in EVENT}
    assert [] == bench.store.due(HOOK.name, bench.now + 1e9)


def test_what_does_not_arrive_within_a_day_is_buried(bench: Bench) -> None:
    bench.target.failures = [DeliveryError("ConnectError") for _ in range(MOST_ATTEMPTS)]
    for _ in range(3):
        bench.worker.work_once()
        bench.now += 50_000

    assert ["TimeToLiveExceeded"] == [letter["deadletterreason"] for letter in bench.letters()]


def test_what_was_tried_thirty_times_is_buried(bench: Bench) -> None:
    bench.target.failures = [DeliveryError("ConnectError")]
    for _ in range(MOST_ATTEMPTS - 1):
        bench.store.again(bench.store.due(HOOK.name, bench.now)[0], bench.now)
    bench.worker.work_once()

    assert [("MaxDeliveryAttemptsExceeded", MOST_ATTEMPTS)] == [
        (letter["deadletterreason"], letter["deliveryattempts"]) for letter in bench.letters()
    ]


def test_nothing_is_attempted_before_the_handshake(bench: Bench) -> None:
    bench.target.ready = False
    assert 0 == bench.worker.work_once()
    bench.target.ready = True
    assert 1 == bench.worker.work_once()
    assert [("e-1", 0)] == bench.target.taken


def test_what_is_owed_outlives_the_program(tmp_path: Path) -> None:
    first = EventStore(tmp_path / "events.sqlite")
    first.owe([(HOOK.name, EVENT)], 1.0, told=[("a", "1")])
    first.close()
    second = EventStore(tmp_path / "events.sqlite")

    assert [EVENT] == [each.event for each in second.due(HOOK.name, 2.0)]
    assert {"a": "1"} == second.told()
    second.close()


def test_a_worker_that_was_started_delivers_by_itself_until_it_is_stopped(bench: Bench) -> None:
    bench.worker.start()
    bench.worker.wake()
    bench.worker.stop()

    assert bench.target.taken in ([("e-1", 0)], [])


def hook(answer: Callable[[httpx.Request], httpx.Response]) -> WebhookTarget:
    return WebhookTarget(HOOK, lambda: httpx.Client(transport=httpx.MockTransport(answer)))


def test_a_webhook_is_asked_whether_it_wants_events_and_then_gets_a_cloudevent() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        allowed = {"WebHook-Allowed-Origin": request.headers.get("WebHook-Request-Origin", "")}
        return httpx.Response(200, headers=allowed)

    target = hook(answer)
    assert [True, True] == [target.is_ready(), target.is_ready()]
    target.deliver(EVENT, 2)

    assert ["OPTIONS", "POST"] == [request.method for request in seen]
    assert "application/cloudevents+json; charset=utf-8" == seen[1].headers["Content-Type"]
    assert ("Notification", "2") == (seen[1].headers["aeg-event-type"], seen[1].headers["aeg-delivery-count"])
    assert EVENT == json.loads(seen[1].content)


@pytest.mark.parametrize("allowed", ["", "https://somebody.else"])
def test_a_webhook_that_does_not_agree_gets_nothing(allowed: str) -> None:
    assert not hook(lambda _: httpx.Response(200, headers={"WebHook-Allowed-Origin": allowed})).is_ready()


def test_a_webhook_that_is_away_does_not_agree_and_takes_nothing() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    target = hook(away)
    assert not target.is_ready()
    with pytest.raises(DeliveryError) as caught:
        target.deliver(EVENT, 0)
    assert ("ConnectError", False) == (caught.value.outcome, caught.value.is_lasting)


@pytest.mark.parametrize(
    ("status", "lasting"), [(400, True), (401, True), (403, True), (413, True), (404, False), (503, False)]
)
def test_azures_lasting_answers_are_not_tried_again(status: int, lasting: bool) -> None:
    with pytest.raises(DeliveryError) as caught:
        hook(lambda _: httpx.Response(status)).deliver(EVENT, 0)

    assert (str(status), lasting) == (caught.value.outcome, caught.value.is_lasting)


@dataclass
class Senders:
    """Senders that keep messages, or are away."""

    away: bool = False
    sent: list[tuple[str, ServiceBusMessage]] = field(default_factory=list)

    def send(self, entity: str, messages: list[ServiceBusMessage]) -> None:
        if self.away:
            raise ServiceBusConnectionError(message="away")
        self.sent += [(entity, message) for message in messages]


def test_a_queue_gets_the_event_as_the_body_of_a_message() -> None:
    senders = Senders()
    target = QueueTarget("intake-take-files", senders)  # type: ignore[arg-type]
    assert target.is_ready()
    target.deliver(EVENT, 0)

    ((queue, message),) = senders.sent
    assert ("intake-take-files", "e-1") == (queue, message.message_id)
    assert EVENT == json.loads(str(message))


def test_a_queue_that_is_away_is_tried_again() -> None:
    with pytest.raises(DeliveryError) as caught:
        QueueTarget("q", Senders(away=True)).deliver(EVENT, 0)  # type: ignore[arg-type]

    assert not caught.value.is_lasting
