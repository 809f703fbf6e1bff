"""
Which traffic each subnet of the spoke lets in and out; the last rule in both directions denies everything else.

    tier        out: endpoints, Entra's keys, Azure Monitor; deliver also to destinations (443)
    endpoints   in:  the subnets that use them
    called      in:  the gateway, and the runner, which tries a release out
    entrance    in:  the door (443) and, where there is none, hospitals' lines
    door        in:  the internet, hospitals' lines (443) and Azure's own control of what stands there
                out: the gateway, the vault with the door's certificate
    gateway     out: the called apps, Entra, and what API Management itself needs
                in:  nothing, unless the gateway lives there: then the door or, without one, those who call
    runner      within itself, as the platform of its containers asks; out: endpoints, called apps, the internet (443)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from infra.address_plan import CALLED, DOOR, ENDPOINTS, ENTRANCE, GATEWAY, RUNNER, AddressPlan
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


@dataclass(frozen=True, slots=True)
class FrontDoor:
    """How callers come: `waf`, by a door before the gateway; `injected`, to a gateway that lives in its subnet."""

    waf: bool = False
    injected: bool = False


_ENTRANCE_ALONE = FrontDoor()


def rules_of(
    subnet: str,
    plan: AddressPlan,
    tiers: Iterable[str],
    neighbours: Sequence[str],
    front: FrontDoor = _ENTRANCE_ALONE,
) -> list[Rule]:
    """Return the permissions of a subnet, the first with the highest priority."""
    own = plan.range_of(subnet)
    endpoints = plan.range_of(ENDPOINTS)
    if subnet == ENDPOINTS:
        users: list[tuple[str, tuple[str, ...]]] = [(tier, SERVICES) for tier in tiers]
        users += [(RUNNER, DATABASE), *([(DOOR, HTTPS)] if front.waf else [])]
        return [Rule(f"from-{user}", True, plan.range_of(user), own, ports) for user, ports in users]
    if subnet == CALLED:
        return [Rule(f"from-{user}", True, plan.range_of(user), own) for user in (GATEWAY, RUNNER)]
    if subnet == ENTRANCE:
        # A line that went past the door could bring a certificate in a header (docs/adr/0018).
        lines = [] if front.waf else _from_hospitals(own, neighbours)
        return [*lines, Rule("from-door", True, plan.range_of(DOOR), own)]
    if subnet == DOOR:
        return _of_door(own, plan, neighbours, front)
    if subnet == GATEWAY:
        tags = ("AzureActiveDirectory", "AzureMonitor", "AzureKeyVault", "Storage")
        outward = [Rule("to-called", False, own, plan.range_of(CALLED)), *_to_tags(own, tags)]
        return [*_of_resident_gateway(own, plan, neighbours, front), *outward] if front.injected else outward
    if subnet == RUNNER:
        within = [Rule("from-within", True, own, own, (ANY,)), Rule("to-within", False, own, own, (ANY,))]
        called = Rule("to-called", False, own, plan.range_of(CALLED))
        outward = [Rule("to-endpoints", False, own, endpoints, DATABASE), called, *_to_tags(own, ("Internet",))]
        return [*within, *outward]
    outward = _to_destinations(own, neighbours) if subnet == Tier.DELIVER else []
    services = Rule("to-endpoints", False, own, endpoints, SERVICES)
    return [services, *_to_tags(own, ("AzureActiveDirectory", "AzureMonitor")), *outward]


def _of_door(own: str, plan: AddressPlan, neighbours: Sequence[str], front: FrontDoor) -> list[Rule]:
    return [
        *_from_hospitals(own, neighbours),
        Rule("from-internet", True, "Internet", own),
        Rule("from-gateway-manager", True, "GatewayManager", ANY, ("65200-65535",)),
        Rule("from-load-balancer", True, "AzureLoadBalancer", ANY, (ANY,)),
        Rule("to-gateway", False, own, plan.range_of(GATEWAY if front.injected else ENTRANCE)),
        Rule("to-endpoints", False, own, plan.range_of(ENDPOINTS)),
        # Application Gateway does not work when its way to the internet is shut: certificates are checked there.
        Rule("to-internet", False, own, "Internet", (ANY,)),
    ]


def _of_resident_gateway(own: str, plan: AddressPlan, neighbours: Sequence[str], front: FrontDoor) -> list[Rule]:
    callers = [Rule("from-internet", True, "Internet", own), *_from_hospitals(own, neighbours)]
    return [
        *([Rule("from-door", True, plan.range_of(DOOR), own)] if front.waf else callers),
        Rule("from-management", True, "ApiManagement", own, ("3443",)),
        Rule("from-load-balancer", True, "AzureLoadBalancer", own, ("6390",)),
        Rule("to-own-state", False, own, "Sql", ("1433",)),
        Rule("to-own-metrics", False, own, "AzureMonitor", ("1886",)),
    ]


def _from_hospitals(own: str, neighbours: Sequence[str]) -> list[Rule]:
    return [Rule(f"from-neighbour-{i}", True, each, own) for i, each in enumerate(neighbours, 1)]


def _to_destinations(own: str, neighbours: Sequence[str]) -> list[Rule]:
    private = [Rule(f"to-neighbour-{i}", False, own, each) for i, each in enumerate(neighbours, 1)]
    return [*private, *_to_tags(own, ("Internet",))]


def _to_tags(own: str, tags: Iterable[str]) -> list[Rule]:
    return [Rule(f"to-{tag.lower()}", False, own, tag) for tag in tags]
