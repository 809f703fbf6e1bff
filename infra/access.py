"""
What each tier must reach, read from its steps: role assignments are generated from this page (invariant 10).

    receive   the queue or subscription that wakes a step
    send      its own queue (a worker hands on what it cannot finish and schedules what is not yet due), and

              a step of ingest       every queue of an on-arrival step: the acknowledging commit puts entries there
              an on-arrival step     the queues of the other steps that share the patient's stream
              a step of process      the queues of deliver: it decides what is owed to whom
              a step of ops          every queue (the sweeper) and every topic (the publisher of facts)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shared.catalog.index import flows_of_tier, queues, topics
from shared.catalog.model import Flow, Ordering, Queue, Step, Subscription, Tier, Topic

# Which tiers put payloads into the archive and which only open them; a tier that is not listed reaches none.
ARCHIVE_WRITERS = frozenset({Tier.INGEST, Tier.DELIVER})
ARCHIVE_READERS = frozenset({Tier.PROCESS, Tier.WORKFLOW})

# The tiers that prove themselves to a destination and so read its credentials.
SECRET_READERS = frozenset({Tier.DELIVER})

_LIFE_CRITICAL = "life-critical"


Source = Queue | Subscription
Target = Queue | Topic


@dataclass(frozen=True, slots=True)
class BusAccess:
    """What one tier takes from the bus and what it puts there; nothing else is open to it."""

    receives: tuple[Source, ...]
    sends: tuple[Target, ...]


def tiers_in_use() -> dict[Tier, tuple[Flow, ...]]:
    """Return every tier that has a step, with the flows it serves."""
    served = {tier: flows_of_tier(tier) for tier in Tier}
    return {tier: flows for tier, flows in served.items() if flows}


def steps_of(tier: Tier) -> tuple[Step, ...]:
    """Return the steps that run in `tier`."""
    return tuple(step for flow in flows_of_tier(tier) for step in flow.steps if step.tier is tier)


def life_critical_steps_of(tier: Tier) -> tuple[Step, ...]:
    """Return the steps of `tier` whose flow may not wait for a cold start."""
    flows = {flow.name for flow in flows_of_tier(tier) if flow.criticality == _LIFE_CRITICAL}
    return tuple(step for step in steps_of(tier) if step.flow in flows)


def bus_access(tier: Tier) -> BusAccess:
    """Return what the steps of `tier` receive and send."""
    inbound = [step.inbound for step in steps_of(tier)]
    receives = dict.fromkeys(source for source in inbound if isinstance(source, Source))
    sends = dict.fromkeys(target for step in steps_of(tier) for target in _fed_by(step))
    return BusAccess(tuple(receives), tuple(sends))


def _fed_by(step: Step) -> Iterator[Target]:
    if isinstance(step.inbound, Queue):
        yield step.inbound
    if step.tier is Tier.INGEST:
        yield from _queues_where(lambda other: other.on_arrival)
    if step.on_arrival and step.ordering is Ordering.PATIENT:
        yield from _queues_where(lambda other: other.on_arrival and other.ordering is Ordering.PATIENT)
    if step.tier is Tier.PROCESS:
        yield from _queues_where(lambda other: other.tier is Tier.DELIVER)
    if step.tier is Tier.OPS:
        yield from queues()
        yield from topics()


def _queues_where(holds: Callable[[Step], bool]) -> Iterator[Queue]:
    for tier in Tier:
        for step in steps_of(tier):
            if holds(step) and isinstance(step.inbound, Queue):
                yield step.inbound
