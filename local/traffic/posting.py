"""What a partner posts, what must happen to it, and the totals that a whole day must leave in the books."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Literal

Verdict = Literal["accepted", "rejected", "duplicate"]


@dataclass(frozen=True, slots=True)
class CriticalValue:
    """A value that a person must be told of: the same one in a later message opens no second task."""

    filler_number: str
    service: str
    code: str
    sub_id: str = ""


@dataclass(frozen=True, slots=True)
class Expectation:
    """
    What must happen to one posting.

    `acknowledgment` is MSA-1, "" where the answer is a problem document, for there is no HL7 to answer.
    `code` is why it is refused or, when `quarantined`, why it is held. `event` is what the process step says
    of it; a `superseded` one is processed, but its deliveries go nowhere. `critical` may stand beside
    `quarantined`: the task does not wait for the stream.
    """

    verdict: Verdict
    acknowledgment: str = "AA"
    code: str = ""
    event: str = ""
    critical: tuple[CriticalValue, ...] = ()
    superseded: bool = False
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class Posting:
    """
    One POST of one partner: `sequence` is the order of the day, `at` the hospital's clock, for display.

    `mark` stands in a marked day's payload and is carried to every destination; `subject` is the patient's record.
    """

    sequence: int
    at: time
    partner: str
    payload: bytes
    media_type: str
    expect: Expectation
    mark: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Expected:
    """
    The totals of a day: received = processed + duplicates + rejected + quarantined.

    `superseded` counts messages (they are among the processed), `critical_tasks` distinct values, `events` the
    processed messages by type, the superseded ones left out: these are what deliveries are made of.
    """

    received: int
    accepted: int
    processed: int
    duplicates: int
    rejected: int
    quarantined: int
    superseded: int
    critical_tasks: int
    events: Mapping[str, int]


def summary_of(postings: Iterable[Posting]) -> Expected:
    """Return what the books must say when the postings have been worked off; of one partner's, its own lines."""
    verdicts: Counter[str] = Counter()
    events: Counter[str] = Counter()
    critical: set[tuple[str, CriticalValue]] = set()
    quarantined = superseded = 0
    for posting in postings:
        expect = posting.expect
        verdicts[expect.verdict] += 1
        quarantined += expect.quarantined
        superseded += expect.superseded
        critical |= {(posting.partner, value) for value in expect.critical}
        if expect.event and not expect.superseded:
            events[expect.event] += 1
    return Expected(
        received=verdicts.total(),
        accepted=verdicts["accepted"],
        processed=verdicts["accepted"] - quarantined,
        duplicates=verdicts["duplicate"],
        rejected=verdicts["rejected"],
        quarantined=quarantined,
        superseded=superseded,
        critical_tasks=len(critical),
        events=dict(sorted(events.items())),
    )
