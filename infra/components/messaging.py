"""The bus: a Service Bus Premium namespace with exactly the entities of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pulumi
from pulumi_azure_native import servicebus

from infra.components.place import Place
from shared.catalog.model import Queue, Subscription, Topic

# Azure makes a rule of this name, which lets everything pass, with each subscription: ours must take its place.
_DEFAULT_RULE = "$Default"


@dataclass(frozen=True)
class MessagingArgs:
    """The entities and how large the namespace is."""

    place: Place
    queues: Sequence[Queue]
    topics: Sequence[Topic]
    subscriptions: Sequence[Subscription]
    units: int
    tags: Mapping[str, str]


class Messaging(pulumi.ComponentResource):
    """
    A namespace that takes Entra tokens alone and has no public door, its queues, topics and subscriptions.

    `entity_ids` has the resource id of every entity, for grants at that entity.
    """

    host: pulumi.Output[str]
    entity_ids: dict[Queue | Topic | Subscription, pulumi.Output[str]]

    def __init__(self, name: str, args: MessagingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Messaging", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        self._namespace = self._make_namespace()
        self.host = pulumi.Output.concat(self._namespace.name, ".servicebus.windows.net")
        self.entity_ids = {queue: self._queue(queue).id for queue in args.queues}
        topics = {topic: self._topic(topic) for topic in args.topics}
        self.entity_ids.update({topic: resource.id for topic, resource in topics.items()})
        for subscription in args.subscriptions:
            topic = topics[subscription.topic]
            self.entity_ids[subscription] = self._subscription(subscription, topic).id
        self.register_outputs({"host": self.host})

    def _make_namespace(self) -> servicebus.Namespace:
        place = self._args.place
        return servicebus.Namespace(
            "bus",
            namespace_name=place.names.resource("bus"),
            resource_group_name=place.resource_group,
            sku=servicebus.SBSkuArgs(
                name=servicebus.SkuName.PREMIUM, tier=servicebus.SkuTier.PREMIUM, capacity=self._args.units
            ),
            disable_local_auth=True,
            minimum_tls_version=servicebus.TlsVersion.TLS_VERSION_1_2,
            public_network_access=servicebus.PublicNetworkAccess.DISABLED,
            tags=self._args.tags,
            opts=self._options,
        )

    def _queue(self, queue: Queue) -> servicebus.Queue:
        return servicebus.Queue(
            queue.name,
            queue_name=queue.name,
            namespace_name=self._namespace.name,
            resource_group_name=self._args.place.resource_group,
            lock_duration=iso_8601(queue.lock),
            max_delivery_count=queue.max_deliveries,
            default_message_time_to_live=iso_8601(queue.time_to_live),
            dead_lettering_on_message_expiration=True,
            opts=self._options,
        )

    def _topic(self, topic: Topic) -> servicebus.Topic:
        return servicebus.Topic(
            topic.name,
            topic_name=topic.name,
            namespace_name=self._namespace.name,
            resource_group_name=self._args.place.resource_group,
            default_message_time_to_live=iso_8601(topic.time_to_live),
            opts=self._options,
        )

    def _subscription(self, subscription: Subscription, topic: servicebus.Topic) -> servicebus.Subscription:
        resource_name = f"{subscription.topic.name}-{subscription.name}"
        resource = servicebus.Subscription(
            resource_name,
            subscription_name=subscription.name,
            topic_name=topic.name,
            namespace_name=self._namespace.name,
            resource_group_name=self._args.place.resource_group,
            lock_duration=iso_8601(subscription.lock),
            max_delivery_count=subscription.max_deliveries,
            default_message_time_to_live=iso_8601(subscription.topic.time_to_live),
            dead_lettering_on_message_expiration=True,
            dead_lettering_on_filter_evaluation_exceptions=True,
            opts=self._options,
        )
        servicebus.Rule(
            resource_name,
            rule_name=_DEFAULT_RULE,
            subscription_name=resource.name,
            topic_name=topic.name,
            namespace_name=self._namespace.name,
            resource_group_name=self._args.place.resource_group,
            filter_type=servicebus.FilterType.SQL_FILTER,
            sql_filter=servicebus.SqlFilterArgs(sql_expression=subscription.sql_filter),
            opts=self._options,
        )
        return resource


def iso_8601(duration: timedelta) -> str:
    """Return the duration as Azure writes it, for instance `PT1M` or `P1DT12H`; whole seconds only."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    day = f"{days}D" if days else ""
    time = "".join(f"{count}{unit}" for count, unit in ((hours, "H"), (minutes, "M"), (seconds, "S")) if count)
    return f"P{day}" + (f"T{time}" if time else "") if day or time else "PT0S"
