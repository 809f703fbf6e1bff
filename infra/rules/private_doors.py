"""Private doors: every service is reached through a private endpoint with its DNS, and no way in is public."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from infra.access import fact_listeners
from infra.engine.resources import STACK_TYPE, Resource
from infra.rules import Finding, Severity, error
from infra.rules.reading import app_settings, items, of_kinds, same_id, value, with_id

# The sub-resource by which a private endpoint reaches each service, and the DNS zone that must answer for it.
_GROUPS = {
    "containerregistry:Registry": ("registry", "privatelink.azurecr.io"),
    "dbforpostgresql:Server": ("postgresqlServer", "privatelink.postgres.database.azure.com"),
    "eventgrid:Topic": ("topic", "privatelink.eventgrid.azure.net"),
    "keyvault:Vault": ("vault", "privatelink.vaultcore.azure.net"),
    "servicebus:Namespace": ("namespace", "privatelink.servicebus.windows.net"),
    "storage:StorageAccount": ("blob", "privatelink.blob.core.windows.net"),
    "web:WebApp": ("sites", "privatelink.azurewebsites.net"),
}
_ZONES = {
    **dict(_GROUPS.values()),
    "azuremonitor": "privatelink.monitor.azure.com",
    "Gateway": "privatelink.azure-api.net",
    "queue": "privatelink.queue.core.windows.net",
    "table": "privatelink.table.core.windows.net",
    "file": "privatelink.file.core.windows.net",
}
_ACCESS = {"keyvault:Vault": "properties.publicNetworkAccess", "dbforpostgresql:Server": "network.publicNetworkAccess"}
_EVENT_GRID = "AzureEventGrid"


def every_service_has_a_private_endpoint(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find services that no private endpoint leads to; PostgreSQL may lie in a delegated subnet instead."""
    reached = {
        (str(link.get("privateLinkServiceId")).lower(), group)
        for endpoint in of_kinds(resources, "network:PrivateEndpoint")
        for link in items(endpoint, "privateLinkServiceConnections")
        for group in link.get("groupIds") or ()
    }
    for resource in of_kinds(resources, *_GROUPS):
        group, _ = _GROUPS[resource.kind]
        if (resource.id.lower(), group) not in reached and not value(resource, "network.delegatedSubnetResourceId"):
            text = f"no private endpoint leads to its sub-resource {group}: put it behind a private service"
            yield error("private-endpoint", resource, "", text)


def every_private_endpoint_has_its_dns(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find endpoints without a zone group, and groups without the zone that their sub-resource needs."""
    for endpoint in of_kinds(resources, "network:PrivateEndpoint"):
        zones = list(_zones_of(endpoint, resources))
        if not zones:
            yield error("private-dns", endpoint, "", "no DNS zone group: its name would resolve to the public address")
            continue
        for link in items(endpoint, "privateLinkServiceConnections"):
            for group in link.get("groupIds") or ():
                wanted = _ZONES.get(group)
                if wanted and wanted not in zones:
                    text = f"{group} is resolved by {wanted}, and the zone group has {', '.join(sorted(zones))}"
                    yield error("private-dns", endpoint, "privateDnsZoneConfigs", text)


def every_zone_is_linked(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find private zones that some virtual network of the stack does not ask."""
    networks = of_kinds(resources, "network:VirtualNetwork")
    for zone in of_kinds(resources, "privatedns:PrivateZone"):
        links = [
            value(link, "virtualNetwork.id")
            for link in of_kinds(resources, "privatedns:VirtualNetworkLink")
            if value(link, "privateZoneName") == value(zone, "privateZoneName")
        ]
        for network in networks:
            if not any(same_id(network.id, link) for link in links):
                yield error("private-dns-link", zone, "", f"no link to the virtual network {network.name}")


def no_service_has_a_public_door(resources: Sequence[Resource]) -> Iterator[Finding]:
    """
    Find services that take traffic from the internet.

    One exception is written down: the app of a tier that hears facts (infra/components/app_doors.py), or one without
    patient data, which lets in the AzureEventGrid service tag alone. And until the code is there, apps may take it
    by their deployment endpoint, and nothing else: the stack says so itself, and it is a warning.
    """
    opened = _says_open(resources)
    for resource in of_kinds(resources, *_GROUPS):
        path = _ACCESS.get(resource.kind, "publicNetworkAccess")
        access = value(resource, path)
        closed = access == "Disabled" or value(resource, "network.delegatedSubnetResourceId") is not None
        if closed or _takes_event_grid_alone(resource):
            continue
        if opened and _takes_nobody(resource):
            text = "open for deployment: set corridor:publicDoors to closed once the code is there"
            yield Finding("public-door", Severity.WARNING, resource.urn, path, text)
        else:
            yield error("public-door", resource, path, f"is {access or 'not set'}: set it to Disabled")


def _says_open(resources: Sequence[Resource]) -> bool:
    return any(each.type == STACK_TYPE and each.outputs.get("publicDoors") == "open" for each in resources)


def _takes_event_grid_alone(resource: Resource) -> bool:
    allowed = _allowed(resource)
    tier = app_settings(resource).get("CORRIDOR_TIER")
    return (
        _denies_the_rest(resource)
        and (value(resource, "tags.data-class") == "none" or tier in {step.tier for step in fact_listeners()})
        and bool(allowed)
        and all(rule.get("tag") == "ServiceTag" and rule.get("ipAddress") == _EVENT_GRID for rule in allowed)
    )


def _takes_nobody(resource: Resource) -> bool:
    return _denies_the_rest(resource) and not _allowed(resource)


def _denies_the_rest(resource: Resource) -> bool:
    denied = value(resource, "siteConfig.ipSecurityRestrictionsDefaultAction") == "Deny"
    return resource.kind == "web:WebApp" and denied


def _allowed(resource: Resource) -> list[Any]:
    rules = items(resource, "siteConfig.ipSecurityRestrictions")
    return [rule for rule in rules if rule.get("action", "Allow") == "Allow"]


def _zones_of(endpoint: Resource, resources: Sequence[Resource]) -> Iterator[str]:
    name = endpoint.id.rpartition("/")[2]
    for group in of_kinds(resources, "network:PrivateDnsZoneGroup"):
        if value(group, "privateEndpointName") == name:
            for config in items(group, "privateDnsZoneConfigs"):
                zones = with_id(of_kinds(resources, "privatedns:PrivateZone"), config.get("privateDnsZoneId"))
                yield from (str(value(zone, "privateZoneName")) for zone in zones)


RULES = (
    every_service_has_a_private_endpoint,
    every_private_endpoint_has_its_dns,
    every_zone_is_linked,
    no_service_has_a_public_door,
)
