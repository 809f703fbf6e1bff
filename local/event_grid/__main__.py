"""
Run the Event Grid stand-in: https with tokens of one issuer, one SQLite file, one folder that is watched.

    python -m local.event_grid --config FILE.json --store FILE.sqlite --landing FOLDER --dead-letters FOLDER
                               --port N --certificate FILE --key FILE --issuer URL --issuer-jwks URL
                               --service-bus HOST:PORT --service-bus-ca FILE [--time-scale 1]
"""

from __future__ import annotations

import argparse
import logging
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
from azure.identity import ManagedIdentityCredential
from azure.servicebus import ServiceBusClient, TransportType

from local.event_grid.config import Subscription, load_topics
from local.event_grid.delivery import Worker
from local.event_grid.publishing import Publishing
from local.event_grid.storage_events import StorageEvents
from local.event_grid.store import EventStore
from local.event_grid.targets import QueueTarget, Target, WebhookTarget
from local.service_bus.tokens import KeySet, TokenVerifier
from local.supervisor.ports import listen
from local.supervisor.program import run
from local.supervisor.serving import Listener, serve
from shared.adapters.azure_service_bus import ServiceBusSenders

_log = logging.getLogger(__name__)

_LOOK_SECONDS = 0.5


def main() -> int:
    """Serve, watch and deliver until told to stop."""
    arguments = _arguments()
    logging.getLogger("azure").setLevel(logging.WARNING)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    topics = load_topics(arguments.config)
    socket = listen("event-grid", arguments.port)
    senders = ServiceBusSenders(_bus(arguments.service_bus, arguments.service_bus_ca))
    tokens = TokenVerifier(KeySet(arguments.issuer_jwks), arguments.issuer, arguments.audience)
    with closing(EventStore(arguments.store)) as store, closing(senders):
        workers = [
            Worker(each, _target(each, senders), store, arguments.dead_letters, scale=arguments.time_scale)
            for each in topics.subscriptions
        ]
        stop, watching = threading.Event(), StorageEvents(arguments.landing, topics, store)
        watch = threading.Thread(target=_watch, args=(watching, workers, stop), name="landing", daemon=True)
        watch.start()
        for worker in workers:
            worker.start()
        publishing = Publishing(topics, store, tokens, lambda: _wake(workers))
        try:
            listener = Listener("event-grid", publishing.application(), socket, arguments.certificate, arguments.key)
            return serve([listener])
        finally:
            stop.set()
            watch.join()
            for worker in workers:
                worker.stop()


def _watch(watching: StorageEvents, workers: list[Worker], stop: threading.Event) -> None:
    while not stop.wait(_LOOK_SECONDS):
        try:
            if watching.look():
                _wake(workers)
        except (OSError, sqlite3.Error):
            _log.exception("the landing folder could not be looked at")


def _wake(workers: list[Worker]) -> None:
    for worker in workers:
        worker.wake()


def _target(subscription: Subscription, senders: ServiceBusSenders) -> Target:
    if subscription.queue:
        return QueueTarget(subscription.queue, senders)
    return WebhookTarget(subscription, lambda: httpx.Client(trust_env=False))


def _bus(address: str, ca_file: str) -> Callable[[], ServiceBusClient]:
    host = address.partition(":")[0]
    return lambda: ServiceBusClient(
        host,
        ManagedIdentityCredential(),
        retry_total=0,
        connection_verify=ca_file,
        custom_endpoint_address=f"sb://{address}",
        transport_type=TransportType.Amqp,
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.event_grid", description="The Event Grid stand-in.")
    parser.add_argument("--config", type=Path, required=True, help="JSON file: topics and subscriptions")
    parser.add_argument("--store", type=Path, required=True, help="SQLite file, made if absent")
    parser.add_argument("--landing", type=Path, required=True, help="folder that is the landing storage account")
    parser.add_argument("--dead-letters", type=Path, required=True, help="folder for what cannot be delivered")
    parser.add_argument("--port", type=int, required=True, help="port on loopback; 0 takes any free one")
    parser.add_argument("--certificate", type=Path, required=True, help="PEM file of the server's certificate")
    parser.add_argument("--key", type=Path, required=True, help="PEM file of its key")
    parser.add_argument("--issuer", required=True, help="the `iss` that tokens must have")
    parser.add_argument("--issuer-jwks", required=True, help="URL of the issuer's keys")
    parser.add_argument("--audience", default="https://eventgrid.azure.net", help="the `aud` that tokens must have")
    parser.add_argument("--service-bus", required=True, help="host:port of the bus")
    parser.add_argument("--service-bus-ca", required=True, help="PEM bundle to verify the bus with")
    parser.add_argument("--time-scale", type=float, default=1.0, help="shortens the times between attempts")
    return parser.parse_args()


if __name__ == "__main__":
    run(main)
