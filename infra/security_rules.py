"""
Which traffic each subnet of the spoke lets in and out; the last rule in both directions denies everything else.

    tier        out: endpoints, Entra's keys, Azure Monitor; deliver also to destinations (443)
    endpoints   in:  the subnets that use them
    entrance    in:  hospitals' lines and the door (443)
    door        in:  the internet (443) and Azure's own control of the gateway that stands there
    gateway     out: endpoints, Entra, and what API Management itself needs
    runner      out: endpoints, the internet (443): it fetches the release that it deploys
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from infra.address_plan import DOOR, ENDPOINTS, ENTRANCE, GATEWAY, RUNNER, AddressPlan
from shared.catalog.model import Tier

ANY = "*"
HTTPS = ("443",)
# Web, AMQP over TLS, and PostgreSQL without and with its pooler.
SERVICES = ("443", "5671", "5432", "6432")
DATABASE = ("443", "5432", "6432")


@dataclass(frozen=True, slots=True)
class Rule:
    """One permission: TCP from `source` to `destination`, ranges or service tags, on `ports`."""

    name: str
    inbound: bool
    source: str
    destination: str
    ports: tuple[str, ...] = HTTPS


def rules_of(subnet: str, plan: AddressPlan, tiers: Iterable[str], neighbours: Sequence[str]) -> list[Rule]:
    """Return the permissions of a subnet, the first with the highest priority."""
    own = plan.range_of(subnet)
    endpoints = plan.range_of(ENDPOINTS)
    if subnet == ENDPOINTS:
        users = [(tier, SERVICES) for tier in tiers] + [(GATEWAY, HTTPS), (RUNNER, DATABASE)]
        return [Rule(f"from-{user}", True, plan.range_of(user), own, ports) for user, ports in users]
    if subnet == ENTRANCE:
        return [*_from_hospitals(own, neighbours), Rule("from-door", True, plan.range_of(DOOR), own)]
    if subnet == DOOR:
        return [
            *_from_hospitals(own, neighbours),
            Rule("from-internet", True, "Internet", own),
            Rule("from-gateway-manager", True, "GatewayManager", ANY, ("65200-65535",)),
            Rule("from-load-balancer", True, "AzureLoadBalancer", ANY, (ANY,)),
            Rule("to-entrance", False, own, plan.range_of(ENTRANCE)),
            # Application Gateway does not work when its way to the internet is shut: certificates are checked there.
            Rule("to-internet", False, own, "Internet", (ANY,)),
        ]
    if subnet == GATEWAY:
        tags = ("AzureActiveDirectory", "AzureMonitor", "AzureKeyVault", "Storage")
        return [Rule("to-endpoints", False, own, endpoints), *_to_tags(own, tags)]
    if subnet == RUNNER:
        return [Rule("to-endpoints", False, own, endpoints, DATABASE), *_to_tags(own, ("Internet",))]
    outward = _to_destinations(own, neighbours) if subnet == Tier.DELIVER else []
    services = Rule("to-endpoints", False, own, endpoints, SERVICES)
    return [services, *_to_tags(own, ("AzureActiveDirectory", "AzureMonitor")), *outward]


def _from_hospitals(own: str, neighbours: Sequence[str]) -> list[Rule]:
    return [Rule(f"from-neighbour-{i}", True, each, own) for i, each in enumerate(neighbours, 1)]


def _to_destinations(own: str, neighbours: Sequence[str]) -> list[Rule]:
    private = [Rule(f"to-neighbour-{i}", False, own, each) for i, each in enumerate(neighbours, 1)]
    return [*private, *_to_tags(own, ("Internet",))]


def _to_tags(own: str, tags: Iterable[str]) -> list[Rule]:
    return [Rule(f"to-{tag.lower()}", False, own, tag) for tag in tags]
