"""The state store: PostgreSQL Flexible Server that knows Entra identities and no password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import dbforpostgresql as postgresql

from infra.components.place import Place

DATABASE = "corridor"
_BACKUP_DAYS = 35
_STORAGE_GB = 128


@dataclass(frozen=True)
class DatabaseArgs:
    """The server's size and which failures it survives."""

    place: Place
    size: str
    tier: str
    zone_redundant: bool
    geo_redundant: bool
    protect: bool
    tags: Mapping[str, str]


class Database(pulumi.ComponentResource):
    """One server with one database. Roles and grants are the migrations' work, not Azure's."""

    host: pulumi.Output[str]

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Database", name, None, opts)
        options = pulumi.ResourceOptions(parent=self, protect=args.protect)
        server = self._server(name, args, options)
        postgresql.Database(
            name,
            database_name=DATABASE,
            server_name=server.name,
            resource_group_name=args.place.resource_group,
            charset="UTF8",
            collation="C",
            opts=options,
        )
        self.host = pulumi.Output.concat(server.name, ".postgres.database.azure.com")
        self.register_outputs({"host": self.host})

    @staticmethod
    def _server(name: str, args: DatabaseArgs, options: pulumi.ResourceOptions) -> postgresql.Server:
        mode = postgresql.PostgreSqlFlexibleServerHighAvailabilityMode
        backup = postgresql.GeographicallyRedundantBackup
        return postgresql.Server(
            name,
            server_name=args.place.names.resource("state"),
            resource_group_name=args.place.resource_group,
            version=postgresql.PostgresMajorVersion.POSTGRES_MAJOR_VERSION_18,
            sku=postgresql.SkuArgs(name=args.size, tier=args.tier),
            storage=postgresql.StorageArgs(storage_size_gb=_STORAGE_GB, auto_grow=postgresql.StorageAutoGrow.ENABLED),
            auth_config=postgresql.AuthConfigArgs(
                active_directory_auth=postgresql.MicrosoftEntraAuth.ENABLED,
                password_auth=postgresql.PasswordBasedAuth.DISABLED,
                tenant_id=args.place.tenant_id,
            ),
            network=postgresql.NetworkArgs(public_network_access=postgresql.ServerPublicNetworkAccessState.DISABLED),
            high_availability=postgresql.HighAvailabilityArgs(
                mode=mode.ZONE_REDUNDANT if args.zone_redundant else mode.DISABLED
            ),
            backup=postgresql.BackupArgs(
                backup_retention_days=_BACKUP_DAYS,
                geo_redundant_backup=backup.ENABLED if args.geo_redundant else backup.DISABLED,
            ),
            tags=args.tags,
            opts=options,
        )
