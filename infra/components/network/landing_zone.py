"""Hub and spoke, joined: the networks of an environment, with their names, their exits and their logs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from infra.address_plan import CALLED, ENDPOINTS, ENTRANCE, AddressPlan
from infra.components.network.firewall import Firewall, FirewallArgs, next_hop
from infra.components.network.hub import Hub, HubArgs
from infra.components.network.lines import Lines, LinesArgs
from infra.components.network.private_zones import PrivateZones, PrivateZonesArgs
from infra.components.network.spoke import Spoke, SpokeArgs
from infra.components.place import Place
from infra.components.private_service import PrivateAccess
from infra.partner_links import Line
from infra.security_rules import FrontDoor


@dataclass(frozen=True)
class LandingZoneArgs:
    """The plan, who lives in it, and the dials that decide what stands in the hub."""

    place: Place
    plan: AddressPlan
    tiers: Sequence[str]
    neighbours: Sequence[str]
    destinations: Sequence[str]
    firewall: str
    hospital_gateway: str
    hospital_lines: Sequence[Line]
    front: FrontDoor
    ddos_protection: bool
    zones: Sequence[str]
    tags: Mapping[str, str]
    workspace_id: pulumi.Input[str] | None = None


class LandingZone(pulumi.ComponentResource):
    """`subnet_ids` by the plan's names, `network_ids` of hub and spoke, `zone_ids` by the zones' names."""

    subnet_ids: dict[str, pulumi.Output[str]]
    network_ids: dict[str, pulumi.Output[str]]
    zone_ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: LandingZoneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:LandingZone", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        ddos = self._ddos_plan() if args.ddos_protection else None
        hub = Hub(
            "hub",
            HubArgs(args.place, args.plan, args.hospital_gateway, args.zones, ddos, args.workspace_id, args.tags),
            self._options,
        )
        spoke = Spoke("spoke", self._spoke_args(ddos), self._options)
        self._make_firewall(hub)
        if hub.gateway is not None and args.hospital_lines:
            Lines("lines", LinesArgs(args.place, hub.gateway.id, args.hospital_lines, args.tags), self._options)
        self._peer(hub, spoke)
        self.network_ids = {"hub": hub.network_id, "spoke": spoke.network_id}
        self.subnet_ids = spoke.subnet_ids
        zones = PrivateZones("zones", PrivateZonesArgs(args.place, self.network_ids, args.tags), self._options)
        self.zone_ids = zones.zone_ids
        self.register_outputs({"networks": self.network_ids})

    @property
    def access(self) -> PrivateAccess:
        """What the private endpoints of the platform's services share."""
        return PrivateAccess(self.subnet_ids[ENDPOINTS], self.zone_ids, self._args.workspace_id)

    @property
    def entrance(self) -> PrivateAccess:
        """What the gateway's own endpoint uses: the only subnet that hospitals' lines and the door reach."""
        return PrivateAccess(self.subnet_ids[ENTRANCE], self.zone_ids, self._args.workspace_id)

    @property
    def called(self) -> PrivateAccess:
        """What the endpoints of the apps that answer HTTP use: the gateway and the runner alone reach them."""
        return PrivateAccess(self.subnet_ids[CALLED], self.zone_ids, self._args.workspace_id)

    def _spoke_args(self, ddos: pulumi.Output[str] | None) -> SpokeArgs:
        args = self._args
        hop = None if args.firewall == "none" else next_hop(args.plan)
        return SpokeArgs(
            args.place,
            args.plan,
            args.tiers,
            args.neighbours,
            hop,
            args.front,
            args.zones,
            ddos,
            args.workspace_id,
            args.tags,
        )

    def _make_firewall(self, hub: Hub) -> None:
        args = self._args
        if args.firewall != "none":
            firewall = FirewallArgs(
                args.place,
                args.plan,
                hub,
                args.firewall,
                args.tiers,
                args.destinations,
                args.zones,
                args.workspace_id,
                args.tags,
            )
            Firewall("firewall", firewall, self._options)

    def _ddos_plan(self) -> pulumi.Output[str]:
        args = self._args
        return network.DdosProtectionPlan(
            "ddos",
            ddos_protection_plan_name=args.place.names.in_group("ddos"),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            tags=args.tags,
            opts=self._options,
        ).id

    def _peer(self, hub: Hub, spoke: Spoke) -> None:
        lines = hub.gateway is not None
        for near, far, is_hub in ((hub, spoke, True), (spoke, hub, False)):
            network.VirtualNetworkPeering(
                "hub-to-spoke" if is_hub else "spoke-to-hub",
                virtual_network_peering_name="to-spoke" if is_hub else "to-hub",
                virtual_network_name=near.network_name,
                resource_group_name=self._args.place.resource_group,
                remote_virtual_network=network.SubResourceArgs(id=far.network_id),
                allow_virtual_network_access=True,
                allow_forwarded_traffic=True,
                allow_gateway_transit=lines and is_hub,
                use_remote_gateways=lines and not is_hub,
                # A spoke cannot use a gateway that is not there yet.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[hub.gateway] if hub.gateway else None),
            )
