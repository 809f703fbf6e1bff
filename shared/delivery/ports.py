"""The delivery engine's part of the ledger: gates, halts, waking, quarantine. See `shared.ledger_ports`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol
from uuid import UUID

from shared.delivery.gate import Gate
from shared.ledger import Entry, Hint, Later, NewEntry, Quarantined, QuarantineRow
from shared.partners.model import Rate
from shared.signatures import Signed

HaltKind = Literal["partner", "destination", "flow"]


@dataclass(frozen=True, slots=True)
class Halt:
    """What an operator has halted: nothing is lost, everything waits. It ends at `until`, or when it is resumed."""

    kind: HaltKind
    name: str
    actor: str
    reason: str
    halted_at: datetime
    until: datetime | None

    def holds(self, now: datetime) -> bool:
        """Tell whether it is still in force."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class Look:
    """
    What a delivery finds at its gate; None: the gate has no row yet.

    `others` counts the other streams that deliver there just now, `others_wait` says that some are held back.
    """

    gate: Gate | None
    others: int
    halted: bool
    others_wait: bool


def waits_for_destination(destination: str, *, bulk: bool = False) -> str:
    """Return what an entry waits for at a destination's gate; bulk stands in a line of its own."""
    return f"destination/{destination}/bulk" if bulk else f"destination/{destination}"


def waits_for_flow(flow: str) -> str:
    """Return what an entry waits for while its flow is halted."""
    return f"flow/{flow}"


def gate_of(waits_for: str) -> tuple[str, str]:
    """Return the kind and the name of what is waited for; a destination's two lines are at one gate."""
    kind, name, *_ = waits_for.split("/")
    return kind, name


@dataclass(frozen=True, slots=True)
class WaitingAt:
    """How many entries wait for the same (a gate, a decision, a lane's next attempt), and since when the oldest."""

    waits_for: str
    entries: int
    since: datetime


@dataclass(frozen=True, slots=True)
class ParkedStreams:
    """How many streams wait for a person behind an entry of this function, and since when the oldest does."""

    function: str
    streams: int
    since: datetime


class Gates(Protocol):
    """One gate per way to a destination, shared by every worker."""

    def look(self, stream_id: int) -> Later[Look]:
        """Lock the gate of the stream's destination and count what is on its way there; before `streams.take`."""

    def look_again(self, stream_id: int) -> Later[Look]:
        """Read the gate for a stream that its worker goes on with; after `streams.finish`, in the same commit."""

    def locked(self, way: str) -> Gate:
        """Lock the gate and return it, closed if it is new."""

    def read(self, way: str) -> Gate:
        """Return the gate without locking it."""

    def write(self, gate: Gate) -> None:
        """Write a gate that this commit has locked."""

    def in_flight(self, destination: str) -> int:
        """Count the streams that deliver to the destination just now."""


class Halts(Protocol):
    """What operators have halted."""

    def put(self, kind: HaltKind, name: str, actor: str, reason: str, until: datetime | None) -> None:
        """Halt it, or replace who, why and until when."""

    def remove(self, kind: HaltKind, name: str) -> bool:
        """Take the halt away; False when there was none."""

    def all(self) -> list[Halt]:
        """Return every halt, those that have run out included."""


