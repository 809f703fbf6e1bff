"""Wakes the worklist's escalation."""

from __future__ import annotations

import azure.functions as func

from functions.worklist.use_case import escalate_overdue_tasks
from shared import bootstrap
from shared.catalog.flows import WORKLIST

bp = func.Blueprint()

ESCALATE = WORKLIST.step("escalate")


@bp.function_name(ESCALATE.function)
@bp.timer_trigger(arg_name="timer", schedule=ESCALATE.inbound.name)
def worklist_escalate(timer: func.TimerRequest) -> None:
    """Escalate overdue tasks."""
    escalate_overdue_tasks(bootstrap.ports(), f"corridor/{ESCALATE.tier}/{ESCALATE.function}")
