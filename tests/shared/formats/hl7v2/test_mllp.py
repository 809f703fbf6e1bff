from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RejectedError
from shared.formats.hl7v2.mllp import FrameReader, frame

MESSAGE = b"MSH|^~\\&|LIS\rPID|1\r"


def codes(reader: FrameReader) -> list[str]:
    return [issue.code for issue in reader.finish()]


@given(
    st.lists(st.binary(max_size=30).filter(lambda body: b"\x0b" not in body and b"\x1c" not in body), max_size=6),
    st.lists(st.integers(1, 20), min_size=1),
)
def test_what_is_framed_is_read_back_whatever_the_chunks(messages: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(frame(message) for message in messages)
    reader, found, position = FrameReader(), [], 0
    for number in range(len(stream) + 1):
        size = sizes[number % len(sizes)]
        found += reader.feed(stream[position : position + size])
        position += size

    assert messages == found
    assert [] == codes(reader)


def test_junk_between_frames_is_dropped_and_reported() -> None:
    reader = FrameReader()

    assert [MESSAGE, MESSAGE] == [*reader.feed(b"junk" + frame(MESSAGE) + b"\r\n" + b"more" + frame(MESSAGE))]
    assert ["frame-junk", "frame-junk"] == codes(reader)


def test_line_breaks_between_frames_are_nothing_to_report() -> None:
    reader = FrameReader()

    assert [MESSAGE, MESSAGE] == [*reader.feed(frame(MESSAGE) + b"\r\n" + frame(MESSAGE) + b"\n")]
    assert [] == codes(reader)


def test_a_message_that_was_cut_off_by_the_next_is_reported() -> None:
    reader = FrameReader()

    assert [MESSAGE] == [*reader.feed(b"\x0bMSH|half" + frame(MESSAGE))]
    assert ["frame-junk"] == codes(reader)


def test_a_message_that_the_connection_cut_off_is_reported() -> None:
    reader = FrameReader()

    assert [] == [*reader.feed(frame(MESSAGE)[:-1])]
    assert ["frame-unfinished"] == codes(reader)


@pytest.mark.parametrize("chunk", [b"\x0b" + b"x" * 200, frame(b"x" * 200)])
def test_a_frame_beyond_the_limit_is_refused(chunk: bytes) -> None:
    reader = FrameReader(limit=100)

    with pytest.raises(RejectedError, match="frame-too-large: MLLP"):
        [*reader.feed(chunk)]


def test_the_messages_before_a_frame_that_is_refused_are_given_out() -> None:
    frames = FrameReader(limit=100).feed(frame(MESSAGE) + b"\x0b" + b"x" * 200)

    assert MESSAGE == next(frames)
    with pytest.raises(RejectedError, match="frame-too-large"):
        next(frames)


@pytest.mark.parametrize("payload", [b"a\x1c\rb", b"\x0bMSH"])
def test_a_payload_that_holds_a_frame_is_not_framed(payload: bytes) -> None:
    with pytest.raises(RejectedError, match="frame-end-in-payload: MLLP"):
        frame(payload)


def test_reports_about_a_hostile_connection_are_limited() -> None:
    reader = FrameReader()
    for _ in range(500):
        [*reader.feed(b"x" + frame(MESSAGE))]

    assert 50 == len(reader.finish())
