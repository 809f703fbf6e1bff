"""The acknowledgment file beside a dropped one: one ACK for each of its messages, or one for the whole."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from functions.intake.file_events import ACKNOWLEDGMENT
from shared.errors import Issue
from shared.formats.hl7v2.batch_acknowledgment import closing, opening, parties_of, refusal
from shared.landing import DroppedFile, ItemRow
from shared.ports import Ports

_ITEMS_AT_ONCE = 500


def answer_items(file: DroppedFile, ports: Ports) -> None:
    """Write what became of each item, in their order; a message that asked for no answer gets none."""
    _write(file, (file.file_header, file.batch_header), file.file_id, ports)


def answer_duplicate(file: DroppedFile, earlier: DroppedFile, ports: Ports) -> None:
    """Write again what became of each item of the file that this one repeats."""
    _write(file, (earlier.file_header, earlier.batch_header), earlier.file_id, ports)


def answer_refusal(file: DroppedFile, fault: Issue, headers: tuple[bytes, bytes], ports: Ports) -> None:
    """Write one AE about the whole file."""
    file_header, batch_header = headers
    control_id, instant = file.file_id.hex[:20], ports.clock()
    answer = (
        opening(file_header, batch_header, control_id=control_id, instant=instant),
        refusal(batch_header or file_header, "AE", (fault,), control_id=control_id, instant=instant),
        closing(file_header, batch_header, 1),
    )
    ports.landing.write(file.container, file.name + ACKNOWLEDGMENT, answer)


def _write(file: DroppedFile, headers: tuple[bytes, bytes], decided: UUID, ports: Ports) -> None:
    def content() -> Iterator[bytes]:
        count = 0
        yield opening(*headers, control_id=file.file_id.hex[:20], instant=ports.clock())
        for row in _rows(decided, ports):
            if answer := row.acknowledgment or _unreadable(file, headers, row, ports):
                count += 1
                yield answer
        yield closing(*headers, count)

    ports.landing.write(file.container, file.name + ACKNOWLEDGMENT, content())


def _rows(file_id: UUID, ports: Ports) -> Iterator[ItemRow]:
    """Yield all items, a page in a transaction of its own: a large file's answer takes minutes to write."""
    after = 0
    while True:
        with ports.ledger.transaction() as tx:
            page = tx.files.items(file_id, after, _ITEMS_AT_ONCE)
        yield from page
        if len(page) < _ITEMS_AT_ONCE:
            return
        after = page[-1].number


def _unreadable(file: DroppedFile, headers: tuple[bytes, bytes], row: ItemRow, ports: Ports) -> bytes:
    if row.code is None:
        return b""
    fault = Issue("error", "structure", row.code, row.location or "", f"Item {row.number} could not be read.")
    control_id = f"{file.file_id.hex[:10]}-{row.number}"
    header = parties_of(headers[1] or headers[0])
    return refusal(header, "AE", (fault,), control_id=control_id, instant=ports.clock())
