"""What watches an environment: where telemetry goes, by which way, and whom an alert reaches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.engine.run import up
from infra.engine.stacks import program_of
from infra.queries import AUDIENCES, panels
from shared.catalog.flows import DELIVERY
from tests.infra.recording import Stack, as_stack

_PROGRAM = """
import pulumi

from infra.components.observability.alerts import Alerts, AlertsArgs
from infra.components.observability.dashboards import Dashboards, DashboardsArgs
from infra.components.observability.log_store import LogStore, LogStoreArgs
from infra.components.observability.private_monitoring import PrivateMonitoring, PrivateMonitoringArgs
from infra.components.observability.responders import Responders, RespondersArgs
from infra.components.observability.workbooks import Workbooks, WorkbooksArgs
from infra.components.place import Place
from infra.components.private_service import ZONES, PrivateAccess
from infra.names import Names

private = pulumi.Config("sample").require_bool("private")
tags = {"application": "corridor"}
place = Place(Names("corridor", "dev"), "observe", "a-subscription", "a-tenant", "eastus2")
store = LogStore("log-store", LogStoreArgs(place, 90, 0 if private else 1, private, tags))
access = PrivateAccess("/subnet", {zone: f"/zones/{zone}" for zone in ZONES}, store.workspace_id)
if private:
    PrivateMonitoring("monitor", PrivateMonitoringArgs(place, access, store, tags))
