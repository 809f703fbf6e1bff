"""Escalate what is overdue: nothing waits for ever (invariant 13)."""

from __future__ import annotations

from datetime import timedelta

from shared.ports import Ports
from shared.workflow.escalation import ladder_of

_BATCH = 200
_JOB = "worklist-escalate"


def escalate_overdue_tasks(ports: Ports, actor: str) -> int:
    """
    Hand each overdue task to the next rung of its ladder; return how many.

    A timer that fires twice, or on two instances, escalates once: the job has a lease, and each task is locked.
    """
    with ports.ledger.transaction() as tx:
        if not tx.jobs.take(_JOB, ports.instance, timedelta(seconds=30)):
            return 0
        overdue = tx.tasks.overdue(_BATCH)
        for task in overdue:
            ladder = ladder_of(task.kind)
            rung = ladder.rung(task.escalation + 1)
            tx.tasks.escalate(task, rung, ports.clock() + ladder.within, actor, "deadline-passed")
            tx.audit.record(actor, "escalate", str(task.task_id), "deadline-passed", queue=rung)
    return len(overdue)
