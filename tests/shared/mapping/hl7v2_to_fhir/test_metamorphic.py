"""Truths that need no expected output: how a message is written must not change what it says."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.conversion import convert
from shared.formats.fhir.encoding import serialize
from shared.formats.hl7v2.delimiters import Delimiters
from shared.formats.hl7v2.parse import parse, split_batch

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*/*.hl7"))
RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
OTHER = Delimiters("#", "*", "@", "!", "%")
BOM = b"\xef\xbb\xbf"
CORPUS = Path(os.environ.get("CORRIDOR_CORPUS") or Path(__file__).parents[5] / "shared" / "corpus")


def bundle(payload: bytes) -> bytes:
    (conversion,) = convert(payload, source="hl7v2", received=RECEIVED)
    return serialize(conversion.bundle)


def written_with(payload: bytes, delimiters: Delimiters) -> bytes:
    """Write the message anew from what was read of it, piece by piece."""
    message = parse(payload)
    lines = []
    for segment in message.segments:
        first = 3 if segment.name == "MSH" else 1
        fields = [
            delimiters.repetition.join(
                delimiters.component.join(
                    delimiters.subcomponent.join(_piece(piece, message.delimiters, delimiters) for piece in pieces)
                    for pieces in (message.delimiters.split(part, message.delimiters.subcomponent) for part in parts)
                )
                for parts in (
                    message.delimiters.split(one, message.delimiters.component)
                    for one in message.delimiters.split(raw, message.delimiters.repetition)
                )
            )
            for raw in segment.fields[first:]
        ]
        head = [segment.name, delimiters.encoding_characters] if first == 3 else [segment.name]
        lines.append(delimiters.field.join((*head, *fields)))
    return "\r".join(lines).encode(message.delimiters.codec)


def _piece(raw: str, before: Delimiters, after: Delimiters) -> str:
    return raw if raw == '""' else after.escaped(before.unescape(raw))


def with_line_ends(end: bytes) -> Callable[[bytes], bytes]:
    return lambda payload: payload.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", end)


def with_charset(payload: bytes) -> bytes:
    text = parse(payload)
    lines = payload.decode(text.delimiters.codec).replace("\r\n", "\r").replace("\n", "\r").split("\r")
    fields = lines[0].split(text.delimiters.field)
    fields += [""] * (18 - len(fields))
    fields[17] = "UNICODE UTF-16"
    return "\r".join((text.delimiters.field.join(fields), *lines[1:])).encode("utf-16")


def with_z_segments(payload: bytes) -> bytes:
    """A Z-segment after each segment: a line that does not open with a segment's name goes on with the one before."""
    added = b"\rZZZ" + payload.removeprefix(BOM)[3:4] + b"extra\r"
    return re.sub(rb"[\r\n]+(?=[A-Z][A-Z0-9]{2}[^A-Z0-9 ])", added, payload.rstrip()) + added


REWRITINGS: dict[str, Callable[[bytes], bytes]] = {
    "other delimiters": lambda payload: written_with(payload, OTHER),
    "cr": with_line_ends(b"\r"),
    "lf": with_line_ends(b"\n"),
    "crlf": with_line_ends(b"\r\n"),
    "in a file and batch": lambda payload: (
        b"FHS|^~\\&|\rBHS|^~\\&|\r" + payload.removeprefix(BOM) + b"\rBTS|1\rFTS|1\r"
    ),
    "in an mllp frame": lambda payload: b"\x0b" + payload + b"\x1c\r",
    "in utf-16": with_charset,
    "with Z-segments more": with_z_segments,
}


@pytest.mark.unmeasured
@pytest.mark.parametrize("rewriting", REWRITINGS)
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_another_way_to_write_it_says_the_same(example: Path, rewriting: str) -> None:
    payload = example.read_bytes()
    if rewriting == "other delimiters":
        # The text itself holds what the escapes stand for, so both are written anew.
        payload = written_with(payload, Delimiters())

    assert bundle(payload) == bundle(REWRITINGS[rewriting](payload))


def corpus_messages() -> Iterator[tuple[str, bytes]]:
    for file in sorted(CORPUS.rglob("*.hl7")):
        for number, payload in enumerate(split_batch(file.read_bytes())):
            yield f"{file.relative_to(CORPUS)}:{number}", payload


@pytest.mark.unmeasured
@pytest.mark.skipif(not CORPUS.is_dir(), reason="third-party corpus not present, set CORRIDOR_CORPUS to its folder")
@pytest.mark.parametrize("rewriting", REWRITINGS)
def test_another_way_to_write_a_third_partys_message_says_the_same(rewriting: str) -> None:
    different = []
    for name, payload in corpus_messages():
        written = payload
        if rewriting == "other delimiters":
            written = written_with(payload, Delimiters())
        elif rewriting in ("in utf-16", "with Z-segments more"):
            # What says how it is encoded goes; what the rewriting adds must be all that differs.
            written = written_with(payload, parse(payload).delimiters)
        if bundle(written) != bundle(REWRITINGS[rewriting](written)):
            different.append(name)

    assert [] == different


def test_every_message_of_a_batch_is_converted_in_its_order() -> None:
    payload = b"".join(example.read_bytes().rstrip() + b"\n" for example in EXAMPLES[1:4])
    conversions = list(convert(payload, source="hl7v2", received=RECEIVED))

    assert [1, 2, 3] == [conversion.item for conversion in conversions]
    assert [bundle(example.read_bytes()) for example in EXAMPLES[1:4]] == [
        serialize(conversion.bundle) for conversion in conversions
    ]
