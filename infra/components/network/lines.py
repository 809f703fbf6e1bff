"""
The private lines of hospitals to the gateway in the hub: one connection per partner, without its key.

Keys are secrets, and no secret is in a stack: whoever keeps the line sets the key at the connection, and the program
leaves it alone (docs/landing-zone.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network

from infra.components.place import Place
from infra.partner_links import Line

# Eight hours and 100 GB: what of a line's traffic one key protects.
_KEY_SECONDS, _KEY_KILOBYTES = 28_800, 102_400_000


@dataclass(frozen=True)
class LinesArgs:
    """The gateway at which the lines end, and the lines."""

    place: Place
    gateway_id: pulumi.Input[str]
    lines: Sequence[Line]
    tags: Mapping[str, str]


class Lines(pulumi.ComponentResource):
    """The connections, and what Azure must know of each partner's side."""

    def __init__(self, name: str, args: LinesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Lines", name, None, opts)
        self._args = args
        for line in args.lines:
            if line.circuit:
                self._by_circuit(line)
            else:
                self._by_tunnel(line)
        self.register_outputs({})

    def _by_circuit(self, line: Line) -> None:
        self._connect(
            line,
            network.VirtualNetworkGatewayConnectionType.EXPRESS_ROUTE,
            peer=network.SubResourceArgs(id=line.circuit),
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["authorizationKey"]),
        )

    def _by_tunnel(self, line: Line) -> None:
        self._connect(
            line,
            network.VirtualNetworkGatewayConnectionType.IPSEC,
            connection_protocol=network.VirtualNetworkGatewayConnectionProtocol.IK_EV2,
            local_network_gateway2=network.LocalNetworkGatewayArgs(id=self._far_side(line).id),
            ipsec_policies=[_policy()],
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["sharedKey"]),
        )

    def _connect(
        self,
        line: Line,
        kind: network.VirtualNetworkGatewayConnectionType,
        *,
        opts: pulumi.ResourceOptions,
        peer: network.SubResourceArgs | None = None,
        connection_protocol: network.VirtualNetworkGatewayConnectionProtocol | None = None,
        local_network_gateway2: network.LocalNetworkGatewayArgs | None = None,
        ipsec_policies: list[network.IpsecPolicyArgs] | None = None,
    ) -> None:
        args = self._args
        network.VirtualNetworkGatewayConnection(
            line.partner,
            virtual_network_gateway_connection_name=args.place.names.in_group(line.partner),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            connection_type=kind,
            virtual_network_gateway1=network.VirtualNetworkGatewayArgs(id=args.gateway_id),
            peer=peer,
            connection_protocol=connection_protocol,
            local_network_gateway2=local_network_gateway2,
            ipsec_policies=ipsec_policies,
            tags=args.tags,
            opts=opts,
        )

    def _far_side(self, line: Line) -> network.LocalNetworkGateway:
        args = self._args
        return network.LocalNetworkGateway(
            line.partner,
            local_network_gateway_name=args.place.names.in_group(line.partner),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            gateway_ip_address=line.address,
            local_network_address_space=network.AddressSpaceArgs(address_prefixes=list(line.ranges)),
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )


def _policy() -> network.IpsecPolicyArgs:
    # Azure's default also takes SHA-1 and 1024-bit groups; both sides must agree on exactly this.
    return network.IpsecPolicyArgs(
        ike_encryption=network.IkeEncryption.AES256,
        ike_integrity=network.IkeIntegrity.SHA384,
        dh_group=network.DhGroup.ECP384,
        ipsec_encryption=network.IpsecEncryption.GCMAES256,
        ipsec_integrity=network.IpsecIntegrity.GCMAES256,
        pfs_group=network.PfsGroup.ECP384,
        sa_life_time_seconds=_KEY_SECONDS,
        sa_data_size_kilobytes=_KEY_KILOBYTES,
    )
