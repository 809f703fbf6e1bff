"""Every query that we give Azure is parsed by Azure's own language service, against the tables that there are."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

from infra.alerting import live_flows, log_alerts
from infra.queries import AUDIENCES, alert_query, panels
from infra.workbooks import workbook
from shared.structured_log import ALLOWED_FIELDS
from tests.fixtures.node_packages import installed

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
ALERTS = {alert.name: alert.kql for flow in live_flows() for alert in log_alerts(flow)}
PANELS = {f"{audience}: {panel.title}": panel.query for audience in AUDIENCES for panel in panels(audience)}
QUERIES = ALERTS | PANELS
BROKEN = {
    "unfinished": "AppTraces | where",
    "no such column": "AppTraces | where Nothing == 1",
    "no such table": "Nowhere | count",
}


def errors(queries: dict[str, str]) -> dict[str, list[str]]:
    """Return what the language service finds wrong with each query."""
    service = installed("kusto", "the KQL of alerts and workbooks is not parsed here") / "@kusto/language-service-next"
    tables = json.loads((HERE / "tables.json").read_text(encoding="utf-8"))
    scripts = [str(HERE / "check.js"), str(service / "bridge.min.js"), str(service / "Kusto.Language.Bridge.min.js")]
    given = json.dumps({"tables": tables, "queries": queries})
    done = subprocess.run(["node", *scripts], input=given, capture_output=True, text=True, check=True, timeout=120)
    return {name: found for name, found in json.loads(done.stdout).items() if found}


def logged_events() -> set[str]:
    """Return every text that the product passes to `log_event`."""
    calls = (
        node
        for folder in ("functions", "shared")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "log_event"
    )
    texts = (each for call in calls for each in ast.walk(call.args[2]) if isinstance(each, ast.Constant))
    return {str(each.value) for each in texts}


@pytest.fixture(scope="module")
def found() -> dict[str, list[str]]:
    """What is wrong with ours and with those that are meant to be wrong."""
    return errors(QUERIES | BROKEN)


def test_every_query_is_sound_and_names_tables_and_columns_that_there_are(found: dict[str, list[str]]) -> None:
    assert {} == {name: errors for name, errors in found.items() if name in QUERIES}


def test_a_query_that_is_not_sound_is_found(found: dict[str, list[str]]) -> None:
    assert set(BROKEN) == {name for name in found if name in BROKEN}


def test_queries_ask_for_fields_that_the_log_may_have() -> None:
    asked = {field for query in QUERIES.values() for field in re.findall(r"\bfields\.(\w+)", query)}

    assert asked
    assert asked <= ALLOWED_FIELDS


def test_queries_ask_for_events_that_somebody_logs() -> None:
    asked = {event for query in QUERIES.values() for event in re.findall(r'Message startswith "([^"{]+) \{"', query)}

    assert {"threshold breached", "thresholds evaluated", "measured"} <= asked
    assert asked <= logged_events()


def test_every_file_of_a_query_is_used() -> None:
    files = {path.stem for path in (ROOT / "infra/queries/alerts").glob("*.kql")}

    assert files == {alert.query for flow in live_flows() for alert in log_alerts(flow)}


def test_a_workbook_has_a_panel_for_each_query_of_its_audience() -> None:
    for audience in AUDIENCES:
        items = json.loads(workbook(audience))["items"]

        queries = [item["content"]["query"] for item in items if item["type"] == 3]
        assert [panel.query for panel in panels(audience)] == queries


def test_a_value_is_bound_in_front_of_the_query() -> None:
    text = alert_query("slow", {"functions": ("a_b", "c"), "limit": 2000})

    assert text.startswith('let functions = dynamic(["a_b", "c"]);\nlet limit = 2000;\nAppRequests')
