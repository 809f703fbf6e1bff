"""Each rule passes a sound estate and catches the one thing that is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infra.access import fact_listeners
from infra.engine.azure import SUBSCRIPTION
from infra.engine.resources import STACK_TYPE, Resource
from infra.engine.wire import Secret
from infra.rules import Severity, alerts, events, flex, naming, networks, private_doors, production, roles, secrecy
from shared.catalog.model import Tier
from tests.infra.rules.estate import changed, names_found, resource, without

_PROVIDERS = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group/providers"
_NETWORK = f"{_PROVIDERS}/Microsoft.Network/virtualNetworks/net"
_QUEUE = f"{_PROVIDERS}/Microsoft.ServiceBus/namespaces/the-bus/queues/drops"
_ROLES = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions"
_SENDER = "69a216fc-b8fb-44d8-bc22-1f3c2cd27a39"
_OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
_SCALE = {"instanceMemoryMB": 2048, "maximumInstanceCount": 40}

VAULT = resource(
    "keyvault:Vault",
    "vault",
    {"vaultName": "the-vault", "properties": {"publicNetworkAccess": "Disabled", "enablePurgeProtection": True}},
)
ENDPOINT = resource(
    "network:PrivateEndpoint",
    "endpoint",
    {
        "privateEndpointName": "vault-endpoint",
        "subnet": {"id": f"{_NETWORK}/subnets/endpoints"},
        "privateLinkServiceConnections": [{"privateLinkServiceId": VAULT.id, "groupIds": ["vault"]}],
    },
)
ZONE = resource("privatedns:PrivateZone", "zone", {"privateZoneName": "privatelink.vaultcore.azure.net"})
ZONE_GROUP = resource(
    "network:PrivateDnsZoneGroup",
    "zones",
    {
        "privateEndpointName": "vault-endpoint",
        "privateDnsZoneGroupName": "default",
        "privateDnsZoneConfigs": [{"privateDnsZoneId": ZONE.id}],
    },
)
NET = resource(
    "network:VirtualNetwork",
    "net",
    {"virtualNetworkName": "net", "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}},
)
LINK = resource(
    "privatedns:VirtualNetworkLink",
    "link",
    {
        "privateZoneName": "privatelink.vaultcore.azure.net",
        "virtualNetworkLinkName": "net",
        "virtualNetwork": {"id": NET.id},
    },
)
APP_SUBNET = resource(
    "network:Subnet",
    "apps",
    {
        "virtualNetworkName": "net",
        "subnetName": "apps",
        "addressPrefix": "10.0.1.0/27",
        "delegations": [{"name": "flex", "serviceName": "Microsoft.App/environments"}],
    },
)
ENDPOINT_SUBNET = resource(
    "network:Subnet",
    "endpoints",
    {"virtualNetworkName": "net", "subnetName": "endpoints", "addressPrefix": "10.0.2.0/24"},
)
PLAN = resource(
    "web:AppServicePlan",
    "plan",
    {"name": "plan", "reserved": True, "zoneRedundant": True, "sku": {"name": "FC1", "tier": "FlexConsumption"}},
)
APP = resource(
    "web:WebApp",
    "app",
    {
        "name": "the-app",
        "serverFarmId": PLAN.id,
        "virtualNetworkSubnetId": APP_SUBNET.id,
        "publicNetworkAccess": "Disabled",
        "functionAppConfig": {"scaleAndConcurrency": _SCALE, "runtime": {"name": "python", "version": "3.11"}},
        "siteConfig": {"appSettings": [{"name": "CORRIDOR_TIER", "value": "ingest"}]},
    },
)
TOPIC = resource(
    "eventgrid:SystemTopic", "topic", {"systemTopicName": "drops", "identity": {"type": "SystemAssigned"}}
)
EVENTS = resource(
    "eventgrid:SystemTopicEventSubscription",
    "events",
    {
        "systemTopicName": "drops",
        "eventSubscriptionName": "to-bus",
        "deliveryWithResourceIdentity": {
            "identity": {"type": "SystemAssigned"},
            "destination": {"endpointType": "ServiceBusQueue", "resourceId": _QUEUE},
        },
        "deadLetterWithResourceIdentity": {"identity": {"type": "SystemAssigned"}},
    },
)
GRANT = resource(
    "authorization:RoleAssignment",
    "grant",
    {
        "roleAssignmentName": "90ab26da-e9c0-55f9-87d1-fd83e02078b5",
        "roleDefinitionId": f"{_ROLES}/{_SENDER}",
        "scope": _QUEUE,
        "principalId": TOPIC.outputs["identity"]["principalId"],
        "principalType": "ServicePrincipal",
    },
)
PEOPLE = resource(
    "monitor:ActionGroup",
    "people",
    {"actionGroupName": "people", "enabled": True, "emailReceivers": [{"name": "a", "emailAddress": "a@b.example"}]},
)
ALERT = resource(
    "monitor:MetricAlert",
    "alert",
    {"ruleName": "alert", "enabled": True, "actions": [{"actionGroupId": PEOPLE.id}]},
)

SOUND = [
    VAULT, ENDPOINT, ZONE, ZONE_GROUP, NET, LINK, APP_SUBNET, ENDPOINT_SUBNET,
    PLAN, TOPIC, EVENTS, GRANT, PEOPLE, ALERT,
]  # fmt: skip
WITH_APP = [*SOUND, APP]

VIOLATIONS: list[tuple[Any, str, str, str, Any]] = [
    (private_doors, "private-endpoint", "endpoint", "privateLinkServiceConnections.0.privateLinkServiceId", "/other"),
    (private_doors, "private-dns", "zones", "privateEndpointName", "another"),
    (private_doors, "private-dns", "endpoint", "privateLinkServiceConnections.0.groupIds", ["vault", "blob"]),
    (private_doors, "private-dns-link", "link", "virtualNetwork.id", "/other"),
    (private_doors, "public-door", "vault", "properties.publicNetworkAccess", "Enabled"),
    (private_doors, "public-door", "vault", "properties.publicNetworkAccess", None),
    (events, "event-identity", "events", "deliveryWithResourceIdentity.identity.type", "UserAssigned"),
    (events, "event-identity", "topic", "identity.type", "UserAssigned"),
    (events, "event-destination", "events", "deliveryWithResourceIdentity.destination.endpointType", "WebHook"),
    (events, "event-destination", "events", "deliveryWithResourceIdentity.destination.endpointType", "AzureFunction"),
    (events, "event-dead-letter", "events", "deadLetterWithResourceIdentity", None),
    (events, "event-grant", "grant", "scope", f"{_QUEUE}-2"),
    (events, "event-grant", "grant", "roleDefinitionId", f"{_ROLES}/{_OWNER}"),
    (flex, "flex-plan", "plan", "sku.name", "EP1"),
    (flex, "flex-plan", "plan", "reserved", None),
    (flex, "flex-setting", "app", "siteConfig.appSettings.0.name", "FUNCTIONS_WORKER_RUNTIME"),
    (flex, "flex-setting", "app", "siteConfig.linuxFxVersion", "Python|3.11"),
    (flex, "flex-setting", "app", "siteConfig.alwaysOn", True),
    (flex, "flex-scale", "app", "functionAppConfig.scaleAndConcurrency.instanceMemoryMB", 1024),
    (flex, "flex-scale", "app", "functionAppConfig.scaleAndConcurrency.maximumInstanceCount", 1001),
    (flex, "flex-scale", "app", "functionAppConfig.scaleAndConcurrency.maximumInstanceCount", None),
    (flex, "flex-runtime", "app", "functionAppConfig.runtime.version", "3.8"),
    (networks, "subnet-size", "apps", "addressPrefix", "10.0.1.0/28"),
    (networks, "subnet-delegation", "apps", "delegations", []),
    (networks, "subnet-overlap", "endpoints", "addressPrefix", "10.0.1.0/24"),
    (networks, "subnet-outside", "endpoints", "addressPrefix", "10.1.0.0/24"),
    (networks, "subnet", "app", "virtualNetworkSubnetId", "/other"),
    (networks, "endpoint-subnet", "endpoint", "subnet.id", APP_SUBNET.id),
    (roles, "role-too-wide", "grant", "roleDefinitionId", f"{_ROLES}/{_OWNER}"),
    (roles, "role-scope", "grant", "scope", f"/subscriptions/{SUBSCRIPTION}"),
    (roles, "role-scope", "grant", "scope", f"/subscriptions/{SUBSCRIPTION}/resourceGroups/group"),
    (roles, "role-name", "grant", "roleAssignmentName", None),
    (roles, "role-principal", "grant", "principalType", None),
    (alerts, "alert-action", "alert", "actions", []),
    (alerts, "alert-action", "alert", "actions.0.actionGroupId", "/other"),
    (alerts, "alert-off", "alert", "enabled", False),
    (alerts, "action-group", "people", "emailReceivers", []),
    (secrecy, "secret", "vault", "tags", {"password": "x"}),
    (secrecy, "secret", "vault", "tags", {"a": Secret("x")}),
    (secrecy, "secret", "vault", "tags", {"a": "Endpoint=sb://x/;SharedAccessKey=y"}),
    (secrecy, "secret", "app", "siteConfig.appSettings.0.name", "PARTNER_PASSWORD"),
    (naming, "name", "vault", "vaultName", "a-name-that-is-far-too-long-for-a-vault"),
    (naming, "name", "vault", "vaultName", None),
    (naming, "one-id", "endpoints", "subnetName", "apps"),
]  # fmt: skip


@pytest.mark.parametrize("module", [private_doors, events, flex, networks, roles, alerts, secrecy, naming, production])
def test_a_sound_estate_has_no_findings(module: Any) -> None:
    estate = SOUND if module is private_doors else WITH_APP

    assert set() == names_found(module.RULES, estate)


@pytest.mark.parametrize(("module", "rule", "name", "path", "value"), VIOLATIONS)
def test_a_seeded_violation_is_found(module: Any, rule: str, name: str, path: str, value: Any) -> None:
    estate = SOUND if module is private_doors else WITH_APP

    assert {rule} == names_found(module.RULES, changed(estate, name, path, value))


def test_an_app_needs_a_private_endpoint_too() -> None:
    assert {"private-endpoint"} == names_found(private_doors.RULES, WITH_APP)


def test_an_endpoint_without_a_zone_group_is_found() -> None:
    assert {"private-dns"} == names_found(private_doors.RULES, without(SOUND, "zones"))


def test_one_app_may_be_open_to_event_grid_alone_if_it_holds_no_patient_data() -> None:
    door = {"action": "Allow", "tag": "ServiceTag", "ipAddress": "AzureEventGrid"}
    site = {"ipSecurityRestrictions": [door], "ipSecurityRestrictionsDefaultAction": "Deny"}
    inputs = {"name": "ops", "publicNetworkAccess": "Enabled", "siteConfig": site, "tags": {"data-class": "none"}}
    rule = (private_doors.no_service_has_a_public_door,)

    assert set() == names_found(rule, [resource("web:WebApp", "ops", inputs)])
    for path, value in (
        ("tags.data-class", "phi"),
        ("siteConfig.ipSecurityRestrictions", []),
        ("siteConfig.ipSecurityRestrictionsDefaultAction", "Allow"),
        ("siteConfig.ipSecurityRestrictions.0.ipAddress", "Internet"),
    ):
        estate = changed([resource("web:WebApp", "ops", inputs)], "ops", path, value)
        assert {"public-door"} == names_found(rule, estate)


def test_the_app_of_a_tier_that_hears_facts_may_be_open_to_event_grid_whatever_it_holds() -> None:
    door = {"action": "Allow", "tag": "ServiceTag", "ipAddress": "AzureEventGrid"}
    heard = {step.tier.value for step in fact_listeners()}
    found = {}
    for tier in Tier:
        site = {
            "appSettings": [{"name": "CORRIDOR_TIER", "value": tier.value}],
            "ipSecurityRestrictions": [door],
            "ipSecurityRestrictionsDefaultAction": "Deny",
        }
        inputs = {"name": "app", "publicNetworkAccess": "Enabled", "siteConfig": site, "tags": {"data-class": "phi"}}
        estate = [resource("web:WebApp", "app", inputs)]
        found[tier.value] = names_found((private_doors.no_service_has_a_public_door,), estate)

    assert {tier: set() if tier in heard else {"public-door"} for tier in found} == found


def _opened(phase: str, site: dict[str, Any]) -> list[Resource]:
    stack = Resource(
        "urn:pulumi:dev::corridor::pulumi:pulumi:Stack::corridor-dev", STACK_TYPE, "corridor-dev", False, {}
    )
    inputs = {"name": "app", "publicNetworkAccess": "Enabled", "siteConfig": site, "tags": {"data-class": "phi"}}
    return [replace(stack, outputs={"publicDoors": phase}), resource("web:WebApp", "app", inputs)]


def test_while_the_stack_says_open_an_app_may_take_its_code_and_nobody_else() -> None:
    rule = private_doors.no_service_has_a_public_door
    shut = {"ipSecurityRestrictionsDefaultAction": "Deny"}
    wide = {"ipSecurityRestrictionsDefaultAction": "Allow"}

    assert [Severity.WARNING] == [each.severity for each in rule(_opened("open", shut))]
    assert [Severity.ERROR] == [each.severity for each in rule(_opened("open", wide))]
    assert [Severity.ERROR] == [each.severity for each in rule(_opened("closed", shut))]


def test_the_pipelines_role_alone_may_reach_the_subscription() -> None:
    scope = f"/subscriptions/{SUBSCRIPTION}"
    own = resource("authorization:RoleDefinition", "own", {"roleDefinitionId": "own", "scope": scope})
    inputs = {**GRANT.inputs, "roleDefinitionId": own.id, "scope": scope, "condition": "only these"}
    grant = resource("authorization:RoleAssignment", "pipeline", inputs)

    assert set() == names_found(roles.RULES, [own, grant])
    assert {"role-scope"} == names_found(roles.RULES, [grant])
    assert {"role-scope"} == names_found(roles.RULES, changed([own, grant], "pipeline", "condition", None))


def test_events_may_go_to_the_one_app_that_is_open_to_them() -> None:
    site = {"ipSecurityRestrictionsDefaultAction": "Deny"}
    ops = resource("web:WebApp", "ops", {"name": "ops", "publicNetworkAccess": "Enabled", "siteConfig": site})
    target = {"endpointType": "AzureFunction", "resourceId": f"{ops.id}/functions/facts"}
    to_ops = changed(SOUND, "events", "deliveryWithResourceIdentity.destination", target)

    assert set() == names_found(events.RULES, [*to_ops, ops])


def test_two_apps_on_one_flex_plan_are_found() -> None:
    other = resource("web:WebApp", "other", {**APP.inputs, "name": "other"})

    assert {"flex-plan"} == names_found(flex.RULES, [*WITH_APP, other])


def test_networks_that_overlap_are_found() -> None:
    inputs = {"virtualNetworkName": "hub", "addressSpace": {"addressPrefixes": ["10.0.128.0/24"]}}
    inner = {"name": "AzureFirewallSubnet", "addressPrefix": "10.0.128.0/27"}
    hub = resource("network:VirtualNetwork", "hub", {**inputs, "subnets": [inner]})

    assert {"network-overlap", "subnet-size"} == names_found(networks.RULES, [*WITH_APP, hub])


def test_a_gateway_needs_the_delegation_of_its_tier() -> None:
    inputs = {
        "serviceName": "gateway",
        "sku": {"name": "StandardV2", "capacity": 1},
        "virtualNetworkConfiguration": {"subnetResourceId": ENDPOINT_SUBNET.id},
    }
    gateway = resource("apimanagement:ApiManagementService", "gateway", inputs)

    assert {"subnet-delegation"} == names_found(networks.RULES, [*WITH_APP, gateway])


def test_a_wildcard_in_a_custom_role_is_found() -> None:
    inputs = {"scope": _QUEUE, "permissions": [{"actions": ["*/read"]}]}

    assert {"role-too-wide"} == names_found(roles.RULES, [resource("authorization:RoleDefinition", "r", inputs)])


def test_a_secret_that_a_component_gives_outwards_is_found() -> None:
    room = Resource("urn:pulumi:dev::c::a:b:Room::r", "a:b:Room", "r", False, {}, outputs={"key": Secret("x")})

    assert {"secret"} == names_found(secrecy.RULES, [room])


PROD = [
    resource("servicebus:Namespace", "bus", {"namespaceName": "the-bus", "sku": {"name": "Premium"}}, "prod"),
    resource("keyvault:Vault", "vault", VAULT.inputs, "prod", protect=True),
    resource("storage:StorageAccount", "store", {"accountName": "store", "sku": {"name": "Standard_GZRS"}}, "prod"),
    resource("web:AppServicePlan", "plan", PLAN.inputs, "prod"),
    resource(
        "dbforpostgresql:Server",
        "state",
        {
            "serverName": "the-state",
            "sku": {"name": "Standard_D4ds_v5", "tier": "GeneralPurpose"},
            "highAvailability": {"mode": "ZoneRedundant"},
            "backup": {"geoRedundantBackup": "Enabled"},
        },
        "prod",
        protect=True,
    ),
]


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("bus", "sku.name", "Standard"),
        ("plan", "zoneRedundant", False),
        ("state", "highAvailability.mode", "Disabled"),
        ("state", "backup.geoRedundantBackup", "Disabled"),
        ("state", "sku.tier", "Burstable"),
        ("vault", "properties.enablePurgeProtection", None),
        ("store", "sku.name", "Standard_LRS"),
    ],
)
def test_a_development_dial_is_found_in_production_and_nowhere_else(name: str, path: str, value: Any) -> None:
    in_dev = [resource(each.kind, each.name, each.inputs) for each in PROD]

    assert set() == names_found(production.RULES, PROD)
    assert {"production-dial"} == names_found(production.RULES, changed(PROD, name, path, value))
    assert set() == names_found(production.RULES, changed(in_dev, name, path, value))


def test_state_that_is_not_protected_is_found_in_production() -> None:
    bare = [resource(each.kind, each.name, each.inputs, "prod") for each in PROD]

    assert {"production-protection"} == names_found(production.RULES, bare)


def test_the_spare_of_a_region_has_no_spare_of_its_own() -> None:
    spare = resource("dbforpostgresql:Server", "spare", {"createMode": "Replica"}, "prod", protect=True)

    assert set() == names_found(production.RULES, [*PROD, spare])
