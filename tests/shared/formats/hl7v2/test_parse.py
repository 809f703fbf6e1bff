from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import RejectedError
from shared.formats.hl7v2.parse import DEFAULT_LIMITS, Limits, is_batch, parse, split_batch

HEADER = "MSH|^~\\&|LIS|RIVERSIDE|CORRIDOR|NORTHGATE|20260301||ORU^R01^ORU_R01|RIV-1|P|2.5.1"
PID = "PID|1||100^^^H&1.2.3&ISO^MR~200^^^S^SS||Doe^Dora"


def refusal(payload: bytes, limits: Limits = DEFAULT_LIMITS) -> tuple[str, str]:
    with pytest.raises(RejectedError) as error:
        parse(payload, limits=limits)
    return error.value.code, error.value.location


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_segments_end_with_cr_lf_or_both(end: str) -> None:
    message = parse(end.join((HEADER, PID, "")).encode())

    assert ["MSH", "PID"] == [segment.name for segment in message.segments]


@pytest.mark.parametrize(
    "payload",
    [
        b"\x0b" + f"{HEADER}\r{PID}\r".encode() + b"\x1c\r",
        f"{HEADER}\r{PID}\r\r\n \x00\x1a".encode(),
        f"\r\n{HEADER}\r{PID}".encode(),
        b"\xef\xbb\xbf" + f"{HEADER}\r{PID}\r".encode(),
    ],
    ids=["mllp frame", "trailing junk", "leading line breaks", "byte order mark"],
)
def test_what_surrounds_a_message_is_not_part_of_it(payload: bytes) -> None:
    message = parse(payload)

    assert [("MSH", "2.5.1"), ("PID", "Dora")] == [
        ("MSH", message.header.text(12)),
        ("PID", message.segments[-1].text(5, 2)),
    ]


def test_positions_count_from_one_as_in_the_standard() -> None:
    message = parse(f"{HEADER}\r{PID}".encode())
    pid = message.first("PID")
    assert pid is not None
    identifiers = pid.field(3).repetitions

    assert ["|", "^~\\&", "LIS"] == [message.header.raw(number) for number in (1, 2, 3)]
    assert ["100", "200"] == [identifier.component(1) for identifier in identifiers]
    assert ["H", "1.2.3", "ISO", ""] == [identifiers[0].subcomponent(4, part) for part in (1, 2, 3, 4)]
    assert ("MR", "Dora", "") == (pid.text(3, 5), pid.field(5).component(2), pid.text(30))
    assert ("ORU", "R01", "RIV-1") == (message.code, message.event, message.control_id)


@pytest.mark.parametrize(
    ("delimiters", "sent", "expected"),
    [
        ("|^~\\&", "H& 1.2\\T\\3 &ISO&more", ["H", "1.2&3", "ISO"]),
        ("|^~\\&", "H", ["H", "", ""]),
        ("|^~\\&", "", ["", "", ""]),
        ("|^~", "H&1", ["H&1", "", ""]),
    ],
)
def test_sub_components_that_are_read_at_once_are_those_read_one_by_one(
    delimiters: str, sent: str, expected: list[str]
) -> None:
    header = HEADER.replace("|^~\\&", delimiters, 1)
    found = parse(f"{header}\rPID|1||{sent}^x".encode()).segments[1].repetitions(3)[0]

    assert expected == found.subcomponents(1, 3) == [found.subcomponent(1, part) for part in (1, 2, 3)]
    assert ["", ""] == found.subcomponents(9, 2)


@pytest.mark.parametrize("field", ["a", "a\\T\\b", "a&b", '""'])
def test_a_segment_is_plain_where_all_of_its_fields_are(field: str) -> None:
    message = parse(f"{HEADER}\rPID|1||{field}\rOBX|1".encode())

    assert [True, field == "a", True] == [segment.plain for segment in message.segments]


def test_an_empty_field_is_not_an_explicit_null() -> None:
    pid = parse(f'{HEADER}\rPID|1||100||""|""^x'.encode()).segments[1]

    assert (False, True) == (pid.is_null(4), pid.is_null(5))
    assert ("", "") == (pid.text(4), pid.text(5))
    assert "x" == pid.text(6, 2)


