"""Whatever is sent is read or refused with a place: in linear time, in memory of a few times its size."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import RejectedError
from shared.formats.hl7v2.batch import read_batch
from shared.formats.hl7v2.conformance.report import check, check_payload
from shared.formats.hl7v2.envelope import read_envelope
from shared.formats.hl7v2.limits import Limits
from shared.formats.hl7v2.mllp import FrameReader
from shared.formats.hl7v2.parse import parse

HEADER = b"MSH|^~\\&|LIS|R|||20260301||ORU^R01^ORU_R01|1|P|2.5.1"
SMALL = Limits(segments=50, fields=20, separators=100, messages=20)


def read_all(payload: bytes, limits: Limits) -> None:
    """Read everything there is to read of a message."""
    message = parse(payload, limits=limits)
    for segment in message.segments:
        for number in range(1, len(segment.fields)):
            segment.text(number)
            for repetition in segment.repetitions(number):
                repetition.component(1)
                repetition.text()
                repetition.subcomponent(1, 2)
    check(message)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (HEADER + b"\rNTE|1||" + b"^" * 101, ("too-many-separators", "NTE")),
        (HEADER + b"\rNTE|1||" + b"&" * 101, ("too-many-separators", "NTE")),
        (HEADER + b"\rNTE|1||" + b"\\" * 101, ("too-many-separators", "NTE")),
        (HEADER + b"|" + b"^" * 101, ("too-many-separators", "MSH")),
        (HEADER + b"\rNTE|1||" + b"^" * 60 + b"\r x" + b"^" * 60, ("too-many-separators", "NTE")),
        (HEADER + b"\rNTE" + b"|" * 500, ("too-many-fields", "NTE")),
        (HEADER + b"\r" * 60 + b"NTE|1", ("too-many-segments", "")),
    ],
)
def test_what_would_grow_in_memory_is_refused_with_its_place(payload: bytes, expected: tuple[str, str]) -> None:
    with pytest.raises(RejectedError) as error:
        parse(payload, limits=SMALL)

    assert expected == (error.value.code, error.value.location)


@pytest.mark.parametrize("junk", [b"\x00" * 50, b"\x0b\x1c" * 20, b"\x07\x1b\x7f"])
def test_control_characters_do_not_reach_the_text(junk: bytes) -> None:
    message = parse(HEADER + b"\rNTE|1||a" + junk + b"b")

    assert {"a", "b"} >= set(message.segments[1].text(3)) - {"\x7f"}


@pytest.mark.parametrize(
    "payload",
    [
        b"\xff\xfe" + (HEADER.decode() + "\rNTE|1||").encode("utf-16-le") + b"\x00\xd8",
        HEADER + b"||||||UNICODE UTF-8\rNTE|1||\xed\xa0\x80",
    ],
    ids=["utf-16", "utf-8"],
)
def test_a_lone_surrogate_is_refused(payload: bytes) -> None:
    with pytest.raises(RejectedError, match="undecodable-bytes: MSH-18"):
        parse(payload)


def test_a_lone_surrogate_in_wide_characters_has_no_header_to_answer_to() -> None:
    with pytest.raises(RejectedError, match="undecodable-bytes"):
        read_envelope(b"\xff\xfe" + HEADER.decode().encode("utf-16-le") + b"\x00\xd8")


PIECES = st.sampled_from(
    [
        *(HEADER, HEADER.replace(b"|^~\\&|", b"#*@!%#"), b"\r", b"\n", b"|", b"^", b"~", b"&", b"\\", b'""', b"\x0b"),
        *(b"\x1c\r", b"FHS|^~\\&|", b"BHS|", b"BTS|1", b"FTS", b"PID|", b"OBX|1|NM|", b"ZZZ", b"\\X4\\", b"\\M2442\\"),
        *(
            b"\\C2D41\\",
            b"\\.sp99\\",
            b"\xff\xfe",
            b"\xef\xbb\xbf",
            b"\x1b$B",
            b"||||||ISO IR87",
            b"20260230",
            b"\x00",
        ),
    ]
)
PAYLOADS = st.lists(PIECES | st.binary(max_size=12), max_size=30).map(b"".join)


def fuzz(payload: bytes) -> None:
    with suppress(RejectedError):
        for item in read_batch(payload, SMALL).items:
            with suppress(RejectedError):
                read_all(item.payload, SMALL)
            with suppress(RejectedError):
                read_envelope(item.payload, limits=SMALL)
    with suppress(RejectedError):
        for _, issues in check_payload(payload, limits=SMALL):
            assert all(issue.code for issue in issues)
    reader = FrameReader(limit=1_000)
    with suppress(RejectedError):
        [*reader.feed(payload)]


@given(PAYLOADS)
def test_whatever_is_sent_is_read_or_refused(payload: bytes) -> None:
    fuzz(payload)


@pytest.mark.long
@settings(max_examples=5_000, deadline=None)
@given(PAYLOADS)
def test_whatever_is_sent_is_read_or_refused_at_length(payload: bytes) -> None:
    fuzz(payload)


# A process of its own, because its peak memory is what is asked for: prints what became of the message, seconds, MB.
PROBE = """
import resource, sys, time
from shared.errors import RejectedError
from shared.formats.hl7v2.conformance.report import check
from shared.formats.hl7v2.parse import parse
header = {header!r}
payload = header + {tail}
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began = time.process_time()
try:
    message = parse(payload)
    outcome = [len(segment.text(3)) for segment in message.segments[1:2]]
    check(message)
except RejectedError as error:
    outcome = error.code
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(outcome, time.process_time() - began, (after - before) // 1024, sep=";")
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("tail", "expected"),
    [
        ("b'\\rNTE|1||' + b'x' * 99_000_000", "[99000000]"),
        ("b'\\rNTE|1||' + b'\\\\T\\\\' * 30_000_000", "too-many-separators"),
        ("b'\\rNTE|1||' + b'^' * 99_000_000", "too-many-separators"),
        ("b'\\rNTE|1||' + b'|' * 99_000_000", "too-many-fields"),
        ("b'\\r' * 99_000_000", "[]"),
        ("b'\\rNTE|1||' + b'\\0' * 99_000_000", "[0]"),
        ("b'\\rPID|||' + b'x~' * 1_000_000", "too-many-repetitions"),
        ("b'\\rNTE|1||' + b'\\\\M2442\\\\' * 140_000", "[0]"),
    ],
)
def test_a_hundred_megabytes_are_read_or_refused_in_bounded_time_and_memory(tail: str, expected: str) -> None:
    probe = PROBE.format(header=HEADER, tail=tail)
    run = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, timeout=300)
    outcome, seconds, megabytes = run.stdout.strip().split(";")

    assert expected == outcome
    assert float(seconds) < 60
    assert int(megabytes) < 500
