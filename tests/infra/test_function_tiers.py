from __future__ import annotations

from typing import Any

import pytest

from infra.access import answers_http, fact_listeners
from infra.components.app_doors import AppDoors
from infra.names import Names
from infra.wiring import address_settings
from shared.catalog.flows import FLOWS
from shared.catalog.model import Tier
from shared.settings import read_settings
from tests.infra.recording import Stack

# Settings that Flex Consumption refuses or ignores, because its own configuration took their place.
_NOT_ON_FLEX = {
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_DNS_SERVER",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_VNET_ROUTE_ALL",
}


def _apps(stack: Stack) -> dict[str, dict[str, Any]]:
    return {name: resource["inputs"] for name, resource in stack.of("web:WebApp").items()}


def _settings(app: dict[str, Any]) -> dict[str, str]:
    return {pair["name"]: pair["value"] for pair in app["siteConfig"]["appSettings"]}


def test_each_tier_that_a_step_uses_has_an_app_that_knows_its_tier(stack: Stack) -> None:
    used = {step.tier.value: step.tier.value for flow in FLOWS for step in flow.steps}

    assert used == {name: _settings(app)["CORRIDOR_TIER"] for name, app in _apps(stack).items()}


def test_each_app_has_every_setting_that_the_product_requires(stack: Stack) -> None:
    read = {name: read_settings(_settings(app)) for name, app in _apps(stack).items()}

    assert {name: name for name in read} == {name: settings.tier for name, settings in read.items()}
    assert all(settings.client_id for settings in read.values())


def test_no_setting_is_a_connection_string_or_a_key(stack: Stack) -> None:
    names = {name for app in _apps(stack).values() for name in _settings(app)}
    values = {value.lower() for app in _apps(stack).values() for value in _settings(app).values()}

    assert [] == [n for n in names if n.lower().endswith(("connectionstring", "accountkey", "key", "password"))]
    assert [] == [v for v in values if "accountkey=" in v or "sharedaccesskey" in v or "password" in v]


def test_deliver_alone_is_told_where_the_partner_files_deliver_to(stack: Stack) -> None:
    wanted = address_settings()
    told = {name: wanted & _settings(app).keys() for name, app in _apps(stack).items()}

    assert wanted
    assert {name: wanted if name == Tier.DELIVER else set() for name in told} == told


def test_the_database_user_is_the_tiers_own_identity(stack: Stack) -> None:
    identities = {
        name: resource["inputs"]["resourceName"]
        for name, resource in stack.of("managedidentity:UserAssignedIdentity").items()
        if name in set(Tier)
    }
    users = {
        name: _settings(app)["CORRIDOR_DATABASE_URL"].removeprefix("postgresql://").partition("@")[0]
        for name, app in _apps(stack).items()
    }

    assert identities == users


def test_the_binding_connection_names_the_namespace_and_the_apps_identity(stack: Stack) -> None:
    for app in _apps(stack).values():
        settings = _settings(app)
        connection = {key: value for key, value in settings.items() if key.startswith("SERVICE_BUS")}

        # Where a second namespace stands by, apps know the name that moves to it.
        bus = Names("corridor", stack.name).resource("hints" if stack.name == "prod" else "bus")
        assert connection == {
            "SERVICE_BUS__fullyQualifiedNamespace": f"{bus}.servicebus.windows.net",
            "SERVICE_BUS__credential": "managedidentity",
            "SERVICE_BUS__clientId": settings["AZURE_CLIENT_ID"],
        }


def test_every_app_runs_on_flex_consumption_with_a_plan_of_its_own(stack: Stack) -> None:
    plans = {name: r["inputs"] for name, r in stack.of("web:AppServicePlan").items()}

    assert plans.keys() == _apps(stack).keys()
    assert {("FC1", "FlexConsumption", True)} == {
        (plan["sku"]["name"], plan["sku"]["tier"], plan["reserved"]) for plan in plans.values()
    }


def test_no_app_has_a_setting_that_flex_consumption_does_not_take(stack: Stack) -> None:
    for app in _apps(stack).values():
        assert set() == _NOT_ON_FLEX & _settings(app).keys()
        assert set() == {"linuxFxVersion", "alwaysOn", "functionAppScaleLimit"} & app["siteConfig"].keys()


def test_every_app_deploys_from_its_own_container_by_its_own_identity(stack: Stack) -> None:
    for name, app in _apps(stack).items():
        storage = app["functionAppConfig"]["deployment"]["storage"]
        blobs = f"https://{Names('corridor', stack.name).storage_account(name)}.blob.core.windows.net"

        assert storage["value"] == f"{blobs}/deployment"
        assert storage["authentication"]["type"] == "UserAssignedIdentity"
        assert [storage["authentication"]["userAssignedIdentityResourceId"]] == (
            app["identity"]["userAssignedIdentities"]
        )
        assert _settings(app)["AzureWebJobsStorage__blobServiceUri"] == blobs


def test_an_app_has_its_user_assigned_identity_and_no_other(stack: Stack) -> None:
    apps = _apps(stack).values()

    assert {"UserAssigned"} == {app["identity"]["type"] for app in apps}
    assert len(apps) == len({tuple(app["identity"]["userAssignedIdentities"]) for app in apps})


