"""
What a queue, a subscription and a dead-letter queue do with messages: pure, see `schedule`.

    scheduled -> active -> locked -> completed | dead-lettered
                   ^         |
                   +---------+  abandoned, released, or the lock expired
                             +-> deferred -> locked (by its sequence number)

A message is in one entity and in one state. Each change goes to the journal before anybody hears of it; the
journal is committed once per turn. The delivery count counts failed deliveries: an abandoned or expired lock adds
one, a deferral too; a release does not. Returned messages take their old place.
"""

from __future__ import annotations

import heapq
from collections import ChainMap
from dataclasses import dataclass, replace
from itertools import chain
from uuid import UUID

from local.service_bus.message import Content, Message, State
from local.service_bus.schedule import Clockwork, Deadlines, DuplicateHistory, Schedule

DEAD_LETTER_QUEUE = "/$DeadLetterQueue"


@dataclass(frozen=True, slots=True)
class QueueRules:
    """How a queue or a subscription treats its messages; durations in seconds."""

    lock_duration: float = 60.0
    max_delivery_count: int | None = 10
    time_to_live: float | None = None
    dead_letter_expired: bool = False


class Queue:
    """A queue, a subscription or a dead-letter queue."""

    def __init__(
        self, name: str, rules: QueueRules, clockwork: Clockwork, dead_letters: Queue | None = None,
        duplicate_window: float | None = None,
    ) -> None:  # fmt: skip
        self.name, self.rules, self.dead_letters = name, rules, dead_letters
        self.schedule = Schedule(name, clockwork)
        self.history = DuplicateHistory(name, duplicate_window, clockwork)
        self.messages: dict[int, Message] = {}
        self._clockwork, self._journal = clockwork, clockwork.journal
        self._ready: list[int] = []
        self._locked: dict[UUID, Message] = {}
        self._lock_ends = Deadlines()
        self._expiries = Deadlines()

    # ------------------------------------------------------------------ in
    def restore(self, message: Message) -> None:
        """Take back a message from the store; its lock is forgotten."""
        if message.state is State.SCHEDULED:
            self.schedule.restore(message)
        else:
            self._hold(message)

    def send(self, content: Content) -> int | None:
        """Take a message from a sender: now or at its instant; None for a duplicate, which changes nothing."""
        if self.history.repeats(content):
            return None
        if content.scheduled_for is not None and content.scheduled_for > self._clockwork.now():
            return self.schedule.add(content, content.scheduled_for)
        return self.enqueue(content)

    def enqueue(self, content: Content) -> int:
        """Append a message."""
        now = self._clockwork.now()
        lives = [t for t in (content.time_to_live, self.rules.time_to_live) if t is not None]
        message = Message(
            sequence=self.schedule.next_sequence(), content=content, enqueued_at=now,
            expires_at=now + min(lives) if lives else None,
        )  # fmt: skip
        self._journal.insert(self.name, message)
        self._hold(message)
        return message.sequence

    def _hold(self, message: Message) -> None:
        self.messages[message.sequence] = message
        self.schedule.last_sequence = max(self.schedule.last_sequence, message.sequence)
        if message.expires_at is not None:
            self._expiries.add(message.expires_at, message.sequence)
        if message.state is State.ACTIVE:
            heapq.heappush(self._ready, message.sequence)

    # ------------------------------------------------------------------ out
    def take(self) -> Message | None:
        """Lock and return the next message."""
        while self._ready:
            message = self.messages.get(heapq.heappop(self._ready))
            if message is not None and not self._expire(message):
                return self._lock(message)
        return None

    def take_for_good(self) -> Message | None:
        """Remove and return the next message (receive and delete)."""
        message = self.take()
        if message is not None and message.lock is not None:
            self.complete(message.lock)
            message.lock = None
        return message

    def deferred(self, sequence: int) -> Message | None:
        """Return a deferred message that nobody holds."""
        message = self.messages.get(sequence)
        if message is None or message.state is not State.DEFERRED or message.lock or self._expire(message):
            return None
        return message

    def take_deferred(self, sequence: int, *, for_good: bool) -> Message | None:
        """Lock (or remove) and return a deferred message; None when there is none of that number."""
        message = self.deferred(sequence)
        if message is None:
            return None
        if for_good:
            self._remove(message)
            return message
        return self._lock(message)

    def peek(self, start: int, count: int) -> list[Message]:
        """Return messages from a sequence number on, whatever their state; nothing is locked."""
        every = ChainMap(self.messages, self.schedule.messages)
        numbers = (s for s in chain(self.messages, self.schedule.messages) if s >= start)
        return [every[s] for s in heapq.nsmallest(count, numbers)]

    # ------------------------------------------------------------------ settlement; False: the lock is lost
    def complete(self, token: UUID) -> bool:
        """Remove a locked message."""
        message = self._unlock(token)
        if message is not None:
            self._remove(message)
        return message is not None

    def release(self, token: UUID) -> bool:
        """Give a message back as if it had never been delivered."""
        message = self._unlock(token)
        if message is not None:
            self._give_back(message)
        return message is not None

    def abandon(self, token: UUID) -> bool:
        """Give a message back after a failed delivery; the last failure dead-letters it."""
        message = self._unlock(token)
        if message is not None:
            self._fail(message)
        return message is not None

    def defer(self, token: UUID) -> bool:
        """Set a message aside; it can be had by its sequence number alone."""
        message = self._unlock(token)
        if message is not None:
            message.delivery_count += 1
            message.state = State.DEFERRED
            self._journal.update(self.name, message)
            self._expire(message)
        return message is not None

    def dead_letter(self, token: UUID, reason: str | None, description: str | None) -> bool:
        """Move a locked message to the dead-letter queue; in a dead-letter queue it stays."""
        message = self._unlock(token)
        if message is not None:
            self._bury(message, reason, description)
        return message is not None

    def holds(self, token: UUID) -> bool:
        """Tell whether the lock is held."""
        message = self._locked.get(token)
        return message is not None and message.locked_until > self._clockwork.now()

    def renew(self, token: UUID) -> float | None:
        """Lengthen a lock; return its new end, or None when the lock is lost."""
        if not self.holds(token):
            return None
        message = self._locked[token]
        message.locked_until = self._clockwork.now() + self.rules.lock_duration
        self._lock_ends.add(message.locked_until, message.sequence)
        return message.locked_until

    # ------------------------------------------------------------------ time
    def tick(self) -> None:
        """Do what time asks for: due messages in, expired locks back, expired messages out."""
        now = self._clockwork.now()
        for content in self.schedule.due():
            self.enqueue(content)
        for sequence in self._lock_ends.due(now):
            message = self.messages.get(sequence)
            if message is not None and message.lock is not None and message.locked_until <= now:
                del self._locked[message.lock]
                message.lock = None
                self._fail(message)
        for sequence in self._expiries.due(now):
            message = self.messages.get(sequence)
            if message is not None and message.lock is None:
                self._expire(message)
        self.history.tick()
        self._lock_ends.tidy(lambda at, s: s in self.messages and self.messages[s].locked_until == at,
                             2 * len(self._locked) + 1000)  # fmt: skip
        self._expiries.tidy(lambda _, s: s in self.messages, 2 * len(self.messages) + 1000)

    # ------------------------------------------------------------------ within
    def _lock(self, message: Message) -> Message:
        message.lock = self._clockwork.new_token()
        message.locked_until = self._clockwork.now() + self.rules.lock_duration
        self._locked[message.lock] = message
        self._lock_ends.add(message.locked_until, message.sequence)
        return message

    def _unlock(self, token: UUID) -> Message | None:
        if not self.holds(token):
            return None
        message = self._locked.pop(token)
        message.lock = None
        return message

    def _fail(self, message: Message) -> None:
        message.delivery_count += 1
        most = self.rules.max_delivery_count
        if most is not None and message.delivery_count >= most and message.state is State.ACTIVE:
            attempts = f"Message could not be consumed after {message.delivery_count} delivery attempts."
            self._bury(message, "MaxDeliveryCountExceeded", attempts)
        else:
            self._journal.update(self.name, message)
            self._give_back(message)

    def _give_back(self, message: Message) -> None:
        if not self._expire(message) and message.state is State.ACTIVE:
            heapq.heappush(self._ready, message.sequence)

    def _expire(self, message: Message) -> bool:
        if message.expires_at is None or message.expires_at > self._clockwork.now():
            return False
        if self.rules.dead_letter_expired:
            self._bury(message, "TTLExpiredException", "The message expired and was dead lettered.")
        else:
            self._remove(message)
        return True

    def _remove(self, message: Message) -> None:
        del self.messages[message.sequence]
        self._journal.delete(self.name, message.sequence)

    def _bury(self, message: Message, reason: str | None, description: str | None) -> None:
        target = self.dead_letters
        if target is None:
            message.state = State.ACTIVE
            self._journal.update(self.name, message)
            heapq.heappush(self._ready, message.sequence)
            return
        self._remove(message)
        dead = replace(
            message, content=message.content.dead_lettered(reason, description), state=State.ACTIVE,
            expires_at=None, dead_letter_source=self.name,
        )  # fmt: skip
        self._journal.insert(target.name, dead)
        target._hold(dead)
