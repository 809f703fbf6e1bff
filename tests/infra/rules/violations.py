"""One thing wrong with production for each check: which resource to change, or to add, or to take away."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from infra.engine.azure import SUBSCRIPTION
from infra.engine.resources import Resource
from tests.infra.rules.estate import resource

_VAULT, _KEY = "keyvault:Vault", "keyvault:Key"
_ACCOUNT, _BLOBS, _CONTAINER = "storage:StorageAccount", "storage:BlobServiceProperties", "storage:BlobContainer"
_APP, _BUS, _QUEUE, _TOPIC = "web:WebApp", "servicebus:Namespace", "servicebus:Queue", "eventgrid:Topic"
_GATEWAY, _API, _POLICY = "apimanagement:ApiManagementService", "apimanagement:Api", "apimanagement:ApiPolicy"
_SERVER, _SETTING = "dbforpostgresql:Server", "dbforpostgresql:Configuration"
_ROLE, _ENDPOINT = "authorization:RoleAssignment", "network:PrivateEndpoint"
_DIAGNOSTICS, _TELEMETRY = "monitor:DiagnosticSetting", "applicationinsights:Component"
_LISTENER = "eventgrid:SystemTopicEventSubscription"
_LINK = "privateLinkServiceConnections.0.privateLinkServiceId"
_CORS = "<policies><inbound><cors><allowed-origins><origin>*</origin></allowed-origins></cors></inbound></policies>"


@dataclass(frozen=True)
class Change:
    """Set `path` of the first resource of `kind` (and `name`) to `value`; None takes it away."""

    kind: str
    path: str
    value: Any = None
    name: str = ""

    def seed(self, resources: Sequence[Resource]) -> list[Resource]:
        """Return the resources with it."""
        first = next(each for each in resources if each.kind == self.kind and self.name in ("", each.name))
        return [_edited(each, self.path, self.value) if each is first else each for each in resources]


@dataclass(frozen=True)
class Removal:
    """Take away every resource of `kind` (and `name`)."""

    kind: str
    name: str = ""

    def seed(self, resources: Sequence[Resource]) -> list[Resource]:
        """Return the resources without."""
        return [each for each in resources if each.kind != self.kind or self.name not in ("", each.name)]


@dataclass(frozen=True)
class Addition:
    """Add a resource of `kind` with these inputs."""

    kind: str
    inputs: dict[str, Any]

    def seed(self, resources: Sequence[Resource]) -> list[Resource]:
        """Return the resources with it."""
        return [*resources, resource(self.kind, "added", self.inputs, "prod")]


@dataclass(frozen=True)
class Unprotection:
    """Take Pulumi's protection from the first resource of `kind`."""

    kind: str

    def seed(self, resources: Sequence[Resource]) -> list[Resource]:
        """Return the resources with it."""
        first = next(each for each in resources if each.kind == self.kind)
        return [replace(each, protect=False) if each is first else each for each in resources]


Violation = Change | Removal | Addition | Unprotection


def _edited(each: Resource, path: str, value: Any) -> Resource:
    inputs = deepcopy(dict(each.inputs))
    *above, last = path.split(".")
    place: Any = inputs
    for key in above:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return replace(each, inputs=inputs)


