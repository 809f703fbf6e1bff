from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from infra.access import fact_listeners
from infra.names import Names
from infra.wiring import address_settings
from shared.catalog.flows import FLOWS
from tests.infra.recording import Stack

# Every input in which an environment may differ from another; the dials in infra/dials.py are behind each of them.
_DIALLED = {
    "app:ManagedEnvironment zoneRedundant",
    "apimanagement:ApiManagementService hostnameConfigurations",
    "apimanagement:ApiManagementService publicNetworkAccess",
    "apimanagement:ApiManagementService sku.capacity",
    "apimanagement:ProductPolicy value",
    "applicationinsights:Component publicNetworkAccessForIngestion",
    "applicationinsights:Component publicNetworkAccessForQuery",
    "consumption:Budget amount",
    "containerregistry:Registry zoneRedundancy",
    "dbforpostgresql:Server backup.backupRetentionDays",
    "dbforpostgresql:Server backup.geoRedundantBackup",
    "dbforpostgresql:Server dataEncryption.geoBackupKeyURI",
    "dbforpostgresql:Server dataEncryption.geoBackupUserAssignedIdentityId",
    "dbforpostgresql:Server dataEncryption.primaryKeyURI",
    "dbforpostgresql:Server dataEncryption.primaryUserAssignedIdentityId",
    "dbforpostgresql:Server dataEncryption.type",
    "dbforpostgresql:Server highAvailability.mode",
    "dbforpostgresql:Server identity.type",
    "dbforpostgresql:Server sku.name",
    "dbforpostgresql:Server sku.tier",
    "dbforpostgresql:Server storage.storageSizeGB",
    "keyvault:Vault properties.enablePurgeProtection",
    "monitor:ActionGroup emailReceivers",
    "network:NetworkSecurityGroup securityRules",
    "network:Subnet addressPrefix",
    "network:Subnet natGateway.id",
    "network:Subnet routeTable.id",
    "network:VirtualNetwork addressSpace.addressPrefixes",
    "network:VirtualNetworkPeering allowGatewayTransit",
    "network:VirtualNetworkPeering useRemoteGateways",
    "operationalinsights:Workspace publicNetworkAccessForIngestion",
    "operationalinsights:Workspace publicNetworkAccessForQuery",
    "operationalinsights:Workspace retentionInDays",
    "operationalinsights:Workspace workspaceCapping.dailyQuotaGb",
    "servicebus:Namespace encryption.keySource",
    "servicebus:Namespace encryption.keyVaultProperties",
    "servicebus:Namespace encryption.requireInfrastructureEncryption",
    "servicebus:Namespace identity.type",
    "servicebus:Namespace identity.userAssignedIdentities",
    "servicebus:Namespace sku.capacity",
    "servicebus:Namespace zoneRedundant",
    "storage:StorageAccount encryption.encryptionIdentity.encryptionUserAssignedIdentity",
    "storage:StorageAccount encryption.keySource",
    "storage:StorageAccount encryption.keyVaultProperties.keyName",
    "storage:StorageAccount encryption.keyVaultProperties.keyVaultUri",
    "storage:StorageAccount identity.type",
    "storage:StorageAccount identity.userAssignedIdentities",
    "storage:StorageAccount immutableStorageWithVersioning.immutabilityPolicy.state",
    "storage:StorageAccount sku.name",
    "web:AppServicePlan zoneRedundant",
    "web:WebApp functionAppConfig.scaleAndConcurrency.alwaysReady",
    "web:WebApp functionAppConfig.scaleAndConcurrency.maximumInstanceCount",
    "web:WebApp siteConfig.appSettings.CORRIDOR_DATABASE_URL",
    "web:WebApp siteConfig.appSettings.SERVICE_BUS__fullyQualifiedNamespace",
}
# What Azure makes up itself for each identity.
_OF_IDENTITIES = {
    "apimanagement:NamedValue value",
    "applicationinsights:Workbook resourceName",
    "authorization:RoleAssignment principalId",
    "app:Job template.containers",
    "authorization:RoleAssignment roleAssignmentName",
    "authorization:RoleAssignment roleDefinitionId",
    "authorization:RoleDefinition roleDefinitionId",
    "azuread:index/appRoleAssignment:AppRoleAssignment appRoleId",
    "azuread:index/appRoleAssignment:AppRoleAssignment principalObjectId",
    "azuread:index/appRoleAssignment:AppRoleAssignment resourceObjectId",
    "azuread:index/application:Application appRoles",
    "azuread:index/servicePrincipal:ServicePrincipal clientId",
    "managedidentity:FederatedIdentityCredential subject",
    "web:WebApp siteConfig.appSettings.CORRIDOR_TOKEN_AUDIENCE",
    "dbforpostgresql:AdministratorsMicrosoftEntra objectId",
    "web:WebApp siteConfig.appSettings.APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "web:WebApp siteConfig.appSettings.APPLICATIONINSIGHTS_CONNECTION_STRING",
    "web:WebApp siteConfig.appSettings.AZURE_CLIENT_ID",
    "web:WebApp siteConfig.appSettings.AzureWebJobsStorage__clientId",
    "web:WebApp siteConfig.appSettings.SERVICE_BUS__clientId",
}
# What a dial adds or leaves out altogether.
_BY_DIAL = {
    "authorization:ManagementLockByScope",
    "authorization:PolicyAssignment",
    "authorization:RoleAssignment",
    "dbforpostgresql:Configuration",
    "dbforpostgresql:Server",
    "keyvault:Key",
    "keyvault:Vault",
    "managedidentity:UserAssignedIdentity",
    "network:ApplicationGateway",
    "monitor:DiagnosticSetting",
    "monitor:PrivateLinkScope",
    "monitor:PrivateLinkScopedResource",
    "network:AzureFirewall",
    "network:FirewallPolicy",
    "network:FirewallPolicyRuleCollectionGroup",
    "network:FlowLog",
    "network:NatGateway",
    "network:NetworkSecurityGroup",
    "network:PrivateDnsZoneGroup",
    "network:PrivateEndpoint",
    "network:PublicIPAddress",
    "network:RouteTable",
    "network:Subnet",
    "network:VirtualNetworkGateway",
    "network:WebApplicationFirewallPolicy",
    "security:Pricing",
    "servicebus:DisasterRecoveryConfig",
    "servicebus:Namespace",
    "servicebus:NamespaceNetworkRuleSet",
    "storage:BlobContainer",
    "storage:BlobServiceProperties",
    "storage:ManagementPolicy",
    "storage:StorageAccount",
}
_STATE_OF_PROD = {
    "archive",
    "archive-archive",
    "key",
    "key2",
    "state",
    "state-lock",
    "state2",
    "vault",
}


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
    names = Names("corridor", stack.name)
    neutral = stack.output.replace(f"corridor-{names.short}", "corridor-ENV")
    neutral = neutral.replace(f"corridor{names.short}", "corridorENV")
    neutral = neutral.replace(f"pulumi:{stack.name}::", "").replace(
        f'"environment": "{stack.name}"', '"environment": ""'
    )
    return {(_short(r), r["name"]): r for r in Stack("", neutral).resources if r["custom"]}


