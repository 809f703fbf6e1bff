"""The key with which records are encrypted, where the environment wants one of its own instead of Microsoft's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import keyvault, managedidentity

from infra.components.grants import Grant, Role, assign
from infra.components.place import Place
from infra.components.private_service import PrivateAccess, PrivateService, PrivateServiceArgs
from infra.components.vault import vault_properties

_KEY = "records"
_BITS = 3072


@dataclass(frozen=True)
class CustomerKeyArgs:
    """Where the key lives: `region` may be another than the place's, for the second copy of a database."""

    place: Place
    access: PrivateAccess
    purpose: str
    region: str
    tags: Mapping[str, str]


class CustomerKey(pulumi.ComponentResource):
    """
    An HSM key that rotates each year, in a vault of its own, and the one identity that may wrap with it.

    Whoever encrypts with it must wait for `grant`.
    """

    key_name: str
    vault_uri: pulumi.Output[str]
    key_uri: pulumi.Output[str]
    identity_id: pulumi.Output[str]
    grant: pulumi.Resource

    def __init__(self, name: str, args: CustomerKeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:CustomerKey", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self, protect=True)
        vault = self._vault(name)
        key = self._key(name, vault)
        identity = self._identity(name)
        self.key_name = _KEY
        self.vault_uri = pulumi.Output.concat("https://", vault.name, ".vault.azure.net")
        # Without a version, the services follow the rotation by themselves.
        self.key_uri = pulumi.Output.concat(self.vault_uri, "/keys/", _KEY)
        self.identity_id = identity.id
        self.grant = assign(Grant(Role.KEY_WRAPPER, _KEY, key.id), name, identity.principal_id, args.place, self)
        access = PrivateServiceArgs(args.place, args.access, vault.id, "vault", args.tags)
        PrivateService(f"{name}-vault", access, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"keyUri": self.key_uri})

    def _vault(self, name: str) -> keyvault.Vault:
        args = self._args
        return keyvault.Vault(
            name,
            vault_name=args.place.names.resource(args.purpose),
            resource_group_name=args.place.resource_group,
            location=args.region,
            # A key that wraps records must not be purgeable. Storage, database and bus fetch it as trusted services.
            properties=vault_properties(args.place.tenant_id, keyvault.SkuName.PREMIUM, protect=True, trusted=True),
            tags=args.tags,
            opts=self._options,
        )

    def _key(self, name: str, vault: keyvault.Vault) -> keyvault.Key:
        args = self._args
        rotate = keyvault.LifetimeActionArgs(
            action=keyvault.ActionArgs(type=keyvault.KeyRotationPolicyActionType.ROTATE),
            trigger=keyvault.TriggerArgs(time_after_create="P1Y"),
        )
        return keyvault.Key(
            name,
            key_name=_KEY,
            vault_name=vault.name,
            resource_group_name=args.place.resource_group,
            properties=keyvault.KeyPropertiesArgs(
                kty=keyvault.JsonWebKeyType.RS_A_HSM,
                key_size=_BITS,
                key_ops=[keyvault.JsonWebKeyOperation.WRAP_KEY, keyvault.JsonWebKeyOperation.UNWRAP_KEY],
                rotation_policy=keyvault.RotationPolicyArgs(
                    attributes=keyvault.KeyRotationPolicyAttributesArgs(expiry_time="P2Y"), lifetime_actions=[rotate]
                ),
            ),
            tags=args.tags,
            opts=self._options,
        )

    def _identity(self, name: str) -> managedidentity.UserAssignedIdentity:
        args = self._args
        return managedidentity.UserAssignedIdentity(
            name,
            resource_name_=args.place.names.in_group(args.purpose),
            resource_group_name=args.place.resource_group,
            location=args.region,
            tags=args.tags,
            opts=self._options,
        )
