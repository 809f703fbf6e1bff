"""A file that is read in pieces holds what the same file holds when it is read whole, however it is cut."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RejectedError
from shared.formats.hl7v2.batch import read_batch
from shared.formats.hl7v2.batch_stream import Part, examine, parts_of

HEAD = b"FHS|^~\\&|LAB|NORTH\rBHS|^~\\&|LAB|NORTH\r"
MESSAGE = b"MSH|^~\\&|LAB|NORTH|C|H|20260314||ORU^R01|1|P|2.5.1\rPID|1||T-1\rNTE|1||MSH is a word here\r"
FAR = 10_000

SEGMENTS = st.lists(
    st.sampled_from([b"MSH|^~\\&|A", b"PID|1||T-1", b"BTS|1", b"NTE|1||xMSH|y", b"BHS|^~\\&|A", b"FTS", b"MSHX", b""]),
    max_size=12,
)
ENDS = st.sampled_from([b"\r", b"\n", b"\r\n"])


def cut(content: bytes, size: int) -> Iterator[bytes]:
    return (content[at : at + size] for at in range(0, len(content), size))


def messages(parts: list[Part]) -> list[bytes | None]:
    return [part.content for part in parts if part.is_message]


@given(SEGMENTS, ENDS, st.integers(1, 40))
def test_pieces_of_any_size_give_the_messages_of_the_whole(segments: list[bytes], end: bytes, size: int) -> None:
    content = end.join([b"FHS|^~\\&|A", *segments, b""])

    streamed = messages(list(parts_of(cut(content, size), FAR)))
    assert [item.payload for item in read_batch(content).items if item.payload != content] == streamed


@given(SEGMENTS, st.integers(1, 40))
def test_a_reader_goes_on_behind_any_part(segments: list[bytes], size: int) -> None:
    content = b"\r".join([b"FHS|^~\\&|A", *segments, b""])
    parts = list(parts_of(cut(content, size), FAR))

    assert len(content) == parts[-1].end
    for number, part in enumerate(parts[:-1], start=1):
        assert parts[number:] == list(parts_of(cut(content[part.end :], size), FAR, part.end))


def test_a_message_beyond_the_limit_is_passed_over_and_its_neighbours_are_not() -> None:
    long = MESSAGE + b"OBX|1|ED|||" + b"x" * 5000 + b"\r"

    for size in (7, 100, 100_000):
        parts = list(parts_of(cut(HEAD + MESSAGE + long + MESSAGE, size), 1000))
        assert [MESSAGE.rstrip(), None, MESSAGE.rstrip()] == messages(parts)
        assert parts[3].head.startswith(b"MSH|^~\\&|LAB")


def test_blanks_and_a_byte_order_mark_may_stand_before_the_first_part() -> None:
    (part,) = parts_of([b"\xef\xbb\xbf\r\n" + MESSAGE], FAR)

    assert MESSAGE.rstrip() == part.content


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not-hl7v2"),
        (b"%PDF-1.7" + b" " * 100, "not-hl7v2"),
        (b"first a line\rMSH|^~\\&|A", "not-hl7v2"),
        (MESSAGE.decode().encode("utf-16"), "file-encoding-unsupported"),
    ],
    ids=["nothing", "pdf", "text", "utf-16"],
)
def test_what_begins_with_no_part_is_refused(content: bytes, code: str) -> None:
    with pytest.raises(RejectedError, match=code):
        list(parts_of([content] if content else [], FAR))


@pytest.mark.parametrize(
    ("content", "whole", "codes"),
    [
        (HEAD + MESSAGE + b"BTS|1\rFTS|1\r", True, []),
        (HEAD + MESSAGE + b"BTS|1\rFTS|1", True, []),
        (HEAD + MESSAGE + b"BTS|2\rFTS|1\r", True, ["batch-count-differs"]),
        (HEAD + MESSAGE + b"BTS|1\r", False, ["batch-trailer-missing"]),
        (HEAD + MESSAGE, False, ["batch-trailer-missing", "batch-trailer-missing"]),
        (MESSAGE + MESSAGE, True, []),
        (MESSAGE + MESSAGE[:-5], False, []),
    ],
    ids=["whole", "no-last-cr", "counts-differ", "no-fts", "no-trailers", "bare", "bare-cut"],
)
def test_a_file_says_by_its_end_whether_it_is_whole(content: bytes, whole: bool, codes: list[str]) -> None:
    found = examine(parts_of([content], FAR))

    assert (whole, codes) == (found.is_whole, [issue.code for issue in found.issues])


def test_the_first_headers_are_kept_for_the_answer() -> None:
    found = examine(parts_of([HEAD + MESSAGE + b"BTS|1\r" + HEAD[19:] + b"BTS|0\rFTS|2\r"], FAR))

    assert (b"FHS|^~\\&|LAB|NORTH", b"BHS|^~\\&|LAB|NORTH") == (found.file_header, found.batch_header)


def test_more_batches_than_anybody_sends_are_refused() -> None:
    with pytest.raises(RejectedError, match="too-many-messages"):
        examine(parts_of([b"FHS|^~\\&\r" + b"BHS|^~\\&\r" * 10_001], FAR))