VIOLATIONS: dict[str, tuple[Violation, ...]] = {
    "vault-purge-protection": (Change(_VAULT, "properties.enablePurgeProtection"),),
    "vault-soft-delete": (
        Change(_VAULT, "properties.enableSoftDelete", value=False),
        Change(_VAULT, "properties.softDeleteRetentionInDays", 7),
    ),
    "vault-roles": (Change(_VAULT, "properties.enableRbacAuthorization", value=False),),
    "vault-public": (Change(_VAULT, "properties.publicNetworkAccess", "Enabled"),),
    "vault-firewall": (Change(_VAULT, "properties.networkAcls.defaultAction", "Allow"),),
    "vault-endpoint": (Change(_ENDPOINT, _LINK, "/other", "vault"),),
    "vault-logs": (Removal(_DIAGNOSTICS, "vault-diagnostics"),),
    "vault-secret-expiry": (Addition("keyvault:Secret", {"vaultName": "v", "secretName": "s", "properties": {}}),),
    "vault-key-expiry": (Change(_KEY, "properties.rotationPolicy.attributes"),),
    "vault-key-hsm": (Change(_KEY, "properties.kty", "RSA"),),
    "vault-key-rotation": (Change(_KEY, "properties.rotationPolicy.lifetimeActions", []),),
    "vault-access-policies": (Change(_VAULT, "properties.accessPolicies", [{"objectId": "somebody"}]),),
    "storage-https": (Change(_ACCOUNT, "enableHttpsTrafficOnly", value=False),),
    "storage-tls": (Change(_ACCOUNT, "minimumTlsVersion", "TLS1_0"), Change(_ACCOUNT, "minimumTlsVersion")),
    "storage-public-blobs": (Change(_ACCOUNT, "allowBlobPublicAccess"),),
    "storage-shared-key": (Change(_ACCOUNT, "allowSharedKeyAccess", value=True),),
    "storage-public": (Change(_ACCOUNT, "publicNetworkAccess", "Enabled"),),
    "storage-firewall": (Change(_ACCOUNT, "networkRuleSet.defaultAction", "Allow"),),
    "storage-endpoint": (
        Change(_ENDPOINT, _LINK, "/other", "archive-blob"),
        Addition("storage:Queue", {"accountName": "corridorprodarchive", "queueName": "q"}),
        Change(
            _APP, "siteConfig.appSettings", [{"name": "T", "value": "https://corridorprodapi.table.core.windows.net"}]
        ),
    ),
    "storage-public-container": (Change(_CONTAINER, "publicAccess", "Blob"),),
    "storage-deleted-blobs": (
        Change(_BLOBS, "deleteRetentionPolicy.enabled", value=False),
        Change(_BLOBS, "deleteRetentionPolicy.days", 1),
        Removal(_BLOBS, "archive"),
    ),
    "storage-deleted-containers": (Change(_BLOBS, "containerDeleteRetentionPolicy"),),
    "storage-zones": (Change(_ACCOUNT, "sku.name", "Standard_LRS"),),
    "storage-encrypted-twice": (Change(_ACCOUNT, "encryption.requireInfrastructureEncryption", value=False),),
    "storage-customer-key": (Change(_ACCOUNT, "encryption.keySource", "Microsoft.Storage", "archive"),),
    "storage-write-once": (
        Removal("storage:BlobContainerImmutabilityPolicy"),
        Change("storage:BlobContainerImmutabilityPolicy", "immutabilityPeriodSinceCreationInDays", 30),
        Change(_ACCOUNT, "immutableStorageWithVersioning.immutabilityPolicy.state", "Unlocked", "archive"),
    ),
    "storage-lifecycle": (Removal("storage:ManagementPolicy", "archive"),),
    "storage-cross-tenant": (Change(_ACCOUNT, "allowCrossTenantReplication", value=True),),
    "app-https": (Change(_APP, "httpsOnly", value=False),),
    "app-tls": (Change(_APP, "siteConfig.minTlsVersion", "1.1"), Change(_APP, "siteConfig.scmMinTlsVersion")),
    "app-ftps": (Change(_APP, "siteConfig.ftpsState", "AllAllowed"), Removal("web:WebAppFtpAllowed")),
    "app-ftp-password": (Change("web:WebAppFtpAllowed", "allow", value=True), Removal("web:WebAppFtpAllowed")),
    "app-scm-password": (Change("web:WebAppScmAllowed", "allow", value=True),),
    "app-public": (Change(_APP, "publicNetworkAccess", "Enabled"),),
    "app-endpoint": (Change(_ENDPOINT, _LINK, "/other", "ingest"),),
    "app-identity": (
        Change(_APP, "identity.type", "SystemAssigned"),
        Change(_APP, "identity.userAssignedIdentities", ["/one", "/another"]),
    ),
    "app-debugging": (Change(_APP, "siteConfig.remoteDebuggingEnabled", value=True),),
    "app-cors": (Change(_APP, "siteConfig.cors", {"allowedOrigins": ["*"]}),),
    "app-http2": (Change(_APP, "siteConfig.http20Enabled", value=False),),
    "app-zones": (Change("web:AppServicePlan", "zoneRedundant", value=False),),
    "app-authentication": (
        Change(_APP, "siteConfig.appSettings", []),
        Change(_APP, "siteConfig.ipSecurityRestrictionsDefaultAction", "Allow"),
    ),
    "app-client-certificate": (Change(_APP, "clientCertEnabled", value=False),),
    "app-health": (Change(_APP, "siteConfig.healthCheckPath", name="ingest"),),
    "app-connections": (
        Change(_APP, "siteConfig.appSettings", [{"name": "AzureWebJobsStorage", "value": "x"}]),
        Change(_APP, "siteConfig.appSettings", [{"name": "BUS_CONNECTIONSTRING", "value": "x"}]),
    ),
    "app-network": (
        Change(_APP, "virtualNetworkSubnetId"),
        Change(_APP, "outboundVnetRouting.allTraffic", value=False),
        Change("network:Subnet", "delegations", [], "ingest"),
    ),
    "bus-local-auth": (Change(_BUS, "disableLocalAuth", value=False),),
    "bus-tls": (Change(_BUS, "minimumTlsVersion", "1.0"),),
    "bus-premium": (Change(_BUS, "sku.name", "Standard"),),
    "bus-public": (
        Change(_BUS, "publicNetworkAccess", "Enabled"),
        Change("servicebus:NamespaceNetworkRuleSet", "publicNetworkAccess", "Enabled"),
        Change("servicebus:NamespaceNetworkRuleSet", "defaultAction", "Allow"),
    ),
    "bus-endpoint": (Change(_ENDPOINT, _LINK, "/other", "bus"),),
    "bus-logs": (Removal(_DIAGNOSTICS, "bus-diagnostics"),),
    "bus-keys": (Addition("servicebus:QueueAuthorizationRule", {"authorizationRuleName": "r", "rights": ["Send"]}),),
    "bus-customer-key": (
        Change(_BUS, "encryption.keySource", name="bus"),
        Change(_BUS, "encryption.requireInfrastructureEncryption", value=False, name="bus"),
    ),
    "bus-entities": (
        Change(_QUEUE, "deadLetteringOnMessageExpiration", value=False),
        Change(_QUEUE, "maxDeliveryCount"),
        Change(_QUEUE, "lockDuration", "PT6M"),
        Change(_QUEUE, "lockDuration", "P1D"),
        Change(_QUEUE, "requiresSession", value=True),
        Change("servicebus:Subscription", "maxDeliveryCount", 2000),
    ),
    "topic-public": (Change(_TOPIC, "publicNetworkAccess", "Enabled"),),
    "topic-local-auth": (Change(_TOPIC, "disableLocalAuth", value=False),),
    "topic-identity": (Change(_TOPIC, "identity"),),
    "topic-endpoint": (Change(_ENDPOINT, _LINK, "/other", "facts"),),
    "event-namespace": (
        Addition("eventgrid:Namespace", {"namespaceName": "n", "publicNetworkAccess": "Enabled"}),
        Addition("eventgrid:Namespace", {"namespaceName": "n", "publicNetworkAccess": "Disabled"}),
    ),
    "event-delivery": (
        Addition(_LISTENER, {"systemTopicName": "t", "eventSubscriptionName": "e", "destination": {}}),
        Addition(
            _LISTENER,
            {
                "systemTopicName": "t",
                "eventSubscriptionName": "e",
                "deadLetterWithResourceIdentity": {"identity": {"type": "SystemAssigned"}},
                "deliveryWithResourceIdentity": {
                    "identity": {"type": "SystemAssigned"},
                    "destination": {"endpointType": "ServiceBusQueue"},
                },
            },
        ),
    ),
    "api-https": (Change(_API, "protocols", ["http", "https"]),),
    "backend-https": (Change("apimanagement:Backend", "url", "http://somewhere.example"),),
    "backend-identity": (Change(_POLICY, "value", "<policies><validate-jwt /><rate-limit-by-key /></policies>"),),
    "backend-certificate": (Change("apimanagement:Backend", "tls.validateCertificateChain", value=False),),
    "gateway-named-value": (Change("apimanagement:NamedValue", "secret", value=True),),
    "product-approval": (
        Change("apimanagement:Product", "approvalRequired", value=False),
        Change("apimanagement:Product", "subscriptionRequired", value=False),
    ),
    "subscription-scope": (Change("apimanagement:Subscription", "scope", "/apis"),),
    "gateway-subnet": (Change(_GATEWAY, "virtualNetworkConfiguration"),),
    "gateway-configuration": (
        Change(_GATEWAY, "publicNetworkAccess", "Enabled"),
        Change(_GATEWAY, "configurationApi", {"legacyApi": "Enabled"}),
        Change(_GATEWAY, "developerPortalStatus", "Enabled"),
    ),
    "gateway-protocols": (Change(_GATEWAY, "customProperties", {}),),
    "gateway-api-version": (Change(_GATEWAY, "apiVersionConstraint"),),
    "api-cors": (Change(_POLICY, "value", _CORS),),
    "api-policy": (
        Change(_POLICY, "value", "<policies>"),
        Change(_POLICY, "value", "<policies><rate-limit-by-key /></policies>"),
        Change(_POLICY, "value", "<policies><validate-jwt /></policies>"),
    ),
    "gateway-zones": (Change(_GATEWAY, "sku.name", "Premium"),),
    "database-entra": (
        Change(_SERVER, "authConfig.passwordAuth", "Enabled"),
        Change(_SERVER, "authConfig.activeDirectoryAuth", "Disabled"),
    ),
    "database-public": (Change(_SERVER, "network.publicNetworkAccess", "Enabled"),),
    "database-tls": (
        Removal(_SETTING, "ssl_min_protocol_version"),
        Removal(_SETTING, "require_secure_transport"),
    ),
    "database-geo-backup": (Change(_SERVER, "backup.geoRedundantBackup", "Disabled"),),
    "database-zones": (Change(_SERVER, "highAvailability.mode", "SameZone"),),
    "subnet-security-group": (Change("network:Subnet", "networkSecurityGroup", name="ingest"),),
    "open-inbound": (
        Addition(
            "network:NetworkSecurityGroup",
            {"securityRules": [{"direction": "Inbound", "access": "Allow", "sourceAddressPrefix": "Internet"}]},
        ),
        Addition(
            "network:NetworkSecurityGroup",
            {"securityRules": [{"direction": "Inbound", "access": "Allow", "sourceAddressPrefixes": ["0.0.0.0/0"]}]},
        ),
    ),
    "flow-logs": (Change("network:FlowLog", "enabled", value=False), Removal("network:FlowLog")),
    "telemetry-workspace-based": (Change(_TELEMETRY, "workspaceResourceId", "/other"),),
    "telemetry-local-auth": (
        Change(_TELEMETRY, "disableLocalAuth", value=False),
        Change("operationalinsights:Workspace", "features.disableLocalAuth", value=False),
    ),
    "telemetry-public": (
        Change(_TELEMETRY, "publicNetworkAccessForQuery", "Enabled"),
        Removal("monitor:PrivateLinkScopedResource"),
        Removal("monitor:PrivateLinkScope"),
    ),
    "diagnostic-settings": (Removal(_DIAGNOSTICS), Change(_DIAGNOSTICS, "workspaceId", "/other")),
    "role-width": (
        Change(
            _ROLE,
            "roleDefinitionId",
            f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/"
            "b24988ac-6180-42a0-ab88-20f7382dd24c",
        ),
        Change("authorization:RoleDefinition", "permissions", [{"actions": ["*/read"]}]),
    ),
    "role-place": (Change(_ROLE, "scope", f"/subscriptions/{SUBSCRIPTION}"),),
    "role-assignment": (Change(_ROLE, "principalType"), Change(_ROLE, "roleAssignmentName")),
    "tags": (Change("resources:ResourceGroup", "tags"), Change(_APP, "tags.owner")),
    "regions": (
        Change(_APP, "location", "atlantis"),
        Removal("authorization:PolicyAssignment"),
    ),
    "budget": (
        Removal("consumption:Budget"),
        Change("consumption:Budget", "notifications", {"spent": {"enabled": False, "contactEmails": ["a@b.example"]}}),
    ),
    "health-alert": (
        Removal("monitor:ActivityLogAlert"),
        Change("monitor:ActionGroup", "enabled", value=False),
    ),
    "defender": (
        Removal("security:Pricing"),
        Change("security:Pricing", "pricingTier", "Free", "StorageAccounts"),
    ),
    "locks": (Removal("authorization:ManagementLockByScope"), Unprotection(_SERVER)),
    "private-names": (
        Removal("network:PrivateDnsZoneGroup"),
        Removal("privatedns:VirtualNetworkLink"),
    ),
}