def test_running_the_program_twice_registers_the_same_to_the_byte(runs: dict[str, Stack]) -> None:
    assert runs["dev"].output == runs["dev again"].output


@pytest.mark.parametrize("other", ["test", "integration", "staging", "prod"])
def test_what_one_stack_has_and_another_has_not_is_behind_a_dial(runs: dict[str, Stack], other: str) -> None:
    ours, theirs = _without_environment(runs["dev"]).keys(), _without_environment(runs[other]).keys()

    assert {kind for kind, _ in ours ^ theirs} <= _BY_DIAL


@pytest.mark.parametrize("other", ["test", "integration", "staging", "prod"])
def test_stacks_differ_in_dials_alone(runs: dict[str, Stack], other: str) -> None:
    dev, others = _without_environment(runs["dev"]), _without_environment(runs[other])
    differing = set()
    for (kind, name), resource in dev.items():
        ours = dict(_leaves(resource["inputs"]))
        theirs = dict(_leaves(others[kind, name]["inputs"])) if (kind, name) in others else ours
        paths = {path for path in ours.keys() | theirs.keys() if ours.get(path) != theirs.get(path)}
        differing |= {f"{kind} {path}" for path in paths}

    addresses = {f"web:WebApp siteConfig.appSettings.{name}" for name in address_settings()}
    assert differing <= _DIALLED | _OF_IDENTITIES | addresses


def test_prod_survives_the_loss_of_a_zone_and_of_a_region(runs: dict[str, Stack]) -> None:
    prod = runs["prod"]
    server, standby = (prod.of("dbforpostgresql:Server")[name]["inputs"] for name in ("state", "state2"))
    pairing = prod.one("servicebus:DisasterRecoveryConfig")

    assert server["highAvailability"]["mode"] == "ZoneRedundant"
    assert server["backup"]["geoRedundantBackup"] == "Enabled"
    assert (standby["createMode"], standby["location"]) == ("Replica", "centralus")
    assert prod.of("servicebus:Namespace")["bus2"]["inputs"]["location"] == "centralus"
    assert pairing["partnerNamespace"].endswith("-bus2")
    assert prod.of("storage:StorageAccount")["archive"]["inputs"]["sku"]["name"] == "Standard_GZRS"
    assert {True} == {r["inputs"]["zoneRedundant"] for r in prod.of("web:AppServicePlan").values()}


