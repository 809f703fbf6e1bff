"""The proof of the audit log: seals against the chain, rows against their seals, both against storage."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from shared.audit.chain import (
    GENESIS,
    AuditRow,
    Finding,
    Position,
    Seal,
    check_rows,
    check_seal,
    parse_seal,
    seal_name,
)
from shared.audit.ports import Sealed
from shared.errors import RejectedError

Stored = Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Tail:
    """What is not sealed yet: how many rows, and since when the oldest waits."""

    rows: int
    oldest: datetime | None


class Book(Protocol):
    """The audit log and the record of its seals, in one snapshot."""

    def seals(self) -> Sequence[Sealed]:
        """Return every recorded batch in order."""

    def rows(self, audit_ids: Sequence[int]) -> dict[int, AuditRow]:
        """Return the rows with these numbers, as far as they are there."""

    def sealed_numbers(self, upto: Position) -> Iterator[int]:
        """Yield the number of every row in the part of the log that is sealed, in ascending order."""

    def tail(self, upto: Position) -> Tail:
        """Return what comes after the part that is sealed."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved: no finding means that the log is what was sealed. `root` is worth writing down elsewhere."""

    findings: tuple[Finding, ...]
    batches: int
    rows: int
    root: bytes
    tail: Tail


def prove(book: Book, stored: Stored) -> Proof:
    """
    Return the proof; `stored` gives the content of a name in write-once storage, RejectedError when it has none.

    Finds a row that was changed, deleted or inserted, and a seal that was changed, removed, misplaced or is not
    recorded in the ledger. One seal that the ledger lacks may be that of a sealer which died: it is proved likewise.
    """
    findings: list[Finding] = []
    numbers = array("q")
    root, end, batch = GENESIS, Position(), 0
    recorded = list(book.seals())
    for batch, one, record in _seals(recorded, stored, findings):
        findings += check_seal(one, batch, root)
        if record is not None and (record.root, record.end, record.batch) != (one.root, one.end, batch):
            findings.append(Finding("seal-record-differs", f"batch {batch}"))
        findings += check_rows(one, book.rows([audit_id for audit_id, _ in one.rows]))
        numbers.extend(audit_id for audit_id, _ in one.rows)
        root, end = one.root, one.end
    findings += _inserted(book.sealed_numbers(end), numbers)
    return Proof(tuple(findings), batch, len(numbers), root, book.tail(end))


def _seals(
    recorded: Sequence[Sealed], stored: Stored, findings: list[Finding]
) -> Iterator[tuple[int, Seal, Sealed | None]]:
    """Yield each seal with its number and its record, then those that storage has beyond the last record."""
    for batch, record in enumerate(recorded, start=1):
        try:
            yield batch, parse_seal(stored(seal_name(batch))), record
        except RejectedError as error:
            rule = "seal-unreadable" if error.code == "seal-unreadable" else "seal-missing"
            findings.append(Finding(rule, f"batch {batch}"))
    batch = len(recorded)
    while True:
        batch += 1
        try:
            one = parse_seal(stored(seal_name(batch)))
        except RejectedError as error:
            if error.code == "seal-unreadable":
                findings.append(Finding("seal-unreadable", f"batch {batch}"))
            return
        if batch > len(recorded) + 1:
            findings.append(Finding("seal-unrecorded", f"batch {batch}"))
        yield batch, one, None


def _inserted(present: Iterator[int], sealed: array[int]) -> Iterator[Finding]:
    """Yield the rows of the sealed part that no seal has."""
    known = iter(sorted(sealed))
    next_known = next(known, None)
    for audit_id in present:
        while next_known is not None and next_known < audit_id:
            next_known = next(known, None)
        if next_known != audit_id:
            yield Finding("row-inserted", f"audit row {audit_id}")
