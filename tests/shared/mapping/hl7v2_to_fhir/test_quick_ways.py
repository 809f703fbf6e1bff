"""The quick ways of the commonest values say what the slow ones say."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from shared.conversion import convert
from shared.errors import Issue
from shared.formats.hl7v2.parse import parse
from shared.mapping.hl7v2_to_fhir.context import Context
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.segments.obx_value import set_value
from shared.partners.profile import CodeMapping, PartnerProfile

RECEIVED = datetime(2026, 3, 12, tzinfo=UTC)
# A local code of a field that no message here has: with it every value is read the slow way.
SLOWLY = {"ZZZ-9": {"X": CodeMapping("http://example.org", "Y")}}
PIECES = st.sampled_from(("A1", "two words", " ", "L", "LN", "HL70001", "^", "^", "^", "~", "&", "\\", '""', "\\T\\"))
TIMES = st.sampled_from(("20260301", "202603011200", "-0500", "2026", "D", "noon", "^", "~", '""', " "))


@given(st.lists(PIECES, max_size=8).map("".join), st.sampled_from(("", "HL70002")))
def test_a_coded_value_reads_the_same_quickly_and_slowly(value: str, table: str) -> None:
    message = parse(f"MSH|^~\\&|REG|NG|||20260301||ADT^A01|1|P|2.5.1\rPID|{value}|x".encode())
    quick, slow = (
        concept(Context(message, PartnerProfile("ng", code_maps=maps), RECEIVED), message.segments[1], 1, table)
        for maps in ({}, SLOWLY)
    )

    assert slow == quick


def test_a_coded_value_that_is_changed_does_not_change_the_next() -> None:
    message = parse(b"MSH|^~\\&|REG|NG|||20260301||ADT^A01|1|P|2.5.1\rPID|A^Example^L")
    context = Context(message, None, RECEIVED)
    first = concept(context, message.segments[1], 1) or {}
    first["coding"][0]["code"] = "B"
    first["coding"].append({"code": "C"})

    second = concept(context, message.segments[1], 1) or {}
    assert ["A"] == [coding["code"] for coding in second["coding"]]


@given(
    st.one_of(
        st.tuples(st.sampled_from(("CE", "CWE", "IS")), st.lists(PIECES, max_size=8).map("".join)),
        st.tuples(st.sampled_from(("TS", "DT")), st.lists(TIMES, max_size=3).map("".join)),
    )
)
@example(("CE", "^two words^L"))
@example(("TS", "20260301^D"))
def test_a_code_or_time_of_a_result_reads_the_same_quickly_and_slowly(typed: tuple[str, str]) -> None:
    kind, value = typed
    quick, slow = (
        _valued(f"OBX|1|{kind}|GLU||{value}|{unit}".encode()) for unit in ("", "a unit, for which there is no place")
    )

    assert slow == quick


def _valued(obx: bytes) -> tuple[dict[str, Any], list[Issue]]:
    """Return what an OBX sets, but for a unit that has no place."""
    message = parse(b"MSH|^~\\&|REG|NG|||20260301||ORU^R01|1|P|2.5.1\r" + obx)
    context = Context(message, PartnerProfile("ng"), RECEIVED)
    observation: dict[str, Any] = {"code": {"text": "GLU"}, "extension": []}
    set_value(context, observation, message.segments[1])
    observation["extension"] = [one for one in observation["extension"] if not one["url"].endswith(":obx-6")]
    return observation, context.issues


def test_a_sign_of_times_that_separates_components_is_no_zone() -> None:
    payload = b"MSH|-~\\&|LAB|NG|||20260301||ORU-R01|1|P|2.5.1\rOBR|1||F1|GLU\rOBX|1|ST|GLU||x||||||F|||"
    (plain,) = convert(payload + b"20260301120000-0400", source="hl7v2", received=RECEIVED)
    (result,) = (one["resource"] for one in plain.bundle["entry"] if one["resource"]["resourceType"] == "Observation")

    assert "2026-03-01" == result["effectiveDateTime"]
