"""
Files of any length, read in pieces: what `batch` reads whole, without ever holding more than one message.

A file is read twice: examined to its end, so that nothing is taken of one that was cut off, and then taken part by
part. The position behind each part is where a reader that was interrupted goes on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import NoReturn

from shared.errors import Issue, RejectedError
from shared.formats.hl7v2.batch import BYTE_ORDER_MARK, FRAME, MARK, Tally
from shared.formats.hl7v2.charset import wide_codec

_LOOKAHEAD = 4  # three letters and what must follow them
_KEPT = 4096  # of a header, or of a message that is too long
_PREAMBLE = 64
_BATCHES = 10_000
_ENDS = (b"\r", b"\n", b"\x1c", b"\x1a")
_WIDE = ("utf-16", "utf-32")


@dataclass(frozen=True, slots=True)
class Part:
    """
    A header, a trailer or a message; `end` is the position behind it in the file.

    `content` is None when it is longer than the limit: then `head` is all that was kept. `is_ended` tells whether a
    segment terminator closes it.
    """

    head: bytes
    content: bytes | None
    end: int
    is_ended: bool

    @property
    def is_message(self) -> bool:
        """Tell a message from a header or trailer."""
        return self.head.startswith(b"MSH")


@dataclass(frozen=True, slots=True)
class Examined:
    """What a file holds. `is_whole` tells whether its end is there; `issues` say what does not fit."""

    file_header: bytes
    batch_header: bytes
    is_whole: bool
    issues: tuple[Issue, ...]


def parts_of(pieces: Iterable[bytes], limit: int, position: int = 0) -> Iterator[Part]:
    """
    Yield the parts of a file whose bytes from `position` on come in `pieces`; `position` is 0 or the end of a part.

    RejectedError `not-hl7v2` when it begins with none, `file-encoding-unsupported` when it is UTF-16 or UTF-32.
    """
    cutter = _Cutter(limit, position)
    for piece in chain(pieces, (b"",)):
        yield from cutter.feed(piece, at_end=not piece)


def examine(parts: Iterable[Part]) -> Examined:
    """Return what the parts amount to. RejectedError `too-many-messages` for more batches than anybody sends."""
    tally, headers = Tally(), {b"FHS": b"", b"BHS": b""}
    last: Part | None = None
    for last in parts:
        line = last.head.split(b"\r", 1)[0].split(b"\n", 1)[0]
        tally.take(line)
        if not headers.get(line[:3], b"-"):
            headers[line[:3]] = line
        if len(tally.headers["BHS"]) > _BATCHES:
            raise RejectedError("too-many-messages", "BHS", f"More than {_BATCHES} batches.")
    tally.close()
    cut = any(issue.code == "batch-trailer-missing" for issue in tally.issues)
    trailed = bool(tally.trailers["BTS"] or tally.trailers["FTS"])
    whole = not cut and last is not None and (trailed or last.is_ended)
    return Examined(headers[b"FHS"], headers[b"BHS"], whole, tuple(tally.issues))


class _Cutter:
    """Cuts at the marks. `_buffer` begins with the part in hand, of which `_lost` bytes are given up already."""

    def __init__(self, limit: int, position: int) -> None:
        self._limit = limit
        self._origin = position
        self._buffer = b""
        self._scanned = 0
        self._begun = False
        self._head = b""

    def feed(self, piece: bytes, *, at_end: bool) -> Iterator[Part]:
        """Yield the parts that end within what has come so far; at the end, the last one."""
        self._buffer += piece
        if not self._begun and not self._begin(at_end=at_end):
            return
        buffer, start = self._buffer, 0
        for match in MARK.finditer(buffer, self._scanned):
            mark = match.start()
            if not at_end and mark > len(buffer) - _LOOKAHEAD:
                break
            yield self._part(buffer[start:mark], self._origin + mark)
            start, self._head = mark, b""
        if at_end:
            yield self._part(buffer[start:], self._origin + len(buffer))
        else:
            self._keep_from(start)

    def _begin(self, *, at_end: bool) -> bool:
        """Leave out what may stand before the first part, once enough has come to tell."""
        if len(self._buffer) < _PREAMBLE and not at_end:
            return False
        body = self._buffer.lstrip(FRAME).removeprefix(BYTE_ORDER_MARK).lstrip(FRAME)
        if not MARK.match(body):
            _refuse(self._buffer)
        self._origin += len(self._buffer) - len(body)
        self._buffer, self._scanned, self._begun = body, 1, True
        return True

    def _part(self, raw: bytes, end: int) -> Part:
        ended = raw.rstrip(b"\t \x0b").endswith(_ENDS)
        if self._head or len(raw) > self._limit:
            return Part(self._head or raw[:_KEPT], None, end, ended)
        content = raw.rstrip(FRAME)
        return Part(content[:_KEPT], content, end, ended)

    def _keep_from(self, start: int) -> None:
        rest = self._buffer[start:]
        if self._head or len(rest) > self._limit:
            self._head = self._head or rest[:_KEPT]
            start += len(rest) - _LOOKAHEAD
            rest = rest[-_LOOKAHEAD:]
        self._origin += start
        self._buffer = rest
        self._scanned = max(1, len(rest) - _LOOKAHEAD + 1)


def _refuse(buffer: bytes) -> NoReturn:
    if wide_codec(buffer).startswith(_WIDE):
        raise RejectedError("file-encoding-unsupported", "", "Files are taken in one-byte encodings and UTF-8.")
    raise RejectedError("not-hl7v2", "", "The file does not begin with FHS, BHS or MSH.")
