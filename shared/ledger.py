"""
The rows of the ledger as Python sees them: messages, stream entries, deliveries, tasks, hops.

Plain frozen records; who may write which is in `shared/catalog/data_access.py`, the tables in `migrations`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from shared.landing import ItemOfFile

T = TypeVar("T")

FactChannel = Literal["bus", "event-grid"]
"""Where a recorded event is published: each in its own time."""

Later = Callable[[], T]
"""
A result that may be asked for once it is known: at the latest when the commit is.

Asking earlier costs a round trip to the state store; not asking lets everything of one commit travel at once.
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a partner sent, as far as the envelope tells, before the answer; `item`: as which item of which file."""

    message_id: UUID
    partner: str
    control_id: str
    payload_hash: bytes
    payload_size: int
    media_type: str
    message_code: str
    trigger_event: str
    structure: str
    hl7_version: str
    processing_id: str
    flow: str | None
    received_at: datetime
    traceparent: str
    item: ItemOfFile | None = None


@dataclass(frozen=True, slots=True)
class MessageRow:
    """A message as process and the status page read it."""

    message_id: UUID
    partner: str
    control_id: str
    message_code: str
    trigger_event: str
    processing_id: str
    flow: str | None
    received_at: datetime
    status: str
    status_code: str | None
    status_location: str | None
    status_at: datetime
    duplicate_of: UUID | None
    acknowledgment: bytes | None
    acknowledgment_code: str | None
    patient_key: UUID | None
    traceparent: str
    payload_hash: bytes


@dataclass(frozen=True, slots=True)
class Lease:
    """
    The right to work on one stream; `fence` outdates every earlier holder.

    `takeovers` counts the holders before this one that vanished without finishing an entry.
    """

    stream_id: int
    lane: str
    key: UUID
    fence: int
    owner: str
    takeovers: int


class LeaseLostError(Exception):
    """Another worker took the stream over: what this one was about to commit is void."""


@dataclass(frozen=True, slots=True)
class Entry:
    """
    The head of a stream: which function owes work on which message, and for which delivery of it.

    `opened` is that message or delivery itself, where it was asked for and there is one.
    """

    stream_id: int
    seq: int
    function: str
    message_id: UUID
    delivery_id: UUID | None
    attempts: int
    due_at: datetime
    first_failed_at: datetime | None
    traceparent: str
    opened: Opened | Owed | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Taken:
    """
    A stream just leased, with its head as it was then: None when there is none, or when it may not be worked on.

    `halted` tells whether an operator has halted the flow that asked.
    """

    lease: Lease
    entry: Entry | None
    halted: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """The message that an entry is about; `is_merged`: its patient was in a merge, None where nobody has asked."""

    message: MessageRow
    is_merged: bool | None = None


@dataclass(frozen=True, slots=True)
class NewEntry:
    """
    Work to put at the end of the stream (lane, key).

    `keep` streams outlive their entries: those of patients, whose next message comes. A stream of one message
    alone goes with it.
    """

    lane: str
    key: UUID
    function: str
    message_id: UUID
    traceparent: str
    keep: bool
    delivery_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Hint:
    """
    A wake-up call for a stream. It names no patient and no message; losing or doubling it changes nothing.

    `not_before` schedules it on the bus.
    """

    stream_id: int
    function: str
    traceparent: str
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One message owed to one destination."""

    delivery_id: UUID
    message_id: UUID
    destination: str
    status: str
    status_code: str | None
    status_at: datetime
    due_since: datetime
    attempts: int
    attempt_open: bool
    possibly_repeated: bool
    receipt: str | None
    way: str | None
    uncertain: bool


@dataclass(frozen=True, slots=True)
class Owed:
    """A delivery with all that it is made of, by which flow, and the patient's decision about the destination."""

    delivery: DeliveryRow
    conversion: ConversionRow
    consent: str | None
    flow: str | None = None


@dataclass(frozen=True, slots=True)
class ConversionRow:
    """The FHIR bundle that was made of a message, as bytes, with the mapping that made it."""

    message_id: UUID
    mapping: str
    bundle: bytes
    bundle_hash: bytes


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """What a person sees of one row of the quarantine: nothing of the message, codes, places and ids of ours."""

    quarantine_id: UUID
    message_id: UUID
    delivery_id: UUID | None
    partner: str
    flow: str | None
    destination: str | None
    function: str
    code: str
    location: str
    entered_at: datetime
    disposition: str | None
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Quarantined:
    """
    One row of the quarantine; `disposition` is None while it waits for a person.

    `stream_id` and `seq` name the parked entry; both are None once nothing is parked for it any more. Work that runs
    beside the message's own way moves no book (`moves_message`).
    """

    quarantine_id: UUID
    message_id: UUID
    delivery_id: UUID | None
    stream_id: int | None
    seq: int | None
    function: str
    code: str
    location: str
    entered_at: datetime
    disposition: str | None
    moves_message: bool
    traceparent: str


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a message's way (requirement H03)."""

    message_id: UUID
    function: str
    source: str
    target: str
    outcome: str
    traceparent: str
    attempt: int = 1
    delivery_id: UUID | None = None
    code: str | None = None
    location: str | None = None
    schema_version: str | None = None
    mapping: str | None = None
    payload_hash: bytes | None = None
    parent_span: str | None = None


@dataclass(frozen=True, slots=True)
class NewTask:
    """
    Work for a person. The same `dedupe_key` never opens a second task.

    A task of operations (an outage, a halt that was forgotten) concerns no single message.
    """

    kind: str
    dedupe_key: str
    flow: str
    owner_queue: str
    message_id: UUID | None
    due_at: datetime
    explanation: dict[str, Any] = field(default_factory=dict)
    patient_key: UUID | None = None


@dataclass(frozen=True, slots=True)
class OverdueTask:
    """A task whose deadline has passed, with how often it was escalated already."""

    task_id: UUID
    kind: str
    state: str
    owner_queue: str
    escalation: int
    due_at: datetime
