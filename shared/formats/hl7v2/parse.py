"""Bytes -> one HL7 v2 message: line ends of any kind, MLLP frames; what is odd is refused or reported."""

from __future__ import annotations

import re
from collections.abc import Iterator

from shared.errors import Issue, RejectedError
from shared.formats.hl7v2.batch import is_batch, split_batch
from shared.formats.hl7v2.charset import decode
from shared.formats.hl7v2.delimiters import Delimiters, read_delimiters
from shared.formats.hl7v2.limits import DEFAULT_LIMITS, Limits
from shared.formats.hl7v2.message import Message, Segment

__all__ = ["DEFAULT_LIMITS", "Limits", "is_batch", "parse", "split_batch"]

_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_MAX_ISSUES = 50
_LONG, _SHARED = 2_000, 10_000
_NO_SEGMENT = "A line does not begin with a segment name."


def parse(payload: bytes, *, default_charset: str | None = None, limits: Limits = DEFAULT_LIMITS) -> Message:
    """
    Return the message in `payload`.

    RejectedError with a location: `not-hl7v2` (MSH), `delimiters-invalid` (MSH-1, MSH-2),
    `unsupported-character-set`, `undecodable-bytes` (MSH-18), `several-messages`, `too-large`, `too-many-segments`,
    `too-many-fields`, `too-many-separators`, `segment-name-invalid`.
    """
    limits.refuse_payload(len(payload))
    decoded = decode(payload, default_charset)
    if decoded.text[:3] != "MSH":
        raise RejectedError("not-hl7v2", "MSH", "The first segment is not MSH.")
    lines = _lines(decoded.text, limits)
    delimiters = read_delimiters(lines[0], decoded.codec)
    issues = list(decoded.issues)
    if not lines[0].startswith(delimiters.encoding_characters, 4):
        text = "The escape character is written twice; it was read as one."
        issues.append(Issue("warning", "value", "escape-character-doubled", "MSH-2", text))
    rows = [line for line in lines if line]
    segments = _segments(rows, delimiters, limits)
    if not segments:
        rows = [rows[0], *_joined(lines, delimiters.field, issues)]
        segments = _segments(rows, delimiters, limits)
    return Message(segments, delimiters, decoded.declared, tuple(issues), rows if len(rows) <= _LONG else None)


def _lines(text: str, limits: Limits) -> list[str]:
    if "\n" in text:
        text = text.replace("\r\n", "\r").replace("\n", "\r")
    if len(text) > limits.segments and text.count("\r") >= limits.segments:
        raise RejectedError("too-many-segments", "", f"More than {limits.segments} segments.")
    return text.split("\r")


def _segments(rows: list[str], delimiters: Delimiters, limits: Limits) -> list[Segment]:
    """Return the segments of the rows, one each; none at all where a row does not begin one."""
    separator = delimiters.field
    most, most_characters = limits.fields + 1, limits.separators
    _refuse_separators("MSH", rows[0], delimiters, limits)
    header = rows[0].split(separator, most)
    header.insert(1, separator)
    told = rows[0][len(header[0]) + len(header[2]) + 1 :] if len(header) > 2 else ""
    segments = [Segment("MSH", header, delimiters, 1, delimiters.is_plain(told))]
    counts, longest = {"MSH": 1}, len(header)
    long, shared = len(rows) > _LONG, dict[str, str]()
    share = shared.setdefault
    for line in rows[1:]:
        fields = line.split(separator, most)
        if long:
            # Thousands of results repeat their types, units, times and flags: each text is kept once.
            fields = [share(field, field) if len(shared) < _SHARED else shared.get(field, field) for field in fields]
        name = fields[0]
        occurrence = counts.get(name, 0) + 1
        if occurrence == 1 and not _NAME.fullmatch(name):
            return []
        counts[name] = occurrence
        if len(line) > most_characters:
            _refuse_separators(name, line, delimiters, limits)
        if len(fields) > longest:
            longest = len(fields)
        segments.append(Segment(name, fields, delimiters, occurrence, delimiters.is_plain(line)))
    if counts["MSH"] > 1:
        raise RejectedError("several-messages", "MSH[2]", "The payload holds several messages; send them as a batch.")
    if len(segments) > len(counts):
        for segment in segments:
            if counts[segment.name] > 1:
                segment.label = f"{segment.name}[{segment.occurrence}]"
    if longest > limits.fields:
        label = next(segment.label for segment in segments if len(segment.fields) > limits.fields)
        raise RejectedError("too-many-fields", label, f"More than {limits.fields} fields in a segment.")
    return segments


def _refuse_separators(name: str, line: str, delimiters: Delimiters, limits: Limits) -> None:
    """Refuse a segment whose parts would take far more memory than its text."""
    if len(line) <= limits.separators:
        return
    for char in (delimiters.component, delimiters.subcomponent, delimiters.escape):
        if char and line.count(char) > limits.separators:
            text = f"More than {limits.separators} components or escapes in a segment."
            raise RejectedError("too-many-separators", name, text)


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
