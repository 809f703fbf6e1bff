"""
What an accepted message starts: an entry in a stream for each step that has something to do.

A step may name a screen in the catalogue (`unless`): where the message itself says that the step would find nothing,
that is recorded with the acknowledgment, and neither a hint nor an entry is made for it. A screen that is in doubt,
fails, or would take longer than a sender should wait leaves the question to its step.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.catalog.model import Flow, Ordering, Step, TrafficClass
from shared.delivery import lanes
from shared.events.patient import MERGES
from shared.formats.hl7v2.message import Message
from shared.ledger import Hop, NewEntry, Receipt
from shared.ledger_ports import Transaction
from shared.partners.profile import PartnerProfile
from shared.structured_log import log_event
from shared.trace_context import child_of, span_id_of
from shared.workflow.critical_results import RULES, nothing_critical

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Screen:
    """Tells from a message alone, without a ledger, that a step would find nothing; `rules` is what it went by."""

    finds_nothing: Callable[[Message, PartnerProfile], bool]
    rules: str


SCREENS: Mapping[str, Screen] = {"nothing-critical": Screen(nothing_critical, RULES)}
"""By the outcome that the step would have had."""

MOST_BYTES = 32 * 1024
"""A larger message is looked at by its steps, after the acknowledgment: this much costs milliseconds."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """The steps that have something to do, and what was found of the others."""

    owed: tuple[Step, ...]
    screened: tuple[Step, ...] = ()


def arrival_of(message: Message, receipt: Receipt, flow: Flow, profile: PartnerProfile) -> Arrival:
    """Return what the message starts; never fails."""
    steps = flow.on_arrival(TrafficClass.BULK if receipt.item else TrafficClass.REALTIME)
    if receipt.payload_size > MOST_BYTES:
        return Arrival(steps)
    screened = tuple(step for step in steps if step.unless and _finds_nothing(step, message, profile))
    return Arrival(tuple(step for step in steps if step not in screened), screened)


def start(
    tx: Transaction, arrival: Arrival, receipt: Receipt, patient_key: UUID | None, others: Sequence[UUID]
) -> None:
    """Append an entry for each step that is owed (behind a fence for other patients of it), note the other steps."""
    for step in arrival.owed:
        ordered = step.ordering is Ordering.PATIENT
        entry = NewEntry(
            lane=lanes.PROCESS if ordered else step.function,
            key=patient_key if ordered and patient_key else receipt.message_id,
            function=step.function,
            message_id=receipt.message_id,
            traceparent=receipt.traceparent,
            keep=ordered and patient_key is not None,
        )
        if others and ordered:
            tx.streams.join(entry, others, ends=receipt.trigger_event in MERGES)
        else:
            tx.streams.append(entry)
    for step in arrival.screened:
        tx.lineage.add(_hop(step, receipt), f"partner/{receipt.partner}")


def _finds_nothing(step: Step, message: Message, profile: PartnerProfile) -> bool:
    try:
        return SCREENS[step.unless].finds_nothing(message, profile)
    except Exception as error:  # noqa: BLE001 -- the step meets the same defect, and has an account for it
        log_event(_log, logging.WARNING, "screen failed", function=step.function, error_type=type(error).__name__)
        return False


def _hop(step: Step, receipt: Receipt) -> Hop:
    """Return what the step itself would have written of its outcome."""
    return Hop(
        message_id=receipt.message_id,
        function=step.function,
        source="arrival",
        target="worklist",
        outcome=step.unless,
        traceparent=child_of(receipt.traceparent),
        mapping=SCREENS[step.unless].rules,
        payload_hash=receipt.payload_hash,
        parent_span=span_id_of(receipt.traceparent),
    )
