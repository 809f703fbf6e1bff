"""The entities of the configuration by their addresses, filled from the store at start-up."""

from __future__ import annotations

from local.service_bus.config import NamespaceConfig
from local.service_bus.queues import DEAD_LETTER_QUEUE, Queue, QueueRules
from local.service_bus.schedule import Clockwork
from local.service_bus.store import Store
from local.service_bus.topics import Topic


class Namespace:
    """Queues (subscriptions and dead-letter queues among them) and topics by their paths in lower case."""

    def __init__(self, config: NamespaceConfig, clockwork: Clockwork) -> None:
        self.queues: dict[str, Queue] = {}
        self.topics: dict[str, Topic] = {}
        self.senders: dict[str, Queue | Topic] = {}
        self._clockwork = clockwork
        for each in config.queues:
            self.senders[each.name.lower()] = self._add(each.name, each.rules, each.duplicate_window)
        for declared in config.topics:
            topic = Topic(declared.name, clockwork, declared.duplicate_window, declared.time_to_live)
            self.topics[declared.name.lower()] = self.senders[declared.name.lower()] = topic
            for subscription in declared.subscriptions:
                queue = self._add(f"{declared.name}/Subscriptions/{subscription.name}", subscription.rules, None)
                topic.subscriptions.append((queue, subscription.filters))

    def _add(self, name: str, rules: QueueRules, duplicate_window: float | None) -> Queue:
        burial = QueueRules(lock_duration=rules.lock_duration, max_delivery_count=None)
        dead = Queue(name + DEAD_LETTER_QUEUE, burial, self._clockwork)
        queue = Queue(name, rules, self._clockwork, dead, duplicate_window)
        self.queues[dead.name.lower()] = dead
        self.queues[name.lower()] = queue
        return queue

    def entity(self, name: str) -> Queue | Topic | None:
        """Return the entity at a path in lower case."""
        return self.queues.get(name) or self.topics.get(name)

    def restore(self, store: Store) -> tuple[int, int]:
        """Fill the entities; return how many messages were taken and how many belong to no declared entity."""
        taken = left = 0
        for name, message in store.messages():
            entity = self.entity(name)
            if entity is None:
                left += 1  # kept: the entity may be declared again
            else:
                entity.restore(message)
                taken += 1
        for name, sequence in store.last_sequences().items():
            if (entity := self.entity(name)) is not None:
                entity.schedule.last_sequence = max(entity.schedule.last_sequence, sequence)
        for name, message_id, at in store.seen():
            if (entity := self.entity(name)) is not None:
                entity.history.restore(message_id, at)
        return taken, left

    def tick(self) -> None:
        """Do what time asks for in every entity."""
        for topic in self.topics.values():
            topic.tick()
        for queue in self.queues.values():
            queue.tick()
