"""
Files that partners put into the landing storage: what is known of one, and the ports to read and to remember it.

    waiting      seen, and not yet known to be complete      taken       every item is decided and acknowledged
    taking       complete; items are taken one by one        duplicate   the same bytes were taken before
    refused      nothing (more) of it is taken               superseded  another version has the name, or it is gone
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Sighting:
    """A file as the storage shows it now; `etag` changes with every write, `modified` is when it did."""

    container: str
    name: str
    etag: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class DroppedFile:
    """
    One version of a file, and how far it was taken: `items` of it are decided, `position` is the byte behind them.

    `file_header` and `batch_header` are its FHS and its first BHS as received, for the acknowledgment.
    """

    file_id: UUID
    container: str
    name: str
    etag: str
    size: int
    partner: str
    status: str
    code: str | None
    location: str | None
    duplicate_of: UUID | None
    file_header: bytes
    batch_header: bytes
    position: int
    items: int
    attempts: int
    seen_at: datetime
    traceparent: str


@dataclass(frozen=True, slots=True)
class ItemOfFile:
    """Which item of which file a message came as: `position` is the byte behind it."""

    file_id: UUID
    number: int
    position: int


@dataclass(frozen=True, slots=True)
class ItemRow:
    """What became of an item: its message's acknowledgment, or the code by which it could not even be read."""

    number: int
    acknowledgment: bytes | None
    code: str | None
    location: str | None


class Landing(Protocol):
    """
    The landing storage; TransientError `landing-unavailable` when it cannot be reached.

    Reading is of one version: RejectedError `file-changed` once the file has another etag, or is gone.
    """

    def look(self, container: str, name: str) -> Sighting | None:
        """Return the file as it is now; None when it is not there."""

    def read(self, file: Sighting, position: int) -> Iterator[bytes]:
        """Yield the bytes from `position` on, in pieces that fit into memory."""

    def write(self, container: str, name: str, content: Iterable[bytes]) -> None:
        """Make the file, complete or not at all; one that is there is replaced."""


class DroppedFiles(Protocol):
    """The ledger's book of files: what was seen, how far it was taken, what each item became."""

    def register(self, file_id: UUID, sighting: Sighting, partner: str, traceparent: str) -> bool:
        """Note a version of a file, due at once; False when it is known."""

    def get(self, file_id: UUID) -> DroppedFile | None:
        """Return the file, or None."""

    def lease(self, owner: str, duration: timedelta, limit: int) -> Sequence[DroppedFile]:
        """Lease and return files that are due and that nobody holds, the longest due first."""

    def renew(self, file: DroppedFile, owner: str, duration: timedelta) -> bool:
        """Hold the file for longer; False when somebody else has it."""

    def claim(self, file: DroppedFile, content_hash: bytes, headers: tuple[bytes, bytes]) -> DroppedFile | None:
        """Move the file to `taking`, or return the one with the same bytes that the partner has dropped before."""

    def advance(self, item: ItemOfFile, message_id: UUID | None, code: str | None, location: str | None) -> None:
        """
        Note in this commit what an item became, once and in order.

        RejectedError `file-moved-on` when another worker has decided the item.
        """

    def postpone(self, file: DroppedFile, due_at: datetime, code: str | None) -> None:
        """Give the lease back and look again later; with a code, one attempt more on its account."""

    def end(
        self, file: DroppedFile, status: str, code: str | None, location: str | None, original: UUID | None = None
    ) -> None:
        """Move the file to its last status and give the lease back."""

    def items(self, file_id: UUID, after: int, limit: int) -> Sequence[ItemRow]:
        """Return what the items behind number `after` became, in their order."""
