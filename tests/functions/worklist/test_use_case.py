"""A due time that passes escalates, once per deadline, for ever (A17, F05, invariant 13)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg

from functions.worklist.use_case import escalate_overdue_tasks
from shared.adapters.memory import FixedClock
from shared.ledger import NewTask, Receipt
from shared.ports import Ports
from shared.trace_context import start_trace
from shared.workflow.escalation import CRITICAL_RESULT, ladder_of

ACTOR = "corridor/workflow/worklist_escalate"
LADDER = ladder_of(CRITICAL_RESULT)


def open_task(ports: Ports, key: str = "critical:1") -> UUID:
    message_id, trace = uuid4(), start_trace()
    receipt = Receipt(
        message_id, "riverside-lab", "T-1", message_id.bytes, 1, "text/plain", "ORU", "R01", "ORU_R01",
        "2.5.1", "P", "lab-results", ports.clock(), trace,
    )  # fmt: skip
    with ports.ledger.transaction() as tx:
        tx.messages.add(receipt, "received", ("AA", b"ACK"))
        due_at = ports.clock() + LADDER.within
        tx.tasks.open(
            NewTask(CRITICAL_RESULT, key, "lab-results", LADDER.rung(0), message_id, due_at), ACTOR, "flagged"
        )
    return message_id


def rows(ledger_url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(ledger_url) as connection:
        return connection.execute(query).fetchall()


def test_a_task_within_its_time_is_left_alone(ports: Ports, clock: FixedClock) -> None:
    open_task(ports)
    clock.advance(LADDER.within - timedelta(seconds=1))

    assert 0 == escalate_overdue_tasks(ports, ACTOR)


def test_an_overdue_task_climbs_rung_by_rung_and_stays_on_the_last(
    ports: Ports, clock: FixedClock, ledger_url: str
) -> None:
    open_task(ports)
    climbed = []
    for _ in range(4):
        clock.advance(LADDER.within)
        assert 1 == escalate_overdue_tasks(ports, ACTOR)
        climbed += rows(ledger_url, "select owner_queue from task")

    assert ["charge-nurse", "physician-on-call", "physician-on-call", "physician-on-call"] == [
        row[0] for row in climbed
    ]
    transitions = rows(ledger_url, "select seq, from_state, to_state, actor, reason from task_transition order by seq")
    assert (1, None, "queued", ACTOR, "flagged") == transitions[0]
    assert [(seq, "queued", "queued", ACTOR, "deadline-passed") for seq in range(2, 6)] == transitions[1:]


def test_a_timer_that_fires_twice_escalates_once(ports: Ports, clock: FixedClock) -> None:
    open_task(ports)
    clock.advance(LADDER.within)

    assert [1, 0] == [escalate_overdue_tasks(ports, ACTOR) for _ in range(2)]


def test_two_instances_do_not_run_the_job_at_once(ports: Ports, clock: FixedClock) -> None:
    open_task(ports)
    with ports.ledger.transaction() as tx:
        assert tx.jobs.take("worklist-escalate", "another-worker", timedelta(minutes=1))
    clock.advance(LADDER.within)

    assert 0 == escalate_overdue_tasks(ports, ACTOR)
    assert 0 == escalate_overdue_tasks(replace(ports, instance="third-worker"), ACTOR)


def test_every_escalation_is_audited(ports: Ports, clock: FixedClock, ledger_url: str) -> None:
    open_task(ports)
    clock.advance(LADDER.within)
    escalate_overdue_tasks(ports, ACTOR)

    assert [(ACTOR, "escalate", "deadline-passed")] == rows(ledger_url, "select actor, action, reason from audit")