def test_every_app_refuses_plain_http_old_tls_debuggers_and_passwords(stack: Stack) -> None:
    apps = _apps(stack)
    refusals = [*stack.of("web:WebAppFtpAllowed").values(), *stack.of("web:WebAppScmAllowed").values()]

    assert {(True, "1.2", "1.2", False, True)} == {
        (
            a["httpsOnly"],
            a["siteConfig"]["minTlsVersion"],
            a["siteConfig"]["scmMinTlsVersion"],
            a["siteConfig"]["remoteDebuggingEnabled"],
            a["siteConfig"]["http20Enabled"],
        )
        for a in apps.values()
    }
    assert [False] * 2 * len(apps) == [r["inputs"]["allow"] for r in refusals]


def test_prod_keeps_instances_warm_for_what_is_life_critical_and_dev_keeps_none(runs: dict[str, Stack]) -> None:
    def warm(stack: str, tier: Tier) -> list[str]:
        scale = _apps(runs[stack])[tier]["functionAppConfig"]["scaleAndConcurrency"]
        return [group["name"] for group in scale["alwaysReady"]]

    assert warm("prod", Tier.INGEST) == ["http"]
    assert "function:lab_results_process" in warm("prod", Tier.PROCESS)
    assert warm("prod", Tier.OPS) == []
    assert [] == [group for tier in _apps(runs["dev"]) for group in warm("dev", Tier(tier))]


@pytest.mark.parametrize("tier", [tier.value for tier in Tier])
def test_an_app_waits_for_its_grants(stack: Stack, tier: str) -> None:
    app = stack.of("web:WebApp").get(tier)
    granted = [name for name in stack.of("authorization:RoleAssignment") if name.startswith(f"{tier}-")]

    waited_for = [] if app is None else [d.rpartition("::")[2] for d in app["dependencies"] if "RoleAssignment" in d]

    assert sorted(granted) == sorted(waited_for)


def test_every_app_sits_in_its_own_subnet_and_sends_everything_through_it(stack: Stack) -> None:
    subnets = stack.of("network:Subnet")

    for name, app in _apps(stack).items():
        assert app["virtualNetworkSubnetId"].rpartition("/")[2] == name
        assert app["outboundVnetRouting"] == {"allTraffic": True}
        assert [d["serviceName"] for d in subnets[name]["inputs"]["delegations"]] == ["Microsoft.App/environments"]


def test_every_app_that_answers_http_asks_for_the_gateways_proof_and_no_other_app_does(stack: Stack) -> None:
    read = {name: read_settings(_settings(app)) for name, app in _apps(stack).items()}

    assert {name: answers_http(Tier(name)) for name in read} == {n: each.behind_gateway for n, each in read.items()}
    assert {"ingest", "api"} <= {name for name, each in read.items() if each.behind_gateway}


def test_the_app_that_publishes_facts_knows_the_topic_and_no_other_does(stack: Stack) -> None:
    read = {name: read_settings(_settings(app)) for name, app in _apps(stack).items()}

    assert {"ops"} == {name for name, each in read.items() if each.facts_url}
    assert str(read["ops"].facts_url).endswith("/api/events")


def test_an_app_is_reached_by_its_private_endpoint_and_where_a_flow_hears_facts_by_event_grid(stack: Stack) -> None:
    hearing = {step.tier for step in fact_listeners()}

    for tier, app in _apps(stack).items():
        site = app["siteConfig"]
        let_in = [rule["ipAddress"] for rule in site.get("ipSecurityRestrictions", [])]

        assert app["publicNetworkAccess"] == ("Enabled" if tier in hearing else "Disabled")
        assert let_in == (["AzureEventGrid"] if tier in hearing else [])
        assert site["ipSecurityRestrictionsDefaultAction"] == "Deny"
        assert site["scmIpSecurityRestrictionsDefaultAction"] == "Deny"


def test_the_app_that_hears_facts_is_open_to_event_grid_and_to_nobody_else() -> None:
    (rule,) = AppDoors(hears_facts=True).restrictions() or []

    assert AppDoors(hears_facts=True).public
    assert (rule.action, rule.tag, rule.ip_address) == ("Allow", "ServiceTag", "AzureEventGrid")
    assert AppDoors(hears_facts=True).deployment_default() == "Deny"


def test_open_doors_let_the_code_in_and_nobody_to_the_app() -> None:
    doors = AppDoors(open_for_deployment=True)

    assert doors.public
    assert doors.restrictions() is None
    assert doors.deployment_default() == "Allow"
    assert not AppDoors().public


def test_the_app_with_a_health_route_is_probed_there(stack: Stack) -> None:
    probed = {name: app["siteConfig"].get("healthCheckPath") for name, app in _apps(stack).items()}

    assert probed["ingest"] == "/api/v1/health"
    assert {None} == {path for name, path in probed.items() if name != "ingest"}


def test_a_tier_with_dials_of_its_own_scales_by_them(runs: dict[str, Stack]) -> None:
    def ceiling(tier: str) -> int:
        scale = _apps(runs["prod"])[tier]["functionAppConfig"]["scaleAndConcurrency"]
        return int(scale["maximumInstanceCount"])

    assert (400, 200) == (ceiling("deliver"), ceiling("process"))


def test_the_database_is_reached_through_its_pooler_where_it_has_one(runs: dict[str, Stack]) -> None:
    def port(stack: str) -> str:
        return _settings(_apps(runs[stack])["process"])["CORRIDOR_DATABASE_URL"].partition("/corridor?")[0][-4:]

    assert ("5432", "6432") == (port("dev"), port("prod"))
