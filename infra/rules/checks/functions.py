"""Function apps: checks 29 to 45."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from infra.access import answers_http
from infra.engine.resources import Resource
from infra.rules import Finding, Rule
from infra.rules.checks.check import Check, Each, Held, departure, equal, every
from infra.rules.networks import subnets_fit_their_tenants
from infra.rules.private_doors import every_service_has_a_private_endpoint, no_service_has_a_public_door
from infra.rules.production import production_takes_no_development_dial
from infra.rules.reading import app_settings, of_kinds, value
from shared.catalog.model import Tier

_APP, _FTP, _SCM = "web:WebApp", "web:WebAppFtpAllowed", "web:WebAppScmAllowed"
_TLS = ("1.2", "1.3")
_TOKENS = ("CORRIDOR_TOKEN_AUDIENCE", "CORRIDOR_TOKEN_ISSUER", "CORRIDOR_TOKEN_JWKS_URL")
_KEYED = re.compile(r"(connectionstring|connection_string|accountkey|accesskey)$|^AzureWebJobsStorage$", re.IGNORECASE)
# It says where telemetry goes; a key opens nothing there once local authentication is off.
_NO_KEY = {"APPLICATIONINSIGHTS_CONNECTION_STRING"}


def _apps_that_allow(kind: str) -> Rule:
    def find(resources: Sequence[Resource]) -> Iterator[Finding]:
        refusing = {value(each, "name") for each in of_kinds(resources, kind) if value(each, "allow") is False}
        for app in of_kinds(resources, _APP):
            if value(app, "name") not in refusing:
                yield departure(app, "", f"register {kind} with allow false: a password would do")

    return find


def _apps_with_plain_ftp(resources: Sequence[Resource]) -> Iterator[Finding]:
    # Flex Consumption knows no ftpsState: there it is enough that FTP takes no password, the only way in.
    refused = {found.urn for found in _apps_that_allow(_FTP)(resources)}
    for app in of_kinds(resources, _APP):
        state = value(app, "siteConfig.ftpsState")
        if state not in ("Disabled", "FtpsOnly") and (state is not None or app.urn in refused):
            yield departure(app, "siteConfig.ftpsState", "set it to Disabled")


def _apps_that_check_nobody(resources: Sequence[Resource]) -> Iterator[Finding]:
    for app in of_kinds(resources, _APP):
        for name in _TOKENS:
            if not app_settings(app).get(name):
                yield departure(app, f"siteConfig.appSettings.{name}", "set it: the app checks tokens by it")
        path = "siteConfig.ipSecurityRestrictionsDefaultAction"
        if value(app, path) != "Deny":
            yield departure(app, path, "set it to Deny: private callers alone reach the app")


def _connections_by_key(resources: Sequence[Resource]) -> Iterator[Finding]:
    for app in of_kinds(resources, _APP):
        for name in app_settings(app):
            if _KEYED.search(name) and name not in _NO_KEY:
                yield departure(app, f"siteConfig.appSettings.{name}", "connect by the app's identity")


def _silent_about_their_health(resources: Sequence[Resource]) -> Iterator[Finding]:
    for app in of_kinds(resources, _APP):
        # Nothing asks an app that no HTTP reaches: its queues and schedules are watched instead.
        called = any(answers_http(tier) for tier in Tier if tier == app_settings(app).get("CORRIDOR_TIER"))
        if called and not value(app, "siteConfig.healthCheckPath"):
            yield departure(app, "siteConfig.healthCheckPath", "set it to a route that needs no token")


def _lets_nobody_in_from_any_page(origins: Any) -> bool:
    return "*" not in (origins or ())


def _leaks_outside(resources: Sequence[Resource]) -> Iterator[Finding]:
    for app in of_kinds(resources, _APP):
        if not value(app, "virtualNetworkSubnetId"):
            yield departure(app, "virtualNetworkSubnetId", "set it to the subnet of the app's tier")
        elif value(app, "outboundVnetRouting.allTraffic") is not True:
            yield departure(app, "outboundVnetRouting.allTraffic", "set it to true: nothing leaves beside the network")


def _identities(resources: Sequence[Resource]) -> Iterator[Finding]:
    for app in of_kinds(resources, _APP):
        # A list as it is sent, a map as Azure answers.
        own = value(app, "identity.userAssignedIdentities") or ()
        if value(app, "identity.type") != "UserAssigned" or len(own) != 1:
            yield departure(app, "identity", "give it one user-assigned identity of its own")


CHECKS = (
    Check(29, "app-https", "an app answers https alone", ("AZR-000084", "CKV_AZURE_70", "6d555dd1"),
          equal(_APP, "httpsOnly", wanted=True)),
    Check(30, "app-tls", "an app takes TLS 1.2 or newer, for its deployment too",
          ("AZR-000073", "CKV_AZURE_145", "f9d614c5"),
          every(Each(_APP, "siteConfig.minTlsVersion", lambda found: found in _TLS, "1.2"),
                Each(_APP, "siteConfig.scmMinTlsVersion", lambda found: found in _TLS, "1.2"))),
    Check(31, "app-ftps", "no file reaches an app by plain FTP", ("AZR-000081", "CKV_AZURE_78", "399b2637"),
          _apps_with_plain_ftp),
    Check(32, "app-ftp-password", "no password opens an app's FTP", ("871b205b",), _apps_that_allow(_FTP)),
    Check(33, "app-scm-password", "no password opens an app's deployment", ("aede300b",), _apps_that_allow(_SCM)),
    Check(34, "app-public", "an app has no public door", ("969ac98b", "CKV_AZURE_222"),
          Held(no_service_has_a_public_door, "public-door", (_APP,))),
    Check(35, "app-endpoint", "a private endpoint leads to every app", ("687aa49d",),
          Held(every_service_has_a_private_endpoint, "private-endpoint", (_APP,))),
    Check(36, "app-identity", "an app proves itself by one identity of its own",
          ("AZR-000082", "CKV_AZURE_71", "0da106f2"), _identities),
    Check(37, "app-debugging", "nobody debugs an app from afar", ("AZR-000074", "CKV_AZURE_72", "0e60b895"),
          equal(_APP, "siteConfig.remoteDebuggingEnabled", wanted=False)),
    Check(38, "app-cors", "not every page may call an app", ("0820b7b9", "CKV_AZURE_57"),
          Each(_APP, "siteConfig.cors.allowedOrigins", _lets_nobody_in_from_any_page, "named origins, or nothing")),
    Check(39, "app-http2", "an app speaks HTTP/2", ("AZR-000078", "CKV_AZURE_67"),
          equal(_APP, "siteConfig.http20Enabled", wanted=True)),
    Check(40, "app-zones", "a plan of production survives the loss of a zone", ("CKV_AZURE_225",),
          Held(production_takes_no_development_dial, "production-dial", ("web:AppServicePlan",), "zoneRedundant")),
    Check(41, "app-authentication", "an app checks tokens, and private callers alone reach it", ("c75248c1",),
          _apps_that_check_nobody),
    Check(42, "app-client-certificate", "a caller proves itself by a certificate", ("ab6a902f", "CKV_AZURE_17"),
          equal(_APP, "clientCertEnabled", wanted=True)),
    Check(43, "app-health", "an app that is called says whether it is well", ("AZR-000079", "CKV_AZURE_213"),
          _silent_about_their_health),
    Check(44, "app-connections", "an app's connections hold no key", (), _connections_by_key),
    Check(45, "app-network", "what an app sends goes through its tier's own subnet", (),
          every(_leaks_outside, Held(subnets_fit_their_tenants, "subnet-delegation", (_APP,)))),
)  # fmt: skip
