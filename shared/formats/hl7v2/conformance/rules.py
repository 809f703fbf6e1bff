"""A partner's own rules, which narrow the standard: usage and length per segment, field or component."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Usage = Literal["R", "RE", "O", "C", "X"]
USAGES = ("R", "RE", "O", "C", "X")
_PLACE = re.compile(r"(?P<segment>[A-Z][A-Z0-9]{2})(?:-(?P<field>[1-9]\d*)(?:\.(?P<component>[1-9]\d*))?)?")


@dataclass(frozen=True, slots=True)
class Rule:
    """
    What a partner agreed to send in one place.

    `usage` as in chapter 2.B: R must be there, X must not; RE, O and C ask for nothing that can be checked here.
    `length` is the most characters of a value, separators included; None: no limit. `component` 0 is the whole field,
    `field` 0 the whole segment.
    """

    segment: str
    field: int
    component: int
    usage: Usage = "O"
    length: int | None = None

    @property
    def place(self) -> str:
        """Return `PID`, `PID-5` or `PID-5.1`."""
        field = f"-{self.field}" if self.field else ""
        return f"{self.segment}{field}{f'.{self.component}' if self.component else ''}"


def read_place(text: str) -> tuple[str, int, int] | None:
    """Return segment, field and component of `PID`, `PID-5` or `PID-5.1`; None for anything else."""
    match = _PLACE.fullmatch(text)
    return (match["segment"], int(match["field"] or 0), int(match["component"] or 0)) if match else None
