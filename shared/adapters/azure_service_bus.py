"""
Hints and facts over Azure Service Bus.

Senders are opened once and kept, since opening one costs half a second. A hint that cannot be sent is logged and
forgotten: the sweeper finds its stream in the ledger. Facts raise, so that the ledger keeps them unpublished.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import orjson
from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusSender
from azure.servicebus.exceptions import ServiceBusError

from shared.catalog.flows import EVENTS
from shared.catalog.index import step_of_function
from shared.errors import TransientError
from shared.ledger import Hint
from shared.structured_log import log_event

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 2.0


class ServiceBusSenders:
    """One sender per entity, each behind a lock: the SDK's senders are not made for many threads at once."""

    def __init__(self, client: Callable[[], ServiceBusClient]) -> None:
        self._make_client = client
        self._client: ServiceBusClient | None = None
        self._senders: dict[str, ServiceBusSender] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._opening = threading.Lock()

    def send(self, entity: str, messages: list[ServiceBusMessage], *, topic: bool = False) -> None:
        """Send the messages in one transfer; ServiceBusError when the bus does not take them."""
        with self._locks[entity]:
            sender = self._senders.get(entity) or self._open(entity, topic=topic)
            try:
                sender.send_messages(messages if len(messages) > 1 else messages[0])
            except (ServiceBusError, AzureError):
                self._senders.pop(entity, None)
                sender.close()
                raise

    def _open(self, entity: str, *, topic: bool) -> ServiceBusSender:
        with self._opening:
            if self._client is None:
                self._client = self._make_client()
            sender = self._client.get_topic_sender(entity) if topic else self._client.get_queue_sender(entity)
        self._senders[entity] = sender
        return sender

    def close(self) -> None:
        """Close every sender and the connection."""
        for sender in self._senders.values():
            sender.close()
        self._senders.clear()
        if self._client is not None:
            self._client.close()


class ServiceBusHintSender:
    """
    Sends hints to the queues that the catalogue names.

    A bus that is away is left alone for two seconds after each failure: an acknowledgment must not wait for it.
    """

    def __init__(self, senders: ServiceBusSenders, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._senders = senders
        self._monotonic = monotonic
        self._away_until = float("-inf")

    def send(self, hints: Sequence[Hint]) -> None:
        """Send the hints, one transfer per queue, or leave them to the sweeper."""
        if self._monotonic() < self._away_until:
            return
        by_queue: defaultdict[str, list[ServiceBusMessage]] = defaultdict(list)
        for hint in hints:
            by_queue[step_of_function(hint.function).queue.name].append(_message_of(hint))
        for queue, messages in by_queue.items():
            try:
                self._senders.send(queue, messages)
            except (ServiceBusError, AzureError) as error:
                self._away_until = self._monotonic() + _PAUSE_SECONDS
                log_event(_log, logging.WARNING, "hint not sent", queue=queue, error_type=type(error).__name__)
                return


class ServiceBusFactPublisher:
    """Publishes CloudEvents 1.0 (structured JSON) to the topic `events`."""

    def __init__(self, senders: ServiceBusSenders) -> None:
        self._senders = senders

    def publish(self, events: Sequence[dict[str, Any]]) -> None:
        """Send all; TransientError `bus-unavailable` when the topic does not take them."""
        messages = [
            ServiceBusMessage(
                orjson.dumps(event),
                message_id=event["id"],
                subject=event["type"],
                content_type="application/cloudevents+json",
                application_properties={"type": event["type"], "source": event["source"]},
            )
            for event in events
        ]
        try:
            self._senders.send(EVENTS.name, messages, topic=True)
        except (ServiceBusError, AzureError) as error:
            raise TransientError("bus-unavailable", text="the topic did not take the events") from error


def _message_of(hint: Hint) -> ServiceBusMessage:
    return ServiceBusMessage(
        orjson.dumps({"stream": hint.stream_id}),
        content_type="application/json",
        application_properties={"Diagnostic-Id": hint.traceparent},
        scheduled_enqueue_time_utc=hint.not_before,
    )
