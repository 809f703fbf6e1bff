"""
Files and batches, item by item (chapter 2, batch protocol).

    [FHS] { [BHS] { message } [BTS] } [FTS]      BTS-1 counts the messages of its batch, FTS-1 the batches of the file

Messages one after another without any header are a batch as well. No item's fault touches another: an item is bytes,
read by whoever takes it. Counts that do not fit are reported, since a message may have been lost on the way; so is a
file of headers alone, unless a trailer counts 0: a night without results.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import islice

from shared.errors import Issue, RejectedError
from shared.formats.hl7v2.charset import wide_codec
from shared.formats.hl7v2.delimiters import read_delimiters
from shared.formats.hl7v2.limits import DEFAULT_LIMITS, Limits
from shared.formats.hl7v2.message import Segment

_BATCH = (b"FHS", b"BHS")
_TRAILER = re.compile(rb"[\r\n][BF]TS(?![A-Za-z0-9])")
# A count, a comment of 80 characters, totals.
_LONGEST_TRAILER = 256
_WIDE = ("utf-16", "utf-32")
FRAME = b"\x0b\x1c\x1a\r\n\t "
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# The name first, and what stands before it afterwards: the other way round takes six times as long.
MARK = re.compile(
    rb"(?:MSH|FHS|BHS|BTS|FTS)(?:(?<=\A...)|(?<=[\r\n\x0b\x1c]...))"
    rb"(?:(?<=SH|HS)(?=[^A-Za-z0-9\s])|(?<=TS)(?=[^A-Za-z0-9]|\Z))"
)


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One message of a file: its number from 1 on, its bytes, and the number of its batch (0: it is in none)."""

    number: int
    payload: bytes
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """What a file holds. `file` is FHS, `batches` are the BHS; what the trailers say otherwise is in `issues`."""

    items: tuple[BatchItem, ...]
    file: Segment | None = None
    batches: tuple[Segment, ...] = ()
    issues: tuple[Issue, ...] = ()


@dataclass(slots=True)
class Tally:
    """
    What headers and trailers say, compared with what is there: `take` each message, header and trailer in its order.

    `count` is the number of messages so far, `batch` that of the batch they are in; `close` looks for what is missing.
    `says_none` when a trailer counts 0 of what it closes.
    """

    headers: dict[str, list[Segment]] = field(default_factory=lambda: {"FHS": [], "BHS": []})
    issues: list[Issue] = field(default_factory=list)
    trailers: dict[str, int] = field(default_factory=lambda: {"BTS": 0, "FTS": 0})
    separator: str = "|"
    batch: int = 0
    messages: int = 0
    count: int = 0
    says_none: bool = False

    def take(self, part: bytes) -> bool:
        """Take note of a part, by its first line; True when it is a message."""
        name = part[:3].decode("ascii")
        if name == "MSH":
            self.messages += 1
            self.count += 1
            return True
        if name in self.headers:
            _take_header(self, name, part)
        else:
            _take_trailer(self, name, part)
        return False

    def close(self) -> None:
        """Report headers that have no trailer, and a file that is empty without saying so."""
        _compare_headers(self)
        if not self.count and not self.says_none:
            text = "It holds no message, and no trailer counts 0."
            self.issues.append(Issue("error", "structure", "file-empty", "", text))


def is_batch(payload: bytes) -> bool:
    """Tell whether the payload opens with a file or batch header."""
    return payload.lstrip(b"\x0b\xef\xbb\xbf\r\n\t ").startswith(_BATCH)


def _is_alone(payload: bytes) -> bool:
    """Tell the usual case cheaply: one message, and nothing of a batch before or behind it."""
    if payload[:3] != b"MSH":
        return False
    if payload.find(b"MSH", 3) >= 0 and (b"\rMSH" in payload or b"\nMSH" in payload):
        return False
    end = payload[-_LONGEST_TRAILER:]
    return not (b"TS" in end and _TRAILER.search(end))


def split_batch(payload: bytes, limits: Limits = DEFAULT_LIMITS) -> list[bytes]:
    """Return the messages of a file or batch (FHS, BHS, or simply one after another); one message alone as it is."""
    return [payload] if _is_alone(payload) else [item.payload for item in read_batch(payload, limits).items]


