"""Wakes the worklist's escalation."""

from __future__ import annotations

import azure.functions as func

from shared import bootstrap
from shared.catalog.flows import WORKLIST

blueprints = {step.tier: func.Blueprint() for step in WORKLIST.steps}

ESCALATE = WORKLIST.step("escalate")


@blueprints[ESCALATE.tier].function_name(ESCALATE.function)
@blueprints[ESCALATE.tier].timer_trigger(arg_name="timer", schedule=ESCALATE.inbound.name)
def worklist_escalate(timer: func.TimerRequest) -> None:
    """Escalate overdue tasks."""
    from functions.worklist.use_case import escalate_overdue_tasks

    escalate_overdue_tasks(bootstrap.ports(), f"corridor/{ESCALATE.tier}/{ESCALATE.function}")
