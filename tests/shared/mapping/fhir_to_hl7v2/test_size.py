"""What a message costs grows with its results, not with their square: counted in calls, which no clock moves."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from tests.shared.mapping.fhir_to_hl7v2.written_messages import REQUEST, SUBJECT, Resource, written


def reported(results: list[Resource]) -> list[Resource]:
    named = [{"reference": f"Observation/{one['id']}"} for one in results]
    report = {"resourceType": "DiagnosticReport", "id": "r", "status": "final", "code": {"text": "Report"}}
    return [{**report, "subject": SUBJECT, "result": named}, *results]


def ordered(results: list[Resource]) -> list[Resource]:
    return [REQUEST, *({**one, "basedOn": [{"reference": "ServiceRequest/o"}]} for one in results)]


def in_a_panel(results: list[Resource]) -> list[Resource]:
    panel = {**results[0], "id": "panel", "hasMember": [{"reference": f"Observation/{one['id']}"} for one in results]}
    return [panel, *results]


def calls_for(count: int, told: Callable[[list[Resource]], list[Resource]]) -> int:
    """Return how many calls it takes to write so many results, each of a specimen of its own."""
    numbers = [str(number) for number in range(count)]
    specimens = [{"resourceType": "Specimen", "id": number, "subject": SUBJECT} for number in numbers]
    result = {"resourceType": "Observation", "status": "final", "subject": SUBJECT, "valueString": "Text"}
    results = [
        {**result, "id": number, "code": {"text": number}, "specimen": {"reference": f"Specimen/{number}"}}
        for number in numbers
    ]
    calls = 0

    def note(_: object, event: str, __: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        message = written(*told(results), *specimens, kind="ORU^R01")
    finally:
        sys.setprofile(None)
    assert count <= len(list(message.all("OBX")))
    return calls


@pytest.mark.parametrize("told", [reported, ordered, in_a_panel])
def test_eight_times_the_results_take_at_most_eight_times_the_work(
    told: Callable[[list[Resource]], list[Resource]],
) -> None:
    calls_for(1, told)  # what is made once

    assert calls_for(320, told) <= 8 * calls_for(40, told)
