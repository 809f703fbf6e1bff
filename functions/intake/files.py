"""
Take the files that partners have dropped, item by item, each as if it had been posted alone (requirement D15).

    examine    to its end: what was cut off, or does not count what it holds, is refused whole
    take       each message with its own duplicates, errors and order; the commit that decides it moves the checkpoint
    answer     a file beside it with one ACK for each message, and only then is the file taken

Whoever dies in between has lost nothing: the next worker goes on behind the last item that was committed. A worker
stops after two minutes, and whenever the intake gate says so, and leaves the rest to the next.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import uuid4

from functions.intake.file_answers import answer_duplicate, answer_items, answer_refusal
from functions.intake.file_events import PLACE, register
from functions.intake.use_case import Submission, receive_hl7v2
from shared.authorization import Principal
from shared.catalog.flows import INTAKE
from shared.errors import Issue, RejectedError, TransientError
from shared.formats.hl7v2.batch_stream import Examined, Part, examine, parts_of
from shared.landing import DroppedFile, ItemOfFile, Sighting
from shared.ledger import LeaseLostError, NewTask
from shared.ports import Ports
from shared.structured_log import log_event
from shared.trace_context import child_of
from shared.workflow.escalation import FILE_REFUSED, WAITING_TOO_LONG, ladder_of

_log = logging.getLogger(__name__)

_TAKE = INTAKE.step("take-files")
ACTOR = f"corridor/{_TAKE.tier}/{_TAKE.function}"
_SLICE = timedelta(minutes=2)
_STILL_WRITTEN = timedelta(minutes=10)
_LOOK_AGAIN = 15.0
_LONGEST_PAUSE = 60.0
_TOO_LONG = timedelta(hours=4)
_MEDIA_TYPE = "application/hl7-v2"
_GONE = Issue("warning", "not-found", "file-missing", "", "It is no longer there.")
_CHANGED = Issue("information", "conflict", "file-changed", "", "Another version has its name.")
_CUT_OFF = Issue("error", "structure", "file-end-missing", "", "No segment terminator ends it: it was cut off.")


@dataclass
class _Hold:
    """The lease on a file that is in hand."""

    file: DroppedFile
    owner: str
    renewed: datetime
    ports: Ports

    def keep(self) -> None:
        """Renew the lease now and then; LeaseLostError when somebody else has the file."""
        now = self.ports.clock()
        if now - self.renewed < self.ports.lease / 3:
            return
        with self.ports.ledger.transaction() as tx:
            if not tx.files.renew(self.file, self.owner, self.ports.lease):
                raise LeaseLostError
        self.renewed = now

    def kept(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the pieces, keeping the lease."""
        for piece in pieces:
            self.keep()
            yield piece


def work_on_files(ports: Ports) -> int:
    """Work on what is due until nothing is, or the slice is over; return how many files were in hand. Idempotent."""
    until, count = ports.clock() + _SLICE, 0
    while ports.clock() < until:
        owner = f"{ports.instance}/{uuid4().hex[:8]}"
        with ports.ledger.transaction() as tx:
            leased = tx.files.lease(owner, ports.lease, 1)
        for file in leased:
            _work_on(_Hold(file, owner, ports.clock(), ports), until)
        if not leased:
            break
        count += 1
    return count


def _work_on(hold: _Hold, until: datetime) -> None:
    file, ports = hold.file, hold.ports
    try:
        _decide(hold, until)
    except LeaseLostError:
        log_event(_log, logging.WARNING, "lease lost", function=_TAKE.function, file_id=str(file.file_id))
    except TransientError as error:
        _pause(file, error, ports)
    except Exception:  # a defect of ours: it backs off, is told after hours, and holds up no other file
        with suppress(TransientError):
            _pause(file, TransientError("unexpected-error"), ports)
        raise


def _decide(hold: _Hold, until: datetime) -> None:
    file, ports = hold.file, hold.ports
    try:
        _go_on(hold, until)
    except RejectedError as error:
        if error.code == "file-changed":
            _supersede(file, ports.landing.look(file.container, file.name), ports)
        elif error.code != "file-moved-on":
            _refuse(file, Issue("error", "structure", error.code, error.location, error.text), ports)


def _go_on(hold: _Hold, until: datetime) -> None:
    file, ports = hold.file, hold.ports
    partner = ports.partners.get(file.partner)
    if not PLACE.fullmatch(file.name):
        raise RejectedError("file-name-invalid", "", "put it at <partner>/<name>, a name of letters, digits, . _ -")
    if partner is None or partner.sends is None:
        raise RejectedError("not-a-sender", "", "no partner file lets this partner send")
    sighting = ports.landing.look(file.container, file.name)
    if sighting is None or sighting.etag != file.etag:
        _supersede(file, sighting, ports)
    elif file.status == "taking" or _examine(hold, sighting):
        _take(hold, sighting, until)


