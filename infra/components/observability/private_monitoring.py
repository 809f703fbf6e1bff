"""The private way to Azure Monitor: one scope that holds the log store, and the endpoint that leads to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import monitor

from infra.components.observability.log_store import LogStore
from infra.components.place import Place
from infra.components.private_service import PrivateAccess, PrivateService, PrivateServiceArgs


@dataclass(frozen=True)
class PrivateMonitoringArgs:
    """The store, and the networks from which it is reached."""

    place: Place
    access: PrivateAccess
    store: LogStore
    tags: Mapping[str, str]


class PrivateMonitoring(pulumi.ComponentResource):
    """
    A private link scope. Both its modes are private only: its zones answer for every scope of Azure Monitor.

    Whoever asks the logs does so from inside the networks; alerts are evaluated by Azure and need no way in.
    """

    def __init__(self, name: str, args: PrivateMonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:PrivateMonitoring", name, None, opts)
        options = pulumi.ResourceOptions(parent=self)
        scope = monitor.PrivateLinkScope(
            name,
            scope_name=args.place.names.in_group("monitor"),
            resource_group_name=args.place.resource_group,
            location="global",
            access_mode_settings=monitor.AccessModeSettingsArgs(
                ingestion_access_mode=monitor.AccessMode.PRIVATE_ONLY,
                query_access_mode=monitor.AccessMode.PRIVATE_ONLY,
            ),
            tags=args.tags,
            opts=options,
        )
        members = {"logs": args.store.workspace_id, "telemetry": args.store.telemetry_id}
        scoped: list[pulumi.Resource] = [
            monitor.PrivateLinkScopedResource(
                member,
                name=member,
                scope_name=scope.name,
                resource_group_name=args.place.resource_group,
                linked_resource_id=identity,
                opts=options,
            )
            for member, identity in members.items()
        ]
        # The scope has no logs of its own, and an endpoint without members would answer for nothing.
        door = PrivateServiceArgs(args.place, args.access, scope.id, "azuremonitor", args.tags, observed=False)
        PrivateService(name, door, pulumi.ResourceOptions(parent=self, depends_on=scoped))
        self.register_outputs({})
