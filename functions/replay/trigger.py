"""Wakes the runner of replay plans."""

from __future__ import annotations

import azure.functions as func

from shared import bootstrap
from shared.catalog.flows import REPLAY

blueprints = {step.tier: func.Blueprint() for step in REPLAY.steps}

ADVANCE = REPLAY.step("advance")


@blueprints[ADVANCE.tier].function_name(ADVANCE.function)
@blueprints[ADVANCE.tier].timer_trigger(arg_name="timer", schedule=ADVANCE.inbound.name)
def replay_advance(timer: func.TimerRequest) -> None:
    """Freeze, forecast and owe what plans ask for."""
    from functions.replay.use_case import advance_replays

    advance_replays(bootstrap.ports())
