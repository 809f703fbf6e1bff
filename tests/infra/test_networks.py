from __future__ import annotations

from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

import pytest

from infra.access import tiers_in_use
from infra.address_plan import CALLED, DOOR, ENDPOINTS, ENTRANCE, GATEWAY, RUNNER, plan_addresses
from infra.security_rules import FrontDoor, rules_of
from shared.catalog.model import Tier
from tests.infra.recording import Stack

PLAN = plan_addresses("10.40.0.0/20", ())
TIERS = [tier.value for tier in Tier]
STARTS = ("10.0.0.0", "10.255.0.0", "172.16.0.0", "172.31.0.0", "192.168.0.0")
HOSPITALS = ("10.200.0.0/16", "10.201.0.0/16")


def _between(rules: list[dict[str, Any]], direction: str) -> list[dict[str, Any]]:
    return sorted((rule for rule in rules if rule["direction"] == direction), key=lambda rule: int(rule["priority"]))


@pytest.mark.parametrize("space", [f"{start}/{prefix}" for start in STARTS for prefix in range(16, 21)])
def test_every_range_lies_within_its_network_and_none_overlaps_another(space: str) -> None:
    plan = plan_addresses(space, ())
    whole = IPv4Network(space)

    assert not plan.hub.overlaps(plan.spoke)
    assert all(part.subnet_of(whole) for part in (plan.hub, plan.spoke))
    assert all(each.subnet_of(plan.hub) or each.subnet_of(plan.spoke) for each in plan.subnets.values())
    assert not [pair for pair in combinations(plan.subnets.values(), 2) if pair[0].overlaps(pair[1])]
    assert all(plan.subnets[tier].prefixlen <= 27 for tier in TIERS)


@pytest.mark.parametrize(
    ("space", "neighbours", "complaint"),
    [
        ("10.40.0.0/21", (), "corridor:addressSpace: set it to a private range of /20 or larger, like 10.40.0.0/20"),
        ("20.40.0.0/16", (), "corridor:addressSpace: set it to a private range of /20 or larger, like 10.40.0.0/20"),
        ("10.40.0.1/16", (), "corridor:addressSpace: set it to IPv4 ranges like 10.40.0.0/20, not 10.40.0.1/16"),
        ("ten", (), "corridor:addressSpace: set it to IPv4 ranges like 10.40.0.0/20, not ten"),
        ("10.40.0.0/16", ("hospital",), "corridor:neighbours: set it to IPv4 ranges like 10.40.0.0/20, not hospital"),
        (
            "10.40.0.0/16",
            ("10.40.128.0/24",),
            "corridor:addressSpace: set it to a range that does not overlap the neighbour 10.40.128.0/24",
        ),
    ],
)
def test_a_range_that_cannot_be_used_is_refused_in_one_line(
    space: str, neighbours: tuple[str, ...], complaint: str
) -> None:
    with pytest.raises(ValueError, match="corridor:") as refused:
        plan_addresses(space, neighbours)

    assert complaint == str(refused.value)


def test_a_tier_reaches_endpoints_and_entras_keys_and_deliver_alone_the_internet() -> None:
    reached = {tier: {rule.destination for rule in rules_of(tier, PLAN, TIERS, HOSPITALS)} for tier in TIERS}
    usual = {PLAN.range_of(ENDPOINTS), "AzureActiveDirectory", "AzureMonitor"}

    assert {frozenset(usual)} == {frozenset(to) for tier, to in reached.items() if tier != Tier.DELIVER}
    assert usual | {"Internet", *HOSPITALS} == reached[Tier.DELIVER]


def test_hospitals_lines_end_at_the_entrance_and_at_no_service() -> None:
    subnets = (*TIERS, ENDPOINTS, ENTRANCE, GATEWAY, RUNNER)

    assert {ENTRANCE} == {
        subnet
        for subnet in subnets
        if any(rule.inbound and rule.source in HOSPITALS for rule in rules_of(subnet, PLAN, TIERS, HOSPITALS))
    }


def test_hospitals_lines_end_at_the_door_where_one_stands_before_the_gateway() -> None:
    front = FrontDoor(waf=True)

    assert {DOOR} == {
        subnet
        for subnet in (*TIERS, ENDPOINTS, ENTRANCE, CALLED, GATEWAY, RUNNER, DOOR)
        if any(rule.inbound and rule.source in HOSPITALS for rule in rules_of(subnet, PLAN, TIERS, HOSPITALS, front))
    }


def test_the_gateway_and_the_runner_alone_reach_the_apps_that_are_called() -> None:
    let_in = {rule.source for rule in rules_of(CALLED, PLAN, TIERS, HOSPITALS) if rule.inbound}
    reaching = {
        subnet
        for subnet in (*TIERS, DOOR, GATEWAY, RUNNER)
        if any(rule.destination == PLAN.range_of(CALLED) for rule in rules_of(subnet, PLAN, TIERS, HOSPITALS))
    }

    assert {PLAN.range_of(GATEWAY), PLAN.range_of(RUNNER)} == let_in
    assert {GATEWAY, RUNNER} == reaching


