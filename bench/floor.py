"""
The floor of the pipeline: HTTP accept, one durable commit, one bus hop, one HTTP send, and nothing else.

`python -m bench.floor --port N ...` is that program, made of the libraries that Corridor uses and talking to the same
stand-ins: what it reaches on a machine is what Corridor's rate on that machine is held against. It prints
`ready floor PORT` and runs until SIGTERM.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import ssl
import threading
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import orjson
import uvicorn
from azure.core.credentials import AzureNamedKeyCredential
from azure.servicebus import ServiceBusClient, ServiceBusMessage, TransportType
from psycopg_pool import ConnectionPool
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.supervisor.ports import listen
from local.supervisor.program import announce, run
from shared.adapters.http_connections import HttpConnections
from shared.adapters.http_posting import judge
from shared.signatures import HEADER, sign

NAME = "floor"
QUEUE = "floor"
TABLE = "CREATE TABLE IF NOT EXISTS floor (message_id uuid PRIMARY KEY, at timestamptz NOT NULL, body bytea NOT NULL)"
_RECEIVERS = 4
_PATIENCE_SECONDS = 5.0


class Floor:
    """Accepts, keeps, hints; and, at the other end of the hop, sends."""

    def __init__(self, options: argparse.Namespace) -> None:
        self._options = options
        self._pool = ConnectionPool(options.database, min_size=1, max_size=8, kwargs={"autocommit": True}, open=True)
        self._client = self._bus()
        self._sender = self._client.get_queue_sender(QUEUE)
        self._sending = threading.Lock()  # the SDK's senders are not made for many threads
        self._secret = Path(options.secret_file).read_bytes().split()[0]
        self._counting = threading.Lock()
        self._sent = 0
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._receive, daemon=True) for _ in range(_RECEIVERS)]

    def start(self) -> None:
        """Make the table and listen to the queue."""
        with self._pool.connection() as connection:
            connection.execute(TABLE)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let the receivers end."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._client.close()
        self._pool.close()

    async def accept(self, request: Request) -> Response:
        """Answer 200 once the body is durable and its hop has begun."""
        await run_in_threadpool(self._keep, await request.body())
        return Response(status_code=200)

    async def progress(self, _: Request) -> Response:
        """Tell how many bodies have arrived at the destination."""
        return Response(str(self._sent))

    def _keep(self, body: bytes) -> None:
        message_id = uuid4()
        with self._pool.connection() as connection:
            connection.execute("INSERT INTO floor VALUES (%s, %s, %s)", (message_id, datetime.now(UTC), body))
        with self._sending:
            self._sender.send_messages(ServiceBusMessage(body, message_id=str(message_id)))

    def _receive(self) -> None:
        tls = ssl.create_default_context(cafile=self._options.ca_file)
        with (
            self._bus() as client,
            client.get_queue_receiver(QUEUE) as receiver,
            closing(HttpConnections(timeout=_PATIENCE_SECONDS, trust=tls)) as destination,
        ):
            while not self._stopping.is_set():
                for message in receiver.receive_messages(max_message_count=1, max_wait_time=0.5):
                    self._send(destination, str(message.message_id), b"".join(message.body))
                    receiver.complete_message(message)
                    with self._counting:
                        self._sent += 1

    def _send(self, destination: HttpConnections, key: str, body: bytes) -> None:
        content = orjson.dumps(body.decode())
        headers = {
            HEADER: sign([self._secret], content, int(time.time()), uuid4().hex),
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        judge(destination.post(self._options.destination, content, headers))

    def _bus(self) -> ServiceBusClient:
        return ServiceBusClient(
            "localhost",
            AzureNamedKeyCredential("floor", "floor"),
            custom_endpoint_address=f"sb://localhost:{self._options.bus_port}",
            transport_type=TransportType.Amqp,
            connection_verify=self._options.ca_file,
        )


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m bench.floor", description="The floor of the pipeline.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--database", required=True, help="the ledger's server, as a user that may make a table")
    parser.add_argument("--bus-port", type=int, required=True)
    parser.add_argument("--ca-file", required=True)
    parser.add_argument("--destination", required=True, help="the webhook's URL")
    parser.add_argument("--secret-file", required=True, help="what the webhook's signature is made with")
    options = parser.parse_args()
    with listen(NAME, options.port) as listener:
        floor = Floor(options)
        floor.start()
        try:
            asyncio.run(_serve(floor, listener, options.port))
        finally:
            floor.stop()
    return 0


async def _serve(floor: Floor, listener: object, port: int) -> None:
    app = Starlette(routes=[Route("/", floor.accept, methods=["POST"]), Route("/sent", floor.progress)])
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve(sockets=[listener]))  # type: ignore[list-item]
    while not server.started and not serving.done():
        await asyncio.sleep(0.02)
    announce(NAME, port)
    await serving


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: None)  # uvicorn raises it again after its own clean shutdown
    run(main)
