"""What happens at a hospital reaches every subscriber that wants it, in the order of each patient (F2, A01, A13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.adt_routing.use_case import PROCESS, route_adt
from functions.adt_routing.waiting import STOP_WAITING
from shared.archive_names import received
from shared.pipeline import Outcome, Work, drain
from shared.pipeline.decisions import discard
from shared.ports import Ports
from tests.functions.adt_routing.rooms import Ward, adt, oru, resources


def test_an_admission_reaches_every_subscriber_whose_filter_takes_it(ward: Ward) -> None:
    assert "AA" == ward.post(adt("A01", 0)).code
    ward.work()

    assert ["encounter.admitted"] == ward.events()
    assert [("bed-board", "delivered"), ("ehr", "delivered"), ("registry", "delivered")] == ward.rows(
        "select destination, status from delivery order by destination"
    )
    assert ["in-progress"] == [one["status"] for one in resources(ward.deliveries("ehr")[0], "Encounter")]


def test_a_stay_is_told_in_its_order(ward: Ward) -> None:
    for event, minute in (("A05", 0), ("A01", 1), ("A02", 2), ("A21", 3), ("A22", 4), ("A03", 5)):
        ward.post(adt(event, minute))
    ward.work()

    assert ["A05", "A01", "A02", "A21", "A22", "A03"] == ward.told("ehr")
    assert [("processed", 6)] == ward.rows("select status, count(*) from message group by status")


def test_a_unit_hears_of_who_comes_and_of_who_leaves(ward: Ward) -> None:
    ward.post(adt("A01", 0, unit="3W"))
    ward.post(adt("A02", 1, unit="ICU-1", before="3W"))
    ward.post(adt("A02", 2, unit="3W"))
    ward.post(adt("A03", 3, unit="3W"))
    ward.work()

    assert ["A02", "A02"] == ward.told("icu")


@pytest.mark.parametrize(
    ("events", "status"),
    [
        (("A01", "A11"), "cancelled"),
        (("A01", "A03", "A13"), "in-progress"),
        (("A01", "A02", "A12"), "in-progress"),
        (("A01", "A03", "A08"), "finished"),
        (("A01", "A21", "A08"), "onleave"),
    ],
)
def test_a_cancellation_takes_back_what_it_cancels(ward: Ward, events: tuple[str, ...], status: str) -> None:
    for minute, event in enumerate(events):
        ward.post(adt(event, minute))
    ward.work()

    assert list(events) == ward.told("ehr")
    assert [status] == [one["status"] for one in ward.record("ehr").values() if one["resourceType"] == "Encounter"]


def test_a_discharge_before_its_admission_waits_for_it(ward: Ward) -> None:
    ward.post(adt("A03", 5))
    ward.work()
    assert ([], [("received",)]) == (ward.told("ehr"), ward.rows("select status from message"))

    ward.post(adt("A01", 0))
    ward.work()

    assert ["A01", "A03"] == ward.told("ehr")
    assert ([], []) == (ward.rows("select * from task"), ward.rows("select * from early_message"))


def test_what_follows_an_event_that_waits_waits_behind_it(ward: Ward) -> None:
    for event, minute in (("A13", 6), ("A03", 5), ("A08", 7), ("A01", 0)):
        ward.post(adt(event, minute))
        ward.work()

    assert ["A01", "A03", "A13", "A08"] == ward.told("ehr")


def test_disorder_that_does_not_heal_goes_on_with_a_review(ward: Ward) -> None:
    ward.post(adt("A03", 5))
    ward.work()
    ward.later(timedelta(minutes=9))
    assert [] == ward.told("ehr")

    ward.later(timedelta(minutes=2))

    assert ["A03"] == ward.told("ehr")
    assert [("out-of-order", "patient-administration")] == ward.rows("select kind, owner_queue from task")


def test_an_admission_that_comes_after_its_discharge_went_on_reopens_nothing(ward: Ward) -> None:
    ward.post(adt("A03", 5))
    ward.work()
    ward.later(timedelta(minutes=11))
    ward.post(adt("A01", 0))
    ward.work()

    assert ["A03"] == ward.told("ehr")
    assert [("newer-state-known",)] == ward.rows(
        "select distinct status_code from delivery where status = 'superseded'"
    )


def test_a_patient_who_waits_holds_up_nobody_and_no_critical_value(ward: Ward) -> None:
    ward.post(adt("A03", 5))
    ward.post(adt("A01", 0, mrn="TEST-2", visit="V-2"))
    ward.post(oru("R-1", mrn="TEST-1", value="7.1", flag="HH"))
    ward.work()

    assert [("critical-result",)] == ward.rows("select kind from task")
    assert 2 == len(ward.deliveries("ehr"))


def test_a_late_event_keeps_what_a_newer_description_says(ward: Ward) -> None:
    ward.post(adt("A01", 0))
    ward.post(adt("A08", 7, family="TESTPATIENT-BIRCH"))
    ward.post(adt("A03", 5, family="TESTPATIENT-ALDER"))
    ward.work()

    held = ward.record("ehr").values()
    assert ["TESTPATIENT-BIRCH"] == [one["name"][0]["family"] for one in held if one["resourceType"] == "Patient"]
    assert ["finished"] == [one["status"] for one in held if one["resourceType"] == "Encounter"]


def test_a_discharge_and_its_cancellation_that_both_come_late_leave_the_patient_in_place(ward: Ward) -> None:
    for event, minute in (("A02", 4), ("A01", 0), ("A02", 1), ("A03", 2), ("A13", 3)):
        ward.post(adt(event, minute))
        ward.work()

    (visit,) = [one for one in ward.record("ehr").values() if one["resourceType"] == "Encounter"]
    assert ("in-progress", ["active"]) == (visit["status"], [place["status"] for place in visit["location"]])


def test_an_older_update_does_not_overtake_a_newer_one(ward: Ward) -> None:
    ward.post(adt("A01", 0))
    ward.post(adt("A08", 7, family="TESTPATIENT-BIRCH"))
    ward.post(adt("A08", 5))
    ward.work()

    assert ["A01", "A08"] == ward.told("ehr")


def test_a_clock_that_runs_ahead_orders_nothing(ward: Ward) -> None:
    ward.post(adt("A01", 0))
    ward.post(adt("A08", 1).replace(b"EVN|A08|20260314", b"EVN|A08|20270314"))
    ward.post(adt("A08", 2))
    ward.work()

    assert ["A01", "A08", "A08"] == ward.told("ehr")


def test_an_older_word_about_a_person_does_not_overtake_a_newer_one(ward: Ward) -> None:
    ward.post(adt("A31", 7, family="TESTPATIENT-BIRCH"))
    ward.post(adt("A31", 5))
    ward.work()

    assert ["A31"] == ward.told("ehr")
    assert ["patient.updated", "patient.updated"] == ward.events()


def test_a_deadline_of_a_message_that_was_let_go_changes_nothing(ward: Ward) -> None:
    ward.post(adt("A03", 5))
    ward.work()
    ward.post(adt("A01", 0))
    ward.work()
    ward.later(timedelta(minutes=11))

    assert (["A01", "A03"], []) == (ward.told("ehr"), ward.rows("select * from task"))


def test_a_wait_that_was_in_vain_twice_keeps_its_first_deadline(ward: Ward) -> None:
    ward.post(adt("A13", 6))
    ward.work()
    ward.later(timedelta(minutes=9))
    ward.post(adt("A01", 0))
    ward.work()
    ward.later(timedelta(minutes=2))

    assert ["A01", "A13"] == ward.told("ehr")
    assert [("out-of-order",)] == ward.rows("select kind from task")


def test_a_deadline_that_passes_while_the_message_is_on_its_way_back_is_kept(ward: Ward) -> None:
    ward.post(adt("A13", 6))
    ward.work()
    ward.post(adt("A01", 0))
    poisoned = ward.post(adt("A08", 1))
    del ward.ports.archive.contents[received(poisoned.message_id)]  # type: ignore[attr-defined]
    ward.work()
    ward.later(timedelta(minutes=11))
    assert ["A01"] == ward.told("ehr")

    ((quarantine,),) = ward.rows("select quarantine_id from quarantine")
    discard(quarantine, "test/steward", "sent anew", ward.ports)
    ward.work()

    assert ["A01", "A13"] == ward.told("ehr")
    assert [("out-of-order",)] == ward.rows("select kind from task where state = 'queued'")


def test_a_deadline_that_passes_while_a_message_is_judged_is_kept(ward: Ward) -> None:
    early = ward.post(adt("A13", 6))
    ward.work()
    deadlines = [hint for hint in ward.left if hint.function == STOP_WAITING.step.function]
    ward.post(adt("A01", 0))

    def slowly(work: Work, ports: Ports) -> Outcome:
        judged = route_adt(work, ports)
        if work.entry.message_id == early.message_id and ward.clock() < deadline:
            ward.clock.advance(timedelta(minutes=11))
            for hint in deadlines:
                drain(STOP_WAITING, hint.stream_id, ports)
        return judged

    deadline = ward.clock() + timedelta(minutes=10)
    ((stream,),) = ward.rows("select stream_id from stream where lane = 'process'")
    drain(replace(PROCESS, use_case=slowly), stream, ward.ports)
    ward.work()

    assert ["A01", "A13"] == ward.told("ehr")