def read_batch(payload: bytes, limits: Limits = DEFAULT_LIMITS) -> Batch:
    """
    Return the messages of a file with the facts of its headers; one message alone as the payload itself.

    What is no batch either is one item: its reader refuses it. A file of headers alone has none.
    RejectedError `too-many-messages`. Nothing is decoded but the headers: an item that cannot be read is its reader's.
    """
    if _is_alone(payload):
        return Batch((BatchItem(1, payload),))
    codec = wide_codec(payload)
    return _read_wide(payload, codec, limits) if codec.startswith(_WIDE) else _read(payload, limits)


def _read(payload: bytes, limits: Limits) -> Batch:
    body = payload.strip(FRAME).removeprefix(BYTE_ORDER_MARK)
    marks = [match.start() for match in islice(MARK.finditer(body), limits.messages + 1)]
    if len(marks) > limits.messages:
        raise RejectedError("too-many-messages", "", f"More than {limits.messages} messages, headers and trailers.")
    has_header = bool(marks) and body.startswith(_BATCH, marks[0])
    if not has_header and (len(marks) == 1 or not any(body.startswith(b"MSH", mark) for mark in marks)):
        return Batch((BatchItem(1, payload),))
    tally, items = Tally(), list[BatchItem]()
    for start, end in zip(marks, [*marks[1:], len(body)], strict=True):
        part = body[start:end].rstrip(b"\r\n\x0b\x1c")
        if tally.take(part):
            items.append(BatchItem(tally.count, part, tally.batch))
    tally.close()
    files = tally.headers["FHS"]
    return Batch(tuple(items), files[0] if files else None, tuple(tally.headers["BHS"]), tuple(tally.issues))


def _read_wide(payload: bytes, codec: str, limits: Limits) -> Batch:
    """Read a file in UTF-16 or UTF-32: each item keeps the encoding, with a byte order mark of its own."""
    try:
        text = payload.decode(codec)
    except UnicodeDecodeError:
        return Batch((BatchItem(1, payload),))
    batch = _read(text.lstrip("\ufeff\x0b\r\n").encode(), limits)
    if len(batch.items) == 1 and not batch.batches and batch.file is None:
        return Batch((BatchItem(1, payload),))
    marked = "utf-32" if codec.startswith("utf-32") else "utf-16"
    items = (BatchItem(item.number, item.payload.decode().encode(marked), item.batch) for item in batch.items)
    return Batch(tuple(items), batch.file, batch.batches, batch.issues)


def _take_header(tally: Tally, name: str, part: bytes) -> None:
    line = re.split(rb"[\r\n]", part, maxsplit=1)[0].decode("utf-8", "replace")
    number = len(tally.headers[name]) + 1
    if name == "BHS":
        tally.batch, tally.messages = number, 0
    try:
        delimiters = read_delimiters(line)
    except RejectedError as error:
        tally.issues.append(Issue("warning", "structure", error.code, error.location, error.text))
        return
    tally.separator = delimiters.field
    fields = line.split(delimiters.field)
    fields.insert(1, delimiters.field)
    tally.headers[name].append(Segment(name, fields, delimiters, number))


def _take_trailer(tally: Tally, name: str, part: bytes) -> None:
    tally.trailers[name] += 1
    label = f"{name}[{tally.trailers[name]}]" if tally.trailers[name] > 1 else name
    fields = re.split(rb"[\r\n]", part, maxsplit=1)[0].decode("ascii", "replace").split(tally.separator)
    stated = fields[1].strip() if len(fields) > 1 else ""
    counted = tally.messages
    if name == "FTS":
        # A file without batch headers is one batch; without messages either, it may count none.
        counted = max(len(tally.headers["BHS"]), tally.trailers["BTS"]) or (1 if tally.count or stated != "0" else 0)
    what = "messages" if name == "BTS" else "batches"
    if name == "BTS":
        tally.batch = tally.messages = 0
    if not stated:
        return
    if not (stated.isascii() and stated.isdigit()):
        tally.issues.append(Issue("warning", "value", "batch-count-invalid", f"{label}-1", "The count is no number."))
    elif int(stated[:9]) != counted:
        text = f"The trailer counts other {what} than the {counted} that are there."
        tally.issues.append(Issue("error", "value", "batch-count-differs", f"{label}-1", text))
    elif not counted:
        tally.says_none = True


def _compare_headers(tally: Tally) -> None:
    for header, trailer in (("FHS", "FTS"), ("BHS", "BTS")):
        headers, trailers = len(tally.headers[header]), tally.trailers[trailer]
        if trailers < headers:
            text = f"{headers} {header} but {trailers} {trailer}: the file may have been cut off."
            tally.issues.append(Issue("warning", "structure", "batch-trailer-missing", trailer, text))
