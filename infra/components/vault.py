"""The vault: Key Vault for the credentials with which Corridor proves itself to destinations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import keyvault

from infra.components.place import Place
from infra.components.private_service import PrivateAccess, PrivateService, PrivateServiceArgs

_SOFT_DELETE_DAYS = 90


@dataclass(frozen=True)
class VaultArgs:
    """Where it goes, and whether it may be purged: purge protection can be switched on, never off."""

    place: Place
    access: PrivateAccess
    tags: Mapping[str, str]
    protect: bool


class Vault(pulumi.ComponentResource):
    """A vault with role-based access and no public door. Operators put secrets in; no program of ours does."""

    url: pulumi.Output[str]
    vault_id: pulumi.Output[str]

    def __init__(self, name: str, args: VaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Vault", name, None, opts)
        vault = keyvault.Vault(
            name,
            vault_name=args.place.names.resource("vault"),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            properties=vault_properties(
                args.place.tenant_id, keyvault.SkuName.STANDARD, protect=args.protect, trusted=False
            ),
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.vault_id = vault.id
        self.url = pulumi.Output.concat("https://", vault.name, ".vault.azure.net/")
        access = PrivateServiceArgs(args.place, args.access, vault.id, "vault", args.tags)
        PrivateService("vault", access, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"url": self.url})


def vault_properties(
    tenant_id: pulumi.Input[str], sku: keyvault.SkuName, *, protect: bool, trusted: bool
) -> keyvault.VaultPropertiesArgs:
    """Return what every vault of ours is; `trusted` lets those services of Azure in that encrypt with its keys."""
    bypass = keyvault.NetworkRuleBypassOptions
    return keyvault.VaultPropertiesArgs(
        tenant_id=tenant_id,
        sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=sku),
        enable_rbac_authorization=True,
        enable_soft_delete=True,
        soft_delete_retention_in_days=_SOFT_DELETE_DAYS,
        enable_purge_protection=True if protect else None,  # Azure refuses an explicit false
        public_network_access="Disabled",
        network_acls=keyvault.NetworkRuleSetArgs(
            default_action=keyvault.NetworkRuleAction.DENY, bypass=bypass.AZURE_SERVICES if trusted else bypass.NONE
        ),
    )
