from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.formats.hl7v2.delimiters import Delimiters
from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.messages.groups import Group, tree
from shared.mapping.hl7v2_to_fhir.messages.patient import OPENERS, adopt


def segments(*names: str) -> list[Segment]:
    return [Segment(name, [name], Delimiters(), place) for place, name in enumerate(names)]


def outline(group: Group) -> list[object]:
    return [child.name if not child.children else [child.name, *outline(child)] for child in group.children]


def test_a_segment_hangs_under_the_nearest_that_may_hold_it() -> None:
    root = tree(
        segments("EVN", "PID", "NK1", "PV1", "PV2", "ROL", "DG1", "NTE", "NTE", "PR1", "ROL", "IN1", "IN2"), OPENERS
    )

    assert [
        "EVN",
        ["PID", "NK1", ["PV1", "PV2", "ROL", ["DG1", "NTE", "NTE"], ["PR1", "ROL"], ["IN1", "IN2"]]],
    ] == outline(root)


def test_what_no_table_names_hangs_under_the_message() -> None:
    assert [["PID", "PV1"], "XXX"] == outline(tree(segments("PID", "PV1", "XXX"), OPENERS))


def test_what_no_table_names_closes_nothing_and_keeps_its_own_comments() -> None:
    names = ("PID", "PV1", "ZZZ", "PV2", "IN1", "XXX", "NTE", "NTE", "IN2", "NTE", "ZZZ", "NTE")

    assert [
        ["PID", ["PV1", "PV2", ["IN1", ["IN2", "NTE", "NTE"]]]],
        "ZZZ",
        ["XXX", "NTE", "NTE"],
        "ZZZ",
    ] == outline(tree(segments(*names), OPENERS))


def test_the_first_of_its_kind_is_found_and_none_where_there_is_none() -> None:
    root = tree(segments("PID", "PV1", "PV1"), OPENERS)
    person = root.first("PID")

    assert person is not None
    assert person.first("PV1") is next(iter(person.all("PV1")))
    assert root.first("PV1") is None


def test_what_stands_before_the_first_patient_is_taken_into_it() -> None:
    root = tree(segments("EVN", "PV1", "AL1", "PID", "PID"), OPENERS)
    first, second = adopt(root)

    assert (["PV1", "AL1"], []) == ([one.name for one in first.walk()], [one.name for one in second.walk()])
    assert ["EVN", "PID", "PID"] == [one.name for one in root.children]


@given(st.lists(st.sampled_from((*OPENERS, "XXX", "OBX")), max_size=30))
def test_every_segment_is_in_the_tree_once_whatever_the_order(names: list[str]) -> None:
    given_segments = segments(*names)
    root = tree(given_segments, OPENERS)
    adopt(root)

    found = [one.segment for one in root.walk()]
    assert len(given_segments) == len(found)
    assert {id(one) for one in given_segments} == {id(one) for one in found}
