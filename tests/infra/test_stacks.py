from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.wiring import address_settings
from shared.catalog.flows import FLOWS
from tests.infra.recording import Stack

# Every input in which prod may differ from dev; the dials in infra/dials.py are behind each of them.
_DIALLED = {
    "dbforpostgresql:Server backup.geoRedundantBackup",
    "dbforpostgresql:Server highAvailability.mode",
    "dbforpostgresql:Server sku.name",
    "dbforpostgresql:Server sku.tier",
    "keyvault:Vault properties.enablePurgeProtection",
    "servicebus:Namespace sku.capacity",
    "storage:StorageAccount sku.name",
    "web:AppServicePlan zoneRedundant",
    "web:WebApp functionAppConfig.scaleAndConcurrency.alwaysReady",
    "web:WebApp functionAppConfig.scaleAndConcurrency.maximumInstanceCount",
}
_TAGGED = {
    "dbforpostgresql:Server",
    "keyvault:Vault",
    "managedidentity:UserAssignedIdentity",
    "resources:ResourceGroup",
    "servicebus:Namespace",
    "storage:StorageAccount",
    "web:AppServicePlan",
    "web:WebApp",
}
_STATE = {"archive", "archive-archive", "state", "vault"}


def _short(resource: dict[str, Any]) -> str:
    return str(resource["type"]).removeprefix("azure-native:")


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and all(
        isinstance(each, dict) and {"name", "value"} <= each.keys() for each in value
    ):
        yield from _leaves({each["name"]: each["value"] for each in value}, path)
    else:
        yield path, value


def _without_environment(stack: Stack) -> dict[tuple[str, str], dict[str, Any]]:
    neutral = stack.output.replace(f"corridor-{stack.name}", "corridor-ENV").replace(f"corridor{stack.name}", "ENV")
    neutral = neutral.replace(f"pulumi:{stack.name}::", "").replace(
        f'"environment": "{stack.name}"', '"environment": ""'
    )
    return {(_short(r), r["name"]): r for r in Stack("", neutral).resources}


def test_running_the_program_twice_registers_the_same_to_the_byte(runs: dict[str, Stack]) -> None:
    assert runs["dev"].output == runs["dev again"].output


def test_prod_has_the_same_resources_as_dev(runs: dict[str, Stack]) -> None:
    assert _without_environment(runs["dev"]).keys() == _without_environment(runs["prod"]).keys()


def test_prod_differs_from_dev_in_dials_alone(runs: dict[str, Stack]) -> None:
    dev, prod = _without_environment(runs["dev"]), _without_environment(runs["prod"])
    differing = set()
    for (kind, name), resource in dev.items():
        ours, theirs = dict(_leaves(resource["inputs"])), dict(_leaves(prod[kind, name]["inputs"]))
        paths = {path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path)}
        differing |= {f"{kind} {path}" for path in paths if path != "roleAssignmentName"}

    assert differing == _DIALLED | {f"web:WebApp siteConfig.appSettings.{name}" for name in address_settings()}


def test_prod_survives_the_loss_of_a_zone_and_of_a_region(runs: dict[str, Stack]) -> None:
    server = runs["prod"].one("dbforpostgresql:Server")

    assert server["highAvailability"]["mode"] == "ZoneRedundant"
    assert server["backup"]["geoRedundantBackup"] == "Enabled"
    assert runs["prod"].of("storage:StorageAccount")["archive"]["inputs"]["sku"]["name"] == "Standard_GZRS"
    assert {True} == {r["inputs"]["zoneRedundant"] for r in runs["prod"].of("web:AppServicePlan").values()}


def test_what_holds_records_cannot_be_deleted_by_accident_in_prod(runs: dict[str, Stack]) -> None:
    assert _STATE == {r["name"] for r in runs["prod"].resources if r["protect"]}
    assert set() == {r["name"] for r in runs["dev"].resources if r["protect"]}
    assert runs["prod"].one("keyvault:Vault")["properties"]["enablePurgeProtection"] is True
    assert "enablePurgeProtection" not in runs["dev"].one("keyvault:Vault")["properties"]


def test_every_resource_that_can_be_tagged_says_whom_to_ask_and_what_it_may_hold(stack: Stack) -> None:
    tagged = {_short(r): r["inputs"]["tags"] for r in stack.resources if "tags" in r["inputs"]}

    assert _TAGGED == tagged.keys()
    for tags in (r["inputs"]["tags"] for r in stack.resources if _short(r) in _TAGGED):
        assert {"application", "environment", "owner", "data-class"} <= tags.keys()
        assert tags["environment"] == stack.name


def test_an_app_is_tagged_with_the_flows_of_its_tier_and_their_strictest_data_class(stack: Stack) -> None:
    for tier, app in stack.of("web:WebApp").items():
        served = {f"flow-{f.name}": f.owner for f in FLOWS if any(step.tier == tier for step in f.steps)}
        tags = app["inputs"]["tags"]

        assert served == {key: value for key, value in tags.items() if key.startswith("flow-")}
    assert stack.of("web:WebApp")["workflow"]["inputs"]["tags"]["data-class"] == "phi"
    assert stack.of("web:WebApp")["ops"]["inputs"]["tags"]["data-class"] == "none"


def test_the_bus_is_tagged_as_a_room_without_patient_data(stack: Stack) -> None:
    assert stack.one("servicebus:Namespace")["tags"]["data-class"] == "none"


def test_nothing_is_open_to_the_public(stack: Stack) -> None:
    doors = {
        (_short(r), r["name"]): value
        for r in stack.resources
        for path, value in _leaves(r["inputs"])
        if path.rpartition(".")[2] == "publicNetworkAccess"
    }

    assert {"Disabled"} == set(doors.values())
    assert {
        "servicebus:Namespace",
        "storage:StorageAccount",
        "keyvault:Vault",
        "dbforpostgresql:Server",
        "web:WebApp",
    } == {kind for kind, _ in doors}


def test_nothing_takes_a_key_or_a_password(stack: Stack) -> None:
    accounts = [r["inputs"] for r in stack.of("storage:StorageAccount").values()]
    server = stack.one("dbforpostgresql:Server")

    assert {(False, False, False, "TLS1_2", True)} == {
        (
            account["allowSharedKeyAccess"],
            account["allowBlobPublicAccess"],
            account["allowCrossTenantReplication"],
            account["minimumTlsVersion"],
            account["enableHttpsTrafficOnly"],
        )
        for account in accounts
    }
    assert {"None"} == {r["inputs"]["publicAccess"] for r in stack.of("storage:BlobContainer").values()}
    assert server["authConfig"]["passwordAuth"] == "Disabled"
    assert server["authConfig"]["activeDirectoryAuth"] == "Enabled"
    assert "administratorLoginPassword" not in server
    assert stack.one("keyvault:Vault")["properties"]["enableRbacAuthorization"] is True


def test_every_resource_of_azure_belongs_to_a_component_except_the_resource_group(stack: Stack) -> None:
    orphans = {
        r["name"] for r in stack.resources if r["custom"] and r["parent"].split("::")[2] == "pulumi:pulumi:Stack"
    }

    assert orphans == {"corridor"}
