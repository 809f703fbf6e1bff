"""Service Bus and Event Grid: checks 46 to 60."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from infra.engine.resources import Resource
from infra.rules import Finding
from infra.rules.checks.check import Check, Each, Held, departure, equal, every
from infra.rules.events import deliveries_go_by_a_system_assigned_identity, what_cannot_be_delivered_is_kept
from infra.rules.private_doors import every_service_has_a_private_endpoint, no_service_has_a_public_door
from infra.rules.reading import items, of_kinds, same_id, value
from infra.rules.watching import everything_reports_to_the_workspace

_BUS, _RULE_SET = "servicebus:Namespace", "servicebus:NamespaceNetworkRuleSet"
_KEYS = tuple(f"servicebus:{each}AuthorizationRule" for each in ("Namespace", "Queue", "Topic"))
_ENTITIES = ("servicebus:Queue", "servicebus:Subscription")
_TOPIC, _EVENTS = "eventgrid:Topic", "eventgrid:Namespace"
_MOST_DELIVERIES = 100
_LOCK = re.compile(r"PT(?:(\d+)M)?(?:(\d+)S)?")
_LONGEST_LOCK = 300  # seconds: the most that Service Bus takes
_TLS = ("1.2", "1.3")
_LISTENERS = (
    "eventgrid:EventSubscription",
    "eventgrid:SystemTopicEventSubscription",
    "eventgrid:TopicEventSubscription",
)


def _linked(resource: Resource, resources: Sequence[Resource]) -> bool:
    return any(
        same_id(resource.id, link.get("privateLinkServiceId"))
        for endpoint in of_kinds(resources, "network:PrivateEndpoint")
        for link in items(endpoint, "privateLinkServiceConnections")
    )


def _buses_too_small_for_their_endpoint(resources: Sequence[Resource]) -> Iterator[Finding]:
    for bus in of_kinds(resources, _BUS):
        if _linked(bus, resources) and value(bus, "sku.name") != "Premium":
            yield departure(bus, "sku.name", "set it to Premium: nothing less has a private endpoint")


def _rules_with_keys(resources: Sequence[Resource]) -> Iterator[Finding]:
    for rule in of_kinds(resources, *_KEYS):
        yield departure(rule, "", "is a key to the bus: assign a role instead")


def _messages_that_could_vanish(resources: Sequence[Resource]) -> Iterator[Finding]:
    for entity in of_kinds(resources, *_ENTITIES):
        if value(entity, "deadLetteringOnMessageExpiration") is not True:
            yield departure(entity, "deadLetteringOnMessageExpiration", "set it to true")
        most = value(entity, "maxDeliveryCount")
        if not isinstance(most, int) or not 1 <= most <= _MOST_DELIVERIES:
            yield departure(entity, "maxDeliveryCount", f"set it to a number from 1 to {_MOST_DELIVERIES}")
        if not 0 < _seconds(value(entity, "lockDuration")) <= _LONGEST_LOCK:
            yield departure(entity, "lockDuration", "set it to PT5M or less")
        if value(entity, "requiresSession"):
            yield departure(entity, "requiresSession", "leave it out: order is in the database (docs/adr/0003)")


def _seconds(duration: Any) -> int:
    found = _LOCK.fullmatch(str(duration))
    return int(found[1] or 0) * 60 + int(found[2] or 0) if found else 0


def _event_namespaces(resources: Sequence[Resource]) -> Iterator[Finding]:
    for namespace in of_kinds(resources, _EVENTS):
        if value(namespace, "publicNetworkAccess") != "Disabled":
            yield departure(namespace, "publicNetworkAccess", "set it to Disabled")
        if not _linked(namespace, resources):
            yield departure(namespace, "", "no private endpoint leads to it")


def _without_identity(resources: Sequence[Resource]) -> Iterator[Finding]:
    for topic in of_kinds(resources, _TOPIC, "eventgrid:SystemTopic", _EVENTS):
        if "Assigned" not in str(value(topic, "identity.type")):
            yield departure(topic, "identity.type", "set it to SystemAssigned")


def _without_retry(resources: Sequence[Resource]) -> Iterator[Finding]:
    for listener in of_kinds(resources, *_LISTENERS):
        for path in ("retryPolicy.maxDeliveryAttempts", "retryPolicy.eventTimeToLiveInMinutes"):
            if not value(listener, path):
                yield departure(listener, path, "set it: a lost event would be lost by Azure's own choice")


CHECKS = (
    Check(46, "bus-local-auth", "no key opens the bus", ("AZR-000178",), equal(_BUS, "disableLocalAuth", wanted=True)),
    Check(47, "bus-tls", "the bus takes TLS 1.2 or newer", ("AZR-000315",),
          Each(_BUS, "minimumTlsVersion", lambda found: found in _TLS, "1.2")),
    Check(48, "bus-premium", "a bus behind a private endpoint is Premium", (), _buses_too_small_for_their_endpoint),
    Check(49, "bus-public", "the bus has no public door", ("cbd11fd3",),
          every(Held(no_service_has_a_public_door, "public-door", (_BUS,)),
                equal(_RULE_SET, "publicNetworkAccess", "Disabled"), equal(_RULE_SET, "defaultAction", "Deny"))),
    Check(50, "bus-endpoint", "a private endpoint leads to the bus", ("1c06e275",),
          Held(every_service_has_a_private_endpoint, "private-endpoint", (_BUS,))),
    Check(51, "bus-logs", "the bus reports to the workspace", ("AZR-000358", "f8d36e2f"),
          Held(everything_reports_to_the_workspace, "diagnostics", (_BUS,))),
    Check(52, "bus-keys", "the bus has no rule with a key", ("a1817ec0",), _rules_with_keys),
    Check(53, "bus-customer-key", "the bus is encrypted twice, once with a key of ours", ("295fc8b1", "ebaf4f25"),
          every(equal(_BUS, "encryption.keySource", "Microsoft.KeyVault"),
                equal(_BUS, "encryption.requireInfrastructureEncryption", wanted=True))),
    Check(54, "bus-entities", "no message vanishes: expired or undeliverable, it is a dead letter", (),
          _messages_that_could_vanish),
    Check(55, "topic-public", "a topic of Event Grid has no public door", ("AZR-000098", "CKV_AZURE_193", "1adadefe"),
          Held(no_service_has_a_public_door, "public-door", (_TOPIC,))),
    Check(56, "topic-local-auth", "no key opens a topic of Event Grid", ("AZR-000100", "CKV_AZURE_192"),
          equal(_TOPIC, "disableLocalAuth", wanted=True)),
    Check(57, "topic-identity", "Event Grid proves itself by an identity", ("AZR-000099", "CKV_AZURE_191"),
          _without_identity),
    Check(58, "topic-endpoint", "a private endpoint leads to every topic of Event Grid", ("4b90e17e",),
          Held(every_service_has_a_private_endpoint, "private-endpoint", (_TOPIC,))),
    Check(59, "event-namespace", "a namespace of Event Grid is reached privately alone", ("67dcad1a", "1301a000"),
          _event_namespaces),
    Check(60, "event-delivery", "an event is tried again, then kept, and delivered by the topic's own identity", (),
          every(Held(deliveries_go_by_a_system_assigned_identity, "event-identity"),
                Held(deliveries_go_by_a_system_assigned_identity, "event-destination"),
                Held(what_cannot_be_delivered_is_kept, "event-dead-letter"), _without_retry)),
)  # fmt: skip
