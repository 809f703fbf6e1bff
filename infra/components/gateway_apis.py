"""
What the gateway offers: an API per surface of the catalogue, and a product for each who may call.

    partner   a product, and the one subscription to it, per partner that sends: its limits are its contract
    staff     one product for people, once a route of theirs exists

A new route or partner is one more row here; nothing is written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import apimanagement

from infra.apim.callers import Caller
from infra.apim.policy import api_policy, partner_policy, staff_policy
from infra.apim.surfaces import Audience, Surface
from infra.components.gateway import Gateway
from infra.components.place import Place
from shared.catalog.model import Tier

_POLICY = "policy"  # the only name that Azure takes
_KEY_HEADER, _KEY_QUERY = "Ocp-Apim-Subscription-Key", "subscription-key"


@dataclass(frozen=True)
class GatewayApisArgs:
    """
    The surfaces, the apps behind them by their names, and who may call.

    `door` says that certificates are asked for before the gateway.
    """

    place: Place
    gateway: Gateway
    surfaces: Sequence[Surface]
    apps: Mapping[Tier, pulumi.Input[str]]
    callers: Sequence[Caller]
    door: bool


class GatewayApis(pulumi.ComponentResource):
    """Every surface with its policy, and every caller with its product and subscription."""

    def __init__(self, name: str, args: GatewayApisArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("corridor:components:GatewayApis", name, None, opts)
        self._args = args
        self._options = pulumi.ResourceOptions(parent=self)
        self._service, self._group = args.gateway.service_name, args.place.resource_group
        versions = {path: self._versions(path) for path in sorted({surface.path for surface in args.surfaces})}
        apis = {surface: self._api(surface, versions[surface.path]) for surface in args.surfaces}
        partners = {each.name: api for each, api in apis.items() if each.audience is Audience.PARTNERS}
        staff = {each.name: api for each, api in apis.items() if each.audience is Audience.STAFF}
        for caller in args.callers:
            self._partner(caller, partners)
        if staff:
            product = self._product(Audience.STAFF, "Staff", staff_policy(), staff)
            self._subscription(Audience.STAFF, "Staff", product)
        self.register_outputs({})

    def _versions(self, path: str) -> apimanagement.ApiVersionSet:
        return apimanagement.ApiVersionSet(
            path,
            version_set_id=path,
            display_name=path,
            versioning_scheme=apimanagement.VersioningScheme.SEGMENT,
            service_name=self._service,
            resource_group_name=self._group,
            opts=self._options,
        )

    def _api(self, surface: Surface, versions: apimanagement.ApiVersionSet) -> apimanagement.Api:
        backend = self._backend(surface)
        api = apimanagement.Api(
            surface.name,
            api_id=surface.name,
            display_name=f"Corridor {surface.path}",
            path=surface.path,
            api_version=surface.version,
            api_version_set_id=versions.id,
            format=apimanagement.ContentFormat.OPENAPI_JSON,
            value=surface.document(),
            service_url=self._url(surface),
            protocols=[apimanagement.Protocol.HTTPS],
            subscription_required=True,
            subscription_key_parameter_names=apimanagement.SubscriptionKeyParameterNamesContractArgs(
                header=_KEY_HEADER, query=_KEY_QUERY
            ),
            service_name=self._service,
            resource_group_name=self._group,
            opts=self._options,
        )
        apimanagement.ApiPolicy(
            surface.name,
            api_id=api.name,
            policy_id=_POLICY,
            format=apimanagement.PolicyContentFormat.XML,
            value=api_policy(surface, surface.name),
            service_name=self._service,
            resource_group_name=self._group,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[backend, *self._args.gateway.ready]),
        )
        return api

    def _backend(self, surface: Surface) -> apimanagement.Backend:
        return apimanagement.Backend(
            surface.name,
            backend_id=surface.name,
            protocol=apimanagement.BackendProtocol.HTTP,
            url=self._url(surface),
            tls=apimanagement.BackendTlsPropertiesArgs(
                validate_certificate_chain=True, validate_certificate_name=True
            ),
            service_name=self._service,
            resource_group_name=self._group,
            opts=self._options,
        )

    def _url(self, surface: Surface) -> pulumi.Output[str]:
        app = self._args.apps[surface.tier]
        return pulumi.Output.concat("https://", app, f".azurewebsites.net/api/{surface.version}")

    def _partner(self, caller: Caller, apis: Mapping[str, apimanagement.Api]) -> None:
        policy = partner_policy(caller, door=self._args.door)
        product = self._product(f"partner-{caller.name}", caller.title, policy, apis)
        self._subscription(caller.name, caller.title, product)

    def _subscription(self, name: str, title: str, product: apimanagement.Product) -> None:
        """Make a subscription; Azure makes its keys, and no program of ours ever reads them."""
        apimanagement.Subscription(
            name,
            sid=name,
            display_name=title,
            scope=product.id,
            state=apimanagement.SubscriptionState.ACTIVE,
            allow_tracing=False,
            service_name=self._service,
            resource_group_name=self._group,
            opts=self._options,
        )

    def _product(
        self, name: str, title: str, policy: str, apis: Mapping[str, apimanagement.Api]
    ) -> apimanagement.Product:
        product = apimanagement.Product(
            name,
            product_id=name,
            display_name=title,
            state=apimanagement.ProductState.PUBLISHED,
            subscription_required=True,
            approval_required=True,
            service_name=self._service,
            resource_group_name=self._group,
            opts=self._options,
        )
        for surface, api in apis.items():
            apimanagement.ProductApi(
                f"{name}-{surface}",
                product_id=product.name,
                api_id=api.name,
                service_name=self._service,
                resource_group_name=self._group,
                opts=self._options,
            )
        apimanagement.ProductPolicy(
            name,
            product_id=product.name,
            policy_id=_POLICY,
            format=apimanagement.PolicyContentFormat.XML,
            value=policy,
            service_name=self._service,
            resource_group_name=self._group,
            opts=self._options,
        )
        return product
