"""
The resource groups of an environment, one per concern.

    network   hub, spoke, private DNS, endpoints' addresses
    platform  what runs and can be made again: the bus, the function apps, the gateway
    state     what holds records: the database, the archive, the vaults
    observe   what watches: workspace, alerts, workbooks

A group whose contents hold records carries a lock: deleting takes the lock away first, and Pulumi's own protection
besides. That makes two deliberate steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import pulumi
from pulumi_azure_native import authorization, resources

from infra.components.place import Place
from infra.names import Names


class Concern(StrEnum):
    """What a resource group is for."""

    NETWORK = "network"
    PLATFORM = "platform"
    STATE = "state"
    OBSERVE = "observe"


@dataclass(frozen=True)
class EstateArgs:
    """Names, region and tags; `protect` locks the group that holds records."""

    names: Names
    location: str
    tags: Mapping[str, str]
    protect: bool


class Estate(pulumi.ComponentResource):
    """Four resource groups; `places` has what a component needs to put itself into one of them."""

    places: dict[Concern, Place]
    subscription_scope: pulumi.Output[str]

    def __init__(self, name: str, args: EstateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Estate", name, None, opts)
        client = authorization.get_client_config_output()
        self.subscription_scope = pulumi.Output.concat("/subscriptions/", client.subscription_id)
        groups = {concern: self._group(concern, args) for concern in Concern}
        self.places = {
            concern: Place(args.names, group.name, client.subscription_id, client.tenant_id, args.location)
            for concern, group in groups.items()
        }
        if args.protect:
            self._lock(groups[Concern.STATE], args)
        self.register_outputs({"groups": {concern.value: group.name for concern, group in groups.items()}})

    def _group(self, concern: Concern, args: EstateArgs) -> resources.ResourceGroup:
        return resources.ResourceGroup(
            concern.value,
            resource_group_name=args.names.in_group(concern),
            location=args.location,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect and concern is Concern.STATE),
        )

    def _lock(self, group: resources.ResourceGroup, args: EstateArgs) -> None:
        authorization.ManagementLockByScope(
            "state-lock",
            lock_name=args.names.in_group("state-lock"),
            scope=group.id,
            level=authorization.LockLevel.CAN_NOT_DELETE,
            notes="Records are here. docs/restore-drill.md says how to delete them on purpose.",
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