def test_a_location_names_the_occurrence_only_where_there_are_several() -> None:
    message = parse(f"{HEADER}\r{PID}\rOBX|1\rOBX|2".encode())

    assert ["MSH-9", "PID-3.1", "OBX[1]-5", "OBX[2]-5(2)"] == [
        message.segments[0].location(9),
        message.segments[1].location(3, component=1),
        message.segments[2].location(5),
        message.segments[3].location(5, 2),
    ]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("MSH#*@!%#", ("#", "*", "@", "!", "%", "")),
        ("MSH|^~\\&#|", ("|", "^", "~", "\\", "&", "#")),
        ("MSH|^~\\|", ("|", "^", "~", "\\", "", "")),
        ("MSH|^|", ("|", "^", "", "", "", "")),
    ],
)
def test_any_legal_delimiters_are_read(header: str, expected: tuple[str, ...]) -> None:
    found = parse(f"{header}LIS".encode()).delimiters

    assert expected == (
        found.field,
        found.component,
        found.repetition,
        found.escape,
        found.subcomponent,
        found.truncation,
    )


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b"", ("not-hl7v2", "MSH")),
        (b"{}", ("not-hl7v2", "MSH")),
        (b"PID|1", ("not-hl7v2", "MSH")),
        (b"MSH", ("delimiters-invalid", "MSH-1")),
        (b"MSHA^~\\&A", ("delimiters-invalid", "MSH-1")),
        (b"MSH|", ("delimiters-invalid", "MSH-2")),
        (b"MSH|^^~&|", ("delimiters-invalid", "MSH-2")),
        (b"MSH|abcd|", ("delimiters-invalid", "MSH-2")),
        (f"{HEADER}\rnot a segment".encode(), ("segment-name-invalid", "line 2")),
        (f"{HEADER}\r{HEADER}".encode(), ("several-messages", "MSH[2]")),
        (f"{HEADER}||||||KLINGON".encode(), ("unsupported-character-set", "MSH-18")),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(payload: bytes, expected: tuple[str, str]) -> None:
    assert expected == refusal(payload)


def test_absurd_sizes_are_refused() -> None:
    limits = Limits(segments=10, fields=20, payload=2_000)

    assert ("too-large", "") == refusal(b"x" * 2_001, limits=limits)
    assert ("too-many-segments", "") == refusal((HEADER + "\rNTE|1" * 20).encode(), limits=limits)
    assert ("too-many-fields", "PID") == refusal(f"{HEADER}\rPID{'|x' * 30}".encode(), limits=limits)
    hostile = parse(f"{HEADER}\rPID|||{'x~' * 30_000}".encode()).segments[1]
    with pytest.raises(RejectedError, match=r"too-many-repetitions: PID-3"):
        hostile.repetitions(3)


def test_a_line_break_inside_a_text_is_joined_and_reported() -> None:
    message = parse(f"{HEADER}\rOBX|1|TX|C||first line\r and the second|x\rNTE|1".encode())

    assert ["MSH", "OBX", "NTE"] == [segment.name for segment in message.segments]
    assert ("first line\n and the second", "x") == (message.segments[1].text(5), message.segments[1].text(6))
    assert ["line-break-in-field"] == [issue.code for issue in message.issues]


def test_a_file_or_batch_is_split_message_by_message() -> None:
    other = HEADER.replace("RIV-1", "RIV-2")
    batch = f"FHS|^~\\&|\rBHS|^~\\&|\r{HEADER}\r{PID}\rBTS|1\rBHS|^~\\&\r{other}\r{PID}\rBTS|1\rFTS|1\r".encode()

    assert [f"{HEADER}\r{PID}".encode(), f"{other}\r{PID}".encode()] == split_batch(batch)
    assert [True, False] == [is_batch(batch), is_batch(HEADER.encode())]


def test_messages_one_after_another_are_a_batch_without_header() -> None:
    framed = b"".join(b"\x0b" + line.encode() + b"\r\x1c\r" for line in (HEADER, HEADER.replace("RIV-1", "RIV-2")))

    assert ["RIV-1", "RIV-2"] == [parse(item).control_id for item in split_batch(framed)]


def test_one_message_alone_is_left_as_it_is() -> None:
    payload = f"{HEADER}\r{PID}\r".encode()

    assert [payload] == split_batch(payload)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda tail: HEADER.encode() + b"\r" + tail))
def test_any_bytes_are_read_or_refused(payload: bytes) -> None:
    for item in split_batch(payload):
        with suppress(RejectedError):
            assert "MSH" == parse(item).header.name
