"""Flex Consumption: what its plan must say, and the settings that it refuses or ignores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.engine.resources import Resource
from infra.rules import Finding, error
from infra.rules.reading import app_settings, of_kinds, value, with_id

_REFUSED_SETTINGS = {
    "ENABLE_ORYX_BUILD",
    "FUNCTIONS_EXTENSION_VERSION",
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_WORKER_RUNTIME_VERSION",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "WEBSITE_DNS_SERVER",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_VNET_ROUTE_ALL",
}
_REFUSED_CONFIG = ("functionAppScaleLimit", "linuxFxVersion", "minimumElasticInstanceCount")
_MEMORY = {512, 2048, 4096}
_PYTHON = {"3.10", "3.11", "3.12"}
_SCALE = "functionAppConfig.scaleAndConcurrency"


def plans_are_flex(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find plans that say something else than FC1 on Linux, and plans that two apps share."""
    for plan in of_kinds(resources, "web:AppServicePlan"):
        said = (value(plan, "sku.name"), value(plan, "sku.tier"), value(plan, "reserved"))
        if said != ("FC1", "FlexConsumption", True):
            yield error("flex-plan", plan, "sku", "set name FC1, tier FlexConsumption and reserved true")
        apps = [app for app in of_kinds(resources, "web:WebApp") if value(app, "serverFarmId") == plan.id]
        if len(apps) > 1:
            text = f"serves {', '.join(app.name for app in apps)}: Flex Consumption takes one app per plan"
            yield error("flex-plan", plan, "", text)


def apps_set_nothing_that_flex_refuses(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find settings whose place `functionAppConfig` took."""
    for app in of_kinds(resources, "web:WebApp"):
        for name in sorted(_REFUSED_SETTINGS & app_settings(app).keys()):
            yield error("flex-setting", app, f"siteConfig.appSettings.{name}", "not on Flex Consumption: remove it")
        for name in _REFUSED_CONFIG:
            if value(app, f"siteConfig.{name}") is not None:
                yield error("flex-setting", app, f"siteConfig.{name}", "not on Flex Consumption: remove it")
        if value(app, "siteConfig.alwaysOn") is True:
            yield error("flex-setting", app, "siteConfig.alwaysOn", "not on Flex Consumption: remove it")


def apps_scale_within_limits(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find memory sizes, instance counts and Python versions that Flex Consumption does not have."""
    for app in of_kinds(resources, "web:WebApp"):
        if not any(value(plan, "sku.name") == "FC1" for plan in with_id(resources, value(app, "serverFarmId"))):
            continue
        if value(app, f"{_SCALE}.instanceMemoryMB") not in _MEMORY:
            yield error("flex-scale", app, f"{_SCALE}.instanceMemoryMB", "set it to 512, 2048 or 4096")
        most = value(app, f"{_SCALE}.maximumInstanceCount")
        if not isinstance(most, int) or not 40 <= most <= 1000:
            yield error("flex-scale", app, f"{_SCALE}.maximumInstanceCount", "set it to a number from 40 to 1000")
        if str(value(app, "functionAppConfig.runtime.version")) not in _PYTHON:
            yield error("flex-runtime", app, "functionAppConfig.runtime.version", f"set one of {sorted(_PYTHON)}")


RULES = (plans_are_flex, apps_set_nothing_that_flex_refuses, apps_scale_within_limits)
