"""Where events are delivered: a queue of the bus, or a webhook that has said that it wants them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

import httpx
from azure.core.exceptions import AzureError
from azure.servicebus import ServiceBusMessage
from azure.servicebus.exceptions import ServiceBusError

from local.event_grid.config import Subscription
from shared.adapters.azure_service_bus import ServiceBusSenders

_ORIGIN = "eventgrid.azure.net"
_MEDIA_TYPE = "application/cloudevents+json; charset=utf-8"
_PATIENCE_SECONDS = 30.0
# Azure does not try again what will not be otherwise the next time.
_LASTING = frozenset({400, 401, 403, 413})


class DeliveryError(Exception):
    """The event did not arrive; `outcome` is what is written on a dead letter, `is_lasting` forbids a retry."""

    def __init__(self, outcome: str, *, is_lasting: bool = False) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.is_lasting = is_lasting


class Target(Protocol):
    """The far end of one subscription."""

    def is_ready(self) -> bool:
        """Tell whether events may be delivered: until then they wait, and no attempt is counted."""

    def deliver(self, event: dict[str, Any], attempts: int) -> None:
        """Deliver one event; DeliveryError when it did not arrive."""


class QueueTarget:
    """A Service Bus queue: the event is the body of one message."""

    def __init__(self, queue: str, senders: ServiceBusSenders) -> None:
        self._queue = queue
        self._senders = senders

    def is_ready(self) -> bool:
        """Tell that a queue needs no handshake."""
        return True

    def deliver(self, event: dict[str, Any], attempts: int) -> None:
        """Send the event; a queue that cannot be reached is tried again."""
        message = ServiceBusMessage(
            json.dumps(event),
            message_id=event["id"],
            content_type=_MEDIA_TYPE,
            application_properties={"aeg-event-type": "Notification", "aeg-delivery-count": str(attempts)},
        )
        try:
            self._senders.send(self._queue, [message])
        except (ServiceBusError, AzureError) as error:
            raise DeliveryError(type(error).__name__) from error


class WebhookTarget:
    """An HTTP endpoint: asked once by OPTIONS whether it wants events (the CloudEvents webhook handshake)."""

    def __init__(self, subscription: Subscription, make_client: Callable[[], httpx.Client]) -> None:
        self._subscription = subscription
        self._client = make_client()
        self._agreed = False

    def is_ready(self) -> bool:
        """Tell whether the endpoint has agreed, asking it if it has not."""
        if not self._agreed:
            try:
                answer = self._client.options(
                    self._subscription.webhook, headers={"WebHook-Request-Origin": _ORIGIN}, timeout=5
                )
            except httpx.HTTPError:
                return False
            allowed = answer.headers.get("WebHook-Allowed-Origin", "")
            self._agreed = answer.is_success and allowed in ("*", _ORIGIN)
        return self._agreed

    def deliver(self, event: dict[str, Any], attempts: int) -> None:
        """Post the event; anything but 200 to 204 within thirty seconds is a failure."""
        headers = {
            "Content-Type": _MEDIA_TYPE,
            "aeg-event-type": "Notification",
            "aeg-subscription-name": self._subscription.name.upper(),
            "aeg-delivery-count": str(attempts),
        }
        try:
            answer = self._client.post(
                self._subscription.webhook, content=json.dumps(event), headers=headers, timeout=_PATIENCE_SECONDS
            )
        except httpx.HTTPError as error:
            raise DeliveryError(type(error).__name__) from error
        if not httpx.codes.OK <= answer.status_code <= httpx.codes.NO_CONTENT:
            raise DeliveryError(str(answer.status_code), is_lasting=answer.status_code in _LASTING)
