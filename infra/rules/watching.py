"""What is watched: everything that can report does, to the workspace, and nothing of it takes a key (check 76)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from infra.alerting import alerts_of, live_flows
from infra.engine.resources import Resource
from infra.rules import Finding, Severity, error
from infra.rules.reading import app_settings, items, of_kinds, value, with_id

# What Azure Monitor takes a diagnostic setting for, and the part of the resource that has the logs.
_REPORTING = {
    "apimanagement:ApiManagementService": "",
    "app:ManagedEnvironment": "",
    "containerregistry:Registry": "",
    "dbforpostgresql:Server": "",
    "eventgrid:Namespace": "",
    "eventgrid:SystemTopic": "",
    "eventgrid:Topic": "",
    "keyvault:Vault": "",
    "network:ApplicationGateway": "",
    "network:AzureFirewall": "",
    "network:BastionHost": "",
    "network:NetworkSecurityGroup": "",
    "network:PublicIPAddress": "",
    "network:VirtualNetwork": "",
    "network:VirtualNetworkGateway": "",
    "operationalinsights:Workspace": "",
    "servicebus:Namespace": "",
    "storage:StorageAccount": "/blobServices/default",
    "web:WebApp": "",
}
_TELEMETRY = "applicationinsights:Component"
_WORKSPACE = "operationalinsights:Workspace"
_NO_KEYS = {_TELEMETRY: "disableLocalAuth", _WORKSPACE: "features.disableLocalAuth"}
_DOORS = ("publicNetworkAccessForIngestion", "publicNetworkAccessForQuery")
_SETTINGS = ("APPLICATIONINSIGHTS_CONNECTION_STRING", "APPLICATIONINSIGHTS_AUTHENTICATION_STRING")


def everything_reports_to_the_workspace(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find resources that could report and do not, and reports that go elsewhere or leave the logs out."""
    workspaces = of_kinds(resources, _WORKSPACE)
    settings = {
        str(value(each, "resourceUri")).lower(): each for each in of_kinds(resources, "monitor:DiagnosticSetting")
    }
    for resource in of_kinds(resources, *_REPORTING):
        setting = settings.get(f"{resource.id}{_REPORTING[resource.kind]}".lower())
        if setting is None:
            yield error("diagnostics", resource, "", "reports to nobody: call observe() where it is made")
        elif not next(with_id(workspaces, value(setting, "workspaceId")), None):
            yield error("diagnostics", setting, "workspaceId", "is not the workspace of this stack")
        elif not any(log.get("enabled") for log in items(setting, "logs")):
            yield error("diagnostics", setting, "logs", "sends no logs")


def telemetry_takes_no_key(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find log stores that a key opens, and Application Insights that keeps its data outside the workspace."""
    for store in of_kinds(resources, *_NO_KEYS):
        path = _NO_KEYS[store.kind]
        if value(store, path) is not True:
            yield error("telemetry-key", store, path, "set it to true: identities alone")
    workspaces = of_kinds(resources, _WORKSPACE)
    for component in of_kinds(resources, _TELEMETRY):
        if not next(with_id(workspaces, value(component, "workspaceResourceId")), None):
            yield error("telemetry-workspace", component, "workspaceResourceId", "is not the workspace of this stack")
    for app in of_kinds(resources, "web:WebApp"):
        given = app_settings(app)
        for name in _SETTINGS:
            if not given.get(name):
                yield error(
                    "telemetry-settings", app, f"siteConfig.appSettings.{name}", "is not set: it reports nothing"
                )


def private_telemetry_is_private(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find log stores of a stack with a private link scope that are outside it or have a public door."""
    if not of_kinds(resources, "monitor:PrivateLinkScope"):
        return
    inside = {
        str(value(each, "linkedResourceId")).lower()
        for each in of_kinds(resources, "monitor:PrivateLinkScopedResource")
    }
    for store in of_kinds(resources, *_NO_KEYS):
        if store.id.lower() not in inside:
            yield error("telemetry-scope", store, "", "is not in the private link scope: nothing would reach it")
        for door in _DOORS:
            if value(store, door) != "Disabled":
                yield error("telemetry-door", store, door, "set it to Disabled")


def every_flow_has_its_alerts(resources: Sequence[Resource]) -> Iterator[Finding]:
    """Find alerts that the catalogue asks for and nobody makes, and service health that nobody hears of."""
    if not of_kinds(resources, _WORKSPACE):
        return
    made = {each.name for each in of_kinds(resources, "monitor:ScheduledQueryRule", "monitor:MetricAlert")}
    stack = next((each.urn for each in resources if not each.parent), "")
    for flow in live_flows():
        for alert in alerts_of(flow):
            if alert.name not in made:
                yield Finding("flow-alert", Severity.ERROR, stack, "", f"{alert.name} is not made: {alert.sentence}")
    heard = {
        str(condition.get("equals"))
        for each in of_kinds(resources, "monitor:ActivityLogAlert")
        for condition in items(each, "condition.allOf")
    }
    if "ServiceHealth" not in heard:
        yield Finding("service-health", Severity.ERROR, stack, "", "nobody hears of Azure's own service health")


RULES = (
    everything_reports_to_the_workspace,
    telemetry_takes_no_key,
    private_telemetry_is_private,
    every_flow_has_its_alerts,
)
