"""The gateway: every API asks for a token and has a rate, calls behind it are proved, no body is read or logged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.etree import ElementTree

from infra.engine.resources import Resource
from infra.rules import Finding, error
from infra.rules.reading import items, of_kinds, value, with_id

_POLICIES = (
    "apimanagement:ApiOperationPolicy",
    "apimanagement:ApiPolicy",
    "apimanagement:Policy",
    "apimanagement:PolicyFragment",
    "apimanagement:ProductPolicy",
)
_LONGEST = 16 * 1024
_TOKENS = {"validate-azure-ad-token", "validate-jwt"}
_RATES = {"rate-limit", "rate-limit-by-key"}
_BODY = re.compile(r"(Request|Response)\s*\.\s*Body|\.Body\b")
_INJECTED = ("Developer", "Premium")
_OLD_PROTOCOLS = ("Security.Protocols.Tls10", "Security.Protocols.Tls11", "Security.Backend.Protocols.Tls10")
_OLDEST_API = "2021-08-01"


def every_policy_is_one_that_azure_takes(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find policies that are not XML, are too long, read a body, or open a door to any origin."""
    for policy in of_kinds(resources, *_POLICIES):
        text = str(value(policy, "value"))
        root = _parsed(text)
        if root is None:
            yield error("gateway-policy", policy, "value", "is not well-formed XML")
            continue
        if len(text.encode()) > _LONGEST:
            yield error("gateway-policy", policy, "value", f"has {len(text.encode())} bytes: Azure takes 16 KiB")
        if any(_BODY.search(said) for said in _texts(root)):
            yield error("gateway-body", policy, "value", "reads a body: patients' data stays out of expressions")
        if any(origin.text == "*" for origin in root.iterfind(".//cors//origin")):
            yield error("gateway-cors", policy, "value", "lets any origin in: name them, or leave cors out")


