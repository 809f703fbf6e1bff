"""Bytes -> HL7 v2 messages: line ends of any kind, MLLP frames, batches; what is odd is refused or reported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from shared.errors import Issue, RejectedError
from shared.formats.hl7v2.charset import decode
from shared.formats.hl7v2.delimiters import Delimiters, read_delimiters
from shared.formats.hl7v2.message import Message, Segment

_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_MAX_ISSUES = 50
_BATCH = (b"FHS", b"BHS")
_NO_SEGMENT = "A line does not begin with a segment name."


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a message is read before it is refused; the bytes of a payload are its receiver's to limit."""

    segments: int = 100_000
    fields: int = 1_000
    payload: int = 100_000_000


DEFAULT_LIMITS = Limits()


def parse(payload: bytes, *, default_charset: str | None = None, limits: Limits = DEFAULT_LIMITS) -> Message:
    """
    Return the message in `payload`.

    RejectedError with a location: `not-hl7v2` (MSH), `delimiters-invalid` (MSH-1, MSH-2),
    `unsupported-character-set`, `undecodable-bytes` (MSH-18), `several-messages`, `too-large`, `too-many-segments`,
    `too-many-fields`.
    """
    if len(payload) > limits.payload:
        raise RejectedError("too-large", "", f"The payload is longer than {limits.payload} bytes.")
    decoded = decode(payload, default_charset)
    lines = _lines(decoded.text)
    if lines[0][:3] != "MSH":
        raise RejectedError("not-hl7v2", "MSH", "The first segment is not MSH.")
    if len(lines) > limits.segments:
        raise RejectedError("too-many-segments", "", f"More than {limits.segments} segments.")
    delimiters = read_delimiters(lines[0], decoded.codec)
    issues = list(decoded.issues)
    segments = _segments(lines, delimiters, limits, issues)
    return Message(segments, delimiters, decoded.declared, tuple(issues))


def split_batch(payload: bytes) -> list[bytes]:
    """Return the messages of a file or batch (FHS, BHS, or simply one after another); one message alone as it is."""
    if payload[:3] == b"MSH" and not (b"\rMSH" in payload or b"\nMSH" in payload):
        return [payload]
    body = payload.strip(b"\x0b\x1c\x1a\r\n\t ")
    body = body.removeprefix(b"\xef\xbb\xbf")
    starts = [match.start() for match in re.finditer(rb"(?:\A|(?<=[\r\n\x0b\x1c]))MSH(?=[^A-Za-z0-9\s])", body)]
    if not starts or (len(starts) == 1 and not body.startswith(_BATCH)):
        return [payload]
    messages = [body[start:end] for start, end in zip(starts, [*starts[1:], len(body)], strict=True)]
    return [_without_trailers(message) for message in messages]


def is_batch(payload: bytes) -> bool:
    """Tell whether the payload opens with a file or batch header."""
    return payload.lstrip(b"\x0b\xef\xbb\xbf\r\n\t ").startswith(_BATCH)


def _without_trailers(message: bytes) -> bytes:
    """Cut what belongs to the batch: BTS, FTS, and the BHS of the next one."""
    return re.split(rb"[\r\n\x1c\x0b]+(?:BTS|FTS|BHS|FHS)(?=[^A-Za-z0-9]|\Z)", message, maxsplit=1)[0].rstrip(
        b"\r\n\x0b\x1c"
    )


def _lines(text: str) -> list[str]:
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    return text.split("\r")


def _segments(lines: list[str], delimiters: Delimiters, limits: Limits, issues: list[Issue]) -> list[Segment]:
    separator = delimiters.field
    header = lines[0].split(separator)
    header.insert(1, separator)
    segments = [Segment("MSH", header, delimiters, 1)]
    counts = {"MSH": 1}
    for line in _joined(lines, separator, issues):
        fields = line.split(separator)
        name = fields[0]
        occurrence = counts.get(name, 0) + 1
        counts[name] = occurrence
        segments.append(Segment(name, fields, delimiters, occurrence))
    if counts["MSH"] > 1:
        raise RejectedError("several-messages", "MSH[2]", "The payload holds several messages; send them as a batch.")
    for segment in segments:
        if counts[segment.name] > 1:
            segment.label = f"{segment.name}[{segment.occurrence}]"
        if len(segment.fields) > limits.fields:
            raise RejectedError("too-many-fields", segment.label, f"More than {limits.fields} fields in a segment.")
    return segments


def _joined(lines: list[str], separator: str, issues: list[Issue]) -> Iterator[str]:
    """Yield one line per segment: a line that begins none goes on with the field that it breaks, a common fault."""
    known: set[str] = set()
    pending: list[str] = []
    for number, line in enumerate(lines[1:], start=2):
        name = line[:3]
        if line[3:4] in (separator, "") and (name in known or _NAME.fullmatch(name)):
            known.add(name)
            if pending:
                yield pending[0] if len(pending) == 1 else "\n".join(pending)
            pending = [line]
        elif line and not line.isspace():
            if not pending:
                raise RejectedError("segment-name-invalid", f"line {number}", _NO_SEGMENT)
            pending.append(line)
            if len(issues) < _MAX_ISSUES:
                issues.append(Issue("warning", "structure", "line-break-in-field", f"line {number}", _NO_SEGMENT))
    if pending:
        yield pending[0] if len(pending) == 1 else "\n".join(pending)
