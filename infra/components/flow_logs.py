"""Flow logs of the networks: who spoke to whom, kept in a storage of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity, network

from infra.components.grants import Grant, Role, assign
from infra.components.place import Place
from infra.components.private_service import PrivateAccess
from infra.components.private_storage import PrivateStorage, PrivateStorageArgs
from infra.components.storage_policies import Container

# Azure makes one watcher per region, in this group, with the first network; a second one is refused.
_WATCHERS = "NetworkWatcherRG"
_CONTAINER = "insights-logs-flowlogflowevent"  # the container's name is Azure's


@dataclass(frozen=True)
class FlowLogsArgs:
    """The networks by name, and for how many days their logs are kept."""

    place: Place
    access: PrivateAccess
    networks: Mapping[str, pulumi.Output[str]]
    days: int
    sku: str
    tags: Mapping[str, str]


class FlowLogs(pulumi.ComponentResource):
    """One flow log per network, written by an identity that may write there and nowhere else."""

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:FlowLogs", name, None, opts)
        self._options = pulumi.ResourceOptions(parent=self)
        kept = (Container(_CONTAINER, args.days),)
        storage = PrivateStorage(
            name,
            PrivateStorageArgs(args.place, args.access, "flows", kept, args.sku, args.tags, trusted=True),
            self._options,
        )
        identity = managedidentity.UserAssignedIdentity(
            name,
            resource_name_=args.place.names.in_group("flow-logs"),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            tags=args.tags,
            opts=self._options,
        )
        writes = Grant(Role.BLOB_CONTRIBUTOR, _CONTAINER, storage.container_ids[_CONTAINER])
        grant = assign(writes, name, identity.principal_id, args.place, self)
        for each, network_id in args.networks.items():
            self._log(each, network_id, args, storage, identity, grant)
        self.register_outputs({})

    def _log(
        self,
        name: str,
        network_id: pulumi.Output[str],
        args: FlowLogsArgs,
        storage: PrivateStorage,
        identity: managedidentity.UserAssignedIdentity,
        grant: pulumi.Resource,
    ) -> None:
        network.FlowLog(
            name,
            flow_log_name=args.place.names.in_group(name),
            network_watcher_name=f"NetworkWatcher_{args.place.location}",
            resource_group_name=_WATCHERS,
            location=args.place.location,
            target_resource_id=network_id,
            storage_id=storage.account_id,
            enabled=True,
            format=network.FlowLogFormatParametersArgs(type=network.FlowLogFormatType.JSON, version=2),
            retention_policy=network.RetentionPolicyParametersArgs(enabled=True, days=args.days),
            identity=network.ManagedServiceIdentityArgs(
                type=network.ResourceIdentityType.USER_ASSIGNED, user_assigned_identities=[identity.id]
            ),
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[grant]),
        )
