"""
Event Grid's deliveries to us: what arrived as a file, and what the platform says about itself.

    file drops       a complete file in the landing storage -> the step's queue, delivered by the system topic's own
                     identity: Event Grid cannot use another towards a bus behind a firewall, nor reach a private app
    platform facts   Key Vault and service health -> the one function app that Event Grid may reach

What cannot be delivered lands in a container of dead letters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import eventgrid

from infra.components.dead_letters import DeadLetters, retry_policy
from infra.components.diagnostics import observe
from infra.components.grants import Grant, Role, assign
from infra.components.place import Place
from infra.components.private_service import PrivateAccess
from shared.catalog.model import FileDrop, Step

# A blob is created before it is complete when it is written in parts: these calls alone say that it is.
_COMPLETING_CALLS = ("CopyBlob", "FlushWithClose", "PutBlob", "PutBlockList", "SftpCommit")
_CREATED = "Microsoft.Storage.BlobCreated"


@dataclass(frozen=True)
class FactOrigin:
    """A service that tells facts: its resource id, its topic type, its region (`global` for the whole platform)."""

    source_id: pulumi.Input[str]
    topic_type: str
    location: str


@dataclass(frozen=True)
class FactsDelivery:
    """A step that is told facts of `origin`; `app_id` is the function app that runs it."""

    step: Step
    types: Sequence[str]
    origin: FactOrigin
    app_id: pulumi.Input[str]


@dataclass(frozen=True)
class EventsArgs:
    """The steps woken by files, with their queues' ids, and by facts. `landing_id` is the landing storage."""

    place: Place
    access: PrivateAccess
    drops: Mapping[Step, pulumi.Input[str]]
    landing_id: pulumi.Input[str] | None
    facts: Sequence[FactsDelivery]
    dead_letter_sku: str
    tags: Mapping[str, str]

    def __post_init__(self) -> None:
        """Refuse drops without a storage that they could land in."""
        if self.drops and self.landing_id is None:
            raise ValueError("file drops need the landing storage: pass its id")


class Events(pulumi.ComponentResource):
    """One system topic per source that a step listens to, with a subscription per step; nothing, if none does."""

    def __init__(self, name: str, args: EventsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Events", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        if args.drops or args.facts:
            self._dead = DeadLetters(
                "dead-letters", args.place, args.access, args.dead_letter_sku, args.tags, self._options
            )
        if args.landing_id is not None and args.drops:
            self._file_drops(args.landing_id)
        for origin in dict.fromkeys(delivery.origin for delivery in args.facts):
            self._platform_facts(origin)
        self.register_outputs({})

    def _system_topic(self, name: str, origin: FactOrigin) -> eventgrid.SystemTopic:
        args = self._args
        topic = eventgrid.SystemTopic(
            name,
            system_topic_name=args.place.names.in_group(name),
            resource_group_name=args.place.resource_group,
            location=origin.location,
            source=origin.source_id,
            topic_type=origin.topic_type,
            identity=eventgrid.IdentityInfoArgs(type=eventgrid.IdentityType.SYSTEM_ASSIGNED),
            tags=args.tags,
            opts=self._options,
        )
        observe(name, topic.id, args.access.workspace_id, self)
        return topic

    def _file_drops(self, landing_id: pulumi.Input[str]) -> None:
        args = self._args
        origin = FactOrigin(landing_id, "Microsoft.Storage.StorageAccounts", args.place.location)
        topic = self._system_topic("landing", origin)
        identity = _principal_of(topic)
        buried = self._dead.grant("landing", identity)
        for step, queue_id in args.drops.items():
            drop = step.inbound
            if not isinstance(drop, FileDrop):
                raise TypeError(f"{step.function} is not woken by a file")
            to_queue = Grant(Role.BUS_SENDER, drop.queue.name, queue_id)
            sender = assign(to_queue, "landing", identity, args.place, self)
            self._on_file(step, drop, queue_id, topic, [sender, buried])

    def _on_file(
        self,
        step: Step,
        drop: FileDrop,
        queue_id: pulumi.Input[str],
        topic: eventgrid.SystemTopic,
        grants: list[pulumi.Resource],
    ) -> None:
        own = eventgrid.EventSubscriptionIdentityArgs(type=eventgrid.EventSubscriptionIdentityType.SYSTEM_ASSIGNED)
        queue = eventgrid.ServiceBusQueueEventSubscriptionDestinationArgs(
            endpoint_type="ServiceBusQueue", resource_id=queue_id
        )
        complete = eventgrid.StringInAdvancedFilterArgs(
            operator_type="StringIn", key="data.api", values=list(_COMPLETING_CALLS)
        )
        eventgrid.SystemTopicEventSubscription(
            step.function,
            event_subscription_name=step.function.replace("_", "-"),
            system_topic_name=topic.name,
            resource_group_name=self._args.place.resource_group,
            event_delivery_schema=eventgrid.EventDeliverySchema.CLOUD_EVENT_SCHEMA_V1_0,
            delivery_with_resource_identity=eventgrid.DeliveryWithResourceIdentityArgs(
                identity=own, destination=queue
            ),
            dead_letter_with_resource_identity=self._dead.destination(),
            filter=eventgrid.EventSubscriptionFilterArgs(
                included_event_types=[_CREATED],
                subject_begins_with=f"/blobServices/default/containers/{drop.container}/blobs/{drop.prefix}",
                advanced_filters=[complete],
            ),
            retry_policy=retry_policy(),
            opts=pulumi.ResourceOptions(parent=self, depends_on=grants),
        )

    def _platform_facts(self, origin: FactOrigin) -> None:
        name = f"{origin.topic_type.rpartition('.')[2].lower()}-facts"
        topic = self._system_topic(name, origin)
        buried = self._dead.grant(name, _principal_of(topic))
        for delivery in (each for each in self._args.facts if each.origin == origin):
            function = pulumi.Output.concat(delivery.app_id, "/functions/", delivery.step.function)
            eventgrid.SystemTopicEventSubscription(
                delivery.step.function,
                event_subscription_name=delivery.step.function.replace("_", "-"),
                system_topic_name=topic.name,
                resource_group_name=self._args.place.resource_group,
                event_delivery_schema=eventgrid.EventDeliverySchema.CLOUD_EVENT_SCHEMA_V1_0,
                destination=eventgrid.AzureFunctionEventSubscriptionDestinationArgs(
                    endpoint_type="AzureFunction", resource_id=function, max_events_per_batch=1
                ),
                dead_letter_with_resource_identity=self._dead.destination(),
                filter=eventgrid.EventSubscriptionFilterArgs(included_event_types=list(delivery.types)),
                retry_policy=retry_policy(),
                opts=pulumi.ResourceOptions(parent=self, depends_on=[buried]),
            )


def _principal_of(topic: eventgrid.SystemTopic) -> pulumi.Output[str]:
    return topic.identity.apply(lambda own: (own.principal_id or "") if own else "")
