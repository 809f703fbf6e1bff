"""
Topics and their subscriptions, from one JSON file.

    {"topics": ["facts", "landing"],
     "subscriptions": [{"name": "...", "topic": "landing", "types": ["..."], "subjectBeginsWith": "",
                        "queue": "intake-take-files"},
                       {"name": "...", "topic": "vaults-facts", "types": ["..."], "webhook": "http://..."}]}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who is told: the queue or, where there is none, the webhook. No types means all."""

    name: str
    topic: str
    types: tuple[str, ...] = ()
    subject_begins_with: str = ""
    queue: str = ""
    webhook: str = ""

    def takes(self, event: Mapping[str, Any]) -> bool:
        """Tell whether the event passes the filters."""
        subject = str(event.get("subject") or "")
        return (not self.types or event["type"] in self.types) and subject.startswith(self.subject_begins_with)


@dataclass(frozen=True, slots=True)
class Topics:
    """Every topic by name, and who listens to it."""

    names: frozenset[str]
    subscriptions: tuple[Subscription, ...]

    def listeners(self, topic: str, event: Mapping[str, Any]) -> list[Subscription]:
        """Return the subscriptions of `topic` that take the event."""
        return [each for each in self.subscriptions if each.topic == topic and each.takes(event)]


def load_topics(path: Path) -> Topics:
    """Return what the file says; ConfigurationError `event-grid-config-invalid` when it cannot be meant."""
    try:
        content = json.loads(path.read_bytes())
        topics = frozenset(str(name) for name in content["topics"])
        subscriptions = tuple(_subscription(each) for each in content["subscriptions"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = "the file must name topics and subscriptions"
        raise ConfigurationError("event-grid-config-invalid", str(path), text) from error
    for each in subscriptions:
        if each.topic not in topics or bool(each.queue) == bool(each.webhook):
            text = f"{each.name}: a subscription is of a topic and has a queue or a webhook"
            raise ConfigurationError("event-grid-config-invalid", str(path), text)
    return Topics(topics, subscriptions)


def _subscription(each: Mapping[str, Any]) -> Subscription:
    return Subscription(
        name=str(each["name"]),
        topic=str(each["topic"]),
        types=tuple(each.get("types", ())),
        subject_begins_with=str(each.get("subjectBeginsWith", "")),
        queue=str(each.get("queue", "")),
        webhook=str(each.get("webhook", "")),
    )
