"""
Hints and facts over Azure Service Bus.

Senders are opened once and kept, since opening one costs half a second. What is posted while a transfer is on its way
goes with the next one, together. Nobody waits for a hint: one that cannot be sent is logged and forgotten, the sweeper
finds its stream in the ledger (ADR 24). Facts raise, so that the ledger keeps them unpublished.

Nobody waits longer than a stated patience: the SDK itself waits without end for a bus that takes the connection
and then says nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from queue import Empty, Full
from queue import Queue as BoundedQueue
from typing import Any

import orjson
from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusClient, ServiceBusMessage, ServiceBusSender
from azure.servicebus.exceptions import OperationTimeoutError, ServiceBusConnectionError, ServiceBusError

from shared.catalog.flows import EVENTS
from shared.catalog.index import step_of_function
from shared.errors import TransientError
from shared.ledger import Hint
from shared.structured_log import log_event

_log = logging.getLogger(__name__)

_PAUSE_SECONDS = 2.0
_SLOW_SECONDS = 1.0
_FACT_PATIENCE_SECONDS = 20.0
_STUCK_SECONDS = 60.0
_LONGEST_LINE = 1000
_GATHERED = 100  # a sweep brings 500 at once: together they stay below what a transfer may hold (256 KB)
_ABSENT = (ServiceBusError, AzureError)

_Transfer = tuple[list[ServiceBusMessage], Future[None]]


class _Line:
    """
    One entity's sender, and the thread that alone uses it: the SDK's senders are not made for many threads.

    `busy_since` tells how long the transfer in hand has taken already.
    """

    def __init__(self, entity: str, make_sender: Callable[[], ServiceBusSender]) -> None:
        self._make_sender = make_sender
        self._sender: ServiceBusSender | None = None
        self._waiting: BoundedQueue[_Transfer | None] = BoundedQueue(_LONGEST_LINE)
        self._ended = False
        self.busy_since: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"service-bus-{entity}", daemon=True)
        self._thread.start()

    def post(self, messages: list[ServiceBusMessage]) -> Future[None]:
        """Put the messages in line, unless it stands still; the future tells how their transfer ended."""
        if self._is_busy_for(_SLOW_SECONDS):
            raise OperationTimeoutError(message="the bus has not taken an earlier transfer yet")
        future: Future[None] = Future()
        try:
            self._waiting.put_nowait((messages, future))
        except Full as error:
            raise ServiceBusConnectionError(message="too many transfers wait for the bus") from error
        return future

    def is_stuck(self) -> bool:
        """Tell whether the transfer in hand has no hope left."""
        return self._is_busy_for(_STUCK_SECONDS)

    def end(self, patience: float) -> None:
        """Close the sender after what is in line, waiting for it no longer than `patience`."""
        try:
            self._waiting.put(None, timeout=patience)
        except Full:
            return
        self._thread.join(patience)

    def _is_busy_for(self, seconds: float) -> bool:
        since = self.busy_since
        return since is not None and time.monotonic() - since > seconds

    def _run(self) -> None:
        while not self._ended and (first := self._waiting.get()) is not None:
            group = [one for one in self._gathered(first) if one[1].set_running_or_notify_cancel()]
            if not group:
                continue
            self.busy_since = time.monotonic()
            try:
                self._transfer([message for messages, _ in group for message in messages])
            except Exception as error:  # noqa: BLE001 -- whoever looks at the future gets it
                self.busy_since = None
                for _, future in group:
                    future.set_exception(error)
            else:
                self.busy_since = None
                for _, future in group:
                    future.set_result(None)
        self._drop()

    def _gathered(self, first: _Transfer) -> list[_Transfer]:
        """Return the first in line with those behind it that may go in one transfer with it."""
        group, count = [first], len(first[0])
        while count < _GATHERED and not self._ended:
            try:
                behind = self._waiting.get_nowait()
            except Empty:
                break
            if behind is None:
                self._ended = True
            else:
                group.append(behind)
                count += len(behind[0])
        return group

    def _transfer(self, messages: list[ServiceBusMessage]) -> None:
        content = messages if len(messages) > 1 else messages[0]
        if self._sender is not None:
            try:
                self._sender.send_messages(content)
                return
            except (*_ABSENT, OSError):  # the bus closes idle links: one try over a new one
                self._drop()
        self._sender = self._make_sender()
        try:
            self._sender.send_messages(content)
        except BaseException:
            self._drop()
            raise

    def _drop(self) -> None:
        sender, self._sender = self._sender, None
        if sender is not None:
            sender.close()


class ServiceBusSenders:
    """One sender per entity, opened on first use and kept."""

    def __init__(self, client: Callable[[], ServiceBusClient]) -> None:
        self._make_client = client
        self._client: ServiceBusClient | None = None
        self._lines: dict[str, _Line] = {}
        self._lock = threading.Lock()
        self._opening = threading.Lock()

    def post(self, entity: str, messages: list[ServiceBusMessage], *, topic: bool = False) -> Future[None]:
        """Put the messages in the entity's line; ServiceBusError when it is full or stands still."""
        return self._line(entity, topic=topic).post(messages)

    def send(
        self,
        entity: str,
        messages: list[ServiceBusMessage],
        *,
        topic: bool = False,
        patience: float = _FACT_PATIENCE_SECONDS,
    ) -> None:
        """
        Send the messages in one transfer; ServiceBusError when the bus has not taken them within `patience`.

        A transfer that was given up may still succeed: facts may come twice.
        """
        future = self.post(entity, messages, topic=topic)
        try:
            future.result(patience)
        except TimeoutError as error:
            future.cancel()
            raise OperationTimeoutError(message="the bus did not take the messages in time") from error
        except OSError as error:
            raise ServiceBusConnectionError(message=type(error).__name__) from error

    def _line(self, entity: str, *, topic: bool) -> _Line:
        with self._lock:
            line = self._lines.get(entity)
            if line is None or line.is_stuck():
                line = self._lines[entity] = _Line(entity, lambda: self._open(entity, topic=topic))
            return line

    def _open(self, entity: str, *, topic: bool) -> ServiceBusSender:
        with self._opening:
            if self._client is None:
                self._client = self._make_client()
            return self._client.get_topic_sender(entity) if topic else self._client.get_queue_sender(entity)

    def close(self) -> None:
        """Close every sender and the connection."""
        with self._lock:
            lines, self._lines = list(self._lines.values()), {}
        for line in lines:
            line.end(_PAUSE_SECONDS)
        if self._client is not None:
            self._client.close()


