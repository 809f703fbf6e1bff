"""
Native dead letters of Azure Service Bus, taken out of every queue's and subscription's `$DeadLetterQueue`.

A letter is completed only after whoever takes it has recorded it; else it stays and comes again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import closing, suppress

from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusClient, ServiceBusReceivedMessage, ServiceBusReceiver, ServiceBusSubQueue
from azure.servicebus.exceptions import ServiceBusError

from shared.catalog.model import Queue, Subscription
from shared.errors import TransientError
from shared.ports import DeadLetter

_PATIENCE_SECONDS = 1.0
_AT_ONCE = 50
# What is not a word of the bus's own may be a text that somebody wrote: it is not kept.
_REASON = re.compile(r"[A-Za-z][A-Za-z0-9.:-]{0,79}")


class ServiceBusDeadLetters:
    """Opens one receiver after the other: residue is rare, and nothing waits for it."""

    def __init__(self, client: Callable[[], ServiceBusClient], entities: Sequence[Queue | Subscription]) -> None:
        self._client = client
        self._entities = entities

    def drain(self, take: Callable[[DeadLetter], None]) -> int:
        """Hand each letter to `take` and complete it; return how many. TransientError `bus-unavailable`."""
        drained = 0
        try:
            with closing(self._client()) as client:
                for entity in self._entities:
                    with closing(_receiver(client, entity)) as receiver:
                        drained += _drain(receiver, _name(entity), isinstance(entity, Subscription), take)
        except (ServiceBusError, AzureError, OSError) as error:
            raise TransientError("bus-unavailable", text="a dead-letter queue cannot be read") from error
        return drained


def _receiver(client: ServiceBusClient, entity: Queue | Subscription) -> ServiceBusReceiver:
    if isinstance(entity, Queue):
        return client.get_queue_receiver(entity.name, sub_queue=ServiceBusSubQueue.DEAD_LETTER)
    return client.get_subscription_receiver(entity.topic.name, entity.name, sub_queue=ServiceBusSubQueue.DEAD_LETTER)


def _name(entity: Queue | Subscription) -> str:
    return entity.name if isinstance(entity, Queue) else f"{entity.topic.name}/{entity.name}"


def _drain(receiver: ServiceBusReceiver, entity: str, is_fact: bool, take: Callable[[DeadLetter], None]) -> int:
    drained = 0
    while letters := receiver.receive_messages(max_message_count=_AT_ONCE, max_wait_time=_PATIENCE_SECONDS):
        for place, letter in enumerate(letters):
            try:
                take(_read(letter, entity, is_fact))
            except BaseException:
                _give_back(receiver, letters[place:])
                raise
            receiver.complete_message(letter)
            drained += 1
    return drained


def _give_back(receiver: ServiceBusReceiver, letters: Sequence[ServiceBusReceivedMessage]) -> None:
    """Leave the letters where they are for the next time, rather than until their locks run out."""
    with suppress(ServiceBusError):
        for letter in letters:
            receiver.abandon_message(letter)


def _read(letter: ServiceBusReceivedMessage, entity: str, is_fact: bool) -> DeadLetter:
    reason = letter.dead_letter_reason or ""
    return DeadLetter(
        entity=entity,
        sequence=letter.sequence_number or 0,
        reason=reason if _REASON.fullmatch(reason) else "not-given",
        body=b"".join(bytes(part) for part in letter.body),
        enqueued_at=letter.enqueued_time_utc,
        is_fact=is_fact,
    )
