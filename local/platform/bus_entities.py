"""The catalogue's queues, topics and subscriptions in the shape of the official emulator's Config.json."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from shared.catalog.index import queues, subscriptions, topics
from shared.catalog.model import Queue, Subscription, Topic


def emulator_config() -> dict[str, Any]:
    """Return the configuration that the stand-in and the official Service Bus emulator both take."""
    return {
        "UserConfig": {
            "Namespaces": [
                {
                    "Name": "sbemulatorns",
                    "Queues": [_queue(queue) for queue in queues()],
                    "Topics": [_topic(topic) for topic in topics()],
                }
            ],
            "Logging": {"Type": "Console"},
        }
    }


def _queue(queue: Queue) -> dict[str, Any]:
    return {
        "Name": queue.name,
        "Properties": {
            "DeadLetteringOnMessageExpiration": True,
            "DefaultMessageTimeToLive": _iso_duration(queue.time_to_live),
            "LockDuration": _iso_duration(queue.lock),
            "MaxDeliveryCount": queue.max_deliveries,
            "RequiresDuplicateDetection": False,
            "RequiresSession": False,
        },
    }


def _topic(topic: Topic) -> dict[str, Any]:
    return {
        "Name": topic.name,
        "Properties": {
            "DefaultMessageTimeToLive": _iso_duration(topic.time_to_live),
            "RequiresDuplicateDetection": True,
            "DuplicateDetectionHistoryTimeWindow": _iso_duration(topic.duplicate_window),
        },
        "Subscriptions": [_subscription(each) for each in subscriptions() if each.topic == topic],
    }


def _subscription(subscription: Subscription) -> dict[str, Any]:
    return {
        "Name": subscription.name,
        "Properties": {
            "DeadLetteringOnMessageExpiration": True,
            "DefaultMessageTimeToLive": _iso_duration(subscription.topic.time_to_live),
            "LockDuration": _iso_duration(subscription.lock),
            "MaxDeliveryCount": subscription.max_deliveries,
            "RequiresSession": False,
        },
        "Rules": [
            {
                "Name": "filter",
                "Properties": {"FilterType": "Sql", "SqlFilter": {"SqlExpression": subscription.sql_filter}},
            }
        ],
    }


def _iso_duration(duration: timedelta) -> str:
    """Return the ISO 8601 form that Service Bus writes, e.g. PT60S."""
    return f"PT{int(duration.total_seconds())}S"
