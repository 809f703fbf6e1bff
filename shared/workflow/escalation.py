"""Who is asked next when a deadline passes: the ladders of owner queues, as policy (requirement A17, invariant 13)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Ladder:
    """The queues that a task climbs, and how long each has. The last rung is asked again and again."""

    rungs: tuple[str, ...]
    within: timedelta

    def rung(self, escalation: int) -> str:
        """Return the queue after `escalation` escalations."""
        return self.rungs[min(escalation, len(self.rungs) - 1)]


CRITICAL_RESULT = "critical-result"
QUARANTINE_REVIEW = "quarantine-review"
DESTINATION_OUTAGE = "destination-outage"
WAITING_TOO_LONG = "waiting-too-long"
DEAD_LETTER = "dead-letter"
OUT_OF_ORDER = "out-of-order"
THRESHOLD_BREACH = "threshold-breach"
FILE_REFUSED = "file-refused"
PLATFORM_FACT = "platform-fact"

_LADDERS = {
    CRITICAL_RESULT: Ladder(("ordering-clinician", "charge-nurse", "physician-on-call"), timedelta(minutes=15)),
    QUARANTINE_REVIEW: Ladder(("integration-steward", "integration-lead"), timedelta(hours=4)),
    DESTINATION_OUTAGE: Ladder(("integration-operations", "integration-lead"), timedelta(minutes=30)),
    WAITING_TOO_LONG: Ladder(("integration-steward", "integration-lead"), timedelta(hours=4)),
    DEAD_LETTER: Ladder(("integration-operations", "integration-lead"), timedelta(hours=4)),
    OUT_OF_ORDER: Ladder(("patient-administration", "integration-lead"), timedelta(hours=4)),
    FILE_REFUSED: Ladder(("integration-steward", "integration-lead"), timedelta(hours=4)),
    PLATFORM_FACT: Ladder(("integration-operations", "integration-lead"), timedelta(hours=4)),
    THRESHOLD_BREACH: Ladder(("integration-operations", "integration-lead"), timedelta(minutes=30)),
}


def ladder_of(kind: str) -> Ladder:
    """Return the ladder of a kind of task; KeyError if nobody has decided one."""
    return _LADDERS[kind]
