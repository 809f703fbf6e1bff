"""A Service Bus Premium namespace that Entra identities reach by a private endpoint, and nobody otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import servicebus

from infra.components.customer_key import CustomerKey
from infra.components.place import Place
from infra.components.private_service import PrivateAccess, PrivateService, PrivateServiceArgs


@dataclass(frozen=True)
class NamespaceShape:
    """Where the namespace is, how large, whether it survives the loss of a zone, and whose key encrypts it."""

    region: str
    units: int
    zone_redundant: bool
    key: CustomerKey | None


class PrivateNamespace(pulumi.ComponentResource):
    """An empty namespace. Event Grid delivers into it as a trusted service, by its own identity."""

    name: pulumi.Output[str]
    namespace_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        place: Place,
        access: PrivateAccess,
        shape: NamespaceShape,
        tags: Mapping[str, str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("corridor:components:PrivateNamespace", name, None, opts)
        self._place, self._shape, self._tags = place, shape, tags
        options = pulumi.ResourceOptions(parent=self)
        namespace = self._namespace(name)
        self.name, self.namespace_id = namespace.name, namespace.id
        servicebus.NamespaceNetworkRuleSet(
            name,
            namespace_name=namespace.name,
            resource_group_name=place.resource_group,
            default_action=servicebus.DefaultAction.DENY,
            public_network_access=servicebus.PublicNetworkAccessFlag.DISABLED,
            trusted_service_access_enabled=True,
            opts=options,
        )
        service = PrivateServiceArgs(place, access, namespace.id, "namespace", tags, sku=servicebus.SkuName.PREMIUM)
        PrivateService(name, service, options)
        self.register_outputs({"name": self.name})

    def _namespace(self, name: str) -> servicebus.Namespace:
        place, shape, key = self._place, self._shape, self._shape.key
        waits = [key.grant] if key else None
        return servicebus.Namespace(
            name,
            namespace_name=place.names.resource(name),
            resource_group_name=place.resource_group,
            location=shape.region,
            sku=servicebus.SBSkuArgs(
                name=servicebus.SkuName.PREMIUM, tier=servicebus.SkuTier.PREMIUM, capacity=shape.units
            ),
            zone_redundant=shape.zone_redundant,
            disable_local_auth=True,
            minimum_tls_version=servicebus.TlsVersion.TLS_VERSION_1_2,
            public_network_access=servicebus.PublicNetworkAccess.DISABLED,
            identity=_identity(key) if key else None,
            encryption=_encryption(key) if key else None,
            tags=self._tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=waits),
        )


def _identity(key: CustomerKey) -> servicebus.IdentityArgs:
    kinds = servicebus.ManagedServiceIdentityType
    return servicebus.IdentityArgs(type=kinds.USER_ASSIGNED, user_assigned_identities=[key.identity_id])


def _encryption(key: CustomerKey) -> servicebus.EncryptionArgs:
    owner = servicebus.UserAssignedIdentityPropertiesArgs(user_assigned_identity=key.identity_id)
    return servicebus.EncryptionArgs(
        key_source=servicebus.KeySource.MICROSOFT_KEY_VAULT,
        key_vault_properties=[
            servicebus.KeyVaultPropertiesArgs(key_name=key.key_name, key_vault_uri=key.vault_uri, identity=owner)
        ],
        require_infrastructure_encryption=True,
    )
