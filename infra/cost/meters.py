"""What each kind of resource is charged for: prices and quantities a month, read from its inputs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from infra.cost.prices import price_table
from infra.engine.resources import Resource
from infra.rules.reading import items, value

Charge = tuple[str, float]

_ARCHIVE = "archive"
_DAYS = 30
_FREE_GB_SECONDS = 100_000
# One always-ready instance of 2 GB is the unit of its price.
_INSTANCE_MB = 2048
_VCORES = {"B1ms": 1, "B2s": 2, "B2ms": 2}


def charges(resource: Resource) -> list[Charge]:
    """Return what a resource is charged for; nothing for kinds that cost nothing by themselves."""
    meter = _METERS.get(resource.kind)
    return [(key, quantity) for key, quantity in meter(resource) if quantity] if meter else []


def is_known(resource: Resource) -> bool:
    """Tell whether a resource's kind has a price or is known to have none."""
    modules = {resource.type.split(":")[0], resource.kind.split(":")[0]}
    return resource.kind in _METERS or resource.kind in _FREE or bool(modules & _FREE_MODULES)


def _bus(resource: Resource) -> Iterable[Charge]:
    if value(resource, "sku.name") == "Premium":
        yield "service-bus-premium", float(value(resource, "sku.capacity") or 1)
    else:
        yield "service-bus-standard", 1


def _gateway(resource: Resource) -> Iterable[Charge]:
    sku = re.sub(r"(?<=[a-z])(?=V2$)", "-", str(value(resource, "sku.name"))).lower()
    key = f"api-management-{sku.removesuffix('-v2') if sku == 'premium-v2' else sku}"
    yield key, float(value(resource, "sku.capacity") or 1)


def _database(resource: Resource) -> Iterable[Charge]:
    size = str(value(resource, "sku.name")).removeprefix("Standard_")
    number = re.match(r"[A-Z]+(\d+)", size)
    vcores = _VCORES.get(size, int(number[1]) if number else 1)
    servers = 1 if value(resource, "highAvailability.mode") in (None, "Disabled") else 2
    family = {"B": "burstable", "D": "general", "E": "memory"}.get(size[:1], "general")
    yield f"postgresql-{family}", float(vcores * servers)
    yield "postgresql-storage-gb", float(servers * (value(resource, "storage.storageSizeGB") or 32))
    if value(resource, "backup.geoRedundantBackup") == "Enabled":
        yield "backup-gb", 2 * price_table().assumptions["database-backup-gb"]


def _storage(resource: Resource) -> Iterable[Charge]:
    replication = str(value(resource, "sku.name")).rpartition("_")[2].lower().removeprefix("ra")
    kept = "archive-gb" if resource.name.split("-")[0] == _ARCHIVE else "storage-gb"
    yield f"storage-gb-{replication}", price_table().assumptions[kept]


def _app(resource: Resource) -> Iterable[Charge]:
    scale = value(resource, "functionAppConfig.scaleAndConcurrency") or {}
    memory = (scale.get("instanceMemoryMB") or _INSTANCE_MB) / _INSTANCE_MB
    yield "flex-always-ready", memory * sum(group.get("instanceCount", 0) for group in scale.get("alwaysReady") or ())
    yield "flex-on-demand", price_table().assumptions["flex-gb-seconds"] - _FREE_GB_SECONDS


def _workspace(resource: Resource) -> Iterable[Charge]:
    cap = value(resource, "workspaceCapping.dailyQuotaGb")
    assumed = price_table().assumptions["log-gb-per-day"]
    yield "log-gb", _DAYS * (min(cap, assumed) if isinstance(cap, (int, float)) and cap > 0 else assumed)


def _metric_alert(resource: Resource) -> Iterable[Charge]:
    yield "alert-metric", float(len(items(resource, "criteria.allOf")) or 1)


def _network_gateway(resource: Resource) -> Iterable[Charge]:
    yield "express-route-gateway" if value(resource, "gatewayType") == "ExpressRoute" else "vpn-gateway", 1


def _key(resource: Resource) -> Iterable[Charge]:
    yield "hsm-key", 1.0 if str(value(resource, "properties.kty")).endswith("HSM") else 0.0


def _defender(resource: Resource) -> Iterable[Charge]:
    yield "defender-plan", 1.0 if value(resource, "pricingTier") == "Standard" else 0.0


def _flat(key: str) -> Callable[[Resource], Iterable[Charge]]:
    return lambda _: [(key, 1.0)]


_METERS: Mapping[str, Callable[[Resource], Iterable[Charge]]] = {
    "apimanagement:ApiManagementService": _gateway,
    "containerregistry:Registry": _flat("container-registry-premium"),
    "dbforpostgresql:Server": _database,
    "eventgrid:Namespace": _flat("event-grid-namespace"),
    "keyvault:Key": _key,
    "monitor:MetricAlert": _metric_alert,
    "monitor:ScheduledQueryRule": _flat("alert-log"),
    "network:ApplicationGateway": _flat("application-gateway-waf"),
    "network:AzureFirewall": lambda it: [(f"firewall-{str(value(it, 'sku.tier') or 'Standard').lower()}", 1.0)],
    "network:BastionHost": lambda it: [("bastion", 0.0 if value(it, "sku.name") == "Developer" else 1.0)],
    "network:DdosProtectionPlan": _flat("ddos-plan"),
    "network:NatGateway": _flat("nat-gateway"),
    "network:PrivateEndpoint": _flat("private-endpoint"),
    "network:PublicIPAddress": _flat("public-address"),
    "network:VirtualNetworkGateway": _network_gateway,
    "operationalinsights:Workspace": _workspace,
    "privatedns:PrivateZone": _flat("dns-zone"),
    "security:Pricing": _defender,
    "servicebus:Namespace": _bus,
    "storage:StorageAccount": _storage,
    "web:WebApp": _app,
}
# What is charged with its parent or by use alone, or costs nothing.
_FREE_MODULES = {
    "apimanagement", "app", "applicationinsights", "authorization", "azuread", "consumption", "dataprotection",
    "dbforpostgresql", "eventgrid", "keyvault", "managedidentity", "operationalinsights", "portal", "privatedns",
    "resources", "servicebus", "storage", "web",
}  # fmt: skip
_FREE = {
    "monitor:ActionGroup", "monitor:ActivityLogAlert", "monitor:DataCollectionEndpoint",
    "monitor:DataCollectionRule", "monitor:DiagnosticSetting", "monitor:PrivateLinkScope",
    "monitor:PrivateLinkScopedResource", "monitor:SubscriptionDiagnosticSetting",
    "network:FirewallPolicy", "network:FirewallPolicyRuleCollectionGroup", "network:FlowLog", "network:IpGroup",
    "network:LocalNetworkGateway", "network:NetworkSecurityGroup", "network:NetworkWatcher",
    "network:PrivateDnsZoneGroup", "network:Route", "network:RouteTable", "network:SecurityRule", "network:Subnet",
    "network:VirtualNetwork", "network:VirtualNetworkGatewayConnection", "network:VirtualNetworkPeering",
    "network:WebApplicationFirewallPolicy",
}  # fmt: skip
