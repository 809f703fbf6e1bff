"""One PostgreSQL server, the first or its standby: Entra alone, no public door, encrypted with our key where asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pulumi
from pulumi_azure_native import dbforpostgresql as postgresql

from infra.components.customer_key import CustomerKey
from infra.components.place import Place

_BURSTABLE = "Burstable"


@dataclass(frozen=True)
class ServerShape:
    """
    Size and tier, GB, and which failures it survives; `source_id` makes it the standby of another server.

    A burstable server is sold without a pooler, without a second zone and without standbys.
    """

    size: str
    tier: str
    storage: int
    backup_days: int
    zone_redundant: bool
    geo_redundant: bool
    source_id: pulumi.Input[str] | None = None

    @property
    def pooled(self) -> bool:
        """Whether PgBouncer can run beside the server."""
        return self.tier != _BURSTABLE

    def as_standby_of(self, source_id: pulumi.Input[str]) -> ServerShape:
        """Return the shape of a standby: it needs no standby of its own, and no backup elsewhere."""
        return replace(self, source_id=source_id, zone_redundant=False, geo_redundant=False)


@dataclass(frozen=True)
class ServerKeys:
    """The key of the server and that of its backup in the paired region; None: Microsoft's."""

    own: CustomerKey | None
    paired: CustomerKey | None


def make_server(
    name: str,
    place: Place,
    shape: ServerShape,
    keys: ServerKeys,
    tags: Mapping[str, str],
    options: pulumi.ResourceOptions,
    region: str | None = None,
) -> postgresql.Server:
    """Make a server, in the place's region unless another is given."""
    modes = postgresql.PostgreSqlFlexibleServerHighAvailabilityMode
    backup = postgresql.GeographicallyRedundantBackup
    grants = [key.grant for key in (keys.own, keys.paired) if key]
    return postgresql.Server(
        name,
        server_name=place.names.resource(name),
        resource_group_name=place.resource_group,
        location=region or place.location,
        version=postgresql.PostgresMajorVersion.POSTGRES_MAJOR_VERSION_18,
        create_mode=postgresql.CreateMode.REPLICA if shape.source_id else postgresql.CreateMode.CREATE,
        source_server_resource_id=shape.source_id,
        sku=postgresql.SkuArgs(name=shape.size, tier=shape.tier),
        storage=postgresql.StorageArgs(storage_size_gb=shape.storage, auto_grow=postgresql.StorageAutoGrow.ENABLED),
        auth_config=_entra_alone(place),
        network=postgresql.NetworkArgs(public_network_access=postgresql.ServerPublicNetworkAccessState.DISABLED),
        high_availability=postgresql.HighAvailabilityArgs(
            mode=modes.ZONE_REDUNDANT if shape.zone_redundant else modes.DISABLED
        ),
        backup=postgresql.BackupArgs(
            backup_retention_days=shape.backup_days,
            geo_redundant_backup=backup.ENABLED if shape.geo_redundant else backup.DISABLED,
        ),
        identity=_identity(keys),
        data_encryption=_encryption(keys),
        tags=tags,
        opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=grants)),
    )


def _entra_alone(place: Place) -> postgresql.AuthConfigArgs:
    return postgresql.AuthConfigArgs(
        active_directory_auth=postgresql.MicrosoftEntraAuth.ENABLED,
        password_auth=postgresql.PasswordBasedAuth.DISABLED,
        tenant_id=place.tenant_id,
    )


def _identity(keys: ServerKeys) -> postgresql.UserAssignedIdentityArgs | None:
    if keys.own is None:
        return None
    ids = pulumi.Output.all(*(key.identity_id for key in (keys.own, keys.paired) if key))
    # A map here, where every other service of Azure takes a list; its keys are known only when the identities are.
    return postgresql.UserAssignedIdentityArgs(
        type=postgresql.IdentityType.USER_ASSIGNED,
        user_assigned_identities=ids.apply(lambda known: {each: postgresql.UserIdentityArgs() for each in known}),
    )


def _encryption(keys: ServerKeys) -> postgresql.DataEncryptionArgs | None:
    if keys.own is None:
        return None
    return postgresql.DataEncryptionArgs(
        type=postgresql.DataEncryptionType.AZURE_KEY_VAULT,
        primary_key_uri=keys.own.key_uri,
        primary_user_assigned_identity_id=keys.own.identity_id,
        geo_backup_key_uri=keys.paired.key_uri if keys.paired else None,
        geo_backup_user_assigned_identity_id=keys.paired.identity_id if keys.paired else None,
    )
