"""The hub: where traffic between Corridor, hospitals and the internet passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from infra.address_plan import HOSPITAL_GATEWAY, AddressPlan
from infra.components.diagnostics import observe
from infra.components.network.spoke import public_address, virtual_network
from infra.components.place import Place


@dataclass(frozen=True)
class HubArgs:
    """The range, and what hospitals' private lines end at: `none`, `vpn` or `expressroute`."""

    place: Place
    plan: AddressPlan
    hospital_gateway: str
    zones: Sequence[str]
    ddos_plan_id: pulumi.Input[str] | None
    workspace_id: pulumi.Input[str] | None
    tags: Mapping[str, str]


class Hub(pulumi.ComponentResource):
    """A network without workloads. Lines to hospitals are ordered and keyed by people, on the gateway made here."""

    network_id: pulumi.Output[str]
    network_name: pulumi.Output[str]
    gateway: network.VirtualNetworkGateway | None

    def __init__(self, name: str, args: HubArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Hub", name, None, opts)
        self._args = args
        hub = virtual_network(name, args.place, str(args.plan.hub), args.ddos_plan_id, args.tags, self)
        observe(name, hub.id, args.workspace_id, self)
        self.network_id, self.network_name = hub.id, hub.name
        self.gateway = None if args.hospital_gateway == "none" else self._gateway()
        self.register_outputs({"networkId": self.network_id})

    def subnet(self, name: str) -> network.Subnet:
        """Make one of the hub's subnets. Those that carry Azure's own names take no security group, and have exits."""
        return network.Subnet(
            name,
            subnet_name=name,
            virtual_network_name=self.network_name,
            resource_group_name=self._args.place.resource_group,
            address_prefix=self._args.plan.range_of(name),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _gateway(self) -> network.VirtualNetworkGateway:
        args = self._args
        kind = network.VirtualNetworkGatewayType
        vpn = args.hospital_gateway == "vpn"
        sku = network.VirtualNetworkGatewaySkuName
        size = sku.VPN_GW2_AZ if vpn else sku.ER_GW1_AZ
        address = public_address("hospitals", args.place, args.zones, args.tags, self, args.workspace_id)
        gateway = network.VirtualNetworkGateway(
            "hospitals",
            virtual_network_gateway_name=args.place.names.in_group("hospitals"),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            gateway_type=kind.VPN if vpn else kind.EXPRESS_ROUTE,
            vpn_type=network.VpnType.ROUTE_BASED if vpn else None,
            vpn_gateway_generation=network.VpnGatewayGeneration.GENERATION2 if vpn else None,
            sku=network.VirtualNetworkGatewaySkuArgs(name=size, tier=size),
            enable_bgp=True if vpn else None,
            ip_configurations=[
                network.VirtualNetworkGatewayIPConfigurationArgs(
                    name="default",
                    subnet=network.SubResourceArgs(id=self.subnet(HOSPITAL_GATEWAY).id),
                    public_ip_address=network.SubResourceArgs(id=address.id),
                )
            ],
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        observe("hospitals", gateway.id, args.workspace_id, self)
        return gateway
