"""
The address plan: every range of an environment, computed from the one that the dial gives.

    hub     first quarter   firewall, its management, the gateway to hospitals
    (free)  second quarter  for what a later network needs
    spoke   second half     endpoints, the public door, API Management, the deployment's runner, one range per tier,
                            the entrance (API Management's own endpoint: all that a hospital's line reaches),
                            the endpoints of the apps that are called (API Management alone reaches them)

Ranges are given out in a fixed order, and every tier has one whether it is in use or not: a range never moves
because another was added.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

from shared.catalog.model import Tier

FIREWALL = "AzureFirewallSubnet"
FIREWALL_MANAGEMENT = "AzureFirewallManagementSubnet"
HOSPITAL_GATEWAY = "GatewaySubnet"
ENDPOINTS = "endpoints"
DOOR = "door"
GATEWAY = "gateway"
RUNNER = "runner"
ENTRANCE = "entrance"
CALLED = "called"

# Prefix lengths. Azure fixes the three names of the hub and asks for /26; Flex Consumption asks for /27 at least.
_HUB = {FIREWALL: 26, FIREWALL_MANAGEMENT: 26, HOSPITAL_GATEWAY: 26}
_TIERS = {tier.value: 26 for tier in Tier}
_SPOKE = {ENDPOINTS: 24, DOOR: 26, GATEWAY: 26, RUNNER: 26, **_TIERS, ENTRANCE: 27, CALLED: 27}
_SMALLEST_SPACE = 20
_PRIVATE = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))


@dataclass(frozen=True, slots=True)
class AddressPlan:
    """The ranges of an environment: `subnets` by name, those of hub and spoke together."""

    hub: IPv4Network
    spoke: IPv4Network
    subnets: Mapping[str, IPv4Network]

    def range_of(self, subnet: str) -> str:
        """Return a subnet's range; KeyError if the plan has none of that name."""
        return str(self.subnets[subnet])


def plan_addresses(space: str, neighbours: Iterable[str]) -> AddressPlan:
    """
    Return the plan for the range `space`.

    ValueError, naming the dial, if the range is too small or not private, or if it overlaps a neighbour's: a
    network that is reached through the hub (a hospital, another environment).
    """
    whole = _network("addressSpace", space)
    if whole.prefixlen > _SMALLEST_SPACE or not any(whole.subnet_of(private) for private in _PRIVATE):
        raise ValueError(
            f"corridor:addressSpace: set it to a private range of /{_SMALLEST_SPACE} or larger, like 10.40.0.0/20"
        )
    for neighbour in neighbours:
        if whole.overlaps(_network("neighbours", neighbour)):
            raise ValueError(
                f"corridor:addressSpace: set it to a range that does not overlap the neighbour {neighbour}"
            )
    hub = next(whole.subnets(prefixlen_diff=2))
    _, spoke = whole.subnets(prefixlen_diff=1)
    return AddressPlan(hub, spoke, {**dict(_allot(hub, _HUB)), **dict(_allot(spoke, _SPOKE))})


def _network(dial: str, text: str) -> IPv4Network:
    try:
        return IPv4Network(text)
    except ValueError:
        raise ValueError(f"corridor:{dial}: set it to IPv4 ranges like 10.40.0.0/20, not {text}") from None


def _allot(room: IPv4Network, wanted: Mapping[str, int]) -> Iterator[tuple[str, IPv4Network]]:
    # Largest first in the tables above: so each range starts where the one before ends, and is aligned.
    start = int(room.network_address)
    for name, prefix in wanted.items():
        subnet = IPv4Network((start, prefix))
        start += subnet.num_addresses
        yield name, subnet
