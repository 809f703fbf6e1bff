"""The rules of what is watched pass a sound estate and catch the one thing that is wrong with it."""

from __future__ import annotations

from typing import Any

import pytest

from infra.alerting import bus_alerts, live_flows, log_alerts
from infra.engine.resources import Resource
from infra.rules import watching
from tests.infra.rules.estate import changed, names_found, resource, without

CLOSED = {"publicNetworkAccessForIngestion": "Disabled", "publicNetworkAccessForQuery": "Disabled"}
WORKSPACE = resource(
    "operationalinsights:Workspace",
    "logs",
    {"workspaceName": "logs", "features": {"disableLocalAuth": True}, **CLOSED},
)
TELEMETRY = resource(
    "applicationinsights:Component",
    "telemetry",
    {"resourceName": "telemetry", "disableLocalAuth": True, "workspaceResourceId": WORKSPACE.id, **CLOSED},
)
ACCOUNT = resource("storage:StorageAccount", "account", {"accountName": "account"})
APP = resource(
    "web:WebApp",
    "app",
    {
        "name": "app",
        "siteConfig": {
            "appSettings": [
                {"name": "APPLICATIONINSIGHTS_CONNECTION_STRING", "value": "IngestionEndpoint=https://in.example/"},
                {"name": "APPLICATIONINSIGHTS_AUTHENTICATION_STRING", "value": "ClientId=one;Authorization=AAD"},
            ]
        },
    },
)


def reports(name: str, resource_id: str) -> Resource:
    logs = [{"categoryGroup": "allLogs", "enabled": True}]
    inputs = {"name": "corridor", "resourceUri": resource_id, "workspaceId": WORKSPACE.id, "logs": logs}
    return resource("monitor:DiagnosticSetting", name, inputs)


def in_scope(name: str, linked: str) -> Resource:
    inputs = {"name": name, "scopeName": "scope", "linkedResourceId": linked}
    return resource("monitor:PrivateLinkScopedResource", f"{name}-in-scope", inputs)


SOUND = [
    WORKSPACE,
    TELEMETRY,
    ACCOUNT,
    APP,
    reports("of-logs", WORKSPACE.id),
    reports("of-account", f"{ACCOUNT.id}/blobServices/default"),
    reports("of-app", APP.id),
    resource("monitor:PrivateLinkScope", "scope", {"scopeName": "scope"}),
    in_scope("logs", WORKSPACE.id),
    in_scope("telemetry", TELEMETRY.id),
    *(
        resource("monitor:ScheduledQueryRule", a.name, {"ruleName": a.name})
        for f in live_flows()
        for a in log_alerts(f)
    ),
    *(resource("monitor:MetricAlert", a.name, {"ruleName": a.name}) for f in live_flows() for a in bus_alerts(f)),
    resource(
        "monitor:ActivityLogAlert",
        "health",
        {"activityLogAlertName": "health", "condition": {"allOf": [{"field": "category", "equals": "ServiceHealth"}]}},
    ),
]


def test_a_sound_estate_passes() -> None:
    assert set() == names_found(watching.RULES, SOUND)


@pytest.mark.parametrize(
    ("rule", "name", "path", "value"),
    [
        ("diagnostics", "of-account", "resourceUri", ACCOUNT.id),
        ("diagnostics", "of-app", "workspaceId", "/another"),
        ("diagnostics", "of-app", "logs", []),
        ("telemetry-key", "logs", "features.disableLocalAuth", False),
        ("telemetry-key", "telemetry", "disableLocalAuth", None),
        ("telemetry-workspace", "telemetry", "workspaceResourceId", "/another"),
        ("telemetry-settings", "app", "siteConfig.appSettings", []),
        ("telemetry-door", "logs", "publicNetworkAccessForQuery", "Enabled"),
        ("telemetry-scope", "telemetry-in-scope", "linkedResourceId", "/another"),
        ("service-health", "health", "condition.allOf", []),
    ],
)
def test_each_rule_catches_its_violation(rule: str, name: str, path: str, value: Any) -> None:
    assert {rule} == names_found(watching.RULES, changed(SOUND, name, path, value))


@pytest.mark.parametrize(
    ("rule", "name"),
    [
        ("diagnostics", "of-logs"),
        ("flow-alert", "lab-results-breached"),
        ("flow-alert", "lab-results-deep"),
        ("flow-alert", "operations-unwatched"),
        ("service-health", "health"),
    ],
)
def test_what_is_missing_is_found(rule: str, name: str) -> None:
    assert {rule} == names_found(watching.RULES, without(SOUND, name))
