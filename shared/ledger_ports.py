"""
The ledger's ports: one repository per room, one transaction over all of them.

A `Transaction` is one commit: everything that a use case writes through it appears at once or not at all,
and the hints that it collected leave only after the commit. No transaction is open during an outward call.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol
from uuid import UUID

from shared.audit.ports import AuditChain, Disposal
from shared.delivery.ports import Backpressure, Gates, Halts, Quarantine, UsedSignatures, Waking, Windows
from shared.landing import DroppedFiles
from shared.ledger import (
    ConversionRow,
    DeliveryRow,
    Entry,
    FactChannel,
    Hint,
    Hop,
    Later,
    Lease,
    MessageRow,
    NewEntry,
    Receipt,
    Taken,
)
from shared.replay.ports import Replays
from shared.workflow.ports import JobLeases, Tasks, Thresholds
from shared.workflow.visits import EarlyMessages, Survivors, Visits

Opens = Literal["message", "marked", "delivery"]
"""What comes with an entry: its message; that, marked with whether its patient was in a merge; or its delivery."""


class Messages(Protocol):
    """Book 1: everything that was received."""

    def find_duplicate(self, receipt: Receipt) -> Later[MessageRow | None]:
        """Claim the inbox key of `receipt`; tell the earlier message when the key is taken."""

    def add(
        self,
        receipt: Receipt,
        status: str,
        acknowledgment: tuple[str, bytes] | None,
        patient_key: UUID | None = None,
        duplicate_of: UUID | None = None,
        refusal: tuple[str, str] | None = None,
    ) -> None:
        """Add the message's row; a control id seen with other bytes is flagged `control_id_reused`."""

    def get(self, message_id: UUID) -> MessageRow | None:
        """Return the message, or None."""

    def is_control_id_used(self, receipt: Receipt) -> bool:
        """Tell whether the partner's control id was accepted before with other bytes."""

    def set_status(self, message_id: UUID, status: str, code: str | None = None, location: str | None = None) -> None:
        """Move the message to `status` (of the two books)."""

    def link_correction(self, copy_id: UUID, original_id: UUID) -> None:
        """Note that one message is the corrected copy of another."""


class Patients(Protocol):
    """The patient index: opaque keys for (assigning authority, identifier)."""

    def key_for(self, authority: str, identifier: str) -> Later[UUID]:
        """Tell the key, allotting one in this commit if the identifier is new."""


class Streams(Protocol):
    """Order, leases and due times."""

    def append(self, entry: NewEntry) -> None:
        """Add an entry at the end of its stream; number order is commit order."""

    def join(self, merge: NewEntry, others: Sequence[UUID], *, ends: bool = True) -> None:
        """
        Append the entry of a merge (A40, A18, A47) or a move and fence both identities in its lane (invariant 3).

        The entry may be worked on once everything that was appended for the `others` is done; what is appended for
        them from this commit on comes behind it: where their streams end, in the survivor's, that of `merge`. Call
        it in the commit that receives the merge (lane `process`), and for each destination in the commit that
        processes it (lane `deliver/...`). When the entry ends, however it ends, the fence goes with it.
        """

    def take(
        self,
        stream_id: int,
        owner: str,
        duration: timedelta,
        flow: str,
        *,
        opens: Opens | None = None,
    ) -> Later[Taken | None]:
        """
        Lease the stream if nobody holds it and look at its head; None otherwise or when it is gone.

        `opens` brings what the head is about, where there is such a thing: a delivery with what it is made of.
        """

    def confirm(self, lease: Lease) -> None:
        """Lock the stream's row for this commit; LeaseLostError, at the commit at the latest, when the fence moved."""

    def finish(
        self,
        lease: Lease,
        entry: Entry | None,
        function: str,
        duration: timedelta,
        flow: str,
        *,
        opens: Opens | None = None,
    ) -> Later[Entry | None]:
        """
        Remove `entry`: its work is done and recorded. Return what `function` goes on with, opened as by `take`.

        Where there is nothing, the lease is given back.

        Call it last in a commit that has confirmed the lease; what another function owes next is hinted.
        """

    def release(self, lease: Lease) -> None:
        """Give the lease back with the head where it is."""

    def postpone(self, entry: Entry, due_at: datetime, code: str) -> bool:
        """Leave the head where it is, due later, one attempt more on its account; False when it is there no more."""

    def park(self, entry: Entry, code: str) -> bool:
        """Hold the stream at this entry until a person decides; False when it is there no more."""


