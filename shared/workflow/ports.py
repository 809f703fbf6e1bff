"""Work and watching in the ledger: tasks, scheduled jobs, limits, readings, breaches. See `shared.ledger_ports`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol

from shared.ledger import NewTask, OverdueTask
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


class Tasks(Protocol):
    """Work for people."""

    def open(self, task: NewTask, actor: str, reason: str) -> bool:
        """Open the task in state `queued`; False when its dedupe key is known."""

    def close(self, dedupe_key: str, actor: str, reason: str) -> bool:
        """Complete the open task with this dedupe key; False when there is none."""

    def still_open(self, kind: str) -> list[str]:
        """Return the dedupe keys of the tasks of this kind that are not closed."""

    def overdue(self, limit: int) -> list[OverdueTask]:
        """Lock and return open tasks whose deadline has passed."""

    def escalate(self, task: OverdueTask, owner_queue: str, due_at: datetime, actor: str, reason: str) -> None:
        """Hand the task to `owner_queue` with a new deadline."""


class JobLeases(Protocol):
    """One runner per scheduled job."""

    def take(self, name: str, owner: str, duration: timedelta) -> bool:
        """Take the job's lease for `duration`; False when another runner holds it."""
