"""What a flow brings to the pipeline: a step with its use case, and what a use case gets and gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from shared.catalog.index import step_of_function
from shared.catalog.model import Step, TrafficClass
from shared.delivery.back_off import RetryPolicy
from shared.delivery.gate import Gate
from shared.ledger import Entry, Hop, Lease
from shared.ledger_ports import Opens, Transaction
from shared.ports import Ports

Write = Callable[[Transaction], None]


@dataclass(frozen=True, slots=True)
class Admission:
    """The gate that let a delivery through, as it was; `others_wait` tells whether somebody waits for a free place."""

    gate: Gate
    others_wait: bool


@dataclass(frozen=True, slots=True)
class Work:
    """One entry in hand: `traceparent` is the span of this attempt, `admission` what a delivery has passed."""

    entry: Entry
    lease: Lease
    attempt: int
    traceparent: str
    actor: str
    admission: Admission | None = None

    @property
    def is_bulk(self) -> bool:
        """Whether it came in bulk: it holds up nothing that came one by one (requirements D14 to D16)."""
        return _is_bulk(step_of_function(self.entry.function))


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    What a use case decided: how the hop reads, and what is committed with it.

    `sent` says that a destination was asked and has answered.
    """

    hop: Hop
    write: Write = field(default=lambda _: None)
    sent: bool = False


UseCase = Callable[[Work, Ports], Outcome]


@dataclass(frozen=True, slots=True)
class Stage:
    """
    A step with its use case, and what a failure touches.

    `book` says which row a quarantine moves: the message's (`items`), the delivery's, or none, for work that
    runs beside the message's own way. That work waits for no gate: a critical value is found in a halted flow too.
    """

    step: Step
    use_case: UseCase
    retry: RetryPolicy
    book: Literal["items", "deliveries"] | None

    @property
    def actor(self) -> str:
        """Who acts, in lineage and audit."""
        return f"corridor/{self.step.tier}/{self.step.function}"

    @property
    def is_bulk(self) -> bool:
        """Whether what it works on came in bulk."""
        return _is_bulk(self.step)

    @property
    def opens(self) -> Opens:
        """What of an entry should come along with it."""
        if self.book is None:
            return "message"
        return "marked" if self.book == "items" else "delivery"

    @property
    def halting_flow(self) -> str:
        """The flow whose halt holds this stage; empty where none does."""
        return self.step.flow if self.book else ""


def _is_bulk(step: Step) -> bool:
    return step.queue.traffic_class is TrafficClass.BULK
