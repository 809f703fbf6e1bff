"""Operators plan, look, approve and run over HTTP; wrong requests are told where they are wrong (D07, D08)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.console.replays import decide_replay, list_replay_items, list_replays, plan_replay, show_replay
from shared.errors import RejectedError
from tests.functions.console.rooms import OPERATOR, STEWARD, body
from tests.functions.replay.rooms import Room, room

__all__ = ["room"]


def planned(room: Room, key: str = "", **question: Any) -> dict[str, Any]:
    content = body(reason="the map was mended", **question)
    return plan_replay("replay", content, key, OPERATOR, room.api)


def test_a_plan_is_seen_from_the_question_to_the_end_without_a_value_of_the_patient(room: Room) -> None:
    room.send_results(1, mrn="TEST-CANARY-77")
    asked = planned(room, destination="harbor-ehr", rate=5)
    assert ("requested", 5.0, 0) == (asked["state"], asked["rate"], asked["toSend"])
    identifier = str(asked["id"])
    room.advance()

    forecast = [{"destination": "harbor-ehr", "effect": "no-change", "items": 1, "owed": 0}]
    assert forecast == show_replay(identifier, room.api)["forecast"]
    assert "approved" == decide_replay(identifier, "approve", body(reason="seen"), STEWARD, room.api)["state"]
    assert "running" == decide_replay(identifier, "run", body(reason="agreed"), OPERATOR, room.api)["state"]
    room.advance()

    (listed,), (item,) = list_replays(room.api)["items"], list_replay_items(identifier, {}, room.api)["items"]
    assert ("done", "operator/stella-example") == (listed["state"], listed["approvedBy"])
    assert ("harbor-ehr", "no-change", []) == (item["destination"], item["effect"], item["differences"])
    assert "CANARY" not in json.dumps([listed, item, show_replay(identifier, room.api)], default=str)


def test_items_come_in_pages(room: Room) -> None:
    room.send_results(1)
    (message,) = (row[0] for row in room.rows("select message_id from message"))
    identifier = str(planned(room, destination="harbor-ehr")["id"])
    room.advance()
    room.rows(
        f"insert into replay_item (plan_id, position, message_id, destination) select '{identifier}', number,"
        f" '{message}', 'copy-' || number from generate_series(2, 150) number returning 1"
    )

    first = list_replay_items(identifier, {}, room.api)
    rest = list_replay_items(identifier, {"after": first["next"]}, room.api)

    assert (100, "100", 50) == (len(first["items"]), first["next"], len(rest["items"]))
    assert "next" not in rest


def test_the_same_request_again_is_the_same_plan(room: Room) -> None:
    first = planned(room, "key-1", partner="riverside-lab")

    assert first["id"] == planned(room, "key-1", partner="riverside-lab")["id"]
    assert first["id"] != planned(room, "key-2", partner="riverside-lab")["id"]
    with pytest.raises(RejectedError, match="idempotency-key-reused"):
        planned(room, "key-1", partner="northside-lab")


@pytest.mark.parametrize(
    ("question", "place"),
    [
        ({}, "query"),
        ({"partner": 7}, "partner"),
        ({"since": "yesterday"}, "since"),
        ({"until": "2026-03-14T12:00:00"}, "until"),
        ({"messages": "one"}, "messages"),
        ({"messages": ["one"]}, "messages"),
        ({"messages": [1]}, "messages"),
        ({"partner": "a", "rate": "fast"}, "rate"),
        ({"partner": "a", "rate": True}, "rate"),
        ({"partner": "a", "rate": 0}, "rate"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_where_it_does_not(
    room: Room, question: dict[str, Any], place: str
) -> None:
    with pytest.raises(RejectedError) as refused:
        planned(room, **question)

    assert ("request-invalid", place) == (refused.value.code, refused.value.location)


def test_a_feed_to_nobody_is_refused(room: Room) -> None:
    with pytest.raises(RejectedError, match="destination-unknown"):
        plan_replay("feed", body(reason="go-live", destination="nobody"), "", OPERATOR, room.api)


@pytest.mark.parametrize("identifier", ["no-id", "7c0e5a52-3d5e-4a2b-9d0b-0c7f2b9f7a11"])
def test_a_plan_that_is_not_there_is_unknown(room: Room, identifier: str) -> None:
    with pytest.raises(RejectedError, match="replay-unknown"):
        show_replay(identifier, room.api)
    with pytest.raises(RejectedError, match="replay-unknown"):
        list_replay_items(identifier, {}, room.api)
    with pytest.raises(RejectedError, match="replay-unknown"):
        decide_replay(identifier, "run", body(reason="a test"), OPERATOR, room.api)


@pytest.mark.parametrize("after", ["x", "-1", "9999999999"])
def test_a_place_in_the_list_that_is_none_is_refused(room: Room, after: str) -> None:
    identifier = str(planned(room, partner="riverside-lab")["id"])

    with pytest.raises(RejectedError, match="request-invalid: after"):
        list_replay_items(identifier, {"after": after}, room.api)
