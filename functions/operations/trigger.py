"""Wakes the sweeper and the publisher of facts."""

from __future__ import annotations

import azure.functions as func

from shared import bootstrap
from shared.catalog.flows import OPERATIONS

blueprints = {step.tier: func.Blueprint() for step in OPERATIONS.steps}

SWEEP = OPERATIONS.step("sweep")
PUBLISH_EVENTS = OPERATIONS.step("publish-events")


@blueprints[SWEEP.tier].function_name(SWEEP.function)
@blueprints[SWEEP.tier].timer_trigger(arg_name="timer", schedule=SWEEP.inbound.name)
def operations_sweep(timer: func.TimerRequest) -> None:
    """Wake streams whose hint was lost or never sent."""
    from functions.operations.use_case import wake_overdue_streams

    wake_overdue_streams(bootstrap.ports())


@blueprints[PUBLISH_EVENTS.tier].function_name(PUBLISH_EVENTS.function)
@blueprints[PUBLISH_EVENTS.tier].timer_trigger(arg_name="timer", schedule=PUBLISH_EVENTS.inbound.name)
def operations_publish_events(timer: func.TimerRequest) -> None:
    """Publish the facts that commits have recorded."""
    from functions.operations.use_case import publish_recorded_events

    publish_recorded_events(bootstrap.ports())