def test_what_holds_records_takes_two_deliberate_steps_to_delete_in_prod(runs: dict[str, Stack]) -> None:
    protected = {r["name"] for r in runs["prod"].resources if r["protect"]}
    (lock,) = (r["inputs"] for r in runs["prod"].of("authorization:ManagementLockByScope").values())

    assert protected >= _STATE_OF_PROD
    assert (lock["level"], lock["scope"].rpartition("/")[2]) == ("CanNotDelete", "corridor-prod-state")
    assert set() == {r["name"] for r in runs["dev"].resources if r["protect"]}
    assert {} == runs["dev"].of("authorization:ManagementLockByScope")
    assert runs["prod"].of("keyvault:Vault")["vault"]["inputs"]["properties"]["enablePurgeProtection"] is True
    assert "enablePurgeProtection" not in runs["dev"].one("keyvault:Vault")["properties"]


def test_every_resource_that_can_be_tagged_says_whom_to_ask_and_what_it_may_hold(stack: Stack) -> None:
    kinds = {_short(r) for r in stack.resources if "tags" in r["inputs"]}
    tagged = [r["inputs"]["tags"] for r in stack.resources if _short(r) in kinds]

    assert {"resources:ResourceGroup", "network:VirtualNetwork", "web:WebApp", "storage:StorageAccount"} <= kinds
    for tags in tagged:
        assert {"application", "environment", "owner", "data-class", "cost-centre"} <= tags.keys()
        assert tags["environment"] == stack.name


def test_an_app_is_tagged_with_the_flows_of_its_tier_and_their_strictest_data_class(stack: Stack) -> None:
    for tier, app in stack.of("web:WebApp").items():
        served = {f"flow-{f.name}": f.owner for f in FLOWS if any(step.tier == tier for step in f.steps)}
        tags = app["inputs"]["tags"]

        assert served == {key: value for key, value in tags.items() if key.startswith("flow-")}
    assert stack.of("web:WebApp")["workflow"]["inputs"]["tags"]["data-class"] == "phi"
    assert stack.of("web:WebApp")["ops"]["inputs"]["tags"]["data-class"] == "none"


def test_the_bus_is_tagged_as_a_room_without_patient_data(stack: Stack) -> None:
    assert {"none"} == {r["inputs"]["tags"]["data-class"] for r in stack.of("servicebus:Namespace").values()}


def test_nothing_is_open_to_the_public_but_the_gateway_where_it_is_the_door_and_who_hears_facts(
    stack: Stack,
) -> None:
    doors = {
        (_short(r), r["name"]): value
        for r in stack.resources
        for path, value in _leaves(r["inputs"])
        if path.rpartition(".")[2] == "publicNetworkAccess"
    }

    gateway = doors.pop(("apimanagement:ApiManagementService", "gateway"))
    assert ("Disabled" if stack.of("network:ApplicationGateway") else "Enabled") == gateway
    hearing = {step.tier.value for step in fact_listeners()}
    assert {"ops": "Enabled"} == {tier: doors.pop(("web:WebApp", tier)) for tier in hearing}
    assert {"Disabled"} == set(doors.values())
    assert {
        "app:ManagedEnvironment",
        "containerregistry:Registry",
        "servicebus:Namespace",
        "servicebus:NamespaceNetworkRuleSet",
        "storage:StorageAccount",
        "keyvault:Vault",
        "dbforpostgresql:Server",
        "eventgrid:Topic",
        "web:WebApp",
    } == {kind for kind, _ in doors}


def test_nothing_takes_a_key_or_a_password(stack: Stack) -> None:
    accounts = [r["inputs"] for r in stack.of("storage:StorageAccount").values()]
    servers = [r["inputs"] for r in stack.of("dbforpostgresql:Server").values()]
    vaults = [r["inputs"]["properties"] for r in stack.of("keyvault:Vault").values()]

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
    assert {("Disabled", "Enabled")} == {
        (server["authConfig"]["passwordAuth"], server["authConfig"]["activeDirectoryAuth"]) for server in servers
    }
    assert [] == [server for server in servers if "administratorLoginPassword" in server]
    assert {True} == {vault["enableRbacAuthorization"] for vault in vaults}
    assert {True} == {r["inputs"]["disableLocalAuth"] for r in stack.of("eventgrid:Topic").values()}


def test_every_resource_of_azure_belongs_to_a_component(stack: Stack) -> None:
    orphans = {
        r["name"] for r in stack.resources if r["custom"] and r["parent"].split("::")[2] == "pulumi:pulumi:Stack"
    }

    assert set() == orphans
