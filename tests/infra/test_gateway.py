from __future__ import annotations

import json
from base64 import b64decode
from typing import Any
from xml.etree import ElementTree

import pytest

from infra.apim.policy import CERTIFICATE_HEADER
from infra.components.partner_door import PartnerDoorArgs
from infra.engine.run import up
from infra.engine.stacks import program_of
from infra.release import PROBE
from infra.wiring import senders
from shared.catalog.index import steps
from shared.catalog.model import Route
from tests.infra.recording import Stack, as_stack

PARTNERS = sorted(set(senders()) - {PROBE})


def _gateway(stack: Stack) -> dict[str, Any]:
    return stack.one("apimanagement:ApiManagementService")


def _inputs(stack: Stack, kind: str) -> list[dict[str, Any]]:
    return [r["inputs"] for r in stack.of(f"apimanagement:{kind}").values()]


def _door(stack: Stack) -> dict[str, Any] | None:
    return next((r["inputs"] for r in stack.of("network:ApplicationGateway").values()), None)


@pytest.fixture(scope="module")
def first_phase() -> Stack:
    """Build prod as its first `up` does."""
    return as_stack(up(program_of("prod", {"publicDoors": "open"})))


@pytest.fixture(scope="module")
def resident() -> Stack:
    """Build prod with a gateway that lives in its subnet, behind the door."""
    return as_stack(up(program_of("prod", {"gatewaySku": "Premium", "gatewayUnits": "3"})))


def test_the_gateway_is_reached_at_the_entrance_and_calls_from_its_own_subnet(stack: Stack) -> None:
    endpoint = stack.of("network:PrivateEndpoint")["gateway"]["inputs"]
    subnet = _gateway(stack)["virtualNetworkConfiguration"]["subnetResourceId"]

    assert "entrance" == endpoint["subnet"]["id"].rpartition("/")[2]
    assert ["Gateway"] == endpoint["privateLinkServiceConnections"][0]["groupIds"]
    assert "gateway" == subnet.rpartition("/")[2]


def test_every_route_with_a_role_is_an_operation_of_exactly_one_api(stack: Stack) -> None:
    documents = [json.loads(api["value"]) for api in _inputs(stack, "Api")]
    shown = [op["operationId"] for each in documents for path in each["paths"].values() for op in path.values()]

    assert sorted(s.function for s in steps() if isinstance(s.inbound, Route) and s.inbound.role) == sorted(shown)


def test_every_api_leads_to_the_app_of_its_tier(stack: Stack) -> None:
    backends = {each["backendId"]: each["url"] for each in _inputs(stack, "Backend")}
    used = {
        each["apiId"]: ElementTree.fromstring(each["value"]).find("inbound/set-backend-service")  # noqa: S314 - ours
        for each in _inputs(stack, "ApiPolicy")
    }

    for api in _inputs(stack, "Api"):
        chosen = used[api["apiId"]]
        assert chosen is not None
        assert api["serviceUrl"] == backends[chosen.attrib["backend-id"]]
        tier = api["path"].rpartition("-")[2]
        assert stack.of("web:WebApp")[tier]["inputs"]["name"] in api["serviceUrl"]


def test_each_partner_that_sends_has_one_subscription_to_a_product_of_its_own(stack: Stack) -> None:
    subscriptions = {each["sid"]: each["scope"].rpartition("/")[2] for each in _inputs(stack, "Subscription")}

    assert {name: f"partner-{name}" for name in PARTNERS} == {
        sid: product for sid, product in subscriptions.items() if sid != "staff"
    }


def test_no_product_of_a_partner_reaches_what_people_use(stack: Stack) -> None:
    reached = {(each["productId"], each["apiId"]) for each in _inputs(stack, "ProductApi")}

    assert {product == "staff" for product, api in reached if api.startswith("staff-")} <= {True}
    assert {api.startswith("staff-") for product, api in reached if product == "staff"} <= {True}
    assert {f"partner-{name}" for name in PARTNERS} == {product for product, _ in reached if product != "staff"}


def test_no_key_of_a_subscription_is_known_to_the_program(stack: Stack) -> None:
    keys = {key for each in _inputs(stack, "Subscription") for key in each if key.lower().endswith("key")}

    assert set() == keys


def test_the_apps_that_are_called_lie_where_the_gateway_alone_reaches_them(stack: Stack) -> None:
    called = {
        name
        for name, endpoint in stack.of("network:PrivateEndpoint").items()
        if endpoint["inputs"]["subnet"]["id"].endswith("/called")
    }

    assert {step.tier.value for step in steps() if isinstance(step.inbound, Route)} == called


