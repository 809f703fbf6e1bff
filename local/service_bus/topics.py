"""Topics: what they take goes to their subscriptions."""

from __future__ import annotations

from dataclasses import replace

from local.service_bus.filters import Filter
from local.service_bus.message import Content, Message
from local.service_bus.queues import Queue
from local.service_bus.schedule import Clockwork, DuplicateHistory, Schedule


class Topic:
    """A topic: what it takes goes to each subscription of which one filter matches, in one commit."""

    def __init__(self, name: str, clockwork: Clockwork, duplicate_window: float | None, ttl: float | None) -> None:
        self.name = name
        self.schedule = Schedule(name, clockwork)
        self.history = DuplicateHistory(name, duplicate_window, clockwork)
        self.subscriptions: list[tuple[Queue, tuple[Filter, ...]]] = []
        self._clockwork, self._ttl = clockwork, ttl

    def restore(self, message: Message) -> None:
        """Take back a scheduled message from the store."""
        self.schedule.restore(message)

    def send(self, content: Content) -> int | None:
        """Take a message from a sender; None unless it is scheduled: subscriptions number their own copies."""
        if self.history.repeats(content):
            return None
        if content.scheduled_for is not None and content.scheduled_for > self._clockwork.now():
            return self.schedule.add(content, content.scheduled_for)
        self._publish(content)
        return None

    def peek(self, start: int, count: int) -> list[Message]:
        """Return the scheduled messages from a sequence number on."""
        waiting = self.schedule.messages
        return [waiting[s] for s in sorted(s for s in waiting if s >= start)[:count]]

    def tick(self) -> None:
        """Publish what is due."""
        for content in self.schedule.due():
            self._publish(content)
        self.history.tick()

    def _publish(self, content: Content) -> None:
        matching = [queue for queue, filters in self.subscriptions if any(matches(content) for matches in filters)]
        if self._ttl is not None and (content.time_to_live is None or content.time_to_live > self._ttl):
            content = replace(content, time_to_live=self._ttl)
        for queue in matching:
            queue.enqueue(content)