class Waking(Protocol):
    """Who sleeps and who is woken."""

    def hold(self, entry: Entry, waits_for: str, code: str, until: datetime | None, *, hint: bool) -> None:
        """Leave the head to its gate: no attempt is burnt, and the gate wakes it; with `hint`, at `until` as well."""

    def wake(self, waits_for: str, limit: int) -> int:
        """Wake what waits there, `limit` at most, the longest waiting first; return how many."""

    def wake_stream(self, stream_id: int) -> bool:
        """Hint the stream if its head is due and nobody holds it; False when nothing is owed just now."""

    def record_residue(
        self,
        entity: str,
        sequence: int,
        reason: str,
        stream_id: int | None,
        enqueued_at: datetime | None,
        outcome: str,
    ) -> bool:
        """Keep what the bus gave up on and what became of it; False when this letter was kept before."""

    def waiting(self) -> list[WaitingAt]:
        """Return every gate with entries waiting for it."""

    def overdue(self, before: datetime, limit: int) -> list[Hint]:
        """Return hints for unleased streams whose head has been due since `before`."""

    def recall(self, beyond: datetime) -> int:
        """Put right what a clock gone wrong has put off beyond this moment; return how many entries."""

    def failing(self, since: datetime) -> list[WaitingAt]:
        """Return, by lane, what has been tried in vain since before this moment and will be tried again."""

    def parked(self) -> list[ParkedStreams]:
        """Return how many streams wait for a person, per function."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """A delivery that was put off, and until when."""

    delivery_id: UUID
    until: datetime


class Windows(Protocol):
    """Entries that are put off: deliveries that may still be replaced by newer ones, and deadlines."""

    def defer(self, entry: NewEntry, until: datetime, subject: str | None = None) -> None:
        """Put off an entry that this commit has appended; with `subject` a newer one about it may replace it."""

    def replace(self, lane: str, key: UUID, subject: str) -> list[Deferred]:
        """
        Take out what is put off about `subject` and nobody works on, the first due first.

        Their deliveries are the caller's. It is one, but where clocks differ and an older one was in a worker's hand
        when the next one came.
        """

    def close(self, lane: str, keys: Sequence[UUID]) -> None:
        """Make due at once what is put off for these keys: something comes behind it. Then append that."""


@dataclass(frozen=True, slots=True)
class Pressure:
    """What is owed: how many entries, and since when the oldest that could be processed now is due."""

    measured_at: datetime
    backlog: int
    oldest_due: datetime | None


class Backpressure(Protocol):
    """What intake must know before a store fills."""

    def measure(self) -> Pressure:
        """Count what is owed, and keep it for `read`."""

    def read(self) -> Pressure | None:
        """Return what was measured last; None before the first time."""

    def draw(self, partner: str, rate: Rate, wanted: int) -> tuple[int, timedelta]:
        """Draw up to `wanted` postings of the partner's allowance; return how many, and how long until the next."""


class UsedSignatures(Protocol):
    """Which signed postings came already."""

    def use(self, partner: str, signed: Signed, *, forget_before: datetime) -> bool:
        """Note that the partner's signature is used; False when it was before. Forget those older than that."""


class Quarantine(Protocol):
    """What waits for a person."""

    def add(
        self,
        message_id: UUID,
        delivery_id: UUID | None,
        stream_id: int | None,
        function: str,
        code: str,
        location: str,
        explanation: str,
        *,
        moves_message: bool,
    ) -> UUID:
        """Put the message or delivery into quarantine and return the quarantine's id."""

    def locked(self, quarantine_id: UUID) -> Quarantined | None:
        """Lock the row and return it with the entry that is parked for it; None if there is none."""

    def decide(self, quarantine_id: UUID, disposition: str, actor: str, reason: str) -> None:
        """Note that it was `released`, `discarded` or `corrected`, by whom and why."""

    def unpark(self, held: Quarantined, *, remove: bool) -> None:
        """Let the stream go on: with the parked entry, its account of attempts forgotten, or without it."""

    def substitute(self, held: Quarantined, message_id: UUID, traceparent: str) -> None:
        """Let the stream go on with another message in the parked entry's place: a corrected copy."""

    def page(self, after: UUID | None, code: str | None, limit: int) -> list[QuarantineRow]:
        """Return what waits for a decision, the oldest first, from behind the row `after`; of one code where given."""

    def get(self, quarantine_id: UUID) -> QuarantineRow | None:
        """Return the row, decided or not; None if there is none."""

    def oldest(self) -> list[WaitingAt]:
        """Return how much waits for a decision per code, and since when."""
