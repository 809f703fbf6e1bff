"""API Management: checks 61 to 73."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.engine.resources import Resource
from infra.rules import Finding
from infra.rules.checks.check import Check, Held, departure, every, in_production
from infra.rules.gateway import (
    backends_are_https_and_checked,
    every_api_asks_for_a_token_and_has_a_rate,
    every_policy_is_one_that_azure_takes,
    nothing_secret_or_personal_is_kept,
    subscriptions_are_for_one_product,
    the_gateway_has_one_door,
    the_gateway_is_hardened,
)
from infra.rules.reading import items, of_kinds, value

_GATEWAY = "apimanagement:ApiManagementService"
# These tiers spread over zones when told to; the others do not, or do by themselves.
_ZONED = ("Premium",)


def _gateways_in_one_zone(resources: Sequence[Resource]) -> Iterator[Finding]:
    for gateway in of_kinds(resources, _GATEWAY) if in_production(resources) else ():
        if value(gateway, "sku.name") in _ZONED and len(items(gateway, "zones")) < 2:
            yield departure(gateway, "zones", "name two or more in production")


CHECKS = (
    Check(61, "api-https", "an API is https alone", ("AZR-000042", "ee7495e7"),
          Held(every_api_asks_for_a_token_and_has_a_rate, "gateway-https")),
    Check(62, "backend-https", "a backend is called by https alone", ("AZR-000044",),
          Held(backends_are_https_and_checked, "gateway-backend", path="url")),
    Check(63, "backend-identity", "the gateway proves itself to its backends", ("c15dcc82",),
          Held(every_api_asks_for_a_token_and_has_a_rate, "gateway-backend")),
    Check(64, "backend-certificate", "a backend's certificate is checked", ("92bb331d",),
          Held(backends_are_https_and_checked, "gateway-backend", path="tls")),
    Check(65, "gateway-named-value", "a secret named value is in the vault", ("AZR-000045", "f1cc7827"),
          Held(nothing_secret_or_personal_is_kept, "gateway-secret")),
    Check(66, "product-approval", "a product takes a subscription, and somebody approves it",
          ("AZR-000046", "AZR-000047"), Held(subscriptions_are_for_one_product, "gateway-subscription")),
    Check(67, "subscription-scope", "a subscription is for one product", ("3aa03346",),
          Held(subscriptions_are_for_one_product, "gateway-subscription", path="scope")),
    Check(68, "gateway-subnet", "the gateway is in a subnet", ("ef619a2c", "CKV_AZURE_107"),
          Held(the_gateway_has_one_door, "gateway-network")),
    Check(69, "gateway-configuration", "nobody reaches the gateway's configuration from outside",
          ("df73bd95", "CKV_AZURE_174"),
          every(Held(the_gateway_is_hardened, "gateway-management", path="configurationApi"),
                Held(the_gateway_is_hardened, "gateway-management", path="developerPortal"),
                Held(the_gateway_has_one_door, "gateway-door"))),
    Check(70, "gateway-protocols", "no old protocol and no weak cipher opens the gateway",
          ("AZR-000054", "AZR-000055", "CKV_AZURE_173"), Held(the_gateway_is_hardened, "gateway-tls")),
    Check(71, "gateway-api-version", "old versions of the gateway's own API are refused", ("AZR-000321",),
          Held(the_gateway_is_hardened, "gateway-management", path="apiVersionConstraint")),
    Check(72, "api-cors", "not every page may call an API", ("AZR-000365",),
          Held(every_policy_is_one_that_azure_takes, "gateway-cors")),
    Check(73, "api-policy", "every policy is well-formed; every API checks a token and has a rate", (),
          every(Held(every_policy_is_one_that_azure_takes, "gateway-policy"),
                Held(every_api_asks_for_a_token_and_has_a_rate, "gateway-token"),
                Held(every_api_asks_for_a_token_and_has_a_rate, "gateway-rate"))),
    Check(73, "gateway-zones", "a Premium gateway of production survives the loss of a zone", ("AZR-000052",),
          _gateways_in_one_zone),
)  # fmt: skip
