"""
The acknowledgment of a file: a batch with one ACK for each of its messages (chapter 2, batch protocol).

    FHS-3..6, BHS-3..6   the file's parties, swapped        FHS-11, BHS-11   the acknowledgment's own id
    FHS-12, BHS-12       FHS-11 and BHS-11 of the file      BTS-1            how many ACKs there are
    MSA-2                [none] for an item that could not be read

A file that is refused whole is answered with one ACK, whose MSA-2 is its BHS-11 or FHS-11.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from shared.errors import Issue, RejectedError
from shared.formats.hl7v2.acknowledgment import AckCode, acknowledge
from shared.formats.hl7v2.delimiters import Delimiters, read_delimiters
from shared.formats.hl7v2.envelope import read_envelope

_USUAL = b"FHS|^~\\&"
_CONTROL_ID = 11
_VERSION = "2.5.1"


def opening(file_header: bytes, batch_header: bytes, *, control_id: str, instant: datetime) -> bytes:
    """Return FHS and BHS of the answer to a file with these headers; either may be empty."""
    lines = (
        _answer("FHS", file_header or batch_header, file_header, control_id, instant),
        _answer("BHS", batch_header or file_header, batch_header, control_id, instant),
    )
    return b"".join(lines)


def closing(file_header: bytes, batch_header: bytes, count: int) -> bytes:
    """Return BTS and FTS for `count` acknowledgments."""
    files, batches = _fields(file_header or batch_header)[0], _fields(batch_header or file_header)[0]
    return f"BTS{batches.field}{count}\rFTS{files.field}1\r".encode()


def refusal(header: bytes, code: AckCode, errors: Sequence[Issue], *, control_id: str, instant: datetime) -> bytes:
    """Return the ACK of an item that could not be read, or, with the file's own `header`, of the whole file."""
    delimiters, fields = _fields(header)
    parties = [_field(fields, number) for number in (3, 4, 5, 6)]
    refused = delimiters.escaped(_control_id(header))
    line = ["MSH", delimiters.encoding_characters, *parties, "", "", "", refused, "P", _VERSION]
    envelope = read_envelope(delimiters.field.join(line).encode())
    return acknowledge(envelope, code, control_id=control_id, instant=instant, errors=errors)


def parties_of(header: bytes) -> bytes:
    """Return a header with the parties of `header` alone: for an item that has no control id."""
    delimiters, fields = _fields(header)
    parties = [_field(fields, number) for number in (3, 4, 5, 6)]
    return delimiters.field.join(["BHS", delimiters.encoding_characters, *parties]).encode()


def _answer(name: str, parties: bytes, answered: bytes, control_id: str, instant: datetime) -> bytes:
    delimiters, fields = _fields(parties)
    swapped = [_field(fields, number) for number in (5, 6, 3, 4)]
    reference = delimiters.escaped(_control_id(answered)) if answered else ""
    stamp = instant.strftime("%Y%m%d%H%M%S%z")
    line = [
        name,
        delimiters.encoding_characters,
        *swapped,
        stamp,
        "",
        "",
        "",
        delimiters.escaped(control_id),
        reference,
    ]
    return f"{delimiters.field.join(line).rstrip(delimiters.field)}\r".encode()


def _control_id(header: bytes) -> str:
    delimiters, fields = _fields(header)
    return delimiters.text(_field(fields, _CONTROL_ID))


def _fields(header: bytes) -> tuple[Delimiters, list[str]]:
    """Return a header's delimiters and its fields from field 2 on; the usual ones of a header that says none."""
    line = (header or _USUAL).decode("utf-8", "replace")
    try:
        delimiters = read_delimiters(line)
    except RejectedError:
        line = _USUAL.decode()
        delimiters = read_delimiters(line)
    return delimiters, line.split(delimiters.field)


def _field(fields: list[str], number: int) -> str:
    """Return field `number` of a header: the separator itself is field 1."""
    return fields[number - 1] if number <= len(fields) else ""
