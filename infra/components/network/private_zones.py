"""The private DNS zones: inside hub and spoke, a service's name means its private endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import privatedns

from infra.components.place import Place
from infra.components.private_service import ZONES


@dataclass(frozen=True)
class PrivateZonesArgs:
    """The networks, by name, in which the zones are asked."""

    place: Place
    networks: Mapping[str, pulumi.Input[str]]
    tags: Mapping[str, str]


class PrivateZones(pulumi.ComponentResource):
    """One zone per kind of service, linked to every network; `zone_ids` by the zone's name."""

    zone_ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: PrivateZonesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:PrivateZones", name, None, opts)
        self.zone_ids = {zone: self._zone(zone, args).id for zone in ZONES}
        self.register_outputs({})

    def _zone(self, zone: str, args: PrivateZonesArgs) -> privatedns.PrivateZone:
        options = pulumi.ResourceOptions(parent=self)
        made = privatedns.PrivateZone(
            zone,
            private_zone_name=zone,
            resource_group_name=args.place.resource_group,
            location="global",
            tags=args.tags,
            opts=options,
        )
        for name, network_id in args.networks.items():
            privatedns.VirtualNetworkLink(
                f"{zone}-{name}",
                virtual_network_link_name=name,
                private_zone_name=made.name,
                resource_group_name=args.place.resource_group,
                location="global",
                registration_enabled=False,
                virtual_network=privatedns.SubResourceArgs(id=network_id),
                tags=args.tags,
                opts=options,
            )
        return made
