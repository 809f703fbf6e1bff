"""A storage account without keys and without a public door, with its containers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import storage

from infra.components.place import Place


@dataclass(frozen=True)
class PrivateStorageArgs:
    """The account's purpose (part of its name), its containers, its replication and its tags."""

    place: Place
    purpose: str
    containers: Sequence[str]
    sku: str
    tags: Mapping[str, str]
    protect: bool = False


class PrivateStorage(pulumi.ComponentResource):
    """An account that Entra identities alone may use; `container_ids` are the scopes of grants."""

    account_id: pulumi.Output[str]
    account_name: pulumi.Output[str]
    container_ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: PrivateStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:PrivateStorage", name, None, opts)
        options = pulumi.ResourceOptions(parent=self, protect=args.protect)
        account = self._account(name, args, options)
        self.account_id = account.id
        self.account_name = account.name
        self.container_ids = {
            container: storage.BlobContainer(
                f"{name}-{container}",
                container_name=container,
                account_name=account.name,
                resource_group_name=args.place.resource_group,
                public_access=storage.PublicAccess.NONE,
                opts=options,
            ).id
            for container in args.containers
        }
        self.register_outputs({"accountName": self.account_name})

    def url_of(self, container: str) -> pulumi.Output[str]:
        """Return the address of a container of this account."""
        return pulumi.Output.concat("https://", self.account_name, ".blob.core.windows.net/", container)

    @staticmethod
    def _account(name: str, args: PrivateStorageArgs, options: pulumi.ResourceOptions) -> storage.StorageAccount:
        return storage.StorageAccount(
            name,
            account_name=args.place.names.storage_account(args.purpose),
            resource_group_name=args.place.resource_group,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=args.sku),
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=False,
            enable_https_traffic_only=True,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            public_network_access=storage.PublicNetworkAccess.DISABLED,
            network_rule_set=storage.NetworkRuleSetArgs(
                default_action=storage.DefaultAction.DENY, bypass=storage.Bypass.NONE
            ),
            tags=args.tags,
            opts=options,
        )
