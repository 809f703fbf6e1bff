"""
What is our policy about results: which state of a report outdates which.

None of this is in a standard; which values are critical is said in `shared.workflow.critical_results`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.formats.hl7v2.results import ReportState

# How far a report has come (table 0123): a state of a lower rank never replaces one of a higher.
_RANK = {"O": 0, "I": 0, "S": 0, "A": 1, "P": 1, "R": 1, "F": 2, "C": 3, "X": 3}
_UNKNOWN_RANK = 1


def rank_of(status: str) -> int:
    """Return how far a report with this result status (OBR-25) has come."""
    return _RANK.get(status, _UNKNOWN_RANK)


def most_advanced(states: Sequence[ReportState]) -> str:
    """Return the result status that speaks for a message of several reports."""
    return max((state.status for state in states), key=rank_of, default="")


def is_outdated(newest: tuple[int, datetime | None] | None, rank: int, at: datetime | None) -> bool:
    """
    Tell whether a state of a report must not be passed on, because a newer one was.

    The filler's own time decides where both states have one; otherwise the rank does.
    """
    if newest is None:
        return False
    newest_rank, newest_at = newest
    if at is not None and newest_at is not None and at != newest_at:
        return at < newest_at
    return rank < newest_rank
