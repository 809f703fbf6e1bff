"""
A storage account without keys and without a public door, with its containers and how long they keep.

A write-once container cannot be changed or emptied before its time, by anyone. Its policy is on the container; on
the account stands the shortest of them, which is what can be locked for good (Azure locks a container's policy by a
separate call that no program of resources can make).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import storage

from infra.components.customer_key import CustomerKey
from infra.components.place import Place
from infra.components.private_service import PrivateAccess, PrivateService, PrivateServiceArgs
from infra.components.storage_policies import Container, lifecycle

_SOFT_DELETE_DAYS = 30


@dataclass(frozen=True)
class PrivateStorageArgs:
    """
    The account's purpose (part of its name), its containers, its replication and its tags.

    `trusted` lets those services of Azure in that write by an identity (Event Grid, flow logs); `locked` makes
    write-once final. ValueError if only some containers are write-once: the account's policy holds for all.
    """

    place: Place
    access: PrivateAccess
    purpose: str
    containers: Sequence[Container]
    sku: str
    tags: Mapping[str, str]
    protect: bool = False
    trusted: bool = False
    locked: bool = False
    key: CustomerKey | None = None

    def __post_init__(self) -> None:
        """Refuse an account of which only a part could be write-once."""
        if len({container.write_once for container in self.containers}) > 1:
            raise ValueError(f"{self.purpose}: put write-once containers into an account of their own")

    @property
    def write_once_days(self) -> int:
        """The shortest time of its write-once containers; 0 without any."""
        return min((each.keep_days for each in self.containers if each.write_once), default=0)


class PrivateStorage(pulumi.ComponentResource):
    """An account that Entra identities alone may use; `container_ids` are the scopes of grants."""

    account_id: pulumi.Output[str]
    account_name: pulumi.Output[str]
    container_ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: PrivateStorageArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:PrivateStorage", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self, protect=args.protect)
        account = self._account(name)
        self.account_id, self.account_name = account.id, account.name
        self._blob_service(name)
        self.container_ids = {each.name: self._container(name, each) for each in args.containers}
        if any(each.keep_days for each in args.containers):
            self._lifecycle(name)
        blobs = pulumi.Output.concat(account.id, "/blobServices/default")
        access = PrivateServiceArgs(args.place, args.access, account.id, "blob", args.tags, logged_id=blobs)
        PrivateService(f"{name}-blob", access, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"accountName": self.account_name})

    def url_of(self, container: str) -> pulumi.Output[str]:
        """Return the address of a container of this account."""
        return pulumi.Output.concat(self.blob_url, "/", container)

    @property
    def blob_url(self) -> pulumi.Output[str]:
        """The address of the account's blobs."""
        return pulumi.Output.concat("https://", self.account_name, ".blob.core.windows.net")

    def _account(self, name: str) -> storage.StorageAccount:
        args = self._args
        bypass = storage.Bypass.AZURE_SERVICES if args.trusted else storage.Bypass.NONE
        waits = pulumi.ResourceOptions(depends_on=[args.key.grant] if args.key else None)
        return storage.StorageAccount(
            name,
            account_name=args.place.names.storage_account(args.purpose),
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name=args.sku),
            identity=_identity(args.key),
            encryption=_encryption(args.key),
            immutable_storage_with_versioning=self._write_once(),
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=False,
            default_to_o_auth_authentication=True,
            enable_https_traffic_only=True,
            minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
            public_network_access=storage.PublicNetworkAccess.DISABLED,
            network_rule_set=storage.NetworkRuleSetArgs(default_action=storage.DefaultAction.DENY, bypass=bypass),
            tags=args.tags,
            opts=pulumi.ResourceOptions.merge(self._options, waits),
        )

    def _write_once(self) -> storage.ImmutableStorageAccountArgs | None:
        days = self._args.write_once_days
        if not days:
            return None
        states = storage.AccountImmutabilityPolicyState
        return storage.ImmutableStorageAccountArgs(
            enabled=True,
            immutability_policy=storage.AccountImmutabilityPolicyPropertiesArgs(
                allow_protected_append_writes=False,
                immutability_period_since_creation_in_days=days,
                state=states.LOCKED if self._args.locked else states.UNLOCKED,
            ),
        )

    def _blob_service(self, name: str) -> None:
        deleted = storage.DeleteRetentionPolicyArgs(enabled=True, days=_SOFT_DELETE_DAYS)
        storage.BlobServiceProperties(
            name,
            blob_services_name="default",
            account_name=self.account_name,
            resource_group_name=self._args.place.resource_group,
            delete_retention_policy=deleted,
            container_delete_retention_policy=deleted,
            # Write-once rests on versions; elsewhere they would keep what is meant to go.
            is_versioning_enabled=self._args.write_once_days > 0,
            opts=self._options,
        )

    def _container(self, account: str, container: Container) -> pulumi.Output[str]:
        args = self._args
        made = storage.BlobContainer(
            f"{account}-{container.name}",
            container_name=container.name,
            account_name=self.account_name,
            resource_group_name=args.place.resource_group,
            public_access=storage.PublicAccess.NONE,
            opts=self._options,
        )
        if container.write_once:
            storage.BlobContainerImmutabilityPolicy(
                f"{account}-{container.name}",
                immutability_policy_name="default",
                container_name=made.name,
                account_name=self.account_name,
                resource_group_name=args.place.resource_group,
                immutability_period_since_creation_in_days=container.keep_days,
                allow_protected_append_writes=False,
                opts=self._options,
            )
        return made.id

    def _lifecycle(self, name: str) -> None:
        storage.ManagementPolicy(
            name,
            management_policy_name="default",
            account_name=self.account_name,
            resource_group_name=self._args.place.resource_group,
            policy=lifecycle(self._args.containers),
            opts=self._options,
        )


def _identity(key: CustomerKey | None) -> storage.IdentityArgs | None:
    if key is None:
        return None
    return storage.IdentityArgs(type=storage.IdentityType.USER_ASSIGNED, user_assigned_identities=[key.identity_id])


def _encryption(key: CustomerKey | None) -> storage.EncryptionArgs:
    account = storage.EncryptionServiceArgs(enabled=True, key_type=storage.KeyType.ACCOUNT)
    sources = storage.KeySource
    return storage.EncryptionArgs(
        key_source=sources.MICROSOFT_KEYVAULT if key else sources.MICROSOFT_STORAGE,
        require_infrastructure_encryption=True,
        services=storage.EncryptionServicesArgs(blob=account, file=account, queue=account, table=account),
        key_vault_properties=storage.KeyVaultPropertiesArgs(key_name=key.key_name, key_vault_uri=key.vault_uri)
        if key
        else None,
        encryption_identity=storage.EncryptionIdentityArgs(encryption_user_assigned_identity=key.identity_id)
        if key
        else None,
    )