def test_the_gateway_has_the_role_without_which_it_gets_no_token(stack: Stack) -> None:
    given = {r["name"] for r in stack.resources if r["type"].endswith(":AppRoleAssignment")}

    assert "gateway-gateway" in given


def test_calls_are_logged_without_bodies_headers_or_queries(stack: Stack) -> None:
    log = stack.one("apimanagement:Diagnostic")

    for side in ("frontend", "backend"):
        for message in log[side].values():
            assert 0 == message["body"]["bytes"]
            assert [] == message["headers"]
            assert {"*"} == {each["value"] for each in message["dataMasking"]["queryParams"]}


def test_where_a_door_stands_before_the_gateway_it_is_the_only_public_address(runs: dict[str, Stack]) -> None:
    for name in ("staging", "prod"):
        door = _door(runs[name])
        assert door is not None
        public = [each for each in door["frontendIPConfigurations"] if "publicIPAddress" in each]

        assert "Disabled" == _gateway(runs[name])["publicNetworkAccess"]
        assert 1 == len(public)
        assert {_gateway(runs[name])["serviceName"] + ".azure-api.net"} == {
            address["fqdn"] for pool in door["backendAddressPools"] for address in pool["backendAddresses"]
        }


def test_the_door_asks_for_certificates_and_overwrites_what_a_caller_says_of_one(runs: dict[str, Stack]) -> None:
    door = _door(runs["prod"])
    assert door is not None
    (rule,) = door["rewriteRuleSets"][0]["rewriteRules"]
    trusted = [b64decode(each["data"]) for each in door["trustedClientCertificates"]]

    assert {"sslProfiles/partners"} == {
        "/".join(each["sslProfile"]["id"].split("/")[-2:]) for each in door["httpListeners"]
    }
    assert [{"headerName": CERTIFICATE_HEADER, "headerValue": "{var_client_certificate}"}] == (
        rule["actionSet"]["requestHeaderConfigurations"]
    )
    assert all(text.startswith(b"-----BEGIN CERTIFICATE-----") for text in trusted)
    assert len(trusted) == len(PARTNERS)


def test_behind_a_door_hospitals_lines_do_not_reach_the_gateway_past_it(runs: dict[str, Stack]) -> None:
    rules = runs["prod"].of("network:NetworkSecurityGroup")["entrance"]["inputs"]["securityRules"]

    assert ["from-door"] == [rule["name"] for rule in rules if rule["access"] == "Allow"]


def test_the_firewall_at_the_door_does_not_look_into_bodies(runs: dict[str, Stack]) -> None:
    policy = runs["prod"].one("network:WebApplicationFirewallPolicy")

    assert ("Prevention", False) == (policy["policySettings"]["mode"], policy["policySettings"]["requestBodyCheck"])


def test_the_door_may_read_its_certificate_and_nothing_else_of_the_vault(runs: dict[str, Stack]) -> None:
    granted = [
        r["inputs"]["scope"]
        for name, r in runs["prod"].of("authorization:RoleAssignment").items()
        if name.startswith("door-")
    ]

    assert ["secrets/partner-door"] == ["/".join(scope.split("/")[-2:]) for scope in granted]


def test_in_the_first_phase_the_gateway_is_public_and_no_door_is_there(first_phase: Stack) -> None:
    assert "Enabled" == _gateway(first_phase)["publicNetworkAccess"]
    assert _door(first_phase) is None


def test_a_resident_gateway_behind_a_door_has_a_private_name_and_no_public_address(resident: Stack) -> None:
    gateway = _gateway(resident)
    record = resident.one("privatedns:PrivateRecordSet")

    assert ("Internal", 3) == (gateway["virtualNetworkType"], len(gateway["zones"]))
    assert f"{gateway['serviceName']}.azure-api.net" == record["privateZoneName"]
    assert "gateway" not in resident.of("network:PrivateEndpoint")
    assert "delegations" not in resident.of("network:Subnet")["gateway"]["inputs"]


def test_more_authorities_than_a_door_takes_are_refused() -> None:
    with pytest.raises(ValueError, match="101 authorities issue their certificates, and a door takes 100"):
        PartnerDoorArgs(
            place=None,  # type: ignore[arg-type]
            subnet_id="",
            private_address="",
            host="",
            gateway_host="",
            vault_id="",
            vault_url="",
            authorities={str(number): b"" for number in range(101)},
            zones=(),
            workspace_id=None,
            tags={},
        )
