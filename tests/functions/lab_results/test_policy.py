"""Which state of a report outdates which: our policy, case by case (F04)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.lab_results.policy import is_outdated, most_advanced, rank_of
from shared.errors import Issue, ReviewNeededError
from shared.formats.hl7v2.parse import parse
from shared.formats.hl7v2.results import report_states
from shared.formats.hl7v2.times import stated_at
from shared.pipeline.opening import refuse_unknown_status


def message(obx: str) -> bytes:
    header = "MSH|^~\\&|LIS|RIV|||20260301||ORU^R01^ORU_R01|RIV-1|P|2.5.1"
    return "\r".join((header, "PID|1||T^^^A^MR", "OBR|1||F-1|X^X^L", obx)).encode()


NINE = datetime(2026, 3, 14, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("newest", "rank", "at", "outdated"),
    [
        (None, 0, None, False),
        ((2, NINE), 1, NINE + timedelta(hours=1), False),
        ((1, NINE), 2, NINE - timedelta(hours=1), True),
        ((2, NINE), 1, NINE, True),
        ((2, NINE), 2, NINE, False),
        ((2, None), 1, NINE, True),
        ((2, NINE), 3, None, False),
    ],
)
def test_the_fillers_time_decides_and_the_rank_where_there_is_none(
    newest: tuple[int, datetime | None] | None, rank: int, at: datetime | None, outdated: bool
) -> None:
    assert outdated == is_outdated(newest, rank, at)


@given(st.permutations(["O", "P", "F", "C"]))
def test_whatever_the_order_of_arrival_the_last_state_stands(arrivals: list[str]) -> None:
    newest: tuple[int, datetime | None] | None = None
    for status in arrivals:
        at = NINE + timedelta(hours=rank_of(status))
        if not is_outdated(newest, rank_of(status), at):
            newest = (rank_of(status), at)

    assert (rank_of("C"), NINE + timedelta(hours=3)) == newest


@pytest.mark.parametrize(
    ("text", "zone", "instant"),
    [
        ("20260314100000+0100", None, NINE),
        ("20260314050000", "America/New_York", NINE),
        ("20260314090000", None, NINE),
        ("20260314", "America/New_York", None),
        ("", None, None),
        ("nonsense", None, None),
    ],
)
def test_a_time_without_a_zone_is_read_in_the_partners(text: str, zone: str | None, instant: datetime | None) -> None:
    assert instant == stated_at(text, zone)


def test_the_most_advanced_report_speaks_for_the_message() -> None:
    two = message("OBX|1|ST|X^X^L||a|||||F").replace(b"OBR|1||F-1|X^X^L", b"OBR|1||F-1|X^X^L" + b"|" * 21 + b"P")

    assert "P" == most_advanced(report_states(parse(two)))
    assert "" == most_advanced([])


def unmapped(location: str, code: str = "unmapped-code") -> Issue:
    return Issue("warning", "code-invalid", code, location, "The status is not in the table.")


@pytest.mark.parametrize("location", ["OBX-11", "OBX[12]-11", "OBR-25", "OBR[2]-25"])
def test_a_status_that_nobody_has_mapped_needs_a_person(location: str) -> None:
    with pytest.raises(ReviewNeededError) as error:
        refuse_unknown_status([unmapped("OBX-8"), unmapped(location), unmapped("OBX[99]-11")])

    assert ("unmapped-code", location) == (error.value.code, error.value.location)


def test_any_other_unmapped_code_goes_on() -> None:
    refuse_unknown_status([unmapped("OBX-8"), unmapped("PV1-2"), unmapped("OBX-11", "missing-status")])