def test_only_the_door_lets_the_internet_in() -> None:
    subnets = (*TIERS, ENDPOINTS, ENTRANCE, GATEWAY, RUNNER, DOOR)

    assert {DOOR} == {
        subnet
        for subnet in subnets
        if any(rule.inbound and rule.source == "Internet" for rule in rules_of(subnet, PLAN, TIERS, HOSPITALS))
    }


def test_no_tier_takes_a_connection() -> None:
    assert [] == [rule for tier in TIERS for rule in rules_of(tier, PLAN, TIERS, HOSPITALS) if rule.inbound]


def test_every_subnet_of_the_spoke_has_a_security_group_that_ends_in_denial(stack: Stack) -> None:
    groups = {name: r["inputs"]["securityRules"] for name, r in stack.of("network:NetworkSecurityGroup").items()}
    subnets = {
        name: r["inputs"] for name, r in stack.of("network:Subnet").items() if "networkSecurityGroup" in r["inputs"]
    }
    azures_own = stack.of("network:Subnet").keys() - subnets.keys()

    assert groups.keys() == subnets.keys()
    assert azures_own <= {"AzureFirewallSubnet", "AzureFirewallManagementSubnet", "GatewaySubnet"}
    for rules in groups.values():
        for direction in ("Inbound", "Outbound"):
            assert (_between(rules, direction)[-1]["access"], _between(rules, direction)[-1]["priority"]) == (
                "Deny",
                4096,
            )


def test_no_subnet_has_a_way_out_that_nobody_made(stack: Stack) -> None:
    subnets = {
        name: r["inputs"] for name, r in stack.of("network:Subnet").items() if "networkSecurityGroup" in r["inputs"]
    }
    with_exit = {name for name, subnet in subnets.items() if "natGateway" in subnet or "routeTable" in subnet}

    assert {False} == {subnet["defaultOutboundAccess"] for subnet in subnets.values()}
    assert {*(tier.value for tier in tiers_in_use()), GATEWAY, RUNNER} == with_exit


def test_subnets_are_made_one_after_another(stack: Stack) -> None:
    spoke = [r for r in stack.of("network:Subnet").values() if "networkSecurityGroup" in r["inputs"]]
    waiting = [r for r in spoke if any("network:Subnet::" in each for each in r["dependencies"])]

    assert len(spoke) - 1 == len(waiting)


def test_with_a_firewall_everything_that_leaves_passes_it_to_named_hosts(runs: dict[str, Stack]) -> None:
    prod = runs["prod"]
    (route,) = prod.of("network:RouteTable")["egress"]["inputs"]["routes"]
    group = prod.one("network:FirewallPolicyRuleCollectionGroup")
    rules = {rule["name"]: rule for collection in group["ruleCollections"] for rule in collection["rules"]}
    policy = prod.one("network:FirewallPolicy")

    assert (route["addressPrefix"], route["nextHopType"]) == ("0.0.0.0/0", "VirtualAppliance")
    assert route["nextHopIpAddress"] == "10.41.0.4"
    assert rules["destinations"]["targetFqdns"] == [
        "beds.harbor.example",
        "countyregistry.blob.core.windows.net",
        "ehr.harbor.example",
        "hooks.insight-portal.example",
        "login.harbor.example",
    ]
    assert (policy["threatIntelMode"], policy["intrusionDetection"]["mode"]) == ("Deny", "Deny")
    assert {} == prod.of("network:NatGateway")
    assert {} == runs["dev"].of("network:AzureFirewall")
    assert ["egress"] == list(runs["dev"].of("network:NatGateway"))


def test_hub_and_spoke_know_each_other_and_the_spoke_uses_the_hubs_lines(runs: dict[str, Stack]) -> None:
    def uses(stack: str) -> tuple[bool, bool]:
        peerings = runs[stack].of("network:VirtualNetworkPeering")
        to_spoke, to_hub = (peerings[name]["inputs"] for name in ("hub-to-spoke", "spoke-to-hub"))
        return to_spoke["allowGatewayTransit"], to_hub["useRemoteGateways"]

    assert ((False, False), (True, True)) == (uses("dev"), uses("prod"))
    assert ["hospitals"] == list(runs["prod"].of("network:VirtualNetworkGateway"))
    assert {} == runs["dev"].of("network:VirtualNetworkGateway")


def test_every_private_zone_is_asked_in_hub_and_spoke(stack: Stack) -> None:
    links = {
        (r["inputs"]["privateZoneName"], r["inputs"]["virtualNetwork"]["id"].rpartition("-")[2])
        for r in stack.of("privatedns:VirtualNetworkLink").values()
    }
    zones = stack.of("privatedns:PrivateZone")

    assert {(zone, network) for zone in zones for network in ("hub", "spoke")} == links


def test_flow_logs_are_kept_as_long_as_the_dial_says(runs: dict[str, Stack]) -> None:
    logs = [r["inputs"] for r in runs["prod"].of("network:FlowLog").values()]

    assert {"hub", "spoke"} == {log["targetResourceId"].rpartition("-")[2] for log in logs}
    assert {(365, "NetworkWatcher_eastus2")} == {
        (log["retentionPolicy"]["days"], log["networkWatcherName"]) for log in logs
    }
    assert {} == runs["dev"].of("network:FlowLog")
