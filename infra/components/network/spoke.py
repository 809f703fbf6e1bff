"""The spoke: the network in which Corridor runs, one subnet per tier, each behind a security group of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from infra.address_plan import CALLED, DOOR, ENDPOINTS, ENTRANCE, GATEWAY, RUNNER, AddressPlan
from infra.components.diagnostics import observe
from infra.components.place import Place
from infra.security_rules import ANY, FrontDoor, Rule, rules_of

_CONTAINER_APPS = "Microsoft.App/environments"  # Flex Consumption and container jobs both live behind it
_DELEGATIONS = {GATEWAY: "Microsoft.Web/serverFarms", RUNNER: _CONTAINER_APPS}
_WITHOUT_EGRESS = frozenset({CALLED, ENDPOINTS, ENTRANCE})
_FIRST_PRIORITY, _STEP, _LAST_PRIORITY = 100, 10, 4096


@dataclass(frozen=True)
class SpokeArgs:
    """
    The ranges, who lives there, and how traffic leaves.

    `next_hop` is the firewall's address; without one, a NAT gateway is made and takes its place. `front` says
    how callers come: a door before the gateway has a subnet of its own.
    """

    place: Place
    plan: AddressPlan
    tiers: Sequence[str]
    neighbours: Sequence[str]
    next_hop: str | None
    front: FrontDoor
    zones: Sequence[str]
    ddos_plan_id: pulumi.Input[str] | None
    workspace_id: pulumi.Input[str] | None
    tags: Mapping[str, str]


class Spoke(pulumi.ComponentResource):
    """A virtual network whose subnets deny whatever no rule allows; `subnet_ids` by the plan's names."""

    network_id: pulumi.Output[str]
    network_name: pulumi.Output[str]
    subnet_ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: SpokeArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Spoke", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        spoke = virtual_network(name, args.place, str(args.plan.spoke), args.ddos_plan_id, args.tags, self)
        self.network_id, self.network_name = spoke.id, spoke.name
        observe(name, spoke.id, args.workspace_id, self)
        self._routes = self._route_table() if args.next_hop else None
        self._nat = None if args.next_hop else self._nat_gateway()
        self.subnet_ids = {}
        before: list[pulumi.Resource] = []
        for subnet in (ENDPOINTS, ENTRANCE, CALLED, GATEWAY, RUNNER, *([DOOR] if args.front.waf else []), *args.tiers):
            made = self._subnet(subnet, before)
            self.subnet_ids[subnet] = made.id
            before = [made]
        self.register_outputs({"networkId": self.network_id})

    def _subnet(self, name: str, before: list[pulumi.Resource]) -> network.Subnet:
        args = self._args
        resident = name == GATEWAY and args.front.injected
        delegation = None if resident else _DELEGATIONS.get(name, _CONTAINER_APPS if name in args.tiers else None)
        # What lives in a subnet with an address of its own must not be sent through a firewall.
        leaves = name not in _WITHOUT_EGRESS and name != DOOR and not resident
        return network.Subnet(
            name,
            subnet_name=name,
            virtual_network_name=self.network_name,
            resource_group_name=args.place.resource_group,
            address_prefix=args.plan.range_of(name),
            network_security_group=network.NetworkSecurityGroupArgs(id=self._security_group(name).id),
            delegations=[network.DelegationArgs(name=name, service_name=delegation)] if delegation else None,
            nat_gateway=network.SubResourceArgs(id=self._nat.id) if self._nat and leaves else None,
            route_table=network.RouteTableArgs(id=self._routes.id) if self._routes and leaves else None,
            default_outbound_access=False,
            # Without this, security groups do not hold for the endpoints in the subnet.
            private_endpoint_network_policies=network.VirtualNetworkPrivateEndpointNetworkPolicies.ENABLED,
            # Azure changes one subnet of a network at a time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=before),
        )

    def _security_group(self, subnet: str) -> network.NetworkSecurityGroup:
        args = self._args
        rules = rules_of(subnet, args.plan, args.tiers, args.neighbours, args.front)
        group = network.NetworkSecurityGroup(
            subnet,
            network_security_group_name=args.place.names.in_group(f"{subnet}-nsg"),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            security_rules=[*_allowed(rules), _denied("Inbound"), _denied("Outbound")],
            tags=args.tags,
            opts=self._options,
        )
        observe(subnet, group.id, args.workspace_id, self, metrics=False)
        return group

    def _nat_gateway(self) -> network.NatGateway:
        args = self._args
        # A NAT gateway is in one zone or in none in particular; its address may be in all of them.
        address = public_address("egress", args.place, args.zones, args.tags, self, args.workspace_id)
        return network.NatGateway(
            "egress",
            nat_gateway_name=args.place.names.in_group("egress"),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            sku=network.NatGatewaySkuArgs(name=network.NatGatewaySkuName.STANDARD),
            public_ip_addresses=[network.SubResourceArgs(id=address.id)],
            tags=args.tags,
            opts=self._options,
        )

    def _route_table(self) -> network.RouteTable:
        args = self._args
        return network.RouteTable(
            "egress",
            route_table_name=args.place.names.in_group("egress"),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            routes=[
                network.RouteArgs(
                    name="everything",
                    address_prefix="0.0.0.0/0",
                    next_hop_type=network.RouteNextHopType.VIRTUAL_APPLIANCE,
                    next_hop_ip_address=args.next_hop,
                )
            ],
            tags=args.tags,
            opts=self._options,
        )


