"""The port of what operators watch: limits, readings and breaches in the ledger. See `shared.ledger_ports`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from shared.workflow.thresholds import Breach, Reading, Threshold


class Thresholds(Protocol):
    """Limits that belong to operators, and what became of them."""

    def seed(self, seeds: Iterable[Threshold]) -> None:
        """Add each limit where there is none; one that is there stays as it is."""

    def all(self) -> list[Threshold]:
        """Return every limit, in order of flow, measure, partner and hours."""

    def put(self, threshold: Threshold) -> None:
        """Set a limit, whatever it was before."""

    def readings(self) -> list[Reading]:
        """Measure every flow, and every partner where that means something."""

    def breaches(self) -> list[Breach]:
        """Return the breaches that are open."""

    def open(self, breach: Breach) -> None:
        """Note that a breach began."""

    def close(self, breach: Breach) -> None:
        """Note that it ended."""
