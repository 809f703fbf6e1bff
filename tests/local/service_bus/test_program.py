from __future__ import annotations

import contextlib
import functools
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.servicebus import NEXT_AVAILABLE_SESSION, ServiceBusClient, ServiceBusMessage, ServiceBusReceiveMode
from azure.servicebus.exceptions import ServiceBusError
from proton import Delivery
from proton import Message as ProtonMessage
from proton.utils import BlockingConnection, LinkDetached

from tests.local.service_bus.conftest import BrokerProcess, namespace

BrokerOf = Callable[..., BrokerProcess]
CONFIG = namespace({"q": {}}, [{"Name": "t", "Subscriptions": [{"Name": "s"}]}])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerProcess]:
    """One broker for the tests that leave it running."""
    broker = BrokerProcess(tmp_path_factory.mktemp("running"), CONFIG).start()
    yield broker
    assert broker.stop() == 0


def is_settled(delivery: Delivery) -> bool:
    return bool(delivery.settled)


def round_trip(broker: BrokerProcess, body: str) -> str:
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    with ServiceBusClient.from_connection_string(broker.connection_string, retry_total=0) as client:
        client.get_queue_sender("q").send_messages(ServiceBusMessage(body, application_properties={"secret": body}))
        return str(client.get_queue_receiver("q", receive_mode=mode).receive_messages(1, max_wait_time=5)[0])


def test_a_wrong_configuration_is_one_clear_line_and_exit_code_2(broker_of: BrokerOf) -> None:
    ended = broker_of(namespace({"q": {"RequiresSession": True}})).run("--port", "0")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Queues[0].Properties.RequiresSession: sessions are not implemented" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_taken_port_is_one_clear_line_and_exit_code_3(broker_of: BrokerOf) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = broker_of(CONFIG).run("--port", port)

    assert (ended.returncode, ended.stdout) == (3, "")
    assert f"port {port} cannot be had" in ended.stderr.splitlines()[-1]


def test_a_store_that_cannot_be_opened_is_one_clear_line_and_exit_code_4(broker_of: BrokerOf) -> None:
    broker = broker_of(CONFIG)
    broker.store.mkdir()

    ended = broker.run("--port", "0")

    assert (ended.returncode, len(ended.stderr.splitlines())) == (4, 1)


def test_half_of_a_key_pair_or_of_an_issuer_is_refused(broker_of: BrokerOf, tmp_path: Path) -> None:
    broker = broker_of(CONFIG)
    (tmp_path / "no.pem").write_text("no key")

    one = broker.run("--port", "0", "--certificate", "c.pem")
    wrong = broker.run("--port", "0", "--certificate", str(tmp_path / "no.pem"), "--key", str(tmp_path / "no.pem"))
    issuer = broker.run("--port", "0", "--issuer-jwks", "keys.json")

    assert [p.returncode for p in (one, wrong, issuer)] == [2, 2, 2]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_while_clients_are_connected(broker_of: BrokerOf, number: signal.Signals) -> None:
    broker = broker_of(CONFIG).start()
    with socket.create_connection(("127.0.0.1", broker.port)):
        assert broker.stop(number) == 0


def test_nothing_of_a_message_is_logged(broker_of: BrokerOf) -> None:
    broker = broker_of(CONFIG).start()

    assert round_trip(broker, "very-secret") == "very-secret"

    assert broker.stop() == 0
    assert "very-secret" not in broker.log.read_text()


def test_hostile_bytes_end_their_connection_and_nothing_else(running: BrokerProcess) -> None:
    amqp = b"AMQP\x00\x01\x00\x00"
    hostile = [
        b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00" + bytes(64), amqp + b"\xff" * 512, amqp + bytes(512),
    ]  # fmt: skip
    for attack in hostile:
        with socket.create_connection(("127.0.0.1", running.port), timeout=5) as attacker:
            attacker.sendall(attack)
            with contextlib.suppress(ConnectionResetError):
                while attacker.recv(4096):
                    pass

    connection = BlockingConnection(f"127.0.0.1:{running.port}", timeout=5)
    assert connection.create_sender("q").send(ProtonMessage(body="still here")).remote_state == Delivery.ACCEPTED
    connection.close()


