"""Workbooks as Azure's own JSON, made from the queries of each audience."""

from __future__ import annotations

import json
from typing import Any

from infra.queries import Panel, panels

_HEADINGS = {
    "operations": "What runs, what waits, what is breached",
    "partner": "What partners send and receive",
    "business": "What each flow keeps of its promises",
}
_TEXT, _QUERY, _PARAMETERS = 1, 3, 9
_LOGS, _IN_A_WORKSPACE = 0, "microsoft.operationalinsights/workspaces"
_DAY_MS = 86_400_000
_SHOWN_AS = {"table": "table", "timechart": "linechart", "barchart": "barchart"}


def workbook(audience: str) -> str:
    """Return the workbook of an audience (`Notebook/1.0`): a heading, the time range, and a panel per query."""
    content = {
        "version": "Notebook/1.0",
        "items": [
            {"type": _TEXT, "name": "heading", "content": {"json": f"# {_HEADINGS[audience]}"}},
            _time_range(),
            *(_panel(panel) for panel in panels(audience)),
        ],
        "fallbackResourceIds": [],
        "$schema": "https://github.com/Microsoft/Application-Insights-Workbooks/blob/master/schema/workbook.json",
    }
    return json.dumps(content, sort_keys=True)


def title_of(audience: str) -> str:
    """Return the workbook's name for people."""
    return f"Corridor: {_HEADINGS[audience].lower()}"


def _time_range() -> dict[str, Any]:
    choices = [{"durationMs": days * _DAY_MS} for days in (1, 7, 30)]
    parameter = {
        "id": "time-range",
        "name": "range",
        "label": "Time range",
        "type": 4,
        "isRequired": True,
        "value": choices[0],
        "typeSettings": {"selectableValues": choices, "allowCustom": True},
    }
    return {
        "type": _PARAMETERS,
        "name": "range",
        "content": {"version": "KqlParameterItem/1.0", "parameters": [parameter]},
    }


def _panel(panel: Panel) -> dict[str, Any]:
    return {
        "type": _QUERY,
        "name": panel.title,
        "content": {
            "version": "KqlItem/1.0",
            "title": panel.title,
            "query": panel.query,
            "size": _LOGS,
            "queryType": _LOGS,
            "resourceType": _IN_A_WORKSPACE,
            "timeContextFromParameter": "range",
            "visualization": _SHOWN_AS[panel.shown_as],
        },
    }
