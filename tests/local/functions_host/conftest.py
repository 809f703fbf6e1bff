"""One broker with TLS, one identity endpoint and one host for all tests that do not disturb them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from azure.core.credentials import AccessToken
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusSender, TransportType

from local.certificates import ensure_authority
from tests.local.functions_host.programs import Hosted, Program, hosted, running

ENTITIES = {
    "UserConfig": {
        "Namespaces": [
            {
                "Name": "local",
                "Queues": [
                    {"Name": "work", "Properties": {"LockDuration": "PT3S", "MaxDeliveryCount": 3}},
                    {"Name": "stopping"},
                    {"Name": "overdue"},
                    {"Name": "batches"},
                    {"Name": "shared"},
                ],
                "Topics": [{"Name": "news", "Subscriptions": [{"Name": "all"}]}],
            }
        ]
    }
}


class AnyToken:
    """The broker of these tests does not ask who sends."""

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        return AccessToken("any", int(time.time()) + 3600)


class _Identity(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        well = self.headers.get("X-IDENTITY-HEADER") == "secret" and "client_id=worker" in self.path
        body = json.dumps({"access_token": "any", "expires_on": str(int(time.time()) + 3600), "token_type": "Bearer"})
        self.send_response(200 if well else 400)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Broker:
    program: Program
    ca_file: Path
    identity_port: int

    @property
    def settings(self) -> dict[str, str]:
        """What a host needs to reach the broker by managed identity."""
        return {
            "SERVICE_BUS__fullyQualifiedNamespace": f"localhost:{self.program.port}",
            "SERVICE_BUS__credential": "managedidentity",
            "SERVICE_BUS__clientId": "worker",
            "IDENTITY_ENDPOINT": f"http://127.0.0.1:{self.identity_port}/token",
            "IDENTITY_HEADER": "secret",
            "CORRIDOR_CA_FILE": str(self.ca_file),
        }

    def send(self, queue: str, *messages: ServiceBusMessage) -> None:
        with client_of(self.program.port, self.ca_file) as client, client.get_queue_sender(queue) as sender:
            sender.send_messages(list(messages))


def client_of(port: int, ca_file: Path) -> ServiceBusClient:
    return ServiceBusClient(
        "localhost",
        AnyToken(),
        custom_endpoint_address=f"sb://localhost:{port}",
        transport_type=TransportType.Amqp,
        connection_verify=str(ca_file),
        retry_total=0,
    )


class Queues:
    """Senders that stay open: opening one takes half a second."""

    def __init__(self, client: ServiceBusClient) -> None:
        self.client = client
        self._senders: dict[str, ServiceBusSender] = {}

    def send(self, queue: str, *messages: ServiceBusMessage) -> None:
        if queue not in self._senders:
            self._senders[queue] = self.client.get_queue_sender(queue)
        self._senders[queue].send_messages(list(messages))

    def close(self) -> None:
        # Each takes a second to close.
        with ThreadPoolExecutor() as pool:
            list(pool.map(ServiceBusSender.close, self._senders.values()))


@pytest.fixture(scope="session")
def identity_port() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Identity)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def broker_arguments(directory: Path, port: int = 0) -> list[str]:
    certificate, key = ensure_authority(directory / "tls").issue("service-bus")
    (directory / "Config.json").write_text(json.dumps(ENTITIES))
    arguments = ["--config", directory / "Config.json", "--store", directory / "store.db", "--port", port]
    return ["local.service_bus", *map(str, [*arguments, "--certificate", certificate, "--key", key])]


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory, identity_port: int) -> Iterator[Broker]:
    directory = tmp_path_factory.mktemp("broker")
    arguments = broker_arguments(directory)
    with running(arguments, directory / "broker.log", {}) as program:
        yield Broker(program, directory / "tls" / "ca.pem", identity_port)


@pytest.fixture(scope="session")
def queues(broker: Broker) -> Iterator[Queues]:
    with client_of(broker.program.port, broker.ca_file) as client:
        opened = Queues(client)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def host(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    keys = {
        "CORRIDOR_FUNCTION_KEY": "function-key",
        "CORRIDOR_MASTER_KEY": "master-key",
        "CORRIDOR_EVENT_GRID_KEY": "event-grid-key",
    }
    settings = {
        **broker.settings,
        **keys,
        "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "1000000",
        "PYTHON_THREADPOOL_THREAD_COUNT": "20",
    }
    with hosted(tmp_path_factory.mktemp("host"), settings) as running_host:
        yield running_host
