"""Who may call, where an image lies, what runs inside the network, and how little the pipeline may do."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.app_roles import GATEWAY, PARTNER, PEOPLE, app_roles, route_roles
from infra.components.grants import Role
from infra.components.pipeline import condition
from infra.engine.run import up
from infra.engine.stacks import program_of
from infra.pipeline_actions import pipeline_actions
from infra.schema.arm_types import arm_type
from infra.wiring import senders
from shared.catalog.flows import FLOWS
from shared.catalog.index import steps
from shared.catalog.model import Route, Tier
from tests.infra.recording import Estate, Stack, as_stack

PROBE = "corridor-probe"


def _directory(stack: Stack, kind: str) -> dict[str, dict[str, Any]]:
    return {r["name"]: r["inputs"] for r in stack.resources if r["type"] == f"azuread:index/{kind}"}


def _roles(stack: Stack) -> dict[str, dict[str, Any]]:
    return {role["value"]: role for role in _directory(stack, "application:Application")["api"]["appRoles"]}


def _assigned(stack: Stack) -> set[tuple[str, str]]:
    values = {role["id"]: value for value, role in _roles(stack).items()}
    return {
        (name.split(f"-{values[each['appRoleId']]}")[0], values[each["appRoleId"]])
        for name, each in _directory(stack, "appRoleAssignment:AppRoleAssignment").items()
    }


def _jobs(stack: Stack) -> dict[str, dict[str, Any]]:
    return {name: resource["inputs"] for name, resource in stack.of("app:Job").items()}


def _settings(job: dict[str, Any]) -> dict[str, str]:
    (container,) = job["template"]["containers"]
    return {each["name"]: each["value"] for each in container["env"]}


def test_the_api_knows_every_role_that_a_route_asks_for_and_every_partner_that_sends(stack: Stack) -> None:
    asked = {step.inbound.role for step in steps() if isinstance(step.inbound, Route) and step.inbound.role}

    assert asked | set(PEOPLE) | {GATEWAY} | {f"{PARTNER}{name}" for name in senders()} == _roles(stack).keys()


def test_people_have_six_roles_and_no_client_has_one_of_them(stack: Stack) -> None:
    for_people = {value for value, role in _roles(stack).items() if role["allowedMemberTypes"] == ["User"]}

    assert {"operator", "steward", "coordinator", "analyst", "auditor", "developer"} == for_people
    assert set() == for_people & {value for _, value in _assigned(stack)}
    assert {"Application"} == {
        kind for value, role in _roles(stack).items() if value not in for_people for kind in role["allowedMemberTypes"]
    }


def test_a_partners_client_speaks_for_that_partner_and_calls_what_partners_call(stack: Stack) -> None:
    expected = {(name, role) for name in senders() for role in (*route_roles(steps()), f"{PARTNER}{name}")}

    clients = {(who, role) for who, role in _assigned(stack) if role != GATEWAY}
    assert {("smoke" if who == PROBE else who, role) for who, role in expected} == clients
    assert set(senders()) - {PROBE} == _directory(stack, "application:Application").keys() - {"api"}


def test_nobody_gets_a_token_without_a_role_and_no_credential_is_in_the_state(stack: Stack) -> None:
    kinds = {resource["type"] for resource in stack.resources if resource["type"].startswith("azuread:")}

    assert _directory(stack, "servicePrincipal:ServicePrincipal")["api"]["appRoleAssignmentRequired"] is True
    assert {"application:Application", "servicePrincipal:ServicePrincipal", "appRoleAssignment:AppRoleAssignment"} == {
        kind.removeprefix("azuread:index/") for kind in kinds
    }
    assert [] == [name for name, app in _directory(stack, "application:Application").items() if "password" in app]


def test_the_apps_expect_the_tokens_that_the_directory_issues(stack: Stack) -> None:
    api = _directory(stack, "application:Application")["api"]
    audiences = {
        pair["value"]
        for app in stack.of("web:WebApp").values()
        for pair in app["inputs"]["siteConfig"]["appSettings"]
        if pair["name"] == "CORRIDOR_TOKEN_AUDIENCE"
    }

    assert api["api"]["requestedAccessTokenVersion"] == 2
    assert {f"{audience}/.default" for audience in audiences} == {_settings(_jobs(stack)["smoke"])["CORRIDOR_SCOPE"]}


def test_a_role_of_the_directory_keeps_its_id(runs: dict[str, Stack]) -> None:
    first, again = ({value: role["id"] for value, role in _roles(runs[n]).items()} for n in ("dev", "dev again"))

    assert first == again
    assert len(first) == len(set(first.values()))


def test_a_role_that_people_have_is_not_given_to_clients() -> None:
    roles = app_roles(steps(), ["example-lab"])

    assert not set(route_roles(steps())) & set(PEOPLE)
    assert len(roles) == len({role.value for role in roles})


def test_the_registry_has_no_key_and_no_public_door(stack: Stack) -> None:
    registry = stack.one("containerregistry:Registry")

    assert (False, False, "Disabled", "Premium") == (
        registry["adminUserEnabled"],
        registry["anonymousPullEnabled"],
        registry["publicNetworkAccess"],
        registry["sku"]["name"],
    )


def test_jobs_run_inside_the_network_where_nobody_can_call_them(stack: Stack) -> None:
    environment = stack.one("app:ManagedEnvironment")

    assert environment["vnetConfiguration"]["internal"] is True
    assert environment["vnetConfiguration"]["infrastructureSubnetId"].endswith("/subnets/runner")
    assert environment["publicNetworkAccess"] == "Disabled"
    assert environment["appLogsConfiguration"] == {"destination": "azure-monitor"}


def test_each_job_has_an_identity_of_its_own_runs_once_and_holds_no_secret(stack: Stack) -> None:
    jobs = _jobs(stack)
    identities = [tuple(job["identity"]["userAssignedIdentities"]) for job in jobs.values()]

    assert {"migrate", "deploy", "smoke"} == jobs.keys()
    assert 3 == len(set(identities))
    for job in jobs.values():
        configuration = job["configuration"]
        assert ("Manual", 0) == (configuration["triggerType"], configuration["replicaRetryLimit"])
        assert [job["identity"]["userAssignedIdentities"][0]] == [r["identity"] for r in configuration["registries"]]
        assert "secrets" not in configuration


def test_the_migrator_admits_every_tiers_identity_by_the_name_in_the_tiers_own_url(stack: Stack) -> None:
    settings = _settings(_jobs(stack)["migrate"])
    admitted = {each["tier"]: each for each in json.loads(settings["CORRIDOR_PRINCIPALS"])}
    apps = {name: resource["inputs"] for name, resource in stack.of("web:WebApp").items()}
    identities = stack.of("managedidentity:UserAssignedIdentity")

    assert apps.keys() == admitted.keys()
    for tier, app in apps.items():
        urls = {p["name"]: p["value"] for p in app["siteConfig"]["appSettings"]}
        assert urls["CORRIDOR_DATABASE_URL"].startswith(f"postgresql://{admitted[tier]['name']}@")
        assert admitted[tier]["name"] == identities[tier]["inputs"]["resourceName"]
        assert re.fullmatch(r"[0-9a-f-]{36}", admitted[tier]["objectId"])


def test_the_migrator_is_the_administrator_and_goes_past_the_pooler(stack: Stack) -> None:
    settings = _settings(_jobs(stack)["migrate"])
    administrator = stack.one("dbforpostgresql:AdministratorsMicrosoftEntra")

    assert settings["CORRIDOR_DATABASE_URL"].startswith(f"postgresql://{administrator['principalName']}@")
    assert ":5432/corridor?sslmode=verify-full" in settings["CORRIDOR_DATABASE_URL"]


def test_the_deployer_publishes_to_the_apps_and_pulls_the_image_and_no_more(stack: Stack) -> None:
    given = {
        name: resource["inputs"]["scope"].rpartition("/")[2]
        for name, resource in stack.of("authorization:RoleAssignment").items()
        if name.startswith(("deploy-", "smoke-", "migrate-"))
    }
    apps = json.loads(_settings(_jobs(stack)["deploy"])["CORRIDOR_APPS"])

    assert {name: name for name in given} == {
        name: name
        for name in [
            *(f"deploy-code-publisher-{each['tier']}" for each in apps),
            *(f"{job}-image-puller-images" for job in ("deploy", "migrate", "smoke")),
        ]
    }
    assert {tier.value for tier in Tier if any(s.tier is tier for f in FLOWS for s in f.steps)} == {
        each["tier"] for each in apps
    }
    assert {each["app"] for each in apps} == {scope for name, scope in given.items() if "publisher" in name}


def test_the_probe_sends_to_the_door_and_asks_where_a_partner_would(stack: Stack) -> None:
    settings = _settings(_jobs(stack)["smoke"])

    assert PROBE == settings["CORRIDOR_PROBE"]
    assert settings["CORRIDOR_API_URL"].startswith("https://")
    assert settings["CORRIDOR_STATUS_URL"].startswith("https://")


def test_an_edit_of_a_job_keeps_the_image_that_the_pipeline_gave_it(estate: Estate) -> None:
    jobs = [each for each in estate.examination.result.resources if each.kind == "app:Job"]

    assert [("template.containers[0].image",)] * 3 == [job.ignore_changes for job in jobs]


def test_only_gated_runs_of_the_repository_may_be_the_pipeline(stack: Stack) -> None:
    trust = stack.one("managedidentity:FederatedIdentityCredential")

    assert f"repo:corridor-health/corridor:environment:{stack.name}" == trust["subject"]
    assert "https://token.actions.githubusercontent.com" == trust["issuer"]
    assert ["api://AzureADTokenExchange"] == trust["audiences"]


def test_without_a_repository_there_is_no_pipeline() -> None:
    built = as_stack(up(program_of("dev", {"pipelineRepository": "none"})))

    assert {} == built.of("managedidentity:FederatedIdentityCredential")
    assert {} == built.of("authorization:RoleDefinition")


def test_the_pipelines_role_names_every_action_and_covers_all_that_is_built(stack: Stack) -> None:
    (permission,) = stack.one("authorization:RoleDefinition")["permissions"]
    built = {arm_type(r["type"]) for r in stack.resources if r["type"].startswith("azure-native:")}
    names = {each.name for each in built if each}

    assert list(pipeline_actions()) == permission["actions"]
    assert permission.keys() == {"actions"}
    assert [] == [action for action in permission["actions"] if "*" in action]
    assert {f"{name}/write" for name in names - {"Microsoft.Resources/resourceGroups"}} <= set(permission["actions"])
    assert "Microsoft.Resources/subscriptions/resourceGroups/write" in permission["actions"]


@pytest.mark.parametrize(
    "kept",
    [
        "Microsoft.Authorization/locks",
        "Microsoft.DBforPostgreSQL/flexibleServers",
        "Microsoft.KeyVault/vaults",
        "Microsoft.Resources/subscriptions/resourceGroups",
        "Microsoft.Storage/storageAccounts",
    ],
)
def test_the_pipeline_deletes_nothing_that_holds_records_or_guards_them(kept: str) -> None:
    assert f"{kept}/delete" not in pipeline_actions()
    assert f"{kept}/write" in pipeline_actions()


def test_the_pipeline_reads_no_secret_and_no_key() -> None:
    asked = [action for action in pipeline_actions() if re.search(r"listkeys|listaccountsas|secrets", action, re.I)]

    assert [] == asked


def test_the_pipeline_gives_the_roles_of_the_program_to_services_alone(stack: Stack) -> None:
    assignment = stack.of("authorization:RoleAssignment")["pipeline"]["inputs"]
    allowed = set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", assignment["condition"]))
    given = {
        r["inputs"]["roleDefinitionId"].rpartition("/")[2]
        for name, r in stack.of("authorization:RoleAssignment").items()
        if name != "pipeline"
    }

    assert given <= allowed == {role.value for role in Role}
    assert condition(Role) == assignment["condition"]
    assert 2 == assignment["condition"].count("StringEqualsIgnoreCase 'ServicePrincipal'")


def test_the_outputs_say_what_comes_next() -> None:
    source = (Path(__file__).parents[2] / "infra" / "__main__.py").read_text(encoding="utf-8")

    assert {"publicDoors", "group", "jobs", "commands", "images", "pipeline", "audience"} <= set(
        re.findall(r'pulumi\.export\("(\w+)"', source)
    )
