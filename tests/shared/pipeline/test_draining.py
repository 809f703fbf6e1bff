"""One entry, one outcome: what each kind of failure leads to (invariants 2, 3, 6, 13; requirements D03, D05, D18)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from shared.adapters.memory import FixedClock, RecordedHints
from shared.errors import ConfigurationError, RejectedError, ReviewNeededError, TransientError
from shared.pipeline import Outcome, Work, drain, stream_of
from shared.ports import Ports
from tests.shared.pipeline.received import RETRY, append, fail, receive, stage, statuses, succeed


def column(ledger_url: str, query: str) -> list[object]:
    with psycopg.connect(ledger_url) as connection:
        return [row[0] for row in connection.execute(query)]


def test_everything_of_one_patient_is_worked_off_in_order(ports: Ports, ledger_url: str) -> None:
    stream_id, messages = receive(ports, uuid4(), 5)
    seen: list[UUID] = []

    drain(stage(succeed(seen)), stream_id, ports)

    assert messages == seen
    assert [("processed", None)] * 5 == statuses(ledger_url)
    assert [] == column(ledger_url, "select seq from entry")


def test_a_doubled_hint_has_no_second_effect(ports: Ports) -> None:
    stream_id, messages = receive(ports, uuid4(), 2)
    seen: list[UUID] = []

    for _ in range(3):
        drain(stage(succeed(seen)), stream_id, ports)

    assert messages == seen


def test_a_hint_for_a_stream_that_is_gone_does_nothing(ports: Ports) -> None:
    drain(stage(fail(AssertionError("nothing to work on"))), 4711, ports)


def test_a_rejected_message_is_quarantined_with_a_review_and_parks_only_its_patient(
    ports: Ports, ledger_url: str
) -> None:
    poisoned, _ = receive(ports, uuid4(), 2)
    healthy, healthy_messages = receive(ports, uuid4())
    seen: list[UUID] = []

    drain(stage(fail(RejectedError("fhir-invalid", "Patient.birthDate", "not a date"))), poisoned, ports)
    drain(stage(succeed(seen)), healthy, ports)
    drain(stage(succeed(seen)), poisoned, ports)

    assert healthy_messages == seen
    counted = statuses(ledger_url)
    assert 1 == counted.count(("quarantined", "fhir-invalid"))
    assert 1 == counted.count(("received", None))
    assert ["quarantine-review"] == column(ledger_url, "select kind from task")
    assert ["Patient.birthDate"] == column(ledger_url, "select location from quarantine")


def test_what_may_heal_is_tried_again_later_and_keeps_its_place(
    ports: Ports, ledger_url: str, clock: FixedClock, hints: RecordedHints
) -> None:
    stream_id, messages = receive(ports, uuid4(), 2)
    hints.take()
    seen: list[UUID] = []

    drain(stage(fail(TransientError("archive-unavailable"))), stream_id, ports)
    drain(stage(succeed(seen)), stream_id, ports)
    assert [] == seen
    (scheduled,) = hints.take()
    assert scheduled.not_before is not None
    assert clock() <= scheduled.not_before <= clock() + RETRY.base

    clock.advance(timedelta(seconds=2))
    drain(stage(succeed(seen)), stream_id, ports)

    assert messages == seen
    assert ["retry", "processed", "processed"] == column(ledger_url, "select outcome from hop order by hop_id")


def test_a_setting_of_ours_that_is_missing_parks_nobodys_stream(
    ports: Ports, ledger_url: str, clock: FixedClock
) -> None:
    stream_id, messages = receive(ports, uuid4())
    seen: list[UUID] = []

    drain(stage(fail(ConfigurationError("setting-missing", "HARBOR_EHR_URL"))), stream_id, ports)
    clock.advance(timedelta(seconds=2))
    drain(stage(succeed(seen)), stream_id, ports)

    assert messages == seen
    assert ["retry", "processed"] == column(ledger_url, "select outcome from hop order by hop_id")


def test_a_spent_budget_ends_in_quarantine(ports: Ports, ledger_url: str, clock: FixedClock) -> None:
    stream_id, _ = receive(ports, uuid4())
    failing = stage(fail(TransientError("archive-unavailable")))

    drain(failing, stream_id, ports)
    clock.advance(RETRY.budget)
    drain(failing, stream_id, ports)

    assert [("quarantined", "archive-unavailable")] == statuses(ledger_url)


def test_a_defect_propagates_so_that_the_bus_redelivers_and_is_set_aside_in_the_end(
    ports: Ports, ledger_url: str, clock: FixedClock
) -> None:
    stream_id, _ = receive(ports, uuid4())
    defect = stage(fail(ZeroDivisionError("a defect")))

    for _ in range(5):
        with pytest.raises(ZeroDivisionError):
            drain(defect, stream_id, ports)
        clock.advance(timedelta(minutes=2))

    assert [("quarantined", "unexpected-error")] == statuses(ledger_url)


def test_a_defect_is_seen_though_the_stream_was_taken_over_meanwhile(ports: Ports) -> None:
    stream_id, _ = receive(ports, uuid4())

    def taken_over(work: Work, given: Ports) -> Outcome:
        with ports.ledger.transaction() as tx:
            assert tx.streams.take(stream_id, "next", timedelta(seconds=30), "")() is not None
        raise ZeroDivisionError("a defect")

    with pytest.raises(ZeroDivisionError):
        drain(stage(taken_over), stream_id, replace(ports, lease=timedelta(seconds=-1)))


def test_an_entry_that_kills_every_worker_is_set_aside(ports: Ports, ledger_url: str) -> None:
    stream_id, _ = receive(ports, uuid4())
    for _ in range(6):  # six workers lease it and vanish
        with ports.ledger.transaction() as tx:
            assert tx.streams.take(stream_id, "vanishing", timedelta(seconds=-1), "")() is not None

    drain(stage(succeed([])), stream_id, ports)

    assert [("quarantined", "worker-lost")] == statuses(ledger_url)


def test_a_late_worker_commits_nothing_after_its_lease_was_taken_over(ports: Ports, ledger_url: str) -> None:
    stream_id, messages = receive(ports, uuid4())
    impatient = replace(ports, lease=timedelta(seconds=-1))
    winner: list[UUID] = []

    def overtaken(work: Work, given: Ports) -> Outcome:
        if not winner:
            drain(stage(succeed(winner)), stream_id, ports)
        return succeed([])(work, given)

    drain(stage(overtaken), stream_id, impatient)

    assert messages == winner
    assert ["processed"] == column(ledger_url, "select outcome from hop")


def test_a_stream_goes_on_with_another_flows_step_by_handing_it_over(ports: Ports, hints: RecordedHints) -> None:
    key = uuid4()
    stream_id, _ = receive(ports, key)
    receive(ports, key, function="lab_results_detect_critical")
    hints.take()

    drain(stage(succeed([])), stream_id, ports)

    assert ["lab_results_detect_critical"] == [hint.function for hint in hints.take()]


def test_a_person_is_asked_where_only_a_person_can_decide(ports: Ports, ledger_url: str) -> None:
    stream_id, _ = receive(ports, uuid4())

    drain(stage(fail(ReviewNeededError("unmapped-code", "OBX[1]-11"))), stream_id, ports)

    assert [("quarantined", "unmapped-code")] == statuses(ledger_url)
    assert ["lab-results"] == column(ledger_url, "select flow from task")
    assert ["integration-steward"] == column(ledger_url, "select owner_queue from task")


@pytest.mark.parametrize("body", [b"", b"{}", b"nonsense", b'{"stream": null}', b"[1]"])
def test_a_hint_that_names_no_stream_is_refused(body: bytes) -> None:
    with pytest.raises(RejectedError, match="hint-invalid"):
        stream_of(body)


def test_what_comes_between_a_workers_look_at_its_clock_and_its_commit_is_gone_on_with(
    ports: Ports, clock: FixedClock
) -> None:
    patient = uuid4()
    stream_id, _ = receive(ports, patient)
    seen: list[UUID] = []

    def interrupted(work: Work, given: Ports) -> Outcome:
        if not seen:
            clock.advance(timedelta(milliseconds=50))
            with ports.ledger.transaction() as tx:
                append(tx, ports, patient, uuid4())
            clock.advance(timedelta(milliseconds=-50))
        return succeed(seen)(work, given)

    drain(stage(interrupted), stream_id, ports)

    assert 2 == len(seen)


def test_a_hint_finds_its_work_though_its_workers_clock_lags(ports: Ports, clock: FixedClock) -> None:
    stream_id, messages = receive(ports, uuid4())
    seen: list[UUID] = []
    clock.advance(timedelta(seconds=-30))

    drain(stage(succeed(seen)), stream_id, ports)

    assert messages == seen