class ServiceBusHintSender:
    """
    Sends hints to the queues that the catalogue names, and waits for none: they come after the commit.

    A queue that did not take its hints, or has not within a second, is left alone for two.
    """

    def __init__(self, senders: ServiceBusSenders, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._senders = senders
        self._monotonic = monotonic
        self._away_until: dict[str, float] = {}
        self._lock = threading.Lock()

    def send(self, hints: Sequence[Hint]) -> None:
        """
        Put the hints in line, one transfer per queue, or leave them to the sweeper.

        What a function owes that only another version of Corridor has is woken by that version.
        """
        by_queue: defaultdict[str, list[ServiceBusMessage]] = defaultdict(list)
        for hint in hints:
            try:
                queue = step_of_function(hint.function).queue.name
            except KeyError:
                log_event(_log, logging.ERROR, "hint of an unknown function", stream_id=hint.stream_id)
                continue
            by_queue[queue].append(_message_of(hint))
        for queue, messages in by_queue.items():
            if self._monotonic() < self._away_until.get(queue, float("-inf")):
                continue
            try:
                transfer = self._senders.post(queue, messages)
            except _ABSENT as error:
                self._leave_alone(queue, error)
            else:
                transfer.add_done_callback(partial(self._transferred, queue))

    def _transferred(self, queue: str, transfer: Future[None]) -> None:
        if (error := transfer.exception()) is not None:
            self._leave_alone(queue, error)

    def _leave_alone(self, queue: str, error: BaseException) -> None:
        """Say so once per pause: what was in line meanwhile fails with the first."""
        with self._lock:
            now = self._monotonic()
            known = now < self._away_until.get(queue, float("-inf"))
            self._away_until[queue] = now + _PAUSE_SECONDS
        if not known:
            log_event(_log, logging.WARNING, "hint not sent", queue=queue, error_type=type(error).__name__)


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
        except _ABSENT as error:
            raise TransientError("bus-unavailable", text="the topic did not take the events") from error


def _message_of(hint: Hint) -> ServiceBusMessage:
    return ServiceBusMessage(
        orjson.dumps({"stream": hint.stream_id}),
        content_type="application/json",
        application_properties={"Diagnostic-Id": hint.traceparent},
        scheduled_enqueue_time_utc=hint.not_before,
    )