def _examine(hold: _Hold, sighting: Sighting) -> bool:
    """Read the file to its end; True when its items may be taken now."""
    file, ports, digest = hold.file, hold.ports, sha256()

    def hashed() -> Iterator[bytes]:
        for piece in hold.kept(ports.landing.read(sighting, 0)):
            digest.update(piece)
            yield piece

    found = examine(parts_of(hashed(), ports.max_body_bytes))
    if not found.is_whole and ports.clock() - sighting.modified < _STILL_WRITTEN:
        raise TransientError("file-still-written", text="its end is not there yet", retry_after=_LOOK_AGAIN)
    if (fault := _fault(found)) is not None:
        _refuse(file, fault, ports, (found.file_header, found.batch_header))
        return False
    with ports.ledger.transaction() as tx:
        earlier = tx.files.claim(file, digest.digest(), (found.file_header, found.batch_header))
    if earlier is None:
        return True
    if earlier.status == "taking":
        raise TransientError("file-taken-elsewhere", text="the same bytes are being taken", retry_after=_LOOK_AGAIN)
    answer_duplicate(file, earlier, ports)
    _end(file, "duplicate", "same-file-again", ports, original=earlier)
    return False


def _fault(found: Examined) -> Issue | None:
    """Return why nothing is taken of the file; our policy: of what was cut off, the last message may be half."""
    errors = [issue for issue in found.issues if issue.severity == "error"]
    if not found.is_whole:
        errors += [issue for issue in found.issues if issue.code == "batch-trailer-missing"] or [_CUT_OFF]
    return errors[0] if errors else None


def _take(hold: _Hold, sighting: Sighting, until: datetime) -> None:
    file, ports = hold.file, hold.ports
    number = file.items
    if file.position < sighting.size:
        pieces = hold.kept(ports.landing.read(sighting, file.position))
        for part in parts_of(pieces, ports.max_body_bytes, file.position):
            if part.is_message:
                number += 1
                _take_item(file, ItemOfFile(file.file_id, number, part.end), part, ports)
                hold.keep()
            if ports.clock() >= until:
                with ports.ledger.transaction() as tx:
                    tx.files.postpone(file, ports.clock(), None)
                return
    with ports.ledger.transaction() as tx:
        current = tx.files.get(file.file_id)  # with the headers that the claim has kept
    answer_items(current or file, ports)
    _end(file, "taken", "every-item-decided", ports, count=number)


def _take_item(file: DroppedFile, item: ItemOfFile, part: Part, ports: Ports) -> None:
    """Take one message; what is wrong with it is in its own row, and in the answer."""
    if part.content is None:
        with ports.ledger.transaction() as tx:
            tx.files.advance(item, None, "too-large", None)
        return
    submission = Submission(file.partner, part.content, _MEDIA_TYPE, child_of(file.traceparent), item)
    try:
        receive_hl7v2(submission, Principal(file.partner, file.partner, frozenset()), ports)
    except RejectedError as error:
        if error.code in {"file-moved-on", "file-changed"}:
            raise


def _supersede(file: DroppedFile, now_there: Sighting | None, ports: Ports) -> None:
    """Leave this version; the one that is there now is taken in its turn, and repeats nothing that was taken."""
    if now_there is not None:
        register(now_there, file.traceparent, ports)
    _end(file, "superseded", (_GONE if now_there is None else _CHANGED).code, ports)


def _refuse(file: DroppedFile, fault: Issue, ports: Ports, headers: tuple[bytes, bytes] = (b"", b"")) -> None:
    if file.partner and fault.code != "not-a-sender":
        answer_refusal(file, fault, headers, ports)
    _end(file, "refused", fault.code, ports, location=fault.location)


def _end(
    file: DroppedFile,
    status: str,
    code: str,
    ports: Ports,
    *,
    location: str = "",
    original: DroppedFile | None = None,
    count: int = 0,
) -> None:
    kept = code if status not in {"taken", "duplicate"} else None
    with ports.ledger.transaction() as tx:
        tx.files.end(file, status, kept, location or None, original.file_id if original else None)
        tx.audit.record(ACTOR, f"file-{status}", str(file.file_id), code, partner=file.partner, count=count)
        tx.tasks.close(_late_key(file), ACTOR, f"file-{status}")
        if status == "refused" or (status == "superseded" and code == _GONE.code and file.items):
            tx.tasks.open(_task(FILE_REFUSED, f"{FILE_REFUSED}:{file.file_id}", file, code, ports), ACTOR, code)
    log_event(_log, logging.INFO, f"file {status}", file_id=str(file.file_id), partner=file.partner, code=code)


def _pause(file: DroppedFile, error: TransientError, ports: Ports) -> None:
    """Go on later; who waits too long is somebody's task (invariant 13)."""
    seconds = min(error.retry_after or 2.0 ** (file.attempts + 1), _LONGEST_PAUSE)
    with ports.ledger.transaction() as tx:
        tx.files.postpone(file, ports.clock() + timedelta(seconds=seconds), error.code)
        if ports.clock() - file.seen_at > _TOO_LONG:
            tx.tasks.open(_task(WAITING_TOO_LONG, _late_key(file), file, error.code, ports), ACTOR, "waited-too-long")
    log_event(_log, logging.WARNING, "file paused", file_id=str(file.file_id), partner=file.partner, code=error.code)


def _late_key(file: DroppedFile) -> str:
    return f"{WAITING_TOO_LONG}:file:{file.file_id}"


def _task(kind: str, key: str, file: DroppedFile, code: str, ports: Ports) -> NewTask:
    ladder = ladder_of(kind)
    return NewTask(
        kind=kind,
        dedupe_key=key,
        flow=INTAKE.name,
        owner_queue=ladder.rung(0),
        message_id=None,
        due_at=ports.clock() + ladder.within,
        explanation={"file": str(file.file_id), "partner": file.partner, "code": code, "items": file.items},
    )
