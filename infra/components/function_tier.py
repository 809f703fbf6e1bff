"""
One tier: a function app on Flex Consumption with an identity, a host storage and grants of its own.

Flex Consumption allows one app per plan. The host storage is the tier's alone, because the host keeps function
keys and the deployed package there: whoever could write another tier's account could run as that tier. Tokens are
checked by the functions themselves (docs/adr/0007): Azure's own authentication in front of an app stays off.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity, web

from infra.components.app_doors import AppDoors
from infra.components.grants import Grant, Role, assign
from infra.components.place import Place
from infra.components.private_service import PrivateAccess, PrivateService, PrivateServiceArgs
from infra.components.private_storage import PrivateStorage, PrivateStorageArgs
from infra.components.storage_policies import Container
from infra.dials import Scale
from shared.catalog.model import FileDrop, Queue, Route, Step, Subscription, Tier

DEPLOYMENT_CONTAINER = "deployment"
_PYTHON = "3.11"


@dataclass(frozen=True)
class FunctionTierArgs:
    """
    What runs in the tier and what it may reach.

    `entry` is where its own endpoint lies, `access` where its storage's do. `warm_steps` are the steps for which
    instances are kept warm; `settings` are the app's settings beyond those that follow from its own identity;
    `health_path` is empty where the tier answers no HTTP.
    """

    place: Place
    access: PrivateAccess
    entry: PrivateAccess
    subnet_id: pulumi.Input[str]
    tier: Tier
    grants: Sequence[Grant]
    settings: Mapping[str, pulumi.Input[str]]
    tags: Mapping[str, str]
    warm_steps: Sequence[Step]
    scale: Scale
    doors: AppDoors
    health_path: str
    storage_sku: str
    zone_redundant: bool


class FunctionTier(pulumi.ComponentResource):
    """An app that is reached privately, proves itself by its identity, and may touch what its steps declare."""

    app_name: pulumi.Output[str]
    app_id: pulumi.Output[str]
    principal_id: pulumi.Output[str]

    def __init__(self, name: str, args: FunctionTierArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:FunctionTier", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        self._name = args.place.names.function_app(args.tier)
        self._identity = managedidentity.UserAssignedIdentity(
            name,
            resource_name_=self._name,
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            tags=args.tags,
            opts=self._options,
        )
        packages = (Container(DEPLOYMENT_CONTAINER),)
        self._storage = PrivateStorage(
            f"{name}-host",
            PrivateStorageArgs(args.place, args.access, args.tier, packages, args.storage_sku, args.tags),
            opts=self._options,
        )
        host = Grant(Role.BLOB_OWNER, "host-storage", self._storage.account_id)
        assignments = [
            assign(grant, name, self._identity.principal_id, args.place, parent=self) for grant in (host, *args.grants)
        ]
        app = self._app(name, self._plan(name), assignments)
        self._refuse_passwords(name, app)
        PrivateService(name, PrivateServiceArgs(args.place, args.entry, app.id, "sites", args.tags), self._options)
        self.app_name, self.app_id = app.name, app.id
        self.principal_id = self._identity.principal_id
        self.register_outputs({"appName": self.app_name})

    def _plan(self, name: str) -> web.AppServicePlan:
        args = self._args
        return web.AppServicePlan(
            name,
            name=self._name,
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            kind="functionapp",
            reserved=True,
            sku=web.SkuDescriptionArgs(name="FC1", tier="FlexConsumption"),
            zone_redundant=args.zone_redundant,
            tags=args.tags,
            opts=self._options,
        )

    def _app(self, name: str, plan: web.AppServicePlan, assignments: Sequence[pulumi.Resource]) -> web.WebApp:
        args = self._args
        return web.WebApp(
            name,
            name=self._name,
            resource_group_name=args.place.resource_group,
            location=args.place.location,
            server_farm_id=plan.id,
            kind="functionapp,linux",
            reserved=True,
            identity=web.ManagedServiceIdentityArgs(
                type=web.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[self._identity.id]
            ),
            key_vault_reference_identity=self._identity.id,
            https_only=True,
            client_cert_enabled=False,  # mutual TLS ends before the app (docs/adr/0018)
            public_network_access="Enabled" if args.doors.public else "Disabled",
            virtual_network_subnet_id=args.subnet_id,
            outbound_vnet_routing=web.OutboundVnetRoutingArgs(all_traffic=True),
            function_app_config=self._flex_config(),
            site_config=self._site_config(),
            tags=args.tags,
            # The host reads its storage as it starts: without its grants it would come up broken.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(assignments)),
        )

    def _site_config(self) -> web.SiteConfigArgs:
        settings = {**self._identity_settings(), **self._args.settings}
        doors = self._args.doors
        return web.SiteConfigArgs(
            min_tls_version=web.SupportedTlsVersions.SUPPORTED_TLS_VERSIONS_1_2,
            scm_min_tls_version=web.SupportedTlsVersions.SUPPORTED_TLS_VERSIONS_1_2,
            http20_enabled=True,
            remote_debugging_enabled=False,
            health_check_path=self._args.health_path or None,
            ip_security_restrictions=doors.restrictions(),
            ip_security_restrictions_default_action=web.DefaultAction.DENY,
            scm_ip_security_restrictions_use_main=False,
            scm_ip_security_restrictions_default_action=doors.deployment_default(),
            app_settings=[web.NameValuePairArgs(name=key, value=settings[key]) for key in sorted(settings)],
        )

    def _identity_settings(self) -> dict[str, pulumi.Input[str]]:
        identity: dict[str, pulumi.Input[str]] = {
            "credential": "managedidentity",
            "clientId": self._identity.client_id,
        }
        return {
            "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": pulumi.Output.concat(
                "ClientId=", self._identity.client_id, ";Authorization=AAD"
            ),
            "AZURE_CLIENT_ID": self._identity.client_id,
            # Blobs alone: the host needs queues for blob triggers and tables for diagnostics, and has neither.
            "AzureWebJobsStorage__blobServiceUri": self._storage.blob_url,
            **{f"AzureWebJobsStorage__{key}": value for key, value in identity.items()},
            **{f"SERVICE_BUS__{key}": value for key, value in identity.items()},
            "CORRIDOR_TIER": self._args.tier.value,
        }

    def _flex_config(self) -> web.FunctionAppConfigArgs:
        args = self._args
        return web.FunctionAppConfigArgs(
            deployment=web.FunctionsDeploymentArgs(
                storage=web.FunctionsDeploymentStorageArgs(
                    type=web.FunctionsDeploymentStorageType.BLOB_CONTAINER,
                    value=self._storage.url_of(DEPLOYMENT_CONTAINER),
                    authentication=web.FunctionsDeploymentStorageAuthenticationArgs(
                        type=web.AuthenticationType.USER_ASSIGNED_IDENTITY,
                        user_assigned_identity_resource_id=self._identity.id,
                    ),
                )
            ),
            runtime=web.FunctionsRuntimeArgs(name=web.RuntimeName.PYTHON, version=_PYTHON),
            scale_and_concurrency=web.FunctionsScaleAndConcurrencyArgs(
                instance_memory_mb=args.scale.instance_memory,
                maximum_instance_count=args.scale.maximum_instances,
                always_ready=[
                    web.FunctionsAlwaysReadyConfigArgs(name=group, instance_count=args.scale.always_ready)
                    for group in _scale_groups(args.warm_steps)
                    if args.scale.always_ready
                ],
            ),
        )

    def _refuse_passwords(self, name: str, app: web.WebApp) -> None:
        group = self._args.place.resource_group
        web.WebAppFtpAllowed(name, name=app.name, resource_group_name=group, allow=False, opts=self._options)
        web.WebAppScmAllowed(name, name=app.name, resource_group_name=group, allow=False, opts=self._options)


def _scale_groups(steps: Sequence[Step]) -> list[str]:
    """Return the groups that Flex Consumption scales: all HTTP functions together, each queue's alone."""
    http = ["http"] if any(isinstance(step.inbound, Route) for step in steps) else []
    on_bus = (step for step in steps if isinstance(step.inbound, Queue | Subscription | FileDrop))
    return http + [f"function:{step.function}" for step in on_bus]
