"""The vault: Key Vault for the credentials with which Corridor proves itself to destinations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import keyvault

from infra.components.place import Place

_SOFT_DELETE_DAYS = 90


@dataclass(frozen=True)
class VaultArgs:
    """Where it goes, and whether it may be purged: purge protection can be switched on, never off."""

    place: Place
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
            properties=keyvault.VaultPropertiesArgs(
                tenant_id=args.place.tenant_id,
                sku=keyvault.SkuArgs(family=keyvault.SkuFamily.A, name=keyvault.SkuName.STANDARD),
                enable_rbac_authorization=True,
                enable_soft_delete=True,
                soft_delete_retention_in_days=_SOFT_DELETE_DAYS,
                enable_purge_protection=True if args.protect else None,  # Azure refuses an explicit false
                public_network_access="Disabled",
                network_acls=keyvault.NetworkRuleSetArgs(
                    default_action=keyvault.NetworkRuleAction.DENY, bypass=keyvault.NetworkRuleBypassOptions.NONE
                ),
            ),
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        self.vault_id = vault.id
        self.url = pulumi.Output.concat("https://", vault.name, ".vault.azure.net/")
        self.register_outputs({"url": self.url})
