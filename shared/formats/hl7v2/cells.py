"""The fields of a segment and the components of a data type, as the compiled tables write them."""

from __future__ import annotations

import re
from typing import NamedTuple

_CELL = re.compile(r"(?P<type>\w+)(?P<required>!?)(?P<repeats>\*?)(?P<most>\d*)(?::(?P<table>\w+))?")


class Cell(NamedTuple):
    """
    One field or component: data type, whether required, how often at most (0: no limit), its table or "".

    A `datatype` of "" says that the version does not use it (any more).
    """

    datatype: str
    is_required: bool = False
    most: int = 1
    table: str = ""


NOT_IN_USE = Cell("", most=0)


def read_row(text: str) -> tuple[Cell, ...]:
    """Return the cells of a row, number 1 first: `SI CX!* IS:0001 -`."""
    return tuple(_cell(part) for part in text.split())


def _cell(text: str) -> Cell:
    match = _CELL.fullmatch(text)
    if match is None:
        return NOT_IN_USE
    most = int(match["most"] or 0) if match["repeats"] else 1
    return Cell(match["type"], bool(match["required"]), most, match["table"] or "")
