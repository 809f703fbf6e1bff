from __future__ import annotations

import json
from typing import Any

import pytest

from infra.engine.run import ProgramError, preview, up
from infra.engine.stacks import program_of
from tests.infra.recording import Stack, as_stack

_ANYWHERE = "/subscriptions/00000000-0000-0000-0000-00000000000f/resourceGroups/far/providers/"
CIRCUIT = f"{_ANYWHERE}Microsoft.Network/expressRouteCircuits/harbor"
STORE = f"{_ANYWHERE}Microsoft.Storage/storageAccounts/countyregistrydev"


def _inbound(rule: dict[str, Any]) -> bool:
    return bool(rule["direction"] == "Inbound")


@pytest.fixture(scope="module")
def variant() -> Stack:
    """Build dev with the dials that no stack file turns."""
    dials = {
        "firewall": "basic",
        "hospitalGateway": "expressroute",
        "ddosProtection": "true",
        "gatewaySku": "Developer",
        "hospitalLines": json.dumps({"harbor-hospital": {"circuit": CIRCUIT}}),
        "fileStores": json.dumps({"COUNTY_REGISTRY_URL": STORE}),
    }
    return as_stack(up(program_of("dev", dials)))


def test_a_basic_firewall_has_a_second_address_for_its_management_and_alerts_where_it_cannot_deny(
    variant: Stack,
) -> None:
    firewall = variant.one("network:AzureFirewall")
    policy = variant.one("network:FirewallPolicy")

    assert firewall["managementIpConfiguration"]["subnet"]["id"].endswith("/AzureFirewallManagementSubnet")
    assert (policy["sku"]["tier"], policy["threatIntelMode"]) == ("Basic", "Alert")
    assert "intrusionDetection" not in policy


def test_a_line_by_expressroute_ends_at_a_gateway_of_that_kind(variant: Stack) -> None:
    gateway = variant.one("network:VirtualNetworkGateway")

    assert gateway["gatewayType"] == "ExpressRoute"
    assert gateway["sku"]["name"] == "ErGw1AZ"
    assert "vpnType" not in gateway


def test_a_line_by_expressroute_joins_the_gateway_to_the_partners_circuit_and_holds_no_key(variant: Stack) -> None:
    (line,) = variant.of("network:VirtualNetworkGatewayConnection").values()
    inputs = line["inputs"]

    assert ("ExpressRoute", CIRCUIT) == (inputs["connectionType"], inputs["peer"]["id"])
    assert inputs["virtualNetworkGateway1"]["id"].endswith("/virtualNetworkGateways/corridor-dev-hospitals")
    assert set() == {"authorizationKey", "sharedKey"} & inputs.keys()


def test_the_tier_that_delivers_may_put_files_into_the_receivers_container_and_nothing_above_it(
    variant: Stack,
) -> None:
    roles = {name: r["inputs"] for name, r in variant.of("authorization:RoleAssignment").items()}
    ours = {name: role for name, role in roles.items() if role["scope"].startswith(_ANYWHERE)}

    assert ["deliver-blob-contributor-county-registry"] == list(ours)
    assert f"{STORE}/blobServices/default/containers/adt" == next(iter(ours.values()))["scope"]


def test_a_ddos_plan_protects_both_networks(variant: Stack) -> None:
    networks = [r["inputs"] for r in variant.of("network:VirtualNetwork").values()]

    assert 1 == len(variant.of("network:DdosProtectionPlan"))
    assert {True} == {network["enableDdosProtection"] for network in networks}


def test_a_gateway_that_lives_in_its_subnet_has_no_endpoint_and_lets_its_management_in(variant: Stack) -> None:
    gateway = variant.one("apimanagement:ApiManagementService")
    rules = variant.of("network:NetworkSecurityGroup")["gateway"]["inputs"]["securityRules"]
    let_in = {(rule["sourceAddressPrefix"], *rule["destinationPortRanges"]) for rule in rules[:-2] if _inbound(rule)}

    assert "External" == gateway["virtualNetworkType"]
    assert "gateway" not in variant.of("network:PrivateEndpoint")
    assert "delegations" not in variant.of("network:Subnet")["gateway"]["inputs"]
    assert {("Internet", "443"), ("ApiManagement", "3443"), ("AzureLoadBalancer", "6390")} == let_in


@pytest.mark.parametrize(
    ("dial", "value", "complaint"),
    [
        ("neighbours", '["10.40.0.0/24"]', "corridor:addressSpace: set it to a range that does not overlap"),
        ("mutualTls", "true", "partners/harbor-hospital.yaml: sends.certificates.dev: give the SHA-256 of "),
        ("partnerDoor", "waf", "corridor:doorHost: set it to a host name where partnerDoor is waf, else none"),
        ("tiers", '{"delivery": {}}', "corridor:tiers.delivery: set it to one of the tiers ingest, "),
        ("tiers", '{"ops": 3}', "corridor:tiers: set it to names with their numbers, "),
        ("neighbours", "10.200.0.0/16", "corridor:neighbours: set it to a list of texts, like "),
        ("addresses", "{}", "corridor:addresses.COUNTY_REGISTRY_URL, "),
        ("prefix", "Corridor", "corridor:prefix: set it to 2 to 10 lower-case letters and digits, a letter first"),
    ],
)
def test_a_wrong_dial_stops_the_program_with_one_line(dial: str, value: str, complaint: str) -> None:
    with pytest.raises(ProgramError) as refused:
        preview(program_of("dev", {dial: value}))

    assert str(refused.value).startswith(complaint)
    assert "\n" not in str(refused.value)
