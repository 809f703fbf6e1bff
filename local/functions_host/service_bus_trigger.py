"""
Service Bus queue and subscription triggers.

A function that returns completes its message, one that raises abandons it at once: the broker redelivers at once and
dead-letters after MaxDeliveryCount. No retry policy applies here.

Each receiver owns a connection and a thread: receive, invoke, settle, and renewal in between, all in that thread.
Settlements awaited together on one asynchronous receiver starve one another; behind a lock, or with one asynchronous
receiver each, they reach a third of what threads reach (measured with the SDK 7.15). A trigger starts with one
receiver and doubles them whenever all are busy, up to maxConcurrentCalls.
"""

from __future__ import annotations

import concurrent.futures
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.servicebus import ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver

from local.functions_host.app_loading import LoadedFunction
from local.functions_host.appetite import Appetite
from local.functions_host.invocation import Call, Invoker, Outcome
from local.functions_host.logs import RECEIVER_THREAD, event
from local.functions_host.service_bus_message import many_messages, one_message, trace_of
from local.functions_host.settings import HostSettings, ServiceBusOptions

_RECEIVE_SECONDS = 0.5
GATHER_SECONDS = 0.02
_WATCH_SECONDS = 0.25
_IDLE_SECONDS = 60.0
_FIRST_BACK_OFF = 0.1
_LONGEST_BACK_OFF = 5.0
_TRUSTED_OPENING = 1.0


class ServiceBusTrigger:
    """Feeds one function from one queue or subscription."""

    def __init__(
        self,
        function: LoadedFunction,
        settings: HostSettings,
        invoker: Invoker,
        new_client: Callable[[], ServiceBusClient],
    ) -> None:
        self._function = function
        self._options: ServiceBusOptions = settings.service_bus
        self._grace = settings.grace
        self._invoker = invoker
        self._new_client = new_client
        self._many = takes_many(function)
        self._entity = _entity(function, settings)
        self._most = 1 if self._many else self._options.max_concurrent_calls
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._busy = 0
        self._in_outage = False
        self._stopping = threading.Event()
        self._deadline = math.inf
        self._attempted = threading.Event()

    def start(self) -> None:
        """Begin to receive; a broker that is not there is tried again until it is."""
        self._add_receiver(keeper=True)

    def wait_until_attempted(self, seconds: float) -> bool:
        """Wait until the first receiver listens or has failed once."""
        return self._attempted.wait(seconds)

    def stop(self) -> None:
        """Take no further message; running invocations have the grace time from now on."""
        self._deadline = time.monotonic() + self._grace
        self._stopping.set()

    def join(self) -> None:
        """Wait until every receiver has settled and closed."""
        while True:
            with self._lock:
                threads = list(self._threads)
            if not threads:
                return
            for thread in threads:
                thread.join()

    def _add_receiver(self, *, keeper: bool) -> None:
        name = f"{RECEIVER_THREAD}-{self._function.name}"
        thread = threading.Thread(target=self._receive_for_ever, args=(keeper,), name=name, daemon=True)
        self._threads.add(thread)
        thread.start()

    def _receive_for_ever(self, keeper: bool) -> None:
        back_off = _FIRST_BACK_OFF
        try:
            while not self._stopping.is_set():
                opened = time.monotonic()
                try:
                    self._receive(keeper)
                    return
                except Exception as error:  # noqa: BLE001  whatever the SDK raises is an outage of this receiver
                    self._attempted.set()
                    self._outage_began(error)
                if not keeper:
                    return
                if time.monotonic() - opened > _TRUSTED_OPENING + back_off:
                    back_off = _FIRST_BACK_OFF
                self._stopping.wait(back_off)
                back_off = min(back_off * 2, _LONGEST_BACK_OFF)
        finally:
            with self._lock:
                self._threads.discard(threading.current_thread())

    def _receive(self, keeper: bool) -> None:
        with self._new_client() as client, self._open(client) as receiver:
            self._attempted.set()
            appetite = Appetite(self._options.max_batch_size if self._many else 1)
            last_message = time.monotonic()
            while not self._stopping.is_set():
                messages = _next_messages(receiver, appetite)
                self._outage_ended()
                if messages:
                    self._process(receiver, messages)
                    last_message = time.monotonic()
                elif not keeper and time.monotonic() - last_message > _IDLE_SECONDS:
                    return

    def _open(self, client: ServiceBusClient) -> ServiceBusReceiver:
        # Shared among the receivers, as the prefetch of Azure's one processor is.
        prefetch = math.ceil(self._options.prefetch_count / self._most)
        queue, topic, subscription = self._entity
        options: dict[str, Any] = {"prefetch_count": prefetch, "max_wait_time": _RECEIVE_SECONDS}
        if queue:
            return client.get_queue_receiver(queue, **options)
        return client.get_subscription_receiver(topic, subscription, **options)

    def _process(self, receiver: ServiceBusReceiver, messages: Sequence[ServiceBusReceivedMessage]) -> None:
        with self._lock:
            self._busy += 1
            if self._busy == len(self._threads) and not self._stopping.is_set():
                # Opening takes half a second: doubling reaches sixteen in two.
                for _ in range(min(self._busy, self._most - self._busy)):
                    self._add_receiver(keeper=False)
        try:
            datum, metadata = many_messages(messages) if self._many else one_message(messages[0])
            call = Call(self._function, datum, trace_of(messages[0]), metadata)
            succeeded = self._watch(receiver, messages, self._invoker.submit(call))
            self._settle(receiver, messages, succeeded)
        finally:
            with self._lock:
                self._busy -= 1

    def _watch(
        self, receiver: ServiceBusReceiver, messages: Sequence[ServiceBusReceivedMessage], running: Future[Outcome]
    ) -> bool:
        renew_until = time.monotonic() + self._options.max_renewal.total_seconds()
        renewal = _renewal(messages)
        while True:
            try:
                return running.result(timeout=_WATCH_SECONDS).succeeded
            except concurrent.futures.CancelledError:
                return False
            except TimeoutError:
                now = time.monotonic()
                if now > self._deadline:
                    return False
                if renewal <= now < renew_until:
                    renewal = self._renewed(receiver, messages)

    def _renewed(self, receiver: ServiceBusReceiver, messages: Sequence[ServiceBusReceivedMessage]) -> float:
        try:
            for message in messages:
                receiver.renew_message_lock(message)
        except Exception as error:  # noqa: BLE001  a lost lock means redelivery, not the end of the invocation
            event("Lock not renewed", level=logging.WARNING, error=error, function=self._function.name)
            return math.inf
        return _renewal(messages)

    def _settle(
        self, receiver: ServiceBusReceiver, messages: Sequence[ServiceBusReceivedMessage], succeeded: bool
    ) -> None:
        if succeeded and not self._options.auto_complete:
            return
        settle = receiver.complete_message if succeeded else receiver.abandon_message
        for message in messages:
            try:
                settle(message)
            except Exception as error:  # noqa: BLE001  the message comes again; the receiver finds out whether it still works
                event("Message not settled", level=logging.WARNING, error=error, function=self._function.name)

    def _outage_began(self, error: Exception) -> None:
        with self._lock:
            first, self._in_outage = not self._in_outage, True
        if first and not self._stopping.is_set():
            event("Service Bus lost", level=logging.WARNING, error=error, function=self._function.name)

    def _outage_ended(self) -> None:
        with self._lock:
            ended, self._in_outage = self._in_outage, False
        if ended:
            event("Service Bus found", function=self._function.name)