def every_api_asks_for_a_token_and_has_a_rate(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find APIs without a policy of their own that checks a token, limits the rate and names a proved backend."""
    policies = {value(each, "apiId"): each for each in of_kinds(resources, "apimanagement:ApiPolicy")}
    for api in of_kinds(resources, "apimanagement:Api"):
        policy = policies.get(value(api, "apiId"))
        root = _parsed(str(value(policy, "value"))) if policy else None
        said = {each.tag for each in root.iter()} if root is not None else set()
        if not said & _TOKENS:
            yield error("gateway-token", api, "", "checks no token: put validate-jwt into its policy")
        if not said & _RATES:
            yield error("gateway-rate", api, "", "has no rate limit: put rate-limit-by-key into its policy")
        if "authentication-managed-identity" not in said:
            yield error("gateway-backend", api, "", "calls its backend without a proof of its own identity")
        if items(api, "protocols") != ["https"]:
            yield error("gateway-https", api, "protocols", "set it to https alone")
        if value(api, "subscriptionRequired") is not True:
            yield error("gateway-subscription", api, "subscriptionRequired", "set it to true")


def subscriptions_are_for_one_product(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find subscriptions to everything, products that anyone may have, and those without a rate."""
    products = of_kinds(resources, "apimanagement:Product")
    for subscription in of_kinds(resources, "apimanagement:Subscription"):
        if not any(with_id(products, value(subscription, "scope"))):
            yield error("gateway-subscription", subscription, "scope", "is not a product of this stack")
    rated = {
        value(each, "productId")
        for each in of_kinds(resources, "apimanagement:ProductPolicy")
        if _RATES & {tag.tag for tag in _elements(str(value(each, "value")))}
    }
    for product in products:
        if value(product, "subscriptionRequired") is not True or value(product, "approvalRequired") is not True:
            yield error("gateway-subscription", product, "", "set subscriptionRequired and approvalRequired to true")
        if value(product, "productId") not in rated:
            yield error("gateway-rate", product, "", "has no rate limit: put rate-limit into its policy")


def backends_are_https_and_checked(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find backends whose certificate nobody checks, or that are called in the clear."""
    for backend in of_kinds(resources, "apimanagement:Backend"):
        if not str(value(backend, "url")).startswith("https://"):
            yield error("gateway-backend", backend, "url", "is not https")
        for check in ("validateCertificateChain", "validateCertificateName"):
            if value(backend, f"tls.{check}") is not True:
                yield error("gateway-backend", backend, f"tls.{check}", "set it to true")


def nothing_secret_or_personal_is_kept(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find secret named values outside the vault, and diagnostics with a body, a header or a query."""
    for named in of_kinds(resources, "apimanagement:NamedValue"):
        if value(named, "secret") and not value(named, "keyVault"):
            yield error("gateway-secret", named, "secret", "is a secret: keep it in the Key Vault and name it")
    for log in of_kinds(resources, "apimanagement:Diagnostic", "apimanagement:ApiDiagnostic"):
        for side in ("frontend", "backend"):
            for message in ("request", "response"):
                path = f"{side}.{message}"
                if value(log, f"{path}.body.bytes") != 0 or items(log, f"{path}.headers"):
                    yield error("gateway-log", log, path, "logs bodies or headers: set bytes to 0 and headers to none")


def the_gateway_has_one_door(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find gateways that are public beside the door before them, without an endpoint of their own, or in no subnet."""
    door = of_kinds(resources, "network:ApplicationGateway")
    reached = {
        str(link.get("privateLinkServiceId")).lower()
        for endpoint in of_kinds(resources, "network:PrivateEndpoint")
        for link in items(endpoint, "privateLinkServiceConnections")
    }
    for gateway in of_kinds(resources, "apimanagement:ApiManagementService"):
        injected = value(gateway, "sku.name") in _INJECTED
        path = "virtualNetworkType" if injected else "publicNetworkAccess"
        closed = "Internal" if injected else "Disabled"
        if door and value(gateway, path) != closed:
            yield error("gateway-door", gateway, path, f"is public beside the door before it: set it to {closed}")
        if not injected and gateway.id.lower() not in reached:
            yield error("private-endpoint", gateway, "", "no private endpoint leads to its sub-resource Gateway")
        if not value(gateway, "virtualNetworkConfiguration.subnetResourceId"):
            yield error("gateway-network", gateway, "virtualNetworkConfiguration", "is in no subnet")


def the_gateway_is_hardened(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find gateways with old protocols or ciphers, or with doors for their management that nobody uses."""
    for gateway in of_kinds(resources, "apimanagement:ApiManagementService"):
        if str(value(gateway, "apiVersionConstraint.minApiVersion") or "") < _OLDEST_API:
            yield error("gateway-management", gateway, "apiVersionConstraint", f"set minApiVersion to {_OLDEST_API}")
        for path in ("configurationApi.legacyApi", "developerPortalStatus", "legacyPortalStatus"):
            if value(gateway, path) != "Disabled":
                yield error("gateway-management", gateway, path, "set it to Disabled")
        said = {name: str(text).lower() for name, text in (value(gateway, "customProperties") or {}).items()}
        on = [name for name in said if "Security." in name and said[name] != "false"]
        unsaid = [name for name in _OLD_PROTOCOLS if not any(key.endswith(name) for key in said)]
        for name in (*on, *unsaid):
            yield error("gateway-tls", gateway, f"customProperties.{name}", "set it to False")


def _parsed(text: str) -> ElementTree.Element | None:
    try:
        return ElementTree.fromstring(text)  # noqa: S314 - our own text
    except ElementTree.ParseError:
        return None


def _elements(text: str) -> list[ElementTree.Element]:
    root = _parsed(text)
    return list(root.iter()) if root is not None else []


def _texts(root: ElementTree.Element) -> list[str]:
    return [text for each in root.iter() for text in (each.text or "", *each.attrib.values())]


RULES = (
    every_policy_is_one_that_azure_takes,
    every_api_asks_for_a_token_and_has_a_rate,
    subscriptions_are_for_one_product,
    backends_are_https_and_checked,
    nothing_secret_or_personal_is_kept,
    the_gateway_has_one_door,
    the_gateway_is_hardened,
)
