"""Networks: address ranges that do not collide, and subnets as large and as delegated as their tenants need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_network
from itertools import combinations
from typing import Any

from infra.engine.resources import Resource
from infra.rules import Finding, error
from infra.rules.reading import items, of_kinds, same_id, value

_FLEX = "Microsoft.App/environments"
_NAMED_SIZES = {"AzureBastionSubnet": 26, "AzureFirewallSubnet": 26, "GatewaySubnet": 27}

# Who lives in a subnet: where the tenant names it, the longest prefix it fits in, and whom it is delegated to.
_TENANTS: Mapping[str, tuple[str, int, str]] = {
    "app:ManagedEnvironment": ("vnetConfiguration.infrastructureSubnetId", 27, _FLEX),
    "dbforpostgresql:Server": ("network.delegatedSubnetResourceId", 28, "Microsoft.DBforPostgreSQL/flexibleServers"),
    "web:WebApp": ("virtualNetworkSubnetId", 27, _FLEX),
}
_GATEWAY = ("virtualNetworkConfiguration.subnetResourceId", 27)
_GATEWAY_DELEGATION = {"PremiumV2": "Microsoft.Web/hostingEnvironments", "StandardV2": "Microsoft.Web/serverFarms"}


@dataclass(frozen=True)
class Subnet:
    """One subnet, however it is declared; `network` is its virtual network's name in Azure."""

    resource: Resource
    path: str
    network: str
    name: str
    id: str
    prefix: IPv4Network
    delegations: tuple[str, ...]


def ranges_do_not_collide(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find virtual networks that overlap, and subnets that overlap or lie outside their network."""
    networks = of_kinds(resources, "network:VirtualNetwork")
    ranges = {network.urn: _ranges(network) for network in networks}
    for one, other in combinations(networks, 2):
        if any(mine.overlaps(theirs) for mine in ranges[one.urn] for theirs in ranges[other.urn]):
            yield error("network-overlap", other, "addressSpace", f"overlaps {one.name}: they could not be peered")
    subnets = subnets_of(resources)
    for left, right in combinations(subnets, 2):
        if left.network == right.network and left.id != right.id and left.prefix.overlaps(right.prefix):
            text = f"{right.name} overlaps {left.name}"
            yield error("subnet-overlap", right.resource, right.path, text)
    for subnet in subnets:
        homes = [ranges[each.urn] for each in networks if each.id.rpartition("/")[2] == subnet.network]
        if homes and not any(subnet.prefix.subnet_of(home) for home in homes[0]):
            text = f"{subnet.name} {subnet.prefix} lies outside its network"
            yield error("subnet-outside", subnet.resource, subnet.path, text)


def subnets_fit_their_tenants(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find subnets that are too small for who lives in them, or delegated to somebody else."""
    subnets = subnets_of(resources)
    for subnet in subnets:
        longest = _NAMED_SIZES.get(subnet.name)
        if longest is not None and subnet.prefix.prefixlen > longest:
            yield _too_small(subnet, subnet.name, longest)
    for tenant, path, longest, delegation in _tenancies(resources):
        home = next((each for each in subnets if same_id(each.id, value(tenant, path))), None)
        if home is None:
            yield error("subnet", tenant, path, "names a subnet that this stack does not have")
            continue
        if home.prefix.prefixlen > longest:
            yield _too_small(home, tenant.name, longest)
        if delegation and delegation not in home.delegations:
            text = f"{home.name} is not delegated to {delegation}, which {tenant.name} needs"
            yield error("subnet-delegation", home.resource, home.path, text)
        if delegation == _FLEX and "_" in home.name:
            yield error("subnet-name", home.resource, home.path, f"{home.name}: Flex takes no underscore")


def endpoints_lie_in_subnets_of_nobody(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find private endpoints in subnets that are delegated to a service."""
    subnets = subnets_of(resources)
    for endpoint in of_kinds(resources, "network:PrivateEndpoint"):
        for subnet in subnets:
            if same_id(subnet.id, value(endpoint, "subnet.id")) and subnet.delegations:
                text = f"{subnet.name} is delegated to {subnet.delegations[0]}: no endpoint can lie there"
                yield error("endpoint-subnet", endpoint, "subnet.id", text)


def subnets_of(resources: Sequence[Resource]) -> list[Subnet]:
    """Return every subnet: those declared by themselves, and those inside a virtual network."""
    found = []
    for resource in of_kinds(resources, "network:Subnet"):
        network = str(value(resource, "virtualNetworkName"))
        found += _subnet(resource, "addressPrefix", network, resource.id, dict(resource.inputs))
    for resource in of_kinds(resources, "network:VirtualNetwork"):
        network = resource.id.rpartition("/")[2]
        for index, inner in enumerate(items(resource, "subnets")):
            identity = f"{resource.id}/subnets/{inner.get('name')}"
            found += _subnet(resource, f"subnets[{index}].addressPrefix", network, identity, inner)
    return found


def _subnet(resource: Resource, path: str, network: str, identity: str, said: Mapping[str, Any]) -> list[Subnet]:
    prefix = said.get("addressPrefix") or next(iter(said.get("addressPrefixes") or ()), None)
    if not prefix:
        return []
    delegations = tuple(str(each.get("serviceName")) for each in said.get("delegations") or ())
    name = identity.rpartition("/")[2]
    return [Subnet(resource, path, network, name, identity, IPv4Network(prefix), delegations)]


def _ranges(network: Resource) -> list[IPv4Network]:
    found = (ip_network(prefix) for prefix in items(network, "addressSpace.addressPrefixes"))
    return [each for each in found if isinstance(each, IPv4Network)]


def _tenancies(resources: Sequence[Resource]) -> Iterator[tuple[Resource, str, int, str]]:
    for tenant in of_kinds(resources, *_TENANTS):
        path, longest, delegation = _TENANTS[tenant.kind]
        if value(tenant, path):
            yield tenant, path, longest, delegation
    for gateway in of_kinds(resources, "apimanagement:ApiManagementService"):
        path, longest = _GATEWAY
        if value(gateway, path):
            yield gateway, path, longest, _GATEWAY_DELEGATION.get(str(value(gateway, "sku.name")), "")


def _too_small(subnet: Subnet, tenant: str, longest: int) -> Finding:
    text = f"{subnet.name} is a /{subnet.prefix.prefixlen}: {tenant} needs a /{longest} or larger"
    return error("subnet-size", subnet.resource, subnet.path, text)


RULES = (ranges_do_not_collide, subnets_fit_their_tenants, endpoints_lie_in_subnets_of_nobody)
