"""
What is done about a failure: a table by error code and flow, and by the error's class where the table is silent.

    retry       tried again with back-off and jitter until the budget is spent, then review (requirement D03)
    quarantine  the content is refused: its owner queue is asked, the stream parks
    review      only a person can decide: asked and parked likewise
    escalate    evidence is missing or a defect is ours: the last rung of the ladder is asked at once

This table is our policy; the classes are those of `shared.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from shared.errors import ConfigurationError, IntegrationError, RejectedError, TransientError


class Disposition(StrEnum):
    """What is done about a failure."""

    RETRY = "retry"
    QUARANTINE = "quarantine"
    REVIEW = "review"
    ESCALATE = "escalate"


ANY_FLOW = "*"

TABLE: Mapping[tuple[str, str], Disposition] = {
    ("archive-altered", ANY_FLOW): Disposition.ESCALATE,
    ("archive-conflict", ANY_FLOW): Disposition.ESCALATE,
    ("archive-missing", ANY_FLOW): Disposition.ESCALATE,
    ("message-missing", ANY_FLOW): Disposition.ESCALATE,
    ("delivery-missing", ANY_FLOW): Disposition.ESCALATE,
    ("conversion-missing", "delivery"): Disposition.ESCALATE,
    ("unexpected-error", ANY_FLOW): Disposition.ESCALATE,
    ("worker-lost", ANY_FLOW): Disposition.ESCALATE,
    ("destination-unknown", "delivery"): Disposition.REVIEW,
}


def disposition_of(error: IntegrationError, flow: str) -> Disposition:
    """Return what is done about `error` in `flow`: its own line, then the line for any flow, then its class."""
    if isinstance(error, TransientError | ConfigurationError):
        by_class = Disposition.RETRY
    else:
        by_class = Disposition.QUARANTINE if isinstance(error, RejectedError) else Disposition.REVIEW
    if by_class is Disposition.RETRY:  # a code of the table that heals is on its way to a person, not there yet
        return TABLE.get((error.code, flow), by_class)
    return TABLE.get((error.code, flow)) or TABLE.get((error.code, ANY_FLOW)) or by_class