def test_a_malformed_message_is_rejected_and_the_link_goes_on(running: BrokerProcess) -> None:
    connection = BlockingConnection(f"127.0.0.1:{running.port}", timeout=5)
    sender = connection.create_sender("q", name="raw")

    outcomes: list[tuple[object, object]] = []
    for raw in (b"no sections", b"\x00\x53\x75\xb0\xff\xff\xff\xff", b"\x00\x53\x77\xa1\x02ok"):
        delivery = sender.link.delivery(str(len(outcomes)))
        sender.link.stream(raw)
        sender.link.advance()
        connection.wait(functools.partial(is_settled, delivery))
        outcomes.append((delivery.remote_state, delivery.remote.condition and delivery.remote.condition.name))
    connection.close()

    rejected = (Delivery.REJECTED, "amqp:decode-error")
    assert outcomes == [rejected, rejected, (Delivery.ACCEPTED, None)]


@pytest.mark.parametrize(
    ("address", "condition"),
    [
        ("t/Subscriptions/s", "amqp:not-allowed"),
        ("q/$DeadLetterQueue", "amqp:not-allowed"),
        ("", "amqp:not-found"),
    ],
)
def test_nobody_sends_to_what_takes_no_messages(running: BrokerProcess, address: str, condition: str) -> None:
    connection = BlockingConnection(f"127.0.0.1:{running.port}", timeout=5)
    with pytest.raises(LinkDetached, match=condition):
        connection.create_sender(address, name="raw")
    connection.close()


@pytest.mark.parametrize(
    ("operation", "body", "status"),
    [
        ("com.microsoft:add-rule", {}, (501, "not implemented: add-rule")),
        ("com.microsoft:get-message-sessions", {}, (501, "not implemented: get-message-sessions")),
        ("com.microsoft:peek-message", "no map", (400, "the body is no map")),
        ("com.microsoft:peek-message", {}, (400, "from-sequence-number and message-count are wanted")),
        ("com.microsoft:renew-lock", {"lock-tokens": ["x"]}, (400, "lock-tokens are UUIDs")),
        ("com.microsoft:schedule-message", {"messages": [{"message": b"bad"}]}, (400, "a message is malformed")),
        ("com.microsoft:update-disposition", {"lock-tokens": []}, (400, "disposition-status is")),
        ("com.microsoft:cancel-scheduled-message", {"sequence-numbers": "x"}, (400, "sequence-numbers is a list")),
    ],
)
def test_a_management_request_that_cannot_be_done_is_answered(
    running: BrokerProcess, operation: str, body: Any, status: tuple[int, str]
) -> None:
    connection = BlockingConnection(f"127.0.0.1:{running.port}", timeout=5)
    answers = connection.create_receiver("q/$management", credit=1, name="answers")
    requests = connection.create_sender("q/$management", name="requests")
    requests.send(ProtonMessage(id="1", properties={"operation": operation}, body=body))

    answer = answers.receive(timeout=5)

    connection.close()
    assert answer.correlation_id == "1"
    assert answer.properties is not None
    assert answer.properties["statusCode"] == status[0]
    assert answer.properties["statusDescription"].startswith(status[1])


def test_a_session_receiver_is_refused(running: BrokerProcess) -> None:
    with (
        ServiceBusClient.from_connection_string(running.connection_string, retry_total=0) as client,
        pytest.raises(ServiceBusError, match="not implemented: sessions"),
        client.get_queue_receiver("q", session_id=NEXT_AVAILABLE_SESSION, max_wait_time=2) as receiver,
    ):
        receiver.receive_messages(1)