def virtual_network(
    name: str,
    place: Place,
    address_range: str,
    ddos_plan_id: pulumi.Input[str] | None,
    tags: Mapping[str, str],
    parent: pulumi.Resource,
) -> network.VirtualNetwork:
    """Make a network of one range; its subnets are resources of their own."""
    return network.VirtualNetwork(
        name,
        virtual_network_name=place.names.in_group(name),
        resource_group_name=place.resource_group,
        location=place.location,
        address_space=network.AddressSpaceArgs(address_prefixes=[address_range]),
        enable_ddos_protection=ddos_plan_id is not None,
        ddos_protection_plan=network.SubResourceArgs(id=ddos_plan_id) if ddos_plan_id is not None else None,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )


def public_address(
    name: str,
    place: Place,
    zones: Sequence[str],
    tags: Mapping[str, str],
    parent: pulumi.Resource,
    workspace_id: pulumi.Input[str] | None,
) -> network.PublicIPAddress:
    """Make a fixed public address, in all of `zones`."""
    address = network.PublicIPAddress(
        f"{name}-address",
        public_ip_address_name=place.names.in_group(f"{name}-address"),
        resource_group_name=place.resource_group,
        location=place.location,
        sku=network.PublicIPAddressSkuArgs(name=network.PublicIPAddressSkuName.STANDARD),
        public_ip_allocation_method=network.IPAllocationMethod.STATIC,
        zones=list(zones) or None,
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    observe(f"{name}-address", address.id, workspace_id, parent)
    return address


def _allowed(rules: Sequence[Rule]) -> list[network.SecurityRuleArgs]:
    return [
        network.SecurityRuleArgs(
            name=rule.name,
            priority=_FIRST_PRIORITY + _STEP * number,
            direction="Inbound" if rule.inbound else "Outbound",
            access=network.SecurityRuleAccess.ALLOW,
            protocol=network.SecurityRuleProtocol.TCP,
            source_address_prefix=rule.source,
            source_port_range=ANY,
            destination_address_prefix=rule.destination,
            destination_port_ranges=list(rule.ports),
        )
        for number, rule in enumerate(rules)
    ]


def _denied(direction: str) -> network.SecurityRuleArgs:
    return network.SecurityRuleArgs(
        name=f"deny-{direction.lower()}",
        priority=_LAST_PRIORITY,
        direction=direction,
        access=network.SecurityRuleAccess.DENY,
        protocol=network.SecurityRuleProtocol.ASTERISK,
        source_address_prefix=ANY,
        source_port_range=ANY,
        destination_address_prefix=ANY,
        destination_port_range=ANY,
    )
