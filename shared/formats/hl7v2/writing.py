"""
Outgoing segments -> the bytes of a message (ER7, chapter 2): delimiters, escapes, character set.

A component is text or a list of sub-components; whatever in a text is a delimiter, a line break or a truncation
character is escaped. A character that the receiver's character set lacks is written as `?` and reported: HL7 has no
escape that every receiver reads. Text that reads `""` is escaped, since that means "delete".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from shared.errors import Issue, RejectedError
from shared.formats.hl7v2.delimiters import Delimiters
from shared.formats.hl7v2.message import NULL

Component = str | list[str]
Composite = list[Component]

USUAL_DELIMITERS = Delimiters()
TERMINATOR = b"\r"
_CODECS = {
    "ASCII": "ascii",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "BIG-5": "big5",
    **{f"8859/{part}": f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15)},
}
CHARSETS = tuple(_CODECS)
"""The character sets of table 0211 that messages are written in."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(slots=True)
class OutgoingSegment:
    """A segment to be written: its name, and the repetitions of each field by number; empty fields may be absent."""

    name: str
    fields: dict[int, list[Composite]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WrittenMessage:
    """The bytes of a message and what could not be written as it was."""

    payload: bytes
    issues: tuple[Issue, ...] = ()


def write_message(
    segments: Sequence[OutgoingSegment], *, delimiters: Delimiters = USUAL_DELIMITERS, charset: str = ""
) -> WrittenMessage:
    """
    Return the message; `charset` is a name of table 0211, "" for ASCII with UTF-8 where ASCII does not do.

    MSH-1, MSH-2 and MSH-18 are written here. RejectedError `unsupported-character-set` for one that is not written.
    """
    codec = _CODECS.get(charset or "ASCII")
    if codec is None:
        raise RejectedError("unsupported-character-set", "MSH-18", "Messages are not written in this character set.")
    lines = list(_lines(segments, delimiters))
    if not charset and not all(line.isascii() for _, line in lines):
        charset, codec = "UNICODE UTF-8", "utf-8"
    if charset:
        header = OutgoingSegment("MSH", {**segments[0].fields, 18: [[charset]]})
        lines[0] = next(_lines([header], delimiters))
    issues: list[Issue] = []
    written = [_encoded(label, line, codec, issues) for label, line in lines]
    return WrittenMessage(b"".join(line + TERMINATOR for line in written), tuple(issues))


def _lines(segments: Sequence[OutgoingSegment], delimiters: Delimiters) -> Iterator[tuple[str, str]]:
    """Yield label and text of every segment."""
    seen: dict[str, int] = {}
    for segment in segments:
        seen[segment.name] = seen.get(segment.name, 0) + 1
        label = segment.name if seen[segment.name] == 1 else f"{segment.name}[{seen[segment.name]}]"
        last = max((number for number, value in segment.fields.items() if value), default=0)
        first = 3 if segment.name == "MSH" else 1
        texts = [_field(segment.fields.get(number, []), delimiters) for number in range(first, last + 1)]
        head = segment.name
        if segment.name == "MSH":
            head += delimiters.field + delimiters.encoding_characters
        yield label, delimiters.field.join([head, *texts]).rstrip(delimiters.field)


def _field(repetitions: list[Composite], delimiters: Delimiters) -> str:
    separator = delimiters.repetition
    texts = [_repetition(one, delimiters) for one in (repetitions if separator else repetitions[:1])]
    return separator.join(texts)


def _repetition(composite: Composite, delimiters: Delimiters) -> str:
    parts = [_component(part, delimiters) for part in composite]
    return delimiters.component.join(parts).rstrip(delimiters.component)


def _component(part: Component, delimiters: Delimiters) -> str:
    if isinstance(part, str):
        return _text(part, delimiters)
    texts = [_text(text, delimiters) for text in part]
    return delimiters.subcomponent.join(texts).rstrip(delimiters.subcomponent)


def _text(text: str, delimiters: Delimiters) -> str:
    text = _CONTROL.sub("", text)
    if text == NULL and delimiters.escape:
        return f"{delimiters.escape}X2222{delimiters.escape}"
    return delimiters.escaped(text)


def _encoded(label: str, line: str, codec: str, issues: list[Issue]) -> bytes:
    try:
        return line.encode(codec)
    except UnicodeEncodeError:
        text = "A character that the receiver's character set lacks is written as ?."
        issues.append(Issue("warning", "value", "character-not-representable", label, text))
        return line.encode(codec, "replace")
