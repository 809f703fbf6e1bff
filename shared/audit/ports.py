"""The ports of the audit chain and of disposal: what the sealer and the disposal may ask of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from shared.audit.chain import AuditRow, Position, Seal
from shared.audit.retention import Looked, Place


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the ledger keeps of a sealed batch; the seal itself is in write-once storage."""

    batch: int
    root: bytes
    row_count: int
    end: Position
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class Unsealed:
    """Rows to be sealed, in the order of the chain, and where the log is sealed to once they are."""

    rows: Sequence[AuditRow]
    end: Position


class AuditChain(Protocol):
    """The sealed part of the audit log."""

    def last(self) -> Sealed | None:
        """Return the last batch that was sealed."""

    def unsealed(self, after: Position, limit: int) -> Unsealed:
        """Return the next rows whose transactions are older than every open one, at most `limit`."""

    def add(self, one: Seal) -> None:
        """Record that a batch was sealed."""


class Disposal(Protocol):
    """What the ledger disposes of; under the tier `ops` alone."""

    def reached(self, retention: str) -> Place:
        """Return how far the class was looked through, START where nothing was."""

    def reach(self, retention: str, place: Place) -> None:
        """Remember how far the class was looked through."""

    def messages(self, flows: Sequence[str], before: datetime, after: Place, look: int) -> list[Looked]:
        """
        Look at the next messages received before `before`, the oldest first, and dispose of those that may go.

        They are of these flows, settled (no delivery owed or set aside, no work, review, fact or replay open) and
        quiet since then, held by nothing, and no copy of them is left.
        """

    def files(self, before: datetime, limit: int) -> list[UUID]:
        """Dispose of dropped files that ended before, whose messages are gone; return which."""

    def dead_letters(self, before: datetime, limit: int) -> int:
        """Dispose of dead letters that were drained before; return how many."""
