"""A merge fences both identities, here and at each destination; afterwards everything lands on the survivor (D10)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from functions.operations.sweeping import sweep
from shared.adapters.memory import FakeDestination, FakeDestinations
from shared.archive_names import received
from shared.errors import RejectedError, TransientError
from shared.ledger import Hint
from shared.pipeline.decisions import discard
from tests.functions.adt_routing.rooms import Ward, activity_of, adt, oru, resources, with_visit

PRIOR, SURVIVOR = "TEST-1", "TEST-2"


def merge(minute: int) -> bytes:
    return adt("A40", minute, mrn=SURVIVOR, prior=PRIOR)


def as_preliminary(result: bytes) -> bytes:
    """Return the same report in an earlier state, in a message of its own."""
    return result.replace(b"|R-1|P|", b"|R-2|P|").replace(b"|CH|F", b"|CH|P").replace(b"|N|||F|", b"|N|||P|")


def patients_of(ward: Ward, destination: str) -> list[set[str]]:
    """Return, for each delivery, the numbers of its patient that are in use."""
    return [
        {
            number["value"]
            for patient in resources(bundle, "Patient")
            if patient.get("active", True)
            for number in patient["identifier"]
            if number.get("use") != "old"
        }
        for bundle in ward.deliveries(destination)
    ]


def is_processing(hint: Hint) -> bool:
    return hint.function == "adt_routing_process"


def destination(ward: Ward, name: str) -> FakeDestination:
    assert isinstance(ward.ports.destinations, FakeDestinations)
    return ward.ports.destinations.by_name.setdefault(name, FakeDestination())


def test_the_prior_patient_is_retired_and_replaced(ward: Ward) -> None:
    ward.post(adt("A01", 0, mrn=PRIOR))
    ward.post(merge(1))
    ward.work()

    retired, survivor = sorted(
        resources(ward.deliveries("ehr")[-1], "Patient"), key=lambda one: one.get("active", True)
    )
    assert ["encounter.admitted", "patient.merged"] == ward.events()
    assert [("replaced-by", f"Patient/{survivor['id']}")] == [
        (link["type"], link["other"]["reference"]) for link in retired["link"]
    ]


def test_what_comes_for_the_prior_patient_after_the_merge_lands_on_the_survivor(ward: Ward) -> None:
    ward.post(merge(0))
    ward.post(adt("A01", 1, mrn=PRIOR))
    ward.post(oru("R-1", mrn=PRIOR))
    ward.work()

    assert ["A40", "A01", "R01"] == ward.told("ehr")
    assert [{SURVIVOR}, {SURVIVOR}, {SURVIVOR}] == patients_of(ward, "ehr")
    held = ward.record("ehr").values()
    (subject,) = {one["subject"]["reference"] for one in held if one["resourceType"] in ("Encounter", "Observation")}
    assert [SURVIVOR, PRIOR] == [
        number["value"] for one in held if f"Patient/{one['id']}" == subject for number in one["identifier"]
    ]


def test_a_merge_is_applied_though_a_newer_word_about_its_visit_came_before_it(ward: Ward) -> None:
    ward.post(adt("A01", 0, mrn=PRIOR))
    ward.post(adt("A08", 9, mrn=PRIOR, unit="2N", family="TESTPATIENT-BIRCH"))
    ward.post(with_visit(merge(5)))
    ward.post(adt("A08", 10, mrn=PRIOR, unit="2N", family="TESTPATIENT-BIRCH"))
    ward.work()

    assert ["A01", "A08", "A40", "A08"] == ward.told("ehr")
    assert [{PRIOR}, {PRIOR}, {SURVIVOR}, {SURVIVOR}] == patients_of(ward, "ehr")
    told = ward.deliveries("ehr")[2]
    retired, survivor = sorted(resources(told, "Patient"), key=lambda one: one.get("active", True))
    (visit,) = resources(told, "Encounter")
    assert ["replaced-by"] == [link["type"] for link in retired["link"]]
    assert ("TESTPATIENT-BIRCH", ["replaces"]) == (
        survivor["name"][0]["family"],
        [link["type"] for link in survivor["link"]],
    )
    assert f"Patient/{survivor['id']}" == visit["subject"]["reference"]
    (newer,) = resources(ward.deliveries("ehr")[1], "Encounter")
    assert newer["location"] == visit["location"]


def test_a_merge_concerns_every_unit_whatever_visit_it_names(ward: Ward) -> None:
    ward.post(adt("A01", 0, mrn=PRIOR, unit="ICU1"))
    ward.post(with_visit(merge(1), visit="V-2"))
    ward.post(adt("A08", 2, mrn=PRIOR, unit="ICU1"))
    ward.work()

    assert ["A01", "A40", "A08"] == ward.told("icu")
    assert [{PRIOR}, {SURVIVOR}, {SURVIVOR}] == patients_of(ward, "icu")


@pytest.mark.parametrize(
    ("before", "after"),
    [((PRIOR,), (SURVIVOR,)), ((PRIOR,), (PRIOR,)), ((), (SURVIVOR, PRIOR))],
    ids=["prior then survivor", "prior then prior", "survivor then prior"],
)
def test_a_preliminary_state_does_not_overtake_its_final_one_through_a_merge(
    ward: Ward, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    final, *further = [oru("R-1", mrn=mrn) for mrn in (*before, *after)]
    steps = [final, merge(0)] if before else [merge(0), final]
    for payload in (*steps, *(as_preliminary(one) for one in further)):
        ward.post(payload)
        ward.work()

    assert ["A40", "R01"] == sorted(ward.told("ehr"))
    assert [("newer-state-known",)] == ward.rows("select status_code from delivery where status = 'superseded'")
    disposed_of_with_another = "message_id = report_state.message_id and patient_key <> report_state.patient_key"
    assert [] == ward.rows(
        f"select 1 from report_state where exists (select 1 from message where {disposed_of_with_another})"
    )


@pytest.mark.parametrize(("final", "preliminary"), [(PRIOR, SURVIVOR), (SURVIVOR, PRIOR)])
def test_of_what_both_had_before_the_merge_the_newest_counts(ward: Ward, final: str, preliminary: str) -> None:
    for payload in (
        oru("R-1", mrn=final),
        as_preliminary(oru("R-1", mrn=preliminary)),
        merge(0),
        as_preliminary(oru("R-1", mrn=SURVIVOR, value="4.0")),
    ):
        ward.post(payload)
        ward.work()

    assert ["R01", "R01", "A40"] == ward.told("ehr")


def test_a_merge_that_was_discarded_forgets_nothing_of_the_prior_patient(ward: Ward) -> None:
    ward.post(oru("R-1", mrn=PRIOR))
    ward.work()
    refused = ward.post(merge(0))
    del ward.ports.archive.contents[received(refused.message_id)]  # type: ignore[attr-defined]
    ward.work()
    ((quarantine,),) = ward.rows("select quarantine_id from quarantine")
    discard(quarantine, "test/steward", "a mistake", ward.ports)
    ward.post(as_preliminary(oru("R-1", mrn=PRIOR)))
    ward.work()

    assert ["R01"] == ward.told("ehr")


def test_an_older_word_about_a_person_does_not_overtake_a_newer_one_through_a_merge(ward: Ward) -> None:
    ward.post(merge(0))
    ward.post(adt("A31", 7, mrn=SURVIVOR))
    ward.post(adt("A31", 5, mrn=PRIOR, visit="V-2"))
    ward.work()

    assert ["A40", "A31"] == ward.told("ehr")


def test_nothing_of_the_survivor_passes_before_what_was_owed_for_the_prior_patient(ward: Ward) -> None:
    ward.post(adt("A01", 0, mrn=PRIOR))
    ward.post(merge(1))
    ward.post(adt("A01", 2, mrn=SURVIVOR, visit="V-2"))
    ward.work(only=is_processing)
    destination(ward, "ehr").failures.append(TransientError("destination-unavailable"))
    ward.work()
    assert [] == ward.told("ehr")

    ward.later(ward.ports.lease * 20)

    assert ["A01", "A40", "A01"] == ward.told("ehr")


def test_a_refused_merge_holds_both_identities_until_a_person_decides(ward: Ward) -> None:
    destination(ward, "ehr").failures.append(RejectedError("destination-refused"))
    ward.post(merge(0))
    ward.post(adt("A01", 1, mrn=PRIOR))
    ward.post(adt("A01", 2, mrn=SURVIVOR, visit="V-2"))
    ward.post(adt("A01", 3, mrn="TEST-3", visit="V-3"))
    ward.work()
    assert [{"TEST-3"}] == patients_of(ward, "ehr")
    assert ["A40", "A01"] == [activity_of(bundle) for bundle in ward.deliveries("icu")][:1] + ward.told("bed-board")[
        :1
    ]

    ((quarantine,),) = ward.rows("select quarantine_id from quarantine")
    discard(quarantine, "test/steward", "merged by hand there", ward.ports)
    ward.work()

    assert [{"TEST-3"}, {SURVIVOR}, {SURVIVOR}] == patients_of(ward, "ehr")


def test_a_merge_that_cannot_be_processed_holds_both_identities(ward: Ward) -> None:
    ward.post(merge(0))
    ward.post(adt("A01", 1, mrn=PRIOR))
    ward.ports.archive.contents.clear()  # type: ignore[attr-defined]
    ward.work()

    assert [("quarantined", "A40"), ("received", "A01")] == ward.rows(
        "select status, trigger_event from message order by status"
    )
    assert [] == ward.told("ehr")


def test_a_merge_that_waits_for_a_parked_neighbour_ages_nobodys_backlog(ward: Ward) -> None:
    ward.post(adt("A01", 0, mrn=PRIOR))
    ward.ports.archive.contents.clear()  # type: ignore[attr-defined]
    ward.work()
    ward.post(merge(1))
    ward.later(timedelta(hours=3))

    sweep(ward.ports)

    with ward.ports.ledger.statements() as each:
        measured = each.pressure.read()
    assert measured is not None
    assert (3, None) == (measured.backlog, measured.oldest_due)


def test_a_critical_value_opens_its_task_behind_a_merge_that_is_stuck(ward: Ward) -> None:
    destination(ward, "ehr").failures.append(RejectedError("destination-refused"))
    ward.post(merge(0))
    ward.post(oru("R-1", mrn=PRIOR, value="7.1", flag="HH"))
    ward.work()

    assert [("critical-result",), ("quarantine-review",)] == ward.rows("select kind from task order by kind")


def test_a_chain_of_merges_ends_at_the_last_survivor(ward: Ward) -> None:
    ward.post(adt("A40", 0, mrn="TEST-2", prior="TEST-1"))
    ward.post(adt("A40", 1, mrn="TEST-3", prior="TEST-2"))
    ward.post(adt("A01", 2, mrn="TEST-1"))
    ward.work()

    assert {"TEST-3"} == patients_of(ward, "ehr")[-1]


def test_a_merge_of_several_survivors_is_refused_at_the_door(ward: Ward) -> None:
    both = merge(0) + b"PID|2||TEST-4^^^HILL^MR||TESTPATIENT-ASH^QUILL\rMRG|TEST-5^^^HILL^MR\r"

    answer = ward.post(both)

    assert "AE" == answer.code
    assert [("several-survivors", "PID[2]-3")] == ward.rows("select status_code, status_location from message")


def test_a_merge_that_names_nobody_is_refused_at_the_door(ward: Ward) -> None:
    answer = ward.post(merge(0).replace(b"MRG|TEST-1^^^HILL^MR", b"MRG|^^^HILL^MR"))

    assert "AE" == answer.code
    assert [("merge-without-identifier", "MRG-1")] == ward.rows("select status_code, status_location from message")


def test_a_patient_merged_into_itself_is_told_and_fences_nobody(ward: Ward) -> None:
    ward.post(adt("A40", 0, mrn=PRIOR, prior=PRIOR))
    ward.post(adt("A01", 1, mrn=PRIOR))
    ward.work()

    assert ["A40", "A01"] == ward.told("ehr")
    assert [] == ward.rows("select * from merged_patient")
