"""What concerns two patients who stay two (a swap of beds, a visit moved) is in order for both (invariant 3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from functions.operations.use_case import wake_overdue_streams
from shared.adapters.memory import FakeDestinations
from shared.errors import IntegrationError, RejectedError, TransientError
from shared.pipeline.decisions import discard
from tests.functions.adt_routing.rooms import Ward, adt, move, resources, swap


def fails(ward: Ward, name: str, error: IntegrationError) -> None:
    destinations = ward.ports.destinations
    assert isinstance(destinations, FakeDestinations)
    destinations.named(name)
    destinations.by_name[name].failures.append(error)


def encounters(ward: Ward, name: str) -> dict[str, dict[str, Any]]:
    """Return the destination's visits by their numbers, as they stand."""
    held = ward.record(name).values()
    return {one["identifier"][0]["value"]: one for one in held if one["resourceType"] == "Encounter"}


def patient_of(ward: Ward, name: str, mrn: str) -> str:
    return next(
        f"Patient/{one['id']}"
        for bundle in ward.deliveries(name)
        for one in resources(bundle, "Patient")
        if one["identifier"][0]["value"] == mrn
    )


def go_on(ward: Ward) -> None:
    """Let what was tried in vain be tried again, and the sweeper find what nobody was told of."""
    for _ in range(3):
        ward.later(timedelta(minutes=5))
        wake_overdue_streams(ward.ports)
        ward.work()


@pytest.fixture
def two(ward: Ward) -> Ward:
    """Two patients in their beds."""
    for mrn, visit in (("TEST-1", "V-1"), ("TEST-2", "V-2")):
        ward.post(adt("A01", 0, mrn=mrn, visit=visit))
    ward.work()
    return ward


def test_a_visit_that_was_moved_stays_moved_whatever_is_still_owed_for_whom_it_was_taken_from(two: Ward) -> None:
    fails(two, "ehr", TransientError("destination-unavailable"))
    two.post(adt("A08", 1))
    two.work()
    two.post(move(2, mrn="TEST-2", prior="TEST-1"))
    two.post(adt("A08", 3, visit="V-3"))
    two.work()
    go_on(two)

    assert ["A01", "A01", "A08", "A45", "A08"] == two.told("ehr")
    assert patient_of(two, "ehr", "TEST-2") == encounters(two, "ehr")["V-1"]["subject"]["reference"]


def test_who_was_concerned_once_goes_on_alone_afterwards(two: Ward) -> None:
    two.post(swap(1, ("TEST-1", "V-1"), ("TEST-2", "V-2")))
    two.work()
    fails(two, "ehr", RejectedError("destination-refused"))
    two.post(adt("A08", 2))
    two.work()
    two.post(adt("A08", 3, mrn="TEST-2", visit="V-2"))
    two.work()

    assert ["A01", "A01", "A17", "A08"] == two.told("ehr")
    assert [(0,)] == two.rows("select count(*) from stream where joined_to is not null")


def test_a_swap_waits_for_both_and_both_for_it(two: Ward) -> None:
    fails(two, "ehr", TransientError("destination-unavailable"))
    two.post(adt("A02", 1, mrn="TEST-2", visit="V-2", unit="4E"))
    two.work()
    two.post(swap(2, ("TEST-1", "V-1"), ("TEST-2", "V-2")))
    two.work()
    two.post(adt("A03", 3, mrn="TEST-2", visit="V-2"))
    two.post(adt("A08", 4))
    two.work()
    assert ["A01", "A01"] == two.told("ehr")
    go_on(two)

    told = two.told("ehr")
    assert ["A01", "A01", "A02", "A17"] == told[:4]
    assert ["A03", "A08"] == sorted(told[4:])


def test_a_swap_that_is_discarded_lets_both_go_on(two: Ward) -> None:
    fails(two, "ehr", RejectedError("destination-refused"))
    two.post(swap(2, ("TEST-1", "V-1"), ("TEST-2", "V-2")))
    two.work()
    two.post(adt("A08", 3, mrn="TEST-2", visit="V-2"))
    two.work()
    assert ["A01", "A01"] == two.told("ehr")

    ((quarantined,),) = two.rows("select quarantine_id from quarantine")
    discard(quarantined, "operator/one", "told by telephone", two.ports)
    two.work()
    go_on(two)

    assert ["A01", "A01", "A08"] == two.told("ehr")


def test_a_swap_that_comes_late_reopens_nobodys_visit_and_moves_nobody_back(two: Ward) -> None:
    two.post(adt("A03", 5, mrn="TEST-2", visit="V-2", unit="9N"))
    two.work()
    before = encounters(two, "ehr")["V-2"]
    two.post(swap(2, ("TEST-1", "V-1"), ("TEST-2", "V-2")))
    two.work()

    after = encounters(two, "ehr")
    assert ("in-progress", "finished") == (after["V-1"]["status"], after["V-2"]["status"])
    assert before["location"] == after["V-2"]["location"]


def test_an_older_word_about_the_second_patient_of_a_swap_does_not_move_the_patient_back(two: Ward) -> None:
    two.post(swap(5, ("TEST-1", "V-1"), ("TEST-2", "V-2")))
    two.work()
    two.post(adt("A08", 2, mrn="TEST-2", visit="V-2", unit="9N"))
    two.work()

    assert ["A01", "A01", "A17"] == two.told("ehr")


def test_a_late_word_about_the_first_patient_of_a_swap_repeats_nothing_of_the_second(two: Ward) -> None:
    two.post(swap(5, ("TEST-1", "V-1"), ("TEST-2", "V-2")))
    two.post(adt("A03", 6, mrn="TEST-2", visit="V-2"))
    two.work()
    wake_overdue_streams(two.ports)
    go_on(two)
    second = patient_of(two, "ehr", "TEST-2")
    two.post(adt("A21", 3))
    two.later(timedelta(hours=1))

    assert ["A01", "A01", "A17", "A03", "A21"] == two.told("ehr")
    last = two.deliveries("ehr")[-1]
    assert [encounters(two, "ehr")["V-1"]["id"]] == [one["id"] for one in resources(last, "Encounter")]
    assert second not in [f"Patient/{one['id']}" for one in resources(last, "Patient")]


def test_a_swap_that_names_one_patient_twice_fences_nobody(two: Ward) -> None:
    two.post(swap(5, ("TEST-1", "V-1"), ("TEST-1", "V-2")))
    two.work()

    assert ["A01", "A01", "A17"] == two.told("ehr")
