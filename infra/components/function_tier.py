"""
One tier: a function app on Flex Consumption with an identity, a host storage and grants of its own.

Flex Consumption allows one app per plan. The host storage is the tier's alone, because the host keeps function
keys and the deployed package there: whoever could write another tier's account could run as that tier.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import managedidentity, web

from infra.components.grants import Grant, Role, assign
from infra.components.place import Place
from infra.components.private_storage import PrivateStorage, PrivateStorageArgs
from shared.catalog.model import Queue, Route, Step, Subscription, Tier

DEPLOYMENT_CONTAINER = "deployment"
_PYTHON = "3.11"


@dataclass(frozen=True)
class FunctionTierArgs:
    """
    What runs in the tier and what it may reach.

    `warm_steps` are the steps for which `always_ready` instances are kept; `settings` are the app's settings
    beyond those that follow from its own identity.
    """

    place: Place
    tier: Tier
    grants: Sequence[Grant]
    settings: Mapping[str, pulumi.Input[str]]
    tags: Mapping[str, str]
    warm_steps: Sequence[Step]
    always_ready: int
    maximum_instances: int
    instance_memory: int
    storage_sku: str
    zone_redundant: bool


class FunctionTier(pulumi.ComponentResource):
    """An app that is reached privately, proves itself by its identity, and may touch what its steps declare."""

    app_name: pulumi.Output[str]

    def __init__(self, name: str, args: FunctionTierArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:FunctionTier", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        self._name = args.place.names.function_app(args.tier)
        self._identity = managedidentity.UserAssignedIdentity(
            name,
            resource_name_=self._name,
            resource_group_name=args.place.resource_group,
            tags=args.tags,
            opts=self._options,
        )
        self._storage = PrivateStorage(
            f"{name}-host",
            PrivateStorageArgs(args.place, args.tier, (DEPLOYMENT_CONTAINER,), args.storage_sku, args.tags),
            opts=self._options,
        )
        host = Grant(Role.BLOB_OWNER, "host-storage", self._storage.account_id)
        assignments = [
            assign(grant, name, self._identity.principal_id, args.place, parent=self) for grant in (host, *args.grants)
        ]
        app = self._app(name, self._plan(name), assignments)
        self._refuse_passwords(name, app)
        self.app_name = app.name
        self.register_outputs({"appName": self.app_name})

    def _plan(self, name: str) -> web.AppServicePlan:
        args = self._args
        return web.AppServicePlan(
            name,
            name=self._name,
            resource_group_name=args.place.resource_group,
            kind="functionapp",
            reserved=True,
            sku=web.SkuDescriptionArgs(name="FC1", tier="FlexConsumption"),
            zone_redundant=args.zone_redundant,
            tags=args.tags,
            opts=self._options,
        )

    def _app(self, name: str, plan: web.AppServicePlan, assignments: Sequence[pulumi.Resource]) -> web.WebApp:
        args = self._args
        settings = {**self._identity_settings(), **args.settings}
        return web.WebApp(
            name,
            name=self._name,
            resource_group_name=args.place.resource_group,
            server_farm_id=plan.id,
            kind="functionapp,linux",
            reserved=True,
            identity=web.ManagedServiceIdentityArgs(
                type=web.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[self._identity.id]
            ),
            key_vault_reference_identity=self._identity.id,
            https_only=True,
            public_network_access="Disabled",
            function_app_config=self._flex_config(),
            site_config=web.SiteConfigArgs(
                min_tls_version=web.SupportedTlsVersions.SUPPORTED_TLS_VERSIONS_1_2,
                http20_enabled=True,
                remote_debugging_enabled=False,
                app_settings=[web.NameValuePairArgs(name=key, value=settings[key]) for key in sorted(settings)],
            ),
            tags=args.tags,
            # The host reads its storage as it starts: without its grants it would come up broken.
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(assignments)),
        )

    def _identity_settings(self) -> dict[str, pulumi.Input[str]]:
        identity: dict[str, pulumi.Input[str]] = {
            "credential": "managedidentity",
            "clientId": self._identity.client_id,
        }
        return {
            "AZURE_CLIENT_ID": self._identity.client_id,
            "AzureWebJobsStorage__accountName": self._storage.account_name,
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
                instance_memory_mb=args.instance_memory,
                maximum_instance_count=args.maximum_instances,
                always_ready=[
                    web.FunctionsAlwaysReadyConfigArgs(name=group, instance_count=args.always_ready)
                    for group in _scale_groups(args.warm_steps)
                    if args.always_ready
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
    return http + [f"function:{step.function}" for step in steps if isinstance(step.inbound, Queue | Subscription)]
