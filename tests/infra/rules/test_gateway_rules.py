from __future__ import annotations

from typing import Any

import pytest

from infra.apim.callers import Caller
from infra.apim.policy import api_policy, partner_policy, service_policy
from infra.apim.surfaces import surfaces
from infra.engine.resources import Resource
from infra.rules import gateway
from shared.catalog.model import Route, Step, Tier
from tests.infra.rules.estate import changed, names_found, resource, without

_SERVICE = {"serviceName": "gate"}
_NO_BODY = {"body": {"bytes": 0}}
_SURFACE = surfaces([Step("ask", Tier.API, Route("GET", "things/{id}", role="thing.read"), flow="sample")])[0]
_CALLER = Caller("sample-lab", "Sample Laboratory", 60, 1000, 1000, ())

PRODUCT = resource(
    "apimanagement:Product",
    "product",
    {**_SERVICE, "productId": "partner-sample-lab", "subscriptionRequired": True, "approvalRequired": True},
)
GATEWAY = resource(
    "apimanagement:ApiManagementService",
    "gateway",
    {
        "serviceName": "gate",
        "sku": {"name": "StandardV2", "capacity": 1},
        "virtualNetworkType": "External",
        "virtualNetworkConfiguration": {"subnetResourceId": "/subnets/gateway"},
        "publicNetworkAccess": "Disabled",
        "apiVersionConstraint": {"minApiVersion": "2021-08-01"},
        "configurationApi": {"legacyApi": "Disabled"},
        "developerPortalStatus": "Disabled",
        "legacyPortalStatus": "Disabled",
        "customProperties": {
            "Security.Protocols.Tls10": "False",
            "Security.Protocols.Tls11": "False",
            "Security.Backend.Protocols.Tls10": "False",
        },
    },
)
ESTATE = [
    GATEWAY,
    PRODUCT,
    resource(
        "network:PrivateEndpoint",
        "endpoint",
        {
            "privateEndpointName": "gate",
            "privateLinkServiceConnections": [{"privateLinkServiceId": GATEWAY.id, "groupIds": ["Gateway"]}],
        },
    ),
    resource("network:ApplicationGateway", "door", {"applicationGatewayName": "door"}),
    resource("apimanagement:Policy", "service", {**_SERVICE, "policyId": "policy", "value": service_policy()}),
    resource(
        "apimanagement:Api",
        "api",
        {**_SERVICE, "apiId": "api", "protocols": ["https"], "subscriptionRequired": True},
    ),
    resource(
        "apimanagement:ApiPolicy",
        "api-policy",
        {**_SERVICE, "apiId": "api", "policyId": "policy", "value": api_policy(_SURFACE, "api")},
    ),
    resource(
        "apimanagement:ProductPolicy",
        "product-policy",
        {
            **_SERVICE,
            "productId": "partner-sample-lab",
            "policyId": "policy",
            "value": partner_policy(_CALLER, door=False),
        },
    ),
    resource("apimanagement:Subscription", "subscription", {**_SERVICE, "sid": "sample-lab", "scope": PRODUCT.id}),
    resource(
        "apimanagement:Backend",
        "backend",
        {
            **_SERVICE,
            "backendId": "api",
            "url": "https://app.azurewebsites.net/api/v1",
            "tls": {"validateCertificateChain": True, "validateCertificateName": True},
        },
    ),
    resource("apimanagement:NamedValue", "named", {**_SERVICE, "namedValueId": "tenant", "secret": False}),
    resource(
        "apimanagement:Diagnostic",
        "log",
        {
            **_SERVICE,
            "diagnosticId": "azuremonitor",
            "frontend": {"request": _NO_BODY, "response": _NO_BODY},
            "backend": {"request": _NO_BODY, "response": _NO_BODY},
        },
    ),
]


def test_a_sound_gateway_passes_every_rule() -> None:
    assert set() == names_found(gateway.RULES, ESTATE)


@pytest.mark.parametrize(
    ("name", "path", "value", "rule"),
    [
        ("service", "value", "<policies>", "gateway-policy"),
        ("service", "value", f"<policies><!--{'x' * 20_000}--></policies>", "gateway-policy"),
        ("service", "value", "<p><set-body>@(context.Request.Body.As())</set-body></p>", "gateway-body"),
        ("service", "value", '<p><set-variable value="@(context.Response.Body)" /></p>', "gateway-body"),
        ("service", "value", "<p><cors><o><origin>*</origin></o></cors></p>", "gateway-cors"),
        ("api-policy", "value", "<p><rate-limit-by-key /><authentication-managed-identity /></p>", "gateway-token"),
        ("api-policy", "value", "<p><validate-jwt /><authentication-managed-identity /></p>", "gateway-rate"),
        ("api-policy", "value", "<p><validate-jwt /><rate-limit-by-key /></p>", "gateway-backend"),
        ("api", "protocols", ["http", "https"], "gateway-https"),
        ("api", "subscriptionRequired", False, "gateway-subscription"),
        ("subscription", "scope", "/apis", "gateway-subscription"),
        ("product", "approvalRequired", False, "gateway-subscription"),
        ("product-policy", "value", "<policies />", "gateway-rate"),
        ("product-policy", "value", "<policies>", "gateway-rate"),
        ("backend", "url", "http://app.azurewebsites.net", "gateway-backend"),
        ("backend", "tls.validateCertificateName", False, "gateway-backend"),
        ("named", "secret", True, "gateway-secret"),
        ("log", "frontend.request.body.bytes", 1024, "gateway-log"),
        ("log", "backend.response.headers", ["Authorization"], "gateway-log"),
        ("gateway", "publicNetworkAccess", "Enabled", "gateway-door"),
        ("gateway", "sku.name", "Premium", "gateway-door"),
        ("gateway", "virtualNetworkConfiguration", None, "gateway-network"),
        ("gateway", "apiVersionConstraint", None, "gateway-management"),
        ("gateway", "configurationApi.legacyApi", "Enabled", "gateway-management"),
        ("gateway", "developerPortalStatus", "Enabled", "gateway-management"),
        ("gateway", "customProperties", {"Security.Protocols.Tls10": "True"}, "gateway-tls"),
    ],
)
def test_a_rule_catches_the_one_thing_that_is_wrong(name: str, path: str, value: Any, rule: str) -> None:
    assert rule in names_found(gateway.RULES, changed(ESTATE, name, path, value))


@pytest.mark.parametrize(
    ("name", "rule"),
    [("api-policy", "gateway-token"), ("endpoint", "private-endpoint"), ("product", "gateway-subscription")],
)
def test_a_rule_misses_what_is_not_there(name: str, rule: str) -> None:
    assert rule in names_found(gateway.RULES, without(ESTATE, name))


def test_a_gateway_may_be_public_where_no_door_stands_before_it() -> None:
    open_gateway: list[Resource] = changed(without(ESTATE, "door"), "gateway", "publicNetworkAccess", "Enabled")

    assert set() == names_found(gateway.RULES, open_gateway)