hooks = {"pager": "https://pager.corridor.example/hook"}
responders = Responders("responders", RespondersArgs(place, ["one@corridor.example"], hooks, tags))
Alerts(
    "alerts",
    AlertsArgs(place, responders.group_id, store.workspace_id, "/bus", "/database", "/subscriptions/a", tags),
)
Workbooks("workbooks", WorkbooksArgs(place, store.workspace_id, tags))
Dashboards("dashboards", DashboardsArgs(place, store.workspace_id, tags))
"""


def built(folder: Path, private: str) -> Stack:
    files = {
        "Pulumi.yaml": "name: sample\nruntime: python\n",
        "Pulumi.dev.yaml": f'config: {{"sample:private": "{private}"}}\n',
        "__main__.py": _PROGRAM,
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return as_stack(up(program_of("dev", folder=folder)))


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return built(tmp_path_factory.mktemp("private"), "true")


@pytest.fixture(scope="module")
def open_(tmp_path_factory: pytest.TempPathFactory) -> Stack:
    return built(tmp_path_factory.mktemp("open"), "false")


def doors(store: dict[str, Any]) -> set[str]:
    return {store["publicNetworkAccessForIngestion"], store["publicNetworkAccessForQuery"]}


def test_telemetry_takes_identities_alone_and_stays_in_the_workspace(private: Stack) -> None:
    workspace, telemetry = private.one("operationalinsights:Workspace"), private.one("applicationinsights:Component")

    assert (True, True) == (workspace["features"]["disableLocalAuth"], telemetry["disableLocalAuth"])
    assert telemetry["workspaceResourceId"].endswith("/workspaces/corridor-dev-logs")
    assert ("LogAnalytics", 90) == (telemetry["ingestionMode"], workspace["retentionInDays"])


def test_private_telemetry_has_one_way_in_and_every_zone_of_it(private: Stack) -> None:
    scope = private.one("monitor:PrivateLinkScope")
    members = private.of("monitor:PrivateLinkScopedResource")
    zones = private.one("network:PrivateDnsZoneGroup")["privateDnsZoneConfigs"]

    assert {"PrivateOnly"} == set(scope["accessModeSettings"].values())
    assert {"logs", "telemetry"} == set(members)
    assert 5 == len(zones)
    assert {"Disabled"} == doors(private.one("operationalinsights:Workspace"))
    assert {"Disabled"} == doors(private.one("applicationinsights:Component"))


def test_without_the_dial_there_is_no_scope_and_the_cap_holds(open_: Stack) -> None:
    workspace = open_.one("operationalinsights:Workspace")

    assert {} == open_.of("monitor:PrivateLinkScope")
    assert ({"Enabled"}, 1) == (doors(workspace), workspace["workspaceCapping"]["dailyQuotaGb"])


def test_a_store_without_a_cap_says_so_as_azure_does(private: Stack) -> None:
    assert -1 == private.one("operationalinsights:Workspace")["workspaceCapping"]["dailyQuotaGb"]


def test_who_did_what_in_the_subscription_is_kept(private: Stack) -> None:
    setting = private.one("monitor:SubscriptionDiagnosticSetting")

    assert {"Administrative", "Security", "Policy"} <= {log["category"] for log in setting["logs"] if log["enabled"]}


def test_an_alert_reaches_mailboxes_and_webhooks(private: Stack) -> None:
    group = private.one("monitor:ActionGroup")

    assert ["one@corridor.example"] == [each["emailAddress"] for each in group["emailReceivers"]]
    assert [("pager", "https://pager.corridor.example/hook")] == [
        (each["name"], each["serviceUri"]) for each in group["webhookReceivers"]
    ]


def test_an_alert_on_logs_asks_its_query_and_resolves_itself(private: Stack) -> None:
    rule = private.of("monitor:ScheduledQueryRule")["lab-results-breached"]["inputs"]
    (condition,) = rule["criteria"]["allOf"]

    assert 'let flow = "lab-results";' in condition["query"]
    assert ("GreaterThan", 0, "Count") == (condition["operator"], condition["threshold"], condition["timeAggregation"])
    assert (True, "PT5M", "PT5M", 1) == (
        rule["autoMitigate"], rule["evaluationFrequency"], rule["windowSize"], rule["severity"]
    )  # fmt: skip


def test_an_alert_on_the_bus_looks_at_the_flows_own_queues(private: Stack) -> None:
    alert = private.of("monitor:MetricAlert")["delivery-dead-letters"]["inputs"]
    (criterion,) = alert["criteria"]["allOf"]

    assert ["/bus"] == alert["scopes"]
    own = [step.queue.name for step in DELIVERY.steps]
    assert [("EntityName", own)] == [(d["name"], d["values"]) for d in criterion["dimensions"]]
    assert ("DeadletteredMessages", "Minimum", 0) == (
        criterion["metricName"], criterion["timeAggregation"], criterion["threshold"]
    )  # fmt: skip


def test_somebody_hears_when_azure_itself_is_not_well(private: Stack) -> None:
    conditions = [each["inputs"]["condition"]["allOf"][0] for each in private.of("monitor:ActivityLogAlert").values()]

    assert {("category", "ServiceHealth"), ("category", "ResourceHealth")} == {
        (each["field"], each["equals"]) for each in conditions
    }


def test_each_audience_has_a_workbook_on_the_workspace(private: Stack) -> None:
    books = private.of("applicationinsights:Workbook")

    assert set(AUDIENCES) == set(books)
    for book in books.values():
        assert "Notebook/1.0" == json.loads(book["inputs"]["serializedData"])["version"]
        assert book["inputs"]["sourceId"].endswith("-logs")


@pytest.mark.parametrize("audience", AUDIENCES)
def test_each_audience_has_a_dashboard_that_asks_the_workbooks_questions(private: Stack, audience: str) -> None:
    (lens,) = private.of("portal:Dashboard")[audience]["inputs"]["properties"]["lenses"]
    asked = [{each["name"]: each["value"] for each in part["metadata"]["inputs"]} for part in lens["parts"]]

    assert [(panel.title, panel.query) for panel in panels(audience)] == [
        (each["PartTitle"], each["Query"]) for each in asked
    ]
    assert {("workspace", True)} == {
        (each["resourceTypeMode"], each["Scope"]["resourceIds"][0].endswith("-logs")) for each in asked
    }


@pytest.mark.parametrize("audience", AUDIENCES)
def test_no_tile_of_a_dashboard_lies_on_another(private: Stack, audience: str) -> None:
    (lens,) = private.of("portal:Dashboard")[audience]["inputs"]["properties"]["lenses"]
    cells = [
        (place["x"] + x, place["y"] + y)
        for place in (part["position"] for part in lens["parts"])
        for x in range(place["colSpan"])
        for y in range(place["rowSpan"])
    ]

    assert len(cells) == len(set(cells)) > 0
