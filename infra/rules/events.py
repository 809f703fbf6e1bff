"""
Event Grid: it reaches a private Service Bus only by a system-assigned identity that may send there.

A user-assigned identity does not pass a firewalled destination, and a private function app cannot be reached
at all: every layer but this one accepts both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.engine.resources import Resource
from infra.rules import Finding, error
from infra.rules.reading import of_kinds, same_id, value, with_id

_TOPICS = ("eventgrid:SystemTopic", "eventgrid:Topic")
_SUBSCRIPTIONS = {
    "eventgrid:SystemTopicEventSubscription": "systemTopicName",
    "eventgrid:TopicEventSubscription": "topicName",
}
_SENDER = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"


def deliveries_go_by_a_system_assigned_identity(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find subscriptions that deliver elsewhere than to Service Bus, or by another identity than the topic's own."""
    for subscription in of_kinds(resources, *_SUBSCRIPTIONS):
        inner = value(subscription, "deliveryWithResourceIdentity") or {}
        destination = inner.get("destination") or value(subscription, "destination") or {}
        kind = destination.get("endpointType")
        if kind == "AzureFunction" and _is_open_to_events(resources, destination.get("resourceId")):
            continue
        if kind not in ("ServiceBusQueue", "ServiceBusTopic"):
            text = f"delivers to {kind}: a private app cannot be reached, deliver to a Service Bus queue"
            yield error("event-destination", subscription, "destination", text)
        elif (inner.get("identity") or {}).get("type") != "SystemAssigned":
            text = "delivers without a system-assigned identity: no other passes the bus's firewall"
            yield error("event-identity", subscription, "deliveryWithResourceIdentity.identity", text)
        else:
            yield from _may_send(subscription, destination.get("resourceId"), resources)


def what_cannot_be_delivered_is_kept(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find subscriptions that drop an event when their retries are over."""
    for subscription in of_kinds(resources, *_SUBSCRIPTIONS):
        kept = value(subscription, "deadLetterWithResourceIdentity") or value(subscription, "deadLetterDestination")
        if not kept:
            text = "an event that cannot be delivered is dropped: name a container for dead letters"
            yield error("event-dead-letter", subscription, "deadLetterWithResourceIdentity", text)


def _may_send(subscription: Resource, target: object, resources: Sequence[Resource]) -> Iterator[Finding]:
    name = value(subscription, _SUBSCRIPTIONS[subscription.kind])
    topics = [topic for topic in of_kinds(resources, *_TOPICS) if topic.id.rpartition("/")[2] == name]
    for topic in topics:
        if "SystemAssigned" not in str(value(topic, "identity.type")):
            yield error("event-identity", topic, "identity.type", "has no system-assigned identity to deliver by")
            continue
        principal = (topic.outputs.get("identity") or {}).get("principalId")
        if not any(
            value(role, "principalId") == principal
            and str(value(role, "roleDefinitionId")).endswith(_SENDER)
            and same_id(value(role, "scope"), target)
            for role in of_kinds(resources, "authorization:RoleAssignment")
        ):
            text = f"its topic {topic.name} may not send there: assign it Azure Service Bus Data Sender"
            yield error("event-grant", subscription, "deliveryWithResourceIdentity", text)


def _is_open_to_events(resources: Sequence[Resource], function: object) -> bool:
    app = str(function).rpartition("/functions/")[0]
    return any(
        value(found, "siteConfig.ipSecurityRestrictionsDefaultAction") == "Deny"
        and value(found, "publicNetworkAccess") == "Enabled"
        for found in with_id(of_kinds(resources, "web:WebApp"), app)
    )


RULES = (deliveries_go_by_a_system_assigned_identity, what_cannot_be_delivered_is_kept)
