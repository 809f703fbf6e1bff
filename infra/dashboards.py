"""Dashboards of the portal, made from the same queries as the workbooks: what an audience leaves open on a wall."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from infra.queries import Panel, panels

LOGS_PART = "Extension/Microsoft_OperationsManagementSuite_Workspace/PartType/LogsDashboardPart"

_COLUMNS, _WIDTH, _HEIGHT = 2, 8, 5
_SHOWN_AS = {
    "table": ("AnalyticsGrid", ""),
    "timechart": ("FrameControlChart", "Line"),
    "barchart": ("FrameControlChart", "StackedColumn"),
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One panel at its place, in cells of the grid; `settings` are the part's inputs but for the workspace."""

    title: str
    x: int
    y: int
    width: int
    height: int
    settings: tuple[dict[str, Any], ...]


def tiles(audience: str) -> Iterator[Tile]:
    """Yield the panels of an audience in the order of its workbook, two beside each other."""
    for number, panel in enumerate(panels(audience)):
        row, column = divmod(number, _COLUMNS)
        settings = _settings(audience, panel)
        yield Tile(panel.title, column * _WIDTH, row * _HEIGHT, _WIDTH, _HEIGHT, settings)


def _settings(audience: str, panel: Panel) -> tuple[dict[str, Any], ...]:
    control, chart = _SHOWN_AS[panel.shown_as]
    known = {
        "PartId": str(uuid5(NAMESPACE_URL, f"{audience}/{panel.title}")),
        "Version": "2.0",
        "resourceTypeMode": "workspace",
        "TimeRange": "P1D",
        "Query": panel.query,
        "ControlType": control,
        "SpecificChart": chart,
        "PartTitle": panel.title,
        "IsQueryContainTimeRange": False,
    }
    return tuple({"name": name, "value": value} for name, value in known.items() if value != "")
