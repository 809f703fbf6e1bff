"""What must not change what is read: other delimiters, character sets, line ends, frames and batches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.formats.hl7v2.batch import split_batch
from shared.formats.hl7v2.delimiters import Delimiters
from shared.formats.hl7v2.message import Message
from shared.formats.hl7v2.mllp import FrameReader, frame
from shared.formats.hl7v2.parse import parse

USUAL = Delimiters()
ODD = Delimiters("#", "*", "@", "!", "%", "$")

# Text that every character set of the test can hold, with the delimiters among it.
TEXT = st.text(st.sampled_from("abcXYZ019 |^~\\&#*@!%$.-äöüß"), max_size=12).map(str.strip)
Content = list[list[list[list[str]]]]
# Segments of fields of repetitions of components; no empty repetition, since those are not told apart from none.
CONTENT: st.SearchStrategy[Content] = st.lists(
    st.lists(st.lists(st.lists(TEXT, min_size=1, max_size=3), max_size=3), max_size=4), min_size=1, max_size=5
)


def written(content: Content, delimiters: Delimiters, charset: str = "", control_id: str = "1") -> str:
    header = delimiters.field.join(
        ("MSH", delimiters.encoding_characters, "LIS", "R", "", "", "2026", "", "ORU", control_id, "P", "2.5.1")
    )
    lines = [header + delimiters.field * 6 + charset]
    for fields in content:
        texts = (
            delimiters.repetition.join(
                delimiters.component.join(delimiters.escaped(text) for text in components) for components in field
            )
            for field in fields
        )
        lines.append(delimiters.field.join(("OBX", *texts)))
    return "\r".join(lines) + "\r"


def meaning(message: Message) -> list[list[list[list[str]]]]:
    """Return every component of every repetition, trailing empty ones aside."""
    return [
        [
            [
                [repetition.component(number) for number in range(1, 4)]
                for repetition in segment.repetitions(field)
                if any(repetition.parts)
            ]
            for field in range(1, 5)
        ]
        for segment in message.all("OBX")
    ]


@pytest.mark.unmeasured
@given(CONTENT)
def test_other_delimiters_mean_the_same(content: Content) -> None:
    usual, odd = (parse(written(content, one).encode()) for one in (USUAL, ODD))

    assert meaning(usual) == meaning(odd)


@pytest.mark.unmeasured
@given(CONTENT, st.sampled_from([("8859/1", "latin-1"), ("8859/15", "iso8859-15"), ("UNICODE UTF-16", "utf-16")]))
def test_another_character_set_means_the_same(content: Content, charset: tuple[str, str]) -> None:
    name, codec = charset
    usual = parse(written(content, USUAL, "UNICODE UTF-8").encode())
    other = parse(written(content, USUAL, name).encode(codec))

    assert meaning(usual) == meaning(other)
    assert () == other.issues


@pytest.mark.unmeasured
@given(CONTENT, st.sampled_from(["\n", "\r\n"]))
def test_another_line_end_means_the_same(content: Content, end: str) -> None:
    text = written(content, USUAL)

    assert meaning(parse(text.encode())) == meaning(parse(text.replace("\r", end).encode()))


@pytest.mark.unmeasured
@given(st.lists(CONTENT, min_size=1, max_size=4))
def test_a_batch_and_frames_mean_what_their_messages_mean(contents: list[Content]) -> None:
    payloads = [written(content, USUAL, control_id=str(number)).encode() for number, content in enumerate(contents)]
    batch = b"FHS|^~\\&|\rBHS|^~\\&|\r" + b"".join(payloads) + f"BTS|{len(payloads)}\rFTS|1\r".encode()
    frames = FrameReader().feed(b"".join(map(frame, payloads)))
    alone = [meaning(parse(payload)) for payload in payloads]

    assert alone == [meaning(parse(item)) for item in split_batch(batch)]
    assert alone == [meaning(parse(item)) for item in frames]


@pytest.mark.unmeasured
@given(CONTENT)
def test_a_z_segment_more_means_the_same(content: Content) -> None:
    text = written(content, USUAL)

    assert meaning(parse(text.encode())) == meaning(parse(f"{text}ZZZ|1|x".encode()))
