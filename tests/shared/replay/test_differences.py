"""Differences name places and kinds, and never a value (D07)."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from shared.replay.differences import MOST, differences

CANARY = "TESTPATIENT-CANARY"


def bundle(*resources: dict[str, Any]) -> bytes:
    return orjson.dumps({"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]})


def pairs(before: bytes, after: bytes) -> list[tuple[str, str]]:
    found, _ = differences(before, after)
    return [(one["place"], one["kind"]) for one in found]


def test_equal_bodies_do_not_differ() -> None:
    assert ([], 0) == differences(b"anything", b"anything")


def test_a_changed_element_is_named_within_its_resource_wherever_that_stands() -> None:
    patient = {"resourceType": "Patient", "id": "p", "name": [{"family": CANARY}]}
    old = {"resourceType": "Observation", "id": "o", "code": {"text": "K"}, "valueQuantity": {"value": 4.1}}
    new = {
        "resourceType": "Observation",
        "id": "o",
        "code": {"text": "K", "coding": []},
        "valueQuantity": {"value": 4},
    }

    assert [("Observation[1].code.coding", "added"), ("Observation[1].valueQuantity.value", "changed")] == pairs(
        bundle(patient, old), bundle(new, patient)
    )


def test_resources_and_repetitions_that_come_and_go_are_named() -> None:
    note = {"resourceType": "Patient", "id": "p", "given": ["A", "B"]}

    assert [("Patient[1].given[1]", "removed"), ("Encounter[1]", "added"), ("Task[1]", "removed")] == sorted(
        pairs(
            bundle(note, {"resourceType": "Task", "id": "t"}),
            bundle({**note, "given": ["A"]}, {"resourceType": "Encounter", "id": "e"}),
        ),
        key=lambda pair: (pair[0] != "Patient[1].given[1]", pair[0]),
    )


def test_true_is_not_one() -> None:
    assert [("Patient[1].active", "changed")] == pairs(
        bundle({"resourceType": "Patient", "id": "p", "active": True}),
        bundle({"resourceType": "Patient", "id": "p", "active": 1}),
    )


def test_messages_are_compared_by_segment_and_field_but_for_their_own_time_and_number() -> None:
    before = b"MSH|^~\\&|A|B|C|D|20260314||ADT^A08|1|P|2.5.1\rPID|1||T1||OLD\rPV1|1|I\r"
    after = b"MSH|^~\\&|A|B|C|D|20260315||ADT^A08|2|P|2.5.1\rPID|1||T1||NEW||19700101\rOBX|1\r"

    assert [
        ("PID[1]-5", "changed"),
        ("PID[1]-7", "added"),
        ("OBX[1]", "added"),
        ("PV1[1]", "removed"),
    ] == pairs(before, after)


def test_a_body_in_another_format_is_one_difference() -> None:
    assert [("body", "changed")] == pairs(b"MSH|^~\\&|A\r", bundle())
    assert [("body.a", "added")] == pairs(b"{}", b'{"a": 1}')


def test_a_long_list_is_cut_and_says_by_how_much() -> None:
    found, more = differences(
        bundle({"resourceType": "Patient", "id": "p"}),
        bundle({"resourceType": "Patient", "id": "p", **{f"e{number}": 1 for number in range(MOST + 7)}}),
    )

    assert (MOST, 7) == (len(found), more)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.just(CANARY),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_two_values_differ_where_they_do_and_no_value_is_told(before: Any, after: Any) -> None:
    found, more = differences(
        bundle({"resourceType": "Patient", "id": "p", "x": before}),
        bundle({"resourceType": "Patient", "id": "p", "x": after}),
    )

    assert (orjson.dumps(before) != orjson.dumps(after)) == bool(found) or before == after
    assert (0, False) == (more, CANARY in str(found))
