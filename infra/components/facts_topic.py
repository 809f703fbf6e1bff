"""The facts topic: CloudEvents without patient data, for anyone in the enterprise who subscribes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import eventgrid

from infra.components.place import Place
from infra.components.private_service import PrivateAccess, PrivateService, PrivateServiceArgs


@dataclass(frozen=True)
class FactsTopicArgs:
    """Where the topic goes and how it is reached."""

    place: Place
    access: PrivateAccess
    tags: Mapping[str, str]


class FactsTopic(pulumi.ComponentResource):
    """A topic that takes Entra tokens alone and has no public door."""

    topic_id: pulumi.Output[str]
    endpoint: pulumi.Output[str]

    def __init__(self, name: str, args: FactsTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:FactsTopic", name, None, opts)
        options = pulumi.ResourceOptions(parent=self)
        topic = eventgrid.Topic(
            name,
            topic_name=args.place.names.resource(name),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            input_schema=eventgrid.InputSchema.CLOUD_EVENT_SCHEMA_V1_0,
            disable_local_auth=True,
            minimum_tls_version_allowed=eventgrid.TlsVersion.TLS_VERSION_1_2,
            public_network_access=eventgrid.PublicNetworkAccess.DISABLED,
            identity=eventgrid.IdentityInfoArgs(type=eventgrid.IdentityType.SYSTEM_ASSIGNED),
            tags=args.tags,
            opts=options,
        )
        self.topic_id, self.endpoint = topic.id, topic.endpoint
        PrivateService(name, PrivateServiceArgs(args.place, args.access, topic.id, "topic", args.tags), options)
        self.register_outputs({"endpoint": self.endpoint})
