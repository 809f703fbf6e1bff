"""Wakes the sweeper, the drain, the publishers, the sealer, the watch, the disposal; hears the platform's facts."""

from __future__ import annotations

import azure.functions as func

from shared import bootstrap
from shared.catalog.flows import OPERATIONS

blueprints = {step.tier: func.Blueprint() for step in OPERATIONS.steps}

SWEEP = OPERATIONS.step("sweep")
DRAIN_DEAD_LETTERS = OPERATIONS.step("drain-dead-letters")
PUBLISH_EVENTS = OPERATIONS.step("publish-events")
ANNOUNCE_EVENTS = OPERATIONS.step("announce-events")
SEAL_AUDIT = OPERATIONS.step("seal-audit")
WATCH_THRESHOLDS = OPERATIONS.step("watch-thresholds")
DISPOSE = OPERATIONS.step("dispose")
NOTE_EXPIRY = OPERATIONS.step("note-expiry")
NOTE_HEALTH = OPERATIONS.step("note-health")


@blueprints[SWEEP.tier].function_name(SWEEP.function)
@blueprints[SWEEP.tier].timer_trigger(arg_name="timer", schedule=SWEEP.inbound.name)
def operations_sweep(timer: func.TimerRequest) -> None:
    """Wake what was lost or may pass, and tell what waits too long."""
    from functions.operations.sweeping import sweep

    sweep(bootstrap.ports())


@blueprints[DRAIN_DEAD_LETTERS.tier].function_name(DRAIN_DEAD_LETTERS.function)
@blueprints[DRAIN_DEAD_LETTERS.tier].timer_trigger(arg_name="timer", schedule=DRAIN_DEAD_LETTERS.inbound.name)
def operations_drain_dead_letters(timer: func.TimerRequest) -> None:
    """Record what the bus gave up on, and wake what is still owed."""
    from functions.operations.dead_letters import drain_dead_letters

    drain_dead_letters(bootstrap.ports())


@blueprints[PUBLISH_EVENTS.tier].function_name(PUBLISH_EVENTS.function)
@blueprints[PUBLISH_EVENTS.tier].timer_trigger(arg_name="timer", schedule=PUBLISH_EVENTS.inbound.name)
def operations_publish_events(timer: func.TimerRequest) -> None:
    """Publish the facts that commits have recorded, on the bus."""
    from functions.operations.use_case import publish_recorded_events

    publish_recorded_events(bootstrap.ports())


@blueprints[ANNOUNCE_EVENTS.tier].function_name(ANNOUNCE_EVENTS.function)
@blueprints[ANNOUNCE_EVENTS.tier].timer_trigger(arg_name="timer", schedule=ANNOUNCE_EVENTS.inbound.name)
def operations_announce_events(timer: func.TimerRequest) -> None:
    """Publish the same on Event Grid."""
    from functions.operations.use_case import announce_recorded_events

    announce_recorded_events(bootstrap.ports())


@blueprints[SEAL_AUDIT.tier].function_name(SEAL_AUDIT.function)
@blueprints[SEAL_AUDIT.tier].timer_trigger(arg_name="timer", schedule=SEAL_AUDIT.inbound.name)
def operations_seal_audit(timer: func.TimerRequest) -> None:
    """Seal what was committed to the audit log."""
    from functions.operations.use_case import seal_audit_log

    seal_audit_log(bootstrap.ports())


@blueprints[WATCH_THRESHOLDS.tier].function_name(WATCH_THRESHOLDS.function)
@blueprints[WATCH_THRESHOLDS.tier].timer_trigger(arg_name="timer", schedule=WATCH_THRESHOLDS.inbound.name)
def operations_watch_thresholds(timer: func.TimerRequest) -> None:
    """Hold what is measured against the limits that operators set."""
    from functions.operations.watching import watch_thresholds

    watch_thresholds(bootstrap.ports())


@blueprints[DISPOSE.tier].function_name(DISPOSE.function)
@blueprints[DISPOSE.tier].timer_trigger(arg_name="timer", schedule=DISPOSE.inbound.name)
def operations_dispose(timer: func.TimerRequest) -> None:
    """Dispose of what is settled and past its retention."""
    from functions.operations.disposing import dispose

    dispose(bootstrap.ports())


@blueprints[NOTE_EXPIRY.tier].function_name(NOTE_EXPIRY.function)
@blueprints[NOTE_EXPIRY.tier].event_grid_trigger(arg_name="event")
def operations_note_expiry(event: func.CloudEvent) -> None:
    """Open a task for a credential that ends soon; redelivery opens no second one."""
    from functions.operations.platform_facts import Fact, note_expiry

    note_expiry(Fact(event.source, event.id, event.type, event.get_json() or {}), bootstrap.ports())


@blueprints[NOTE_HEALTH.tier].function_name(NOTE_HEALTH.function)
@blueprints[NOTE_HEALTH.tier].event_grid_trigger(arg_name="event")
def operations_note_health(event: func.CloudEvent) -> None:
    """Open a task for a service that is not well; redelivery opens no second one."""
    from functions.operations.platform_facts import Fact, note_health

    note_health(Fact(event.source, event.id, event.type, event.get_json() or {}), bootstrap.ports())
