from __future__ import annotations

import pytest

from shared.errors import RejectedError
from shared.formats.hl7v2.batch import read_batch, split_batch
from shared.formats.hl7v2.limits import Limits
from shared.formats.hl7v2.parse import parse

HEADER = "MSH|^~\\&|LIS|RIVERSIDE|CORRIDOR|NORTHGATE|20260301||ORU^R01^ORU_R01|{}|P|2.5.1"
FHS, BHS = "FHS|^~\\&|LIS|RIVERSIDE|||20260301||DAY.HL7||F-1", "BHS|^~\\&|LIS|||||||{}"


def message(control_id: str) -> str:
    return f"{HEADER.format(control_id)}\rPID|1||100"


def file(*lines: str) -> bytes:
    return "\r".join((*lines, "")).encode()


def found(payload: bytes) -> list[tuple[str, str]]:
    return [(issue.code, issue.location) for issue in read_batch(payload).issues]


def test_a_file_gives_its_messages_with_number_and_batch() -> None:
    batch = read_batch(
        file(
            FHS,
            BHS.format("B-1"),
            message("A"),
            message("B"),
            "BTS|2",
            BHS.format("B-2"),
            message("C"),
            "BTS|1",
            "FTS|2",
        )
    )

    assert [(1, "A", 1), (2, "B", 1), (3, "C", 2)] == [
        (item.number, parse(item.payload).control_id, item.batch) for item in batch.items
    ]
    assert batch.file is not None
    assert ("F-1", ["B-1", "B-2"], ()) == (
        batch.file.text(11),
        [header.text(10) for header in batch.batches],
        batch.issues,
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ((BHS, message("A"), "BTS|2"), [("batch-count-differs", "BTS-1")]),
        ((BHS, message("A"), "BTS|many"), [("batch-count-invalid", "BTS-1")]),
        ((BHS, message("A"), "BTS"), []),
        ((BHS, message("A")), [("batch-trailer-missing", "BTS")]),
        ((FHS, BHS, message("A"), "BTS|1"), [("batch-trailer-missing", "FTS")]),
        ((FHS, BHS, message("A"), "BTS|1", "FTS|3"), [("batch-count-differs", "FTS-1")]),
        ((FHS, message("A"), "FTS|1"), []),
        ((message("A"), "BTS|2"), [("batch-count-differs", "BTS-1")]),
        ((message("A"), "FTS|2"), [("batch-count-differs", "FTS-1")]),
        ((message("A"), "BTS|1"), []),
        ((BHS, message("A"), "BTS|1", BHS, message("B"), "BTS|0"), [("batch-count-differs", "BTS[2]-1")]),
        (("BHS|^^", message("A"), "BTS|1"), [("delimiters-invalid", "BHS-2")]),
    ],
)
def test_what_headers_and_trailers_say_is_compared_with_what_is_there(
    lines: tuple[str, ...], expected: list[tuple[str, str]]
) -> None:
    assert expected == found(file(*lines))


def test_a_trailer_is_read_with_the_separator_of_its_header() -> None:
    assert [] == found(file("BHS#*@!%", message("A"), "BTS#1#a|b"))


def test_a_bad_item_touches_no_other() -> None:
    bad = message("B").replace("|^~\\&|", "|^^|")
    readable = []
    for item in read_batch(file(BHS, message("A"), bad, message("C"), "BTS|3")).items:
        try:
            readable.append(parse(item.payload).control_id)
        except RejectedError as error:
            readable.append(error.code)

    assert ["A", "delimiters-invalid", "C"] == readable


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
def test_a_file_in_wide_characters_is_split_too(encoding: str) -> None:
    payload = file(BHS, message("Ł-1"), message("Ł-2"), "BTS|2").decode().encode(encoding)

    assert ["Ł-1", "Ł-2"] == [parse(item).control_id for item in split_batch(payload)]
    alone = message("Ł").encode(encoding)
    assert [alone] == split_batch(alone)
    assert [b"\xff\xfe\x00\xd8"] == split_batch(b"\xff\xfe\x00\xd8")


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b"\r\xef\xbb\xbf", b"\x0b\xef\xbb\xbf"])
def test_a_byte_order_mark_of_utf_8_is_not_part_of_the_first_message(start: bytes) -> None:
    payload = start + file(message("A"), message("B"))

    assert ["A", "B"] == [parse(item).control_id for item in split_batch(payload)]
    assert [start] == split_batch(start)


def test_more_messages_than_the_limit_are_refused() -> None:
    with pytest.raises(RejectedError, match="too-many-messages"):
        read_batch(file(BHS, *(message(str(number)) for number in range(20))), Limits(messages=10))


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ((BHS, "BTS|0"), []),
        ((FHS, BHS, "BTS|0", "FTS|1"), []),
        ((FHS, "FTS|0"), []),
        ((FHS, "FTS|1"), ["file-empty"]),
        ((BHS, "BTS"), ["file-empty"]),
        ((BHS, "BTS|3"), ["batch-count-differs", "file-empty"]),
        ((BHS,), ["batch-trailer-missing", "file-empty"]),
    ],
    ids=["no-messages", "no-messages-in-a-file", "no-batches", "one-batch", "uncounted", "lost", "cut-off"],
)
def test_a_batch_of_none_is_one_that_counts_none(lines: tuple[str, ...], codes: list[str]) -> None:
    batch = read_batch(file(*lines))

    assert ((), codes) == (batch.items, [issue.code for issue in batch.issues])


def test_trailers_alone_are_no_batch() -> None:
    payload = file("BTS|0")

    assert [payload] == split_batch(payload)
