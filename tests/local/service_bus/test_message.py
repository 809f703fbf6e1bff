from __future__ import annotations

import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from proton import Message as ProtonMessage
from proton import symbol, ulong

from local.service_bus import amqp_wire as wire
from local.service_bus.message import Message, parse, split

BODY = b"\x00\x53\x75\xa0\x02hi"


def encoded(**fields: Any) -> bytes:
    return bytes(ProtonMessage(**fields).encode())


@given(
    body=st.one_of(st.text(), st.binary(max_size=400), st.none(), st.lists(st.integers(0, 2**31 - 1))),
    name=st.text(alphabet="abc", min_size=1, max_size=300),
    value=st.one_of(st.text(max_size=300), st.booleans(), st.floats(allow_nan=False), st.uuids()),
    count=st.integers(0, 9),
)
def test_what_the_broker_does_not_touch_stays_as_it_was(body: object, name: str, value: object, count: int) -> None:
    raw = encoded(body=body, properties={name: value}, id=name, annotations={symbol("x-opt-mine"): value})
    message = Message(7, parse(raw), 12.5, delivery_count=count)

    read = ProtonMessage()
    read.decode(message.encode())

    assert read.body == body
    assert read.properties == {name: value}
    assert (read.id, read.delivery_count) == (name, count)
    assert read.annotations is not None
    assert read.annotations[symbol("x-opt-mine")] == value
    assert (
        read.annotations[symbol("x-opt-sequence-number")],
        read.annotations[symbol("x-opt-enqueued-time")],
    ) == (7, 12500)
    assert message.encode().endswith(parse(raw).body)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_a_wire_error(raw: bytes) -> None:
    try:
        parse(raw)
    except wire.WireError:
        return
    assert wire.sections(raw)


@given(st.data())
def test_a_damaged_message_is_a_message_or_a_wire_error(data: st.DataObject) -> None:
    whole = encoded(body=b"payload", properties={"a": "b", "n": 5}, id=uuid.UUID(int=5), subject="s", ttl=5.0)
    at, value = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 255))
    damaged = whole[:at] + bytes([value]) + whole[at + 1 :]
    for raw in (damaged, whole[:at]):
        try:
            content = split(raw)[0]
        except wire.WireError:
            continue
        assert Message(1, content, 1.0).encode()
        assert content.dead_lettered("reason", "text").application_properties["DeadLetterReason"] == "reason"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "a message has sections"),
        (BODY + b"\x00\x53\x77\x40", "one kind of body"),
        (b"garbage", "no message section"),
        (BODY + b"\x00\x53\x70\x45", "out of its order"),
        (b"\x00\x53\x75\xa0\x05hi", "the value ends"),
        (b"\x00\x53\x73\x40" + BODY, "neither a list nor a map"),
        (b"\x00\x53\x74\xc1\x02\x01\x40" + BODY, "as many values"),
        (b"\x00\x53\x75" + b"\x00" * 100, "nested too deeply"),
        (b"\x00\x53\x75\x1f", "no type code"),
        (b"\x00\x53\x73\xc0\x05\x01\xa1\x02\xff\xff" + BODY, "not UTF-8"),
    ],
)
def test_a_malformed_message_is_told_what_is_wrong(raw: bytes, said: str) -> None:
    with pytest.raises(wire.WireError, match=said):
        parse(raw)


def test_an_id_counts_by_its_value_whatever_its_type() -> None:
    ids = [parse(encoded(id=value, body="x")).message_id for value in ("a", uuid.UUID(int=1), ulong(5), None)]

    assert ids == ["a", str(uuid.UUID(int=1)), "5", None]


def data_section(raw: bytes) -> bytes:
    return b"\x00\x53\x75\xb0" + len(raw).to_bytes(4, "big") + raw


def test_the_messages_of_a_batch_are_told_apart_from_a_message_that_carries_one() -> None:
    inner = [encoded(id=f"id-{n}", body=f"{n}") for n in range(3)]
    envelope = wire.list_section(wire.PROPERTIES, [wire.text("id-0")])
    batch = envelope + b"".join(data_section(raw) for raw in inner)
    carrier = wire.list_section(wire.PROPERTIES, [wire.text("mine")]) + data_section(inner[0])

    assert [c.message_id for c in split(batch)] == ["id-0", "id-1", "id-2"]
    assert [c.message_id for c in split(carrier)] == ["mine"]
    assert [c.body for c in split(BODY)] == [BODY]


def test_a_time_that_no_clock_has_is_refused() -> None:
    noted = wire.map_section(
        wire.MESSAGE_ANNOTATIONS, [wire.symbol("x-opt-scheduled-enqueue-time"), wire.int64(2**62)]
    )

    with pytest.raises(wire.WireError, match="a time is"):
        parse(noted + BODY)
