"""The state store: PostgreSQL Flexible Server that knows Entra identities and no password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import dbforpostgresql as postgresql
from pulumi_azure_native import managedidentity

from infra.components.customer_key import CustomerKey
from infra.components.database_server import ServerKeys, ServerShape, make_server
from infra.components.place import Place
from infra.components.private_service import PrivateAccess, PrivateService, PrivateServiceArgs

DATABASE = "corridor"
DIRECT_PORT, _POOLED = 5432, 6432
_MIGRATOR = "migrate"

_PARAMETERS = {
    "require_secure_transport": "on",
    "ssl_min_protocol_version": "TLSv1.2",
    # What a security officer asks for afterwards: who came, who left, what was too slow.
    "log_connections": "on",
    "log_disconnections": "on",
    "log_checkpoints": "on",
    "connection_throttle.enable": "on",
    # Statements carry no values of a patient, but their parameters do: only their shapes are kept.
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
# The pooler gives a connection to one transaction at a time; the product is written for it (docs/adr/0002).
_POOLER = {"pgbouncer.enabled": "true", "pgbouncer.pool_mode": "transaction", "pgbouncer.default_pool_size": "100"}


@dataclass(frozen=True)
class DatabaseArgs:
    """
    The server's shape, and which failures it survives.

    `standby_region` gets a running copy; `key` and `paired_key` encrypt it and its second copy.
    """

    place: Place
    access: PrivateAccess
    shape: ServerShape
    standby_region: str | None
    protect: bool
    key: CustomerKey | None
    paired_key: CustomerKey | None
    tags: Mapping[str, str]


class Database(pulumi.ComponentResource):
    """
    One server with one database, reached by its private endpoint.

    Its administrator is an identity that only the migrations' job takes on; roles and grants of the tiers are that
    job's work, not Azure's.
    """

    host: pulumi.Output[str]
    port: int
    migrator_id: pulumi.Output[str]
    migrator_name: str
    migrator_client_id: pulumi.Output[str]
    migrator_principal_id: pulumi.Output[str]
    server_id: pulumi.Output[str]

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:Database", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self, protect=args.protect)
        keys = ServerKeys(args.key, args.paired_key)
        server = make_server(name, args.place, args.shape, keys, args.tags, self._options)
        self.server_id = server.id
        self.port = _POOLED if args.shape.pooled else DIRECT_PORT
        self.host = pulumi.Output.concat(server.name, ".postgres.database.azure.com")
        self._database(name, server)
        self._administrator(server, self._parameters(server))
        self._door(name, server)
        if args.standby_region:
            self._standby(name, server, args.standby_region)
        self.register_outputs({"host": self.host})

    def _database(self, name: str, server: postgresql.Server) -> None:
        postgresql.Database(
            name,
            database_name=DATABASE,
            server_name=server.name,
            resource_group_name=self._args.place.resource_group,
            charset="UTF8",
            collation="C",
            opts=self._options,
        )

    def _parameters(self, server: postgresql.Server, copy: str = "") -> list[pulumi.Resource]:
        """Set a server's parameters one after another: it takes no second change while one is under way."""
        before: list[pulumi.Resource] = []
        for parameter, value in {**_PARAMETERS, **(_POOLER if self._args.shape.pooled else {})}.items():
            made = postgresql.Configuration(
                parameter.replace(".", "-") + copy,
                configuration_name=parameter,
                server_name=server.name,
                resource_group_name=self._args.place.resource_group,
                source="user-override",
                value=value,
                opts=pulumi.ResourceOptions(parent=self, depends_on=before),
            )
            before = [made]
        return before

    def _administrator(self, server: postgresql.Server, before: list[pulumi.Resource]) -> None:
        args = self._args
        self.migrator_name = args.place.names.in_group(_MIGRATOR)
        migrator = managedidentity.UserAssignedIdentity(
            _MIGRATOR,
            resource_name_=self.migrator_name,
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.migrator_id = migrator.id
        self.migrator_client_id, self.migrator_principal_id = migrator.client_id, migrator.principal_id
        postgresql.AdministratorsMicrosoftEntra(
            _MIGRATOR,
            object_id=migrator.principal_id,
            principal_name=self.migrator_name,
            principal_type="ServicePrincipal",  # the SDK's enumeration is another API's, with other spelling
            tenant_id=args.place.tenant_id,
            server_name=server.name,
            resource_group_name=args.place.resource_group,
            opts=pulumi.ResourceOptions(parent=self, depends_on=before),
        )

    def _door(self, name: str, server: postgresql.Server) -> None:
        args = self._args
        access = PrivateServiceArgs(args.place, args.access, server.id, "postgresqlServer", args.tags)
        PrivateService(name, access, pulumi.ResourceOptions(parent=self))

    def _standby(self, name: str, server: postgresql.Server, region: str) -> None:
        args = self._args
        keys = ServerKeys(args.paired_key, None)
        shape = args.shape.as_standby_of(server.id)
        standby = make_server(f"{name}2", args.place, shape, keys, args.tags, self._options, region)
        # A replica takes its primary's parameters once, when it is made: what changes later would pass it by.
        self._parameters(standby, "2")
        self._door(f"{name}2", standby)
