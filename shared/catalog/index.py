"""Questions that are asked of the catalogue: which flow takes this message, which queue wakes this step."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from shared.catalog.flows import EVENTS, FLOWS, SUBSCRIPTIONS
from shared.catalog.model import FileDrop, Flow, Lifecycle, MessageType, Queue, Step, Subscription, Tier, Topic

ALL_TIERS = "all"


def steps() -> Iterator[Step]:
    """Yield every step of every flow, in the catalogue's order."""
    for flow in FLOWS:
        yield from flow.steps


def flows_of_tier(tier: str) -> tuple[Flow, ...]:
    """Return the flows that have a step in `tier` (`all`: every flow), retired and proposed ones left out."""
    live = (flow for flow in FLOWS if flow.lifecycle in {Lifecycle.ACTIVE, Lifecycle.DEPRECATED})
    return tuple(flow for flow in live if tier == ALL_TIERS or any(step.tier == Tier(tier) for step in flow.steps))


@cache
def step_of_function(function: str) -> Step:
    """Return the step whose function is called `function`; KeyError if there is none."""
    return {step.function: step for step in steps()}[function]


def queues() -> tuple[Queue, ...]:
    """Return every queue once: those of hints and those that say that a file is there."""
    return tuple(dict.fromkeys(step.queue for step in steps() if isinstance(step.inbound, Queue | FileDrop)))


def subscriptions() -> tuple[Subscription, ...]:
    """Return every subscription once: the enterprise's and those that wake a step."""
    waking = (step.inbound for step in steps() if isinstance(step.inbound, Subscription))
    return tuple(dict.fromkeys((*SUBSCRIPTIONS, *waking)))


def topics() -> tuple[Topic, ...]:
    """Return every topic once."""
    return tuple(dict.fromkeys((EVENTS, *(subscription.topic for subscription in subscriptions()))))


@cache
def _message_types() -> dict[tuple[str, str], tuple[Flow, MessageType]]:
    return {(kind.code, kind.event): (flow, kind) for flow in FLOWS for kind in flow.accepts}


def flow_that_takes(code: str, event: str) -> tuple[Flow, MessageType] | None:
    """Return the flow that takes MSH-9.1 `code` with MSH-9.2 `event`, or None."""
    return _message_types().get((code, event))


def knows_message_code(code: str) -> bool:
    """Tell whether any flow takes a message with MSH-9.1 `code`: it decides between HL7 errors 200 and 201."""
    return any(known == code for known, _ in _message_types())
