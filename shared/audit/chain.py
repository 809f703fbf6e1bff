"""
The chain over the audit log (invariant 11): what a sealed batch is, and how it is proved.

    row digest   SHA-256 of the row's canonical JSON: [audit_id, at, actor, action, subject, reason, details], UTF-8,
                 keys sorted, no blanks, `at` in UTC with microseconds
    chain        head(0) = 32 zero bytes; head(n) = SHA-256(head(n - 1) + row digest); the root of a batch is the
                 head after its last row, and the next batch begins from it
    seal         canonical JSON of the batch, written once under `audit/seal-<batch, 12 digits>`

The seal carries every row's digest, so that a difference is told by row. Rows are ordered by (transaction, audit_id):
a transaction is sealed only when no older one is still open, so a late commit is never stepped over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson

from shared.errors import RejectedError

GENESIS = bytes(32)
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row of the audit log; `xid` is the transaction that wrote it."""

    audit_id: int
    xid: int
    at: datetime
    actor: str
    action: str
    subject: str
    reason: str
    details: Mapping[str, Any]

    def digest(self) -> bytes:
        """Return the SHA-256 of the row's canonical form."""
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        values = [self.audit_id, at, self.actor, self.action, self.subject, self.reason, self.details]
        return sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).digest()


@dataclass(frozen=True, slots=True)
class Position:
    """
    How far the log is sealed: everything up to (xid, audit_id), and every audit_id up to `floor`.

    `highest` is the highest audit_id that any seal has. A restored server counts its transactions from anew: then the
    floor rises to it, and xid begins at 0 again.
    """

    xid: int = 0
    audit_id: int = 0
    floor: int = 0
    highest: int = 0


@dataclass(frozen=True, slots=True)
class Seal:
    """One sealed batch: the digests of its rows in their order, the root before and after, where the batch ends."""

    batch: int
    previous: bytes
    rows: tuple[tuple[int, bytes], ...]
    root: bytes
    end: Position
    sealed_at: datetime

    @property
    def name(self) -> str:
        """Return the name under which write-once storage keeps the seal."""
        return seal_name(self.batch)


def seal_name(batch: int) -> str:
    """Return the archive's name of batch number `batch`."""
    return f"audit/seal-{batch:012d}"


def seal(batch: int, previous: bytes, rows: Sequence[AuditRow], end: Position, at: datetime) -> Seal:
    """Return the seal over `rows`, which are in the order of the chain; `previous` is the root before them."""
    digests = tuple((row.audit_id, row.digest()) for row in rows)
    return Seal(batch, previous, digests, chained(previous, digests), end, at)


def chained(head: bytes, rows: Sequence[tuple[int, bytes]]) -> bytes:
    """Return the head of the chain after these row digests."""
    for _, digest in rows:
        head = sha256(head + digest).digest()
    return head


def serialize_seal(one: Seal) -> bytes:
    """Return the bytes that write-once storage keeps."""
    body = {
        "format": _FORMAT,
        "batch": one.batch,
        "previous": one.previous.hex(),
        "rows": [[audit_id, digest.hex()] for audit_id, digest in one.rows],
        "root": one.root.hex(),
        "end": {**asdict(one.end), "xid": str(one.end.xid)},
        "sealed_at": one.sealed_at.astimezone(UTC).isoformat(timespec="microseconds"),
    }
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)


def parse_seal(content: bytes) -> Seal:
    """Return the seal in `content`; RejectedError `seal-unreadable` when it is none of ours."""
    try:
        body = orjson.loads(content)
        if body["format"] != _FORMAT:
            raise ValueError
        end = body["end"]
        return Seal(
            batch=int(body["batch"]),
            previous=bytes.fromhex(body["previous"]),
            rows=tuple((int(audit_id), bytes.fromhex(digest)) for audit_id, digest in body["rows"]),
            root=bytes.fromhex(body["root"]),
            end=Position(int(end["xid"]), int(end["audit_id"]), int(end["floor"]), int(end["highest"])),
            sealed_at=datetime.fromisoformat(body["sealed_at"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise RejectedError("seal-unreadable", text="the seal is not in the form that the sealer writes") from error


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that the chain does not bear out: `rule` is stable, `subject` names a row or a batch."""

    rule: str
    subject: str


def check_seal(one: Seal, batch: int, previous: bytes) -> Iterator[Finding]:
    """Yield what is wrong with a seal that should be number `batch` and go on from `previous`."""
    if one.batch != batch:
        yield Finding("seal-misplaced", f"batch {batch}")
    if one.previous != previous:
        yield Finding("seal-chain-broken", f"batch {batch}")
    if chained(one.previous, one.rows) != one.root:
        yield Finding("seal-altered", f"batch {batch}")


def check_rows(one: Seal, present: Mapping[int, AuditRow]) -> Iterator[Finding]:
    """Yield the rows of a batch that the log lacks or has otherwise."""
    for audit_id, digest in one.rows:
        row = present.get(audit_id)
        if row is None:
            yield Finding("row-missing", f"audit row {audit_id}")
        elif row.digest() != digest:
            yield Finding("row-altered", f"audit row {audit_id}")
