"""
The outline of a segment: its separators in their order, and between which of them anything stands, but not what.

All that the account of a segment depends on beside its table: which fields, repetitions, components and
sub-components are filled, and which are `""`. The segments of a sender have few outlines, whoever they are about.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from shared.formats.hl7v2.message import Message

# The separators by their roles, and for each of them whether there is anything before it.
Outline = tuple[bytes, bytes]

# In the order of `Delimiters`; no field holds the end of a line.
_ROLES = b'|^~&"\r'
_TEXT, _FILLED, _END = b"x", b"y", b"|"
_AT_ONCE = 64
_LONGEST = 100_000


class _Tables(NamedTuple):
    """What each byte counts as: by its role, and by whether it is text; and the bytes that are text."""

    roles: bytes
    ends: bytes
    texts: bytes


def outlines(message: Message) -> Iterator[Outline | None]:
    """Yield the outline of each segment; None for one among very long ones, or where the separators are unusual."""
    rows, delimiters = message.rows, message.delimiters
    if rows is None:
        rows = [delimiters.field.join(segment.fields) for segment in message.segments]
    tables = _tables(delimiters.field, delimiters.component, delimiters.repetition, delimiters.subcomponent)
    end = f"{delimiters.field}\r"
    for first in range(0, len(rows), _AT_ONCE):
        some = rows[first : first + _AT_ONCE]
        text = end.join(some)
        if tables is None or len(text) > _LONGEST:
            yield from [None] * len(some)
        else:
            yield from _outlined(f"{text}{delimiters.field}".encode("utf-8", "surrogatepass"), tables)


def _outlined(sent: bytes, tables: _Tables) -> Iterator[Outline]:
    separators = sent.translate(tables.roles, tables.texts)
    filled = sent.translate(tables.ends).replace(_TEXT + _END, _FILLED + _END).translate(None, _TEXT)
    return zip(separators.split(b"\r"), filled.split(b"\r"), strict=True)


@lru_cache(maxsize=64)
def _tables(*separators: str) -> _Tables | None:
    """Return the tables; None where one separator is not declared, is `"` or is several bytes, being beyond ASCII."""
    signs = "".join((*separators, '"', "\r"))
    if not signs.isascii() or len(set(signs)) != len(_ROLES):
        return None
    roles, ends = bytearray(256), bytearray(_TEXT * 256)
    for sign, role in zip(signs.encode(), _ROLES, strict=True):
        roles[sign], ends[sign] = role, ord(_END)
    ends[ord("\r")] = ord("\r")
    return _Tables(bytes(roles), bytes(ends), bytes(byte for byte in range(256) if not roles[byte]))
