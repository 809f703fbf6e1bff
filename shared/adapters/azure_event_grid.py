"""Facts over Azure Event Grid: CloudEvents 1.0 to the topic that the enterprise subscribes to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from azure.core.exceptions import AzureError
from azure.core.messaging import CloudEvent
from azure.eventgrid import EventGridPublisherClient

from shared.errors import TransientError


class EventGridFactPublisher:
    """
    One request per call; Event Grid has kept the events when it returns, and delivers them at least once.

    The SDK's client for topics takes no options (4.22): it tries three times, and trusts the machine's authorities or
    those of REQUESTS_CA_BUNDLE.
    """

    def __init__(self, topic: EventGridPublisherClient) -> None:
        self._topic = topic

    def publish(self, events: Sequence[dict[str, Any]]) -> None:
        """Send all; TransientError `event-grid-unavailable` when the topic does not take them."""
        try:
            self._topic.send([CloudEvent.from_dict(event) for event in events])
        except AzureError as error:
            raise TransientError("event-grid-unavailable", text="the topic did not take the events") from error
