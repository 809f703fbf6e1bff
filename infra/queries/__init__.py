"""
The KQL of alerts and workbooks, one query per file.

An alert's query names values that differ per flow (`functions`, `flow`, `limit`); they are bound in front of it as
`let` statements, so that the file stays a query that a person can run.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent
_TITLE, _SHOWN_AS = "// title: ", "// shown as: "

Value = str | int | tuple[str, ...]

AUDIENCES = ("operations", "partner", "business")


@dataclass(frozen=True, slots=True)
class Panel:
    """One query of a workbook: its title, how it is shown (`table`, `timechart`, `barchart`), and its text."""

    title: str
    shown_as: str
    query: str


def alert_query(name: str, values: Mapping[str, Value]) -> str:
    """Return the query of `alerts/<name>.kql` with its values bound."""
    bound = [f"let {key} = {_literal(value)};" for key, value in values.items()]
    return "\n".join([*bound, _text(f"alerts/{name}.kql")])


def panels(audience: str) -> list[Panel]:
    """Return the queries of an audience's workbook in their files' order; ValueError where a heading is missing."""
    return [_panel(path) for path in sorted((_FOLDER / "workbooks" / audience).glob("*.kql"))]


def _panel(path: Path) -> Panel:
    title, shown_as, *query = path.read_text(encoding="utf-8").strip().splitlines()
    if not title.startswith(_TITLE) or not shown_as.startswith(_SHOWN_AS):
        raise ValueError(f"{path.name}: begins with `{_TITLE}...` and `{_SHOWN_AS}...`")
    return Panel(title.removeprefix(_TITLE), shown_as.removeprefix(_SHOWN_AS), "\n".join(query))


def _literal(value: Value) -> str:
    if isinstance(value, tuple):
        return f"dynamic({json.dumps(value)})"
    return json.dumps(value)


@cache
def _text(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8").strip()
