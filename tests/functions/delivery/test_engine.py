"""A destination that is down, slow, limited or halted touches nobody else (D01, D11, D12, D13, D18)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from random import Random
from threading import Event, Lock
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.delivery.use_case import SEND, SEND_BULK
from functions.operations.sweeping import sweep
from shared.adapters.memory import FakeDestination, FakeDestinations, FixedClock, RecordedHints
from shared.delivery.ports import HaltKind
from shared.errors import RejectedError, TransientError
from shared.partners.model import Limits, Partners, Rate, Receiver, Secondary
from shared.pipeline import drain
from shared.pipeline.decisions import halt, resume
from shared.pipeline.entrance import wake_at
from shared.ports import Ports, Sent
from tests.functions.delivery.rooms import Owe, deliveries, destination
from tests.functions.messages import PARTNERS

DOWN = TransientError("destination-unavailable", text="HTTP 503")


def with_receiver(desk: Ports, **changes: object) -> Ports:
    """Return the ports with a partner file of the EHR that says something else."""
    partner = PARTNERS.by_name["harbor-ehr"]
    assert partner.receives is not None
    changed = replace(partner, receives=replace(partner.receives, **changes))  # type: ignore[arg-type]
    return replace(desk, partners=Partners({**PARTNERS.by_name, "harbor-ehr": changed}))


def receiver() -> Receiver:
    found = PARTNERS.by_name["harbor-ehr"].receives
    assert found is not None
    return found


def work_off(desk: Ports, hints: RecordedHints, clock: FixedClock) -> int:
    """Follow every hint that is due by now; return how many there were. Those of later stay."""
    followed = 0
    while due := [hint for hint in hints.take() if _keep_if_later(hint, clock)]:
        for hint in due:
            drain(SEND, hint.stream_id, desk)
            followed += 1
    return followed


def _keep_if_later(hint: object, clock: FixedClock) -> bool:
    not_before = getattr(hint, "not_before", None)
    if not_before is None or not_before <= clock():
        return True
    _LATER.append(hint)
    return False


_LATER: list[object] = []


@pytest.fixture(autouse=True)
def no_hints_of_before() -> None:
    _LATER.clear()


def pass_time(hints: RecordedHints, clock: FixedClock, step: timedelta) -> None:
    clock.advance(step)
    kept = [hint for hint in _LATER if getattr(hint, "not_before", None) <= clock()]  # type: ignore[operator]
    for hint in kept:
        _LATER.remove(hint)
    hints.send(kept)  # type: ignore[arg-type]


def column(ledger_url: str, query: str) -> list[object]:
    with psycopg.connect(ledger_url) as connection:
        return [row[0] for row in connection.execute(query)]


def break_down(desk: Ports, owe: Owe, times: int = 5) -> None:
    destination(desk).failures.extend([DOWN] * times)
    for _ in range(times):
        drain(SEND, owe(), desk)


def test_an_outage_holds_the_others_without_burning_their_attempts(desk: Ports, owe: Owe, ledger_url: str) -> None:
    break_down(desk, owe)

    drain(SEND, owe(), desk)

    assert [("destination-paused", 0)] == entries(ledger_url, "held")
    assert [] == destination(desk).effects


def entries(ledger_url: str, status: str) -> list[tuple[object, ...]]:
    with psycopg.connect(ledger_url) as connection:
        return connection.execute(
            "select code, attempts from entry where status = %s order by stream_id", (status,)
        ).fetchall()


def test_one_destinations_outage_is_no_other_destinations(desk: Ports, owe: Owe) -> None:
    break_down(desk, owe)

    drain(SEND, owe("insight-portal"), desk)

    assert 1 == len(destination(desk, "insight-portal").effects)


def test_an_outage_tells_its_owner_once_and_its_end_closes_the_task(
    desk: Ports, owe: Owe, ledger_url: str, clock: FixedClock
) -> None:
    break_down(desk, owe)
    kinds = "select kind || ' ' || state from task"
    assert ["destination-outage queued"] == column(ledger_url, kinds)
    for _ in range(3):  # probes that fail are the same outage
        clock.advance(timedelta(minutes=6))
        destination(desk).failures.append(DOWN)
        drain(SEND, owe(), desk)
    assert ["destination-outage queued"] == column(ledger_url, kinds)

    clock.advance(timedelta(minutes=6))
    drain(SEND, owe(), desk)

    assert ["destination-outage completed"] == column(ledger_url, kinds)
    assert ["closed"] == column(ledger_url, "select state from destination_gate")
    assert ["open-breaker", "close-breaker"] == column(
        ledger_url, "select action from audit where action like '%breaker' order by audit_id"
    )


def test_only_one_probe_is_on_its_way(desk: Ports, owe: Owe, clock: FixedClock) -> None:
    break_down(desk, owe)
    streams = [owe() for _ in range(3)]
    clock.advance(timedelta(seconds=3))
    seen: list[str] = []

    class Slow(FakeDestination):
        def send(self, body: bytes, *, idempotency_key: str, traceparent: str) -> Sent:
            seen.append(idempotency_key)
            if len(seen) == 1:
                for stream_id in streams[1:]:  # others come while the probe is on its way
                    drain(SEND, stream_id, desk)
            return super().send(body, idempotency_key=idempotency_key, traceparent=traceparent)

    assert isinstance(desk.destinations, FakeDestinations)
    desk.destinations.by_name["harbor-ehr"] = Slow()
    drain(SEND, streams[0], desk)

    assert 1 == len(seen)


def test_a_refusal_is_an_answer(desk: Ports, owe: Owe, ledger_url: str, clock: FixedClock) -> None:
    break_down(desk, owe)
    clock.advance(timedelta(seconds=3))
    destination(desk).failures.append(RejectedError("destination-refused", text="HTTP 422"))

    drain(SEND, owe(), desk)

    assert ["closed"] == column(ledger_url, "select state from destination_gate")


def test_a_conflict_is_an_answer_too_and_a_person_is_asked_when_it_does_not_end(
    desk: Ports, owe: Owe, ledger_url: str, clock: FixedClock
) -> None:
    break_down(desk, owe)
    stream_id = owe()
    for _ in range(19):
        clock.advance(timedelta(minutes=5))
        destination(desk).failures.append(TransientError("delivery-conflict", text="HTTP 409"))
        drain(SEND, stream_id, desk)
    tried = column(ledger_url, f"select status from entry where stream_id = {stream_id}")

    clock.advance(timedelta(minutes=5))
    destination(desk).failures.append(TransientError("delivery-conflict", text="HTTP 409"))
    drain(SEND, stream_id, desk)

    assert ["waiting"] == tried
    assert ["parked"] == column(ledger_url, f"select status from entry where stream_id = {stream_id}")
    assert ["closed"] == column(ledger_url, "select state from destination_gate")


def test_a_failure_that_is_ours_is_not_the_destinations(desk: Ports, owe: Owe, ledger_url: str) -> None:
    for _ in range(6):
        destination(desk).failures.append(TransientError("archive-unavailable"))
        drain(SEND, owe(), desk)

    assert [0] == column(ledger_url, "select failures from destination_gate")


def test_after_an_outage_everything_drains_in_order_and_never_more_at_once_than_the_cap(
    desk: Ports, owe: Owe, ledger_url: str, clock: FixedClock, hints: RecordedHints
) -> None:
    desk = with_receiver(desk, limits=Limits(concurrency=2))
    patients = [uuid4() for _ in range(8)]
    break_down(desk, owe)
    for _ in range(3):
        for patient in patients:
            owe(key=patient)
            clock.advance(timedelta(milliseconds=1))
    work_off(desk, hints, clock)
    assert [] == destination(desk).effects
    most = watch_sendings(desk)

    with ThreadPoolExecutor(6) as workers:
        for _ in range(20):
            pass_time(hints, clock, timedelta(seconds=61))
            sweep(desk)
            while due := [hint for hint in hints.take() if _keep_if_later(hint, clock)]:
                list(workers.map(lambda hint: drain(SEND, hint.stream_id, desk), due))

    assert {("delivered",)} == set(deliveries(ledger_url, "status"))
    assert 2 == max(most)
    assert len(deliveries(ledger_url)) == len(destination(desk).effects)


def watch_sendings(desk: Ports) -> list[int]:
    """Note, at each sending, how many are on their way."""
    before, most, sending, lock = destination(desk), [], 0, Lock()

    class Watching(FakeDestination):
        def send(self, body: bytes, *, idempotency_key: str, traceparent: str) -> Sent:
            nonlocal sending
            with lock:
                sending += 1
                most.append(sending)
            Event().wait(0.02)  # long enough for the others to come
            with lock:
                sending -= 1
                return super().send(body, idempotency_key=idempotency_key, traceparent=traceparent)

    assert isinstance(desk.destinations, FakeDestinations)
    desk.destinations.by_name["harbor-ehr"] = Watching(failures=before.failures, effects=before.effects)
    return most


def test_a_full_destination_makes_the_next_wait_and_is_left_by_the_one_that_ends(
    desk: Ports, owe: Owe, ledger_url: str, clock: FixedClock, hints: RecordedHints
) -> None:
    desk = with_receiver(desk, limits=Limits(concurrency=1))
    drain(SEND, owe(), desk)  # makes the gate's row
    first, second = owe(), owe()

    class Crowded(FakeDestination):
        def send(self, body: bytes, *, idempotency_key: str, traceparent: str) -> Sent:
            if not self.effects:
                drain(SEND, second, desk)
            return super().send(body, idempotency_key=idempotency_key, traceparent=traceparent)

    assert isinstance(desk.destinations, FakeDestinations)
    desk.destinations.by_name["harbor-ehr"] = crowded = Crowded()
    hints.take()
    drain(SEND, first, desk)

    assert [("destination-busy", 0)] == entries(ledger_url, "held")
    pass_time(hints, clock, timedelta(seconds=2))
    work_off(desk, hints, clock)
    sweep(desk)
    work_off(desk, hints, clock)
    assert 2 == len(crowded.effects)


def test_bulk_leaves_a_place_free_for_what_comes_one_by_one(desk: Ports, owe: Owe, hints: RecordedHints) -> None:
    desk = with_receiver(desk, limits=Limits(concurrency=2))
    drain(SEND, owe(), desk)  # makes the gate's row
    first, second, single = owe(stage=SEND_BULK), owe(stage=SEND_BULK), owe()

    class Crowded(FakeDestination):
        def send(self, body: bytes, *, idempotency_key: str, traceparent: str) -> Sent:
            if not self.effects:
                self.effects.append(("in hand", b""))
                drain(SEND_BULK, second, desk)
                drain(SEND, single, desk)
            return super().send(body, idempotency_key=idempotency_key, traceparent=traceparent)

    assert isinstance(desk.destinations, FakeDestinations)
    desk.destinations.by_name["harbor-ehr"] = crowded = Crowded()
    hints.take()
    drain(SEND_BULK, first, desk)

    assert 1 + 2 == len(crowded.effects)
    assert SEND_BULK.step.function in {hint.function for hint in hints.take()}  # the place is free again


def test_after_an_outage_what_comes_one_by_one_is_served_before_bulk(
    desk: Ports, owe: Owe, clock: FixedClock, hints: RecordedHints
) -> None:
    break_down(desk, owe)
    bulk, single = owe(stage=SEND_BULK), owe()
    drain(SEND_BULK, bulk, desk)
    drain(SEND, single, desk)
    hints.take()

    assert [SEND.step.function, SEND_BULK.step.function] == woken_in_turn(desk, hints)


def woken_in_turn(desk: Ports, hints: RecordedHints) -> list[str]:
    """Wake one waiting delivery after the other, as free places do; return the functions that were hinted."""
    found = []
    while True:
        with desk.ledger.transaction() as tx:
            wake_at(tx, "harbor-ehr", 1)
        taken = [hint for hint in hints.take() if hint.function.startswith("delivery_")]
        if not taken:
            return found
        found += [hint.function for hint in taken]


def test_what_follows_bulk_in_a_patients_stream_stays_behind_it(
    desk: Ports, owe: Owe, hints: RecordedHints, ledger_url: str
) -> None:
    key = uuid4()
    stream_id = owe(key=key, stage=SEND_BULK)
    owe(key=key)

    drain(SEND, stream_id, desk)  # a hint that came too early
    assert [] == destination(desk).effects
    for hint in hints.take():
        drain(SEND_BULK if hint.function == SEND_BULK.step.function else SEND, hint.stream_id, desk)
    for hint in hints.take():
        drain(SEND_BULK if hint.function == SEND_BULK.step.function else SEND, hint.stream_id, desk)

    in_order = column(ledger_url, "select delivery_id from delivery order by due_since, delivery_id")
    assert len(in_order) == len(destination(desk).effects)


def test_a_rate_is_kept_over_all_workers_and_used_up(
    desk: Ports, owe: Owe, ledger_url: str, clock: FixedClock, hints: RecordedHints
) -> None:
    desk = with_receiver(desk, limits=Limits(concurrency=9, rate=Rate(per_second=2.0, burst=4)))
    for _ in range(30):
        owe()
    arrived = []
    for _ in range(16):
        work_off(desk, hints, clock)
        arrived.append(len(destination(desk).effects))
        pass_time(hints, clock, timedelta(seconds=1))

    assert 4 == arrived[0]
    assert all(now <= 4 + 2 * seconds for seconds, now in enumerate(arrived))
    assert arrived[-1] == 30


def test_a_halted_destination_gets_nothing_and_nothing_is_lost_or_burnt(
    desk: Ports, owe: Owe, ledger_url: str, clock: FixedClock, hints: RecordedHints
) -> None:
    halt("destination", "harbor-ehr", "operator/one", "maintenance", desk)
    for _ in range(3):
        owe()
    for _ in range(10):
        work_off(desk, hints, clock)
        sweep(desk)
        pass_time(hints, clock, timedelta(minutes=5))
    assert [("halted", 0)] * 3 == entries(ledger_url, "held")
    assert [] == destination(desk).effects

    assert resume("destination", "harbor-ehr", "operator/two", "done", desk)
    work_off(desk, hints, clock)
    sweep(desk)
    work_off(desk, hints, clock)

    assert [("delivered", 1)] * 3 == deliveries(ledger_url, "status, attempts")
    assert [("operator/one", "maintenance"), ("operator/two", "done")] == [
        tuple(row) for row in rows(ledger_url, "select actor, reason from audit where action in ('halt', 'resume')")
    ]


def test_what_waited_for_the_flow_drains_at_the_destinations_cap_once_it_is_resumed(
    desk: Ports, owe: Owe, ledger_url: str, clock: FixedClock, hints: RecordedHints
) -> None:
    desk = with_receiver(desk, limits=Limits(concurrency=2))
    halt("flow", "delivery", "operator/one", "maintenance", desk)
    for _ in range(9):
        owe()
        clock.advance(timedelta(seconds=1))
    for _ in range(3):
        work_off(desk, hints, clock)
        sweep(desk)
    assert ([], [("halted", 0)] * 9) == (hints.take(), entries(ledger_url, "held"))

    assert resume("flow", "delivery", "operator/two", "done", desk)
    woken = hints.take()
    sweep(desk)
    woken += hints.take()

    assert 3 >= len(woken)  # the first, and then as many as may pass
    hints.send(woken)
    for _ in range(9):
        work_off(desk, hints, clock)
        sweep(desk)
    owed = [str(key) for key in column(ledger_url, "select delivery_id from delivery order by due_since")]
    arrived = [key for key, _ in destination(desk).effects]
    assert (9, 9) == (len(arrived), len(set(arrived)))
    assert all(abs(arrived.index(key) - place) < 3 for place, key in enumerate(owed))


def test_a_destination_that_is_halted_stays_so_when_the_flow_is_resumed_and_the_other_way_round(
    desk: Ports, owe: Owe, clock: FixedClock, hints: RecordedHints
) -> None:
    halted: tuple[tuple[HaltKind, str], ...] = (("destination", "harbor-ehr"), ("flow", "delivery"))
    for first, last in (halted, halted[::-1]):
        for kind, name in halted:
            halt(kind, name, "operator/one", "maintenance", desk)
        owe()
        work_off(desk, hints, clock)
        before = len(destination(desk).effects)

        resume(*first, "operator/two", "done", desk)
        work_off(desk, hints, clock)
        sweep(desk)
        work_off(desk, hints, clock)
        assert before == len(destination(desk).effects)

        resume(*last, "operator/two", "done", desk)
        sweep(desk)
        work_off(desk, hints, clock)
        assert before + 1 == len(destination(desk).effects)


def rows(ledger_url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(ledger_url) as connection:
        return connection.execute(query).fetchall()


def test_a_halt_ends_by_itself_when_its_time_is_over(
    desk: Ports, owe: Owe, clock: FixedClock, hints: RecordedHints
) -> None:
    halt("destination", "harbor-ehr", "operator/one", "an hour's work", desk, clock() + timedelta(hours=1))
    owe()
    work_off(desk, hints, clock)
    clock.advance(timedelta(hours=1))

    sweep(desk)
    work_off(desk, hints, clock)

    assert 1 == len(destination(desk).effects)


@pytest.fixture
def failing_over(desk: Ports) -> Ports:
    secondary = Secondary(receiver().endpoint, timedelta(minutes=5))
    return with_receiver(desk, secondary=secondary)


def test_a_long_outage_goes_over_the_secondary_and_comes_back_without_doubles(
    failing_over: Ports, owe: Owe, ledger_url: str, clock: FixedClock
) -> None:
    desk = failing_over
    break_down(desk, owe)
    during = owe()
    drain(SEND, during, desk)
    assert [] == destination(desk, "harbor-ehr/secondary").effects

    clock.advance(timedelta(minutes=6))
    destination(desk).failures.append(DOWN)
    drain(SEND, during, desk)  # the probe of the primary, which fails
    drain(SEND, owe(), desk)
    assert 1 == len(destination(desk, "harbor-ehr/secondary").effects)

    clock.advance(timedelta(minutes=6))
    drain(SEND, during, desk)  # the next probe, which the primary answers
    drain(SEND, owe(), desk)

    assert 2 == len(destination(desk).effects)
    both = destination(desk).effects + destination(desk, "harbor-ehr/secondary").effects
    assert len(both) == len({key for key, _ in both})


def test_a_delivery_that_may_have_arrived_before_the_switch_is_possibly_repeated(
    failing_over: Ports, owe: Owe, ledger_url: str, clock: FixedClock
) -> None:
    desk = failing_over
    destination(desk).failures.extend([DOWN] * 6)
    streams = [owe() for _ in range(5)]
    for stream_id in streams:
        drain(SEND, stream_id, desk)
    clock.advance(timedelta(minutes=6))

    for stream_id in streams:  # the first probes the primary, the others go over the secondary
        drain(SEND, stream_id, desk)

    assert [("delivered", "harbor-ehr/secondary", True)] * 4 == [
        row for row in deliveries(ledger_url, "status, way, possibly_repeated") if row[0] == "delivered"
    ]


@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 10_000))
def test_no_weather_of_a_destination_loses_doubles_or_reorders(
    desk: Ports, owe: Owe, ledger_url: str, clock: FixedClock, hints: RecordedHints, seed: int
) -> None:
    weather = Random(seed)
    patients = [uuid4() for _ in range(4)]
    with psycopg.connect(ledger_url) as connection:
        connection.execute("truncate destination_gate")
    destination(desk).effects.clear()
    owed: dict[UUID, list[UUID]] = {patient: [] for patient in patients}
    for _ in range(12):
        patient = weather.choice(patients)
        owe(key=patient)
        owed[patient].append(newest(ledger_url))
        clock.advance(timedelta(milliseconds=1))
        if weather.random() < 0.5:
            destination(desk).failures.append(DOWN)
        if weather.random() < 0.3:
            hints.take()  # lost on the bus
        work_off(desk, hints, clock)
        pass_time(hints, clock, timedelta(seconds=weather.choice([0, 1, 10, 100])))
    for _ in range(25):
        work_off(desk, hints, clock)
        pass_time(hints, clock, timedelta(seconds=61))
        sweep(desk)

    arrived = [UUID(key) for key, _ in destination(desk).effects]
    assert sorted(one for mine in owed.values() for one in mine) == sorted(arrived)
    for mine in owed.values():
        assert mine == [one for one in arrived if one in mine]


def newest(ledger_url: str) -> UUID:
    return rows(ledger_url, "select delivery_id from delivery order by due_since desc limit 1")[0][0]  # type: ignore[return-value]
