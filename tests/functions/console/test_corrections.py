"""A steward looks at a held payload and mends a copy; the original stays, order and books hold (D05)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from functions.console.corrections import fix_quarantine, reveal_quarantine
from functions.console.use_case import decide_quarantine
from shared.adapters.memory import FakeDestinations, MemoryArchive
from shared.adapters.postgres_books import read_books
from shared.errors import RejectedError
from tests.functions.console.rooms import OPERATOR, STEWARD, body
from tests.functions.messages import oru
from tests.functions.replay.rooms import Room, room
from tests.shared.adapters.rooms import post

__all__ = ["room"]

GOOD = oru("T-HELD", mrn="TEST-1", value="9.9", flag="HH")
HELD = GOOD.replace(b"|F|||2026", b"|?|||2026")


@pytest.fixture
def held(room: Room) -> str:
    """One result that waits for a person, and one of the same patient behind it."""
    assert HELD != GOOD
    post(room.whole, HELD)
    room.clock.advance(timedelta(seconds=1))
    post(room.whole, oru("T-NEXT", mrn="TEST-1", filler="F-2"))
    room.work_off()
    ((identifier,),) = room.rows("select quarantine_id from quarantine")
    return str(identifier)


def fix(room: Room, identifier: str, payload: bytes, reason: str = "says the laboratory") -> UUID:
    content = body(reason=reason, payload=b64encode(payload).decode())
    copy = fix_quarantine(identifier, content, STEWARD, room.api)["copy"]
    assert isinstance(copy, UUID)
    return copy


def test_looking_is_recorded_with_reason_and_role_before_anything_is_shown(room: Room, held: str) -> None:
    shown = reveal_quarantine(held, body(reason="which field?"), STEWARD, room.api)

    assert HELD == b64decode(shown["payload"])
    assert [("steward/stella-example", str(shown["message"]), "which field?")] == room.rows(
        "select actor, subject, reason from audit where action = 'reveal'"
    )
    with pytest.raises(RejectedError, match="reason-missing"):
        reveal_quarantine(held, body(), STEWARD, room.api)


def test_a_corrected_copy_goes_in_the_originals_place_and_what_waited_follows(room: Room, held: str) -> None:
    (original,) = room.rows(f"select message_id from quarantine where quarantine_id = '{held}'")[0]

    copy = fix(room, held, GOOD)
    books = read_books(room.url)
    room.work_off()

    assert isinstance(room.whole.archive, MemoryArchive)
    kept = room.whole.archive.contents
    assert (HELD, GOOD) == (kept[f"received/{original}"], kept[f"received/{copy}"])
    assert {("discarded", None), ("processed", original), ("processed", None)} == set(
        room.rows("select status, corrects from message")
    )
    first, second = (content for _, content in room.sent())
    assert (True, True) == (b"9.9" in first, b"F-2" in second)
    assert (True, True) == (books.balance, read_books(room.url).balance)
    assert [("corrected", "steward/stella-example")] == room.rows("select disposition, decided_by from quarantine")
    assert [(1,)] == room.rows("select count(*) from task where kind = 'critical-result'")
    with pytest.raises(RejectedError, match="quarantine-decided"):
        fix(room, held, GOOD)


@pytest.mark.parametrize(
    ("before", "after", "place"),
    [
        (b"TEST-1^^^HARBOR", b"TEST-2^^^HARBOR", "PID-3"),
        (b"T-HELD", b"T-OTHER", "MSH-10"),
        (b"|P|2.5.1", b"|T|2.5.1", "MSH-11"),
        (b"ORU^R01^ORU_R01", b"ADT^A08^ADT_A01", "MSH-9"),
    ],
)
def test_a_copy_about_somebody_or_something_else_is_refused(
    room: Room, held: str, before: bytes, after: bytes, place: str
) -> None:
    with pytest.raises(RejectedError) as refused:
        fix(room, held, GOOD.replace(before, after))

    assert place == refused.value.location
    assert [(None,)] == room.rows("select disposition from quarantine")


def test_a_copy_that_the_sender_has_sent_meanwhile_is_not_made_again(room: Room, held: str) -> None:
    post(room.whole, GOOD)

    with pytest.raises(RejectedError, match="correction-known"):
        fix(room, held, GOOD)
    assert [(3,)] == room.rows("select count(*) from message")


@pytest.mark.parametrize("payload", [b"not HL7", b"MSH|^~\\&|A"])
def test_a_copy_that_cannot_be_read_is_refused(room: Room, held: str, payload: bytes) -> None:
    with pytest.raises(RejectedError):
        fix(room, held, payload)


@pytest.mark.parametrize("content", [b'{"reason": "a", "payload": "?"}', b'{"reason": "a", "payload": 1}'])
def test_a_payload_that_is_not_base64_is_refused(room: Room, held: str, content: bytes) -> None:
    with pytest.raises(RejectedError, match="request-invalid: payload"):
        fix_quarantine(held, content, STEWARD, room.api)


def test_a_message_whose_sender_is_gone_cannot_be_mended(room: Room, held: str) -> None:
    with pytest.raises(RejectedError, match="not-a-sender"):
        fix(replace(room, api=replace(room.api, partners=replace(room.api.partners, by_name={}))), held, GOOD)


def test_a_delivery_is_mended_by_its_map_and_not_by_hand(room: Room) -> None:
    assert isinstance(room.whole.destinations, FakeDestinations)
    room.whole.destinations.named("harbor-ehr")
    room.whole.destinations.by_name["harbor-ehr"].failures.append(RejectedError("destination-refused"))
    room.send_results(1)
    ((identifier,),) = room.rows("select quarantine_id from quarantine")

    with pytest.raises(RejectedError, match="not-correctable"):
        fix(room, str(identifier), GOOD)


def test_what_was_decided_is_still_shown_but_not_mended(room: Room, held: str) -> None:
    decide_quarantine(held, "discard", body(reason="a test"), OPERATOR, room.api)

    assert reveal_quarantine(held, body(reason="why was it?"), STEWARD, room.api)["payload"]
    with pytest.raises(RejectedError, match="quarantine-decided"):
        fix(room, held, GOOD)
    with pytest.raises(RejectedError, match="quarantine-unknown"):
        reveal_quarantine("no-id", body(reason="a test"), STEWARD, room.api)


def test_a_copy_that_intake_would_refuse_is_refused_with_the_place(room: Room, held: str) -> None:
    without_order = b"\r".join(line for line in GOOD.split(b"\r") if not line.startswith(b"OBR"))

    with pytest.raises(RejectedError) as refused:
        fix(room, held, without_order)

    assert refused.value.issues


def test_work_beside_the_messages_own_way_has_no_payload_of_its_own(room: Room, held: str) -> None:
    room.rows("update quarantine set moves_message = false returning 1")

    with pytest.raises(RejectedError, match="not-correctable"):
        fix(room, held, GOOD)
