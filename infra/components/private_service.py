"""
How a service of Azure is reached: by a private endpoint whose name resolves inside the networks, and no other way.

    DOORS             what Azure calls each service's door, and the private DNS zones of its names
    private_service   endpoint, zone group and diagnostics of one door, in one component
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from infra.components.diagnostics import observe
from infra.components.place import Place

# The group id of each door (Microsoft's table of private DNS zone values), and the zones that answer for it.
DOORS: Mapping[str, tuple[str, ...]] = {
    "Gateway": ("privatelink.azure-api.net",),
    "azuremonitor": (
        "privatelink.monitor.azure.com",
        "privatelink.oms.opinsights.azure.com",
        "privatelink.ods.opinsights.azure.com",
        "privatelink.agentsvc.azure-automation.net",
        "privatelink.blob.core.windows.net",
    ),
    "blob": ("privatelink.blob.core.windows.net",),
    "file": ("privatelink.file.core.windows.net",),
    "namespace": ("privatelink.servicebus.windows.net",),
    "postgresqlServer": ("privatelink.postgres.database.azure.com",),
    "queue": ("privatelink.queue.core.windows.net",),
    "registry": ("privatelink.azurecr.io",),
    "sites": ("privatelink.azurewebsites.net",),
    "table": ("privatelink.table.core.windows.net",),
    "topic": ("privatelink.eventgrid.azure.net",),
    "vault": ("privatelink.vaultcore.azure.net",),
}
ZONES = tuple(sorted({zone for zones in DOORS.values() for zone in zones}))

# Tiers that are sold without private endpoints.
_PUBLIC_SKUS: Mapping[str, frozenset[str]] = {
    "Gateway": frozenset({"BasicV2", "Consumption"}),
    "namespace": frozenset({"Basic", "Standard"}),
    "postgresqlServer": frozenset(),
    "registry": frozenset({"Basic", "Standard"}),
    "sites": frozenset({"Dynamic", "F1", "D1", "Y1"}),
}


@dataclass(frozen=True)
class PrivateAccess:
    """What every private endpoint of an environment shares: its subnet, the zones by name, and the workspace."""

    subnet_id: pulumi.Input[str]
    zone_ids: Mapping[str, pulumi.Input[str]]
    workspace_id: pulumi.Input[str] | None = None


@dataclass(frozen=True)
class PrivateServiceArgs:
    """
    The service and its door.

    `logged_id` is the resource whose logs are kept, where that is not the service itself (an account's blobs);
    `observed` is false for what has no logs.
    ValueError for a door that is unknown or a SKU that is sold without private endpoints.
    """

    place: Place
    access: PrivateAccess
    service_id: pulumi.Input[str]
    door: str
    tags: Mapping[str, str]
    sku: str = ""
    logged_id: pulumi.Input[str] | None = None
    observed: bool = True

    def __post_init__(self) -> None:
        """Refuse what could not be private."""
        if self.door not in DOORS:
            raise ValueError(f"{self.door}: no private endpoint is known for it; add its zones to DOORS")
        if self.sku in _PUBLIC_SKUS.get(self.door, frozenset()):
            raise ValueError(f"{self.door}: SKU {self.sku} has no private endpoint; choose a larger one")


class PrivateService(pulumi.ComponentResource):
    """One private endpoint, its names in the private zones, and the service's diagnostics."""

    endpoint_id: pulumi.Output[str]

    def __init__(self, name: str, args: PrivateServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:PrivateService", name, None, opts)
        endpoint = self._endpoint(name, args)
        self.endpoint_id = endpoint.id
        network.PrivateDnsZoneGroup(
            name,
            private_dns_zone_group_name="default",
            private_endpoint_name=endpoint.name,
            resource_group_name=args.place.resource_group,
            private_dns_zone_configs=[
                network.PrivateDnsZoneConfigArgs(
                    name=zone.replace(".", "-"), private_dns_zone_id=args.access.zone_ids[zone]
                )
                for zone in DOORS[args.door]
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        if args.observed:
            observe(name, args.logged_id or args.service_id, args.access.workspace_id, self)
        self.register_outputs({"endpointId": self.endpoint_id})

    def _endpoint(self, name: str, args: PrivateServiceArgs) -> network.PrivateEndpoint:
        return network.PrivateEndpoint(
            name,
            private_endpoint_name=args.place.names.in_group(name),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            subnet=network.SubnetArgs(id=args.access.subnet_id),
            private_link_service_connections=[
                network.PrivateLinkServiceConnectionArgs(
                    name=args.door, private_link_service_id=args.service_id, group_ids=[args.door]
                )
            ],
            custom_network_interface_name=args.place.names.in_group(f"{name}-nic"),
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