def takes_many(function: LoadedFunction) -> bool:
    """Say whether the function takes its messages by the list."""
    return str(function.trigger.get("cardinality", "ONE")).upper() == "MANY"


def _next_messages(receiver: ServiceBusReceiver, appetite: Appetite) -> list[ServiceBusReceivedMessage]:
    """Return what waits, as far as the appetite goes, or the first that comes; nothing after a while without any."""
    asked = datetime.now(UTC)
    # Not `receive_messages`, which tells the broker anew at each call that it may send, twice a second in an idle one.
    first = next(receiver, None)
    if first is None:
        return []
    more = appetite.after_first(had_waited=first.enqueued_time_utc is not None and first.enqueued_time_utc < asked)
    if not more:
        return [first]
    rest = receiver.receive_messages(max_message_count=more, max_wait_time=GATHER_SECONDS)
    appetite.came(more, len(rest))
    return [first, *rest]


def _entity(function: LoadedFunction, settings: HostSettings) -> tuple[str, str, str]:
    queue, topic, subscription = (
        settings.resolve(str(function.trigger.get(name, "")))
        for name in ("queueName", "topicName", "subscriptionName")
    )
    return queue, topic, subscription


def _renewal(messages: Sequence[ServiceBusReceivedMessage]) -> float:
    # Half of what is left of the lock, on the clock that the watch reads.
    left = [
        message.locked_until_utc - datetime.now(UTC) for message in messages if message.locked_until_utc is not None
    ]
    return time.monotonic() + max(min(left, default=timedelta.max), timedelta()).total_seconds() / 2
