"""Native dead letters are taken out of the bus once they are recorded, and not before (D04)."""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from azure.servicebus import ServiceBusClient, ServiceBusMessage

from local.platform.bus_entities import emulator_config
from shared.adapters.azure_dead_letters import ServiceBusDeadLetters
from shared.catalog.flows import EVENTS, SUBSCRIPTIONS
from shared.catalog.index import step_of_function
from shared.errors import TransientError
from shared.ports import DeadLetter
from tests.fixtures.programs import running
from tests.shared.adapters.parts import nobody

QUEUE = step_of_function("lab_results_process").queue
ANALYTICS = SUBSCRIPTIONS[0]

# The SDK leaves its sockets open when its broker dies or refuses it; these tests ignore it, and nothing else.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"),
]


def client_of(port: int) -> ServiceBusClient:
    text = f"Endpoint=sb://localhost:{port};SharedAccessKeyName=any;SharedAccessKey=any;UseDevelopmentEmulator=true;"
    return ServiceBusClient.from_connection_string(text, retry_total=0)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder: Path = tmp_path_factory.mktemp("bus")
    (folder / "Config.json").write_text(json.dumps(emulator_config()))
    words = ("--config", folder / "Config.json", "--store", folder / "bus.sqlite", "--port", "0")
    with running("local.service_bus", *words, name="service-bus", log=folder / "log") as program:
        yield program.ports["service-bus"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="module")
def given_up(port: int) -> None:
    """A hint that a worker gave up on with a text of its own, another with the bus's word, and a fact."""
    with closing(client_of(port)) as client:
        with closing(client.get_queue_sender(QUEUE.name)) as sender:
            sender.send_messages([ServiceBusMessage(b'{"stream": 7}'), ServiceBusMessage(b"nonsense")])
        with closing(client.get_queue_receiver(QUEUE.name)) as receiver:
            one, other = receiver.receive_messages(2, max_wait_time=5)
            receiver.dead_letter_message(one, reason="MaxDeliveryCountExceeded")
            receiver.dead_letter_message(other, reason="the patient TESTPATIENT-ALDER was not found")
        fact = ServiceBusMessage(b"{}", application_properties={"type": "result.finalized"})
        with closing(client.get_topic_sender(EVENTS.name)) as sender:
            sender.send_messages(fact)
        with closing(client.get_subscription_receiver(EVENTS.name, ANALYTICS.name)) as receiver:
            receiver.dead_letter_message(receiver.receive_messages(1, max_wait_time=5)[0], reason="Refused")


def test_letters_are_handed_over_with_the_buss_word_and_then_removed(port: int, given_up: None) -> None:
    letters: list[DeadLetter] = []
    drain = ServiceBusDeadLetters(lambda: client_of(port), [QUEUE, ANALYTICS])

    def crash(letter: DeadLetter) -> None:
        raise ZeroDivisionError("before it was recorded")

    with pytest.raises(ZeroDivisionError):
        drain.drain(crash)
    assert 3 == drain.drain(letters.append)
    assert 0 == drain.drain(letters.append)

    found = {(letter.entity, letter.reason, letter.body, letter.is_fact) for letter in letters}
    assert {
        (QUEUE.name, "MaxDeliveryCountExceeded", b'{"stream": 7}', False),
        (QUEUE.name, "not-given", b"nonsense", False),
        (f"{EVENTS.name}/{ANALYTICS.name}", "Refused", b"{}", True),
    } == found
    assert all(letter.sequence > 0 and letter.enqueued_at is not None for letter in letters)


def test_a_bus_that_is_away_is_tried_again_later() -> None:
    with nobody() as port, pytest.raises(TransientError, match="bus-unavailable"):
        ServiceBusDeadLetters(lambda: client_of(port), [QUEUE]).drain(lambda letter: None)
