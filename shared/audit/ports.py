"""The ports of the audit chain: what the sealer may ask of the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.audit.chain import AuditRow, Position, Seal


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
