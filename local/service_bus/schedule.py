"""
What every entity has: a journal, a clock, its sequence numbers, its scheduled messages and its memory of ids.

All of it is pure: time, lock tokens and the journal are injected.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from local.service_bus.message import Content, Message, State


class Journal(Protocol):
    """Where changes become durable. A sequence number names one message of an entity and is never used again."""

    def insert(self, entity: str, message: Message) -> None:
        """Note a new message."""

    def update(self, entity: str, message: Message) -> None:
        """Note the state and the delivery count of a message."""

    def delete(self, entity: str, sequence: int) -> None:
        """Note that a message has left the entity."""

    def remember(self, entity: str, message_id: str, at: float) -> None:
        """Note a message id for duplicate detection."""

    def forget(self, entity: str, before: float) -> None:
        """Drop the message ids that were noted before an instant."""


@dataclass(frozen=True, slots=True)
class Clockwork:
    """What an entity takes from outside: time, lock tokens and the journal."""

    now: Callable[[], float]
    new_token: Callable[[], UUID]
    journal: Journal


class Deadlines:
    """Instants at which something is due. An entry may be outdated: whoever takes it checks."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int]] = []

    def add(self, at: float, sequence: int) -> None:
        """Note that the message is due at an instant."""
        heapq.heappush(self._heap, (at, sequence))

    def due(self, now: float) -> Iterator[int]:
        """Take what is due."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[1]

    def tidy(self, wanted: Callable[[float, int], bool], limit: int) -> None:
        """Drop outdated entries once there are more than `limit`."""
        if len(self._heap) > limit:
            self._heap = [entry for entry in self._heap if wanted(*entry)]
            heapq.heapify(self._heap)


class DuplicateHistory:
    """The message ids of the last while; a window of None detects nothing."""

    def __init__(self, entity: str, window: float | None, clockwork: Clockwork) -> None:
        self._entity, self._window, self._clockwork = entity, window, clockwork
        self._seen: OrderedDict[str, float] = OrderedDict()

    def restore(self, message_id: str, at: float) -> None:
        """Take back an id from the store; ids come in the order of their instants."""
        self._seen[message_id] = at

    def repeats(self, content: Content) -> bool:
        """Tell whether the message came before within the window; note it when it did not."""
        if self._window is None or content.message_id is None:
            return False
        now = self._clockwork.now()
        at = self._seen.get(content.message_id)
        if at is not None and at > now - self._window:
            return True
        self._seen.pop(content.message_id, None)
        self._seen[content.message_id] = now
        self._clockwork.journal.remember(self._entity, content.message_id, now)
        return False

    def tick(self) -> None:
        """Forget the ids that left the window."""
        if self._window is None or not self._seen:
            return
        before = self._clockwork.now() - self._window
        if next(iter(self._seen.values())) >= before:
            return
        while self._seen and next(iter(self._seen.values())) < before:
            self._seen.popitem(last=False)
        self._clockwork.journal.forget(self._entity, before)


class Schedule:
    """Messages of one entity that wait for their instant, and the entity's sequence numbers."""

    def __init__(self, entity: str, clockwork: Clockwork) -> None:
        self._entity, self._clockwork = entity, clockwork
        self._deadlines = Deadlines()
        self.messages: dict[int, Message] = {}
        self.last_sequence = 0

    def next_sequence(self) -> int:
        """Return a sequence number that was never used before."""
        self.last_sequence += 1
        return self.last_sequence

    def restore(self, message: Message) -> None:
        """Take back a scheduled message from the store."""
        self.messages[message.sequence] = message
        self._deadlines.add(message.due_at or 0.0, message.sequence)

    def add(self, content: Content, due_at: float) -> int:
        """Keep a message until its instant; return the number by which it can be cancelled."""
        now = self._clockwork.now()
        message = Message(self.next_sequence(), content, now, State.SCHEDULED, due_at=due_at)
        self._clockwork.journal.insert(self._entity, message)
        self.restore(message)
        return message.sequence

    def cancel(self, sequence: int) -> bool:
        """Drop a scheduled message; False when there is none of that number."""
        if self.messages.pop(sequence, None) is None:
            return False
        self._clockwork.journal.delete(self._entity, sequence)
        return True

    def due(self) -> Iterator[Content]:
        """Take the messages whose instant has come."""
        for sequence in self._deadlines.due(self._clockwork.now()):
            message = self.messages.get(sequence)
            if message is not None:
                self.cancel(sequence)
                yield message.content