class Deliveries(Protocol):
    """Book 2: everything that is owed."""

    def add(self, delivery_id: UUID, message_id: UUID, destination: str, status: str, code: str | None = None) -> None:
        """Add a delivery in `status` `due`, `superseded` or `withheld`."""

    def get(self, delivery_id: UUID) -> DeliveryRow | None:
        """Return the delivery, or None."""

    def of_message(self, message_id: UUID) -> list[DeliveryRow]:
        """Return every delivery of a message, replays included."""

    def open_attempt(self, delivery_id: UUID, way: str, *, idempotent: bool) -> None:
        """
        Note that an attempt begins on this way, and whether an earlier one may have arrived (`possibly_repeated`).

        It may where it was never closed or ended uncertainly, unless it went the same way to an `idempotent` end.
        """

    def close_attempt(
        self,
        delivery_id: UUID,
        status: str,
        code: str | None,
        sent_hash: bytes | None,
        receipt: str | None,
        way: str | None = None,
        *,
        uncertain: bool = False,
    ) -> None:
        """Note the attempt's end: `due` when it is tried again, `uncertain` when it may have arrived all the same."""

    def record_authority(self, destination: str, records: Sequence[str], message_id: UUID) -> None:
        """Note that the destination has these records (`Patient/id`) from the flow that speaks for them."""

    def with_authority(self, destination: str, records: Sequence[str]) -> frozenset[str]:
        """Return those of the records that the destination has from the flow that speaks for them."""

    def set_status(self, delivery_id: UUID, status: str, code: str | None = None) -> None:
        """Move a delivery that is in nobody's hand to `status`: a decision, not an attempt."""


class Conversions(Protocol):
    """The state store's room for what was made of a message."""

    def add(self, message_id: UUID, mapping: str, bundle: bytes, coverage: bytes, issues: list[Any]) -> None:
        """Keep the bundle, once per message."""

    def get(self, message_id: UUID) -> ConversionRow:
        """Return it; RejectedError `conversion-missing` if there is none."""


class Reports(Protocol):
    """Which state of a report was passed on last."""

    def newest(
        self, patient_key: UUID, report_keys: Sequence[str], stream_id: int | None = None
    ) -> dict[str, tuple[int, datetime | None]]:
        """
        Return (rank, stated at) of the newest state of each report that has one.

        With `stream_id`, also among the patients whose streams were joined to it.
        Only who holds the lease of the patient's stream records one: what it reads stands until its commit.
        """

    def record(
        self, patient_key: UUID, report_key: str, rank: int, stated_at: datetime | None, message_id: UUID
    ) -> None:
        """Make this the newest state."""


class Events(Protocol):
    """Canonical events."""

    def record(
        self,
        event_id: UUID,
        type_: str,
        version: int,
        message_id: UUID,
        patient_key: UUID | None,
        occurred_at: datetime | None,
        data: dict[str, Any],
    ) -> None:
        """Record the event, once."""

    def unpublished(self, channel: FactChannel, limit: int) -> list[dict[str, Any]]:
        """Return events that were not published there yet, oldest first, as CloudEvents without PHI."""

    def published(self, event_ids: Sequence[str], *channels: FactChannel) -> None:
        """Mark them published there."""


class Consents(Protocol):
    """The consent decision point's memory."""

    def decision(self, patient_key: UUID, destination: str) -> str | None:
        """Return `permit`, `deny` or None when nothing is recorded."""


class Lineage(Protocol):
    """The hops of each message."""

    def add(self, hop: Hop, actor: str) -> None:
        """Record a hop."""


class AuditLog(Protocol):
    """Who did what, when, why. Insert only."""

    def record(self, actor: str, action: str, subject: str, reason: str, **details: object) -> None:
        """Record an act; `details` hold opaque identifiers and codes only."""


class Transaction(Protocol):
    """One commit."""

    messages: Messages
    patients: Patients
    streams: Streams
    deliveries: Deliveries
    conversions: Conversions
    reports: Reports
    events: Events
    tasks: Tasks
    quarantine: Quarantine
    consents: Consents
    gates: Gates
    halts: Halts
    pressure: Backpressure
    signatures: UsedSignatures
    waking: Waking
    windows: Windows
    visits: Visits
    early: EarlyMessages
    survivors: Survivors
    lineage: Lineage
    audit: AuditLog
    audit_chain: AuditChain
    disposal: Disposal
    jobs: JobLeases
    thresholds: Thresholds
    replays: Replays
    files: DroppedFiles

    @property
    def hints(self) -> list[Hint]:
        """Return the hints collected so far; they leave after the commit."""


class Ledger(Protocol):
    """The state store. Commits when the block ends, rolls back when it raises; then sends the hints."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Open a transaction; TransientError `ledger-unavailable` when the database cannot be reached."""

    def statements(self) -> AbstractContextManager[Transaction]:
        """Run statements that are each a commit of their own: half the round trips where one row is read."""

    def check(self) -> None:
        """Return when the state store answers; TransientError `ledger-unavailable` when it does not."""
