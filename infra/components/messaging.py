"""The bus: a Service Bus Premium namespace with exactly the entities of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pulumi
from pulumi_azure_native import servicebus

from infra.components.customer_key import CustomerKey
from infra.components.namespace import NamespaceShape, PrivateNamespace
from infra.components.place import Place
from infra.components.private_service import PrivateAccess
from shared.catalog.model import Queue, Subscription, Topic

# Azure makes a rule of this name, which lets everything pass, with each subscription: ours must take its place.
_DEFAULT_RULE = "$Default"


@dataclass(frozen=True)
class MessagingArgs:
    """The entities, how large the namespace is, and the region of a second one that stands by, if any."""

    place: Place
    access: PrivateAccess
    queues: Sequence[Queue]
    topics: Sequence[Topic]
    subscriptions: Sequence[Subscription]
    units: int
    zone_redundant: bool
    standby_region: str | None
    key: CustomerKey | None
    tags: Mapping[str, str]


class Messaging(pulumi.ComponentResource):
    """
    A namespace that takes Entra tokens alone and has no public door, its queues, topics and subscriptions.

    `entity_ids` has the resource id of every entity, for grants at that entity. With a standby, `host` is an
    alias that moves to it at a failover: entities are there already, hints are not, and need not be.
    """

    host: pulumi.Output[str]
    entity_ids: dict[Queue | Topic | Subscription, pulumi.Output[str]]

    def __init__(self, name: str, args: MessagingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Messaging", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        self._namespace = self._private_namespace("bus", args.place.location, args.key)
        alias = self._standby(args.standby_region) if args.standby_region else self._namespace.name
        self.host = pulumi.Output.concat(alias, ".servicebus.windows.net")
        self.entity_ids = {queue: self._queue(queue).id for queue in args.queues}
        topics = {topic: self._topic(topic) for topic in args.topics}
        self.entity_ids.update({topic: resource.id for topic, resource in topics.items()})
        for subscription in args.subscriptions:
            topic = topics[subscription.topic]
            self.entity_ids[subscription] = self._subscription(subscription, topic).id
        self.register_outputs({"host": self.host})

    @property
    def namespace_id(self) -> pulumi.Output[str]:
        """The namespace that is in use when nothing has failed over."""
        return self._namespace.namespace_id

    def _private_namespace(self, name: str, region: str, key: CustomerKey | None) -> PrivateNamespace:
        args = self._args
        shape = NamespaceShape(region, args.units, args.zone_redundant, key)
        return PrivateNamespace(name, args.place, args.access, shape, args.tags, self._options)

    def _standby(self, region: str) -> pulumi.Output[str]:
        args = self._args
        # Encrypted with Microsoft's key: entities' names are all that is copied to it.
        standby = self._private_namespace("bus2", region, None)
        pairing = servicebus.DisasterRecoveryConfig(
            "bus",
            alias=args.place.names.resource("hints"),
            namespace_name=self._namespace.name,
            partner_namespace=standby.namespace_id,
            resource_group_name=args.place.resource_group,
            opts=self._options,
        )
        return pairing.name

    def _queue(self, queue: Queue) -> servicebus.Queue:
        made = self._named_queue(queue, queue.name, None)
        for old in queue.formerly:
            # Nobody listens here any more: what old code still sends goes on to where it is listened to.
            self._named_queue(queue, old, made)
        return made

    def _named_queue(self, queue: Queue, name: str, forward_to: servicebus.Queue | None) -> servicebus.Queue:
        return servicebus.Queue(
            name,
            queue_name=name,
            namespace_name=self._namespace.name,
            resource_group_name=self._args.place.resource_group,
            lock_duration=iso_8601(queue.lock),
            max_delivery_count=queue.max_deliveries,
            default_message_time_to_live=iso_8601(queue.time_to_live),
            dead_lettering_on_message_expiration=True,
            # Two hints of one stream are alike and both are meant: the second may speak of a later entry.
            requires_duplicate_detection=False,
            forward_to=forward_to.name if forward_to else None,
            opts=self._options,
        )

    def _topic(self, topic: Topic) -> servicebus.Topic:
        return servicebus.Topic(
            topic.name,
            topic_name=topic.name,
            namespace_name=self._namespace.name,
            resource_group_name=self._args.place.resource_group,
            default_message_time_to_live=iso_8601(topic.time_to_live),
            requires_duplicate_detection=True,
            duplicate_detection_history_time_window=iso_8601(topic.duplicate_window),
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
