"""A burst of updates becomes one coherent record for the subscriber that asks for it (A14)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.functions.adt_routing.rooms import Ward, adt, oru, partners, subscriber

BURST = [f"TESTPATIENT-{name}" for name in ("ALDER", "ASH", "BEECH", "BIRCH", "CEDAR")]


def burst(ward: Ward, start: int = 1, **options: str) -> None:
    for offset, family in enumerate(BURST):
        ward.post(adt("A08", start + offset, family=family, **options))
        ward.work()


def families(ward: Ward, destination: str) -> list[str]:
    return [
        entry["resource"]["name"][0]["family"]
        for bundle in ward.deliveries(destination)
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Patient"
    ]


def test_a_burst_becomes_one_record_at_the_windows_end_and_its_last_word(ward: Ward) -> None:
    ward.post(adt("A01", 0))
    burst(ward)
    assert (["A01"], ["A01", *["A08"] * 5]) == (ward.told("registry"), ward.told("ehr"))

    ward.later(timedelta(seconds=61))

    assert ["A01", "A08"] == ward.told("registry")
    assert "TESTPATIENT-CEDAR" == families(ward, "registry")[-1]


def test_the_updates_that_were_replaced_are_counted(ward: Ward) -> None:
    burst(ward)
    ward.later(timedelta(seconds=61))

    assert [("delivered", None, 1), ("superseded", "newer-update-known", 4)] == ward.rows(
        "select status, status_code, count(*) from delivery where destination = 'registry' group by 1, 2 order by 1"
    )


def test_a_window_is_counted_from_its_first_update(ward: Ward) -> None:
    ward.post(adt("A08", 1))
    ward.work()
    for minute in range(2, 8):
        ward.later(timedelta(seconds=10))
        ward.post(adt("A08", minute))
        ward.work()

    assert ["A08"] == ward.told("registry")


def test_an_event_behind_a_window_ends_it(ward: Ward) -> None:
    ward.post(adt("A01", 0))
    burst(ward)
    ward.post(adt("A03", 9))
    ward.work()

    assert ["A01", "A08", "A03"] == ward.told("registry")


def test_a_result_behind_a_window_ends_it(ward: Ward) -> None:
    chart = subscriber("chart", "encounter.*", "result.*", coalesce=timedelta(minutes=10))
    ward.ports = replace(ward.ports, partners=partners(chart))
    burst(ward)
    ward.post(oru("R-1", mrn="TEST-1"))
    ward.work()

    assert ["A08", "R01"] == ward.told("chart")


def test_a_merge_behind_the_windows_of_both_ends_them(ward: Ward) -> None:
    burst(ward, mrn="TEST-1", visit="V-1")
    burst(ward, mrn="TEST-2", visit="V-2")
    ward.post(adt("A40", 9, mrn="TEST-2", prior="TEST-1"))
    ward.work()

    assert ["A08", "A08", "A40"] == ward.told("registry")


def test_visits_are_not_mixed(ward: Ward) -> None:
    burst(ward, visit="V-1")
    burst(ward, visit="V-2")
    ward.later(timedelta(seconds=61))

    assert ["A08", "A08"] == ward.told("registry")
    visits = {one["id"] for one in ward.record("registry").values() if one["resourceType"] == "Encounter"}
    assert 2 == len(visits)


def test_an_update_in_a_workers_hand_is_not_replaced(ward: Ward) -> None:
    ward.post(adt("A08", 1))
    ward.work()
    ((stream,),) = ward.rows("select stream_id from stream where lane = 'deliver/registry'")
    with ward.ports.ledger.transaction() as tx:
        tx.streams.take(stream, "another worker", timedelta(seconds=30), "")
    ward.post(adt("A08", 2))
    ward.work()

    assert [("due", 2)] == ward.rows(
        "select status, count(*) from delivery where destination = 'registry' group by status"
    )


def test_every_older_update_is_replaced_though_a_worker_whose_clock_is_ahead_had_one_in_hand(ward: Ward) -> None:
    ward.post(adt("A08", 1))
    ward.work()
    ((stream,),) = ward.rows("select stream_id from stream where lane = 'deliver/registry'")
    with ward.ports.ledger.transaction() as tx:
        taken = tx.streams.take(stream, "another worker", timedelta(seconds=30), "")
    ward.post(adt("A08", 2))
    ward.work()
    holder = taken()
    assert holder is not None
    with ward.ports.ledger.transaction() as tx:
        tx.streams.confirm(holder.lease)
        tx.streams.release(holder.lease)
    ward.post(adt("A08", 3))
    ward.work()
    ward.later(timedelta(seconds=61))

    assert [("delivered", 1), ("superseded", 2)] == ward.rows(
        "select status, count(*) from delivery where destination = 'registry' group by status order by status"
    )


def test_a_lost_wake_up_call_is_made_good_by_the_sweeper(ward: Ward) -> None:
    burst(ward)
    ward.left.clear()
    ward.clock.advance(timedelta(seconds=90))
    with ward.ports.ledger.transaction() as tx:
        overdue = tx.waking.overdue(ward.clock(), 10)

    assert ["delivery_send"] == [hint.function for hint in overdue]
