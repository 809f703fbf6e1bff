"""
What each tier must reach, read from its steps: role assignments are generated from this page (invariant 10).

    receive   the queue or subscription that wakes a step; ops every one, whose dead letters it records and removes
    file      the container of the landing storage in which its files are put
    send      its own queue (a worker hands on what it cannot finish and schedules what is not yet due), and

              a step of ingest       every queue of an on-arrival step: the acknowledging commit puts entries there
              a step that takes files those of what stands in for it when a message comes in bulk
              an on-arrival step     the queues of the other steps that share the patient's stream, for bulk too
              process and batch      the queues of deliver: they decide what is owed to whom
              deliver                the same: what comes one by one and what comes in bulk share a patient's stream
              a step of ops          every queue of hints (the sweeper) and every topic (the publisher of facts)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from shared.catalog.index import ALL_TIERS, flows_of_tier, queues, subscriptions, topics
from shared.catalog.model import (
    Facts,
    FileDrop,
    Flow,
    Ordering,
    Queue,
    Route,
    Step,
    Subscription,
    Tier,
    Topic,
    TrafficClass,
)

# Which tiers put payloads into the archive and which only open them; a tier that is not listed reaches none.
# `api` keeps the corrected copy of what is in quarantine, and shows the original to a steward.
ARCHIVE_WRITERS = frozenset({Tier.INGEST, Tier.BATCH, Tier.DELIVER, Tier.API, Tier.OPS})
ARCHIVE_READERS = frozenset({Tier.PROCESS, Tier.WORKFLOW})

# The tiers that prove themselves to a destination and so read its credentials.
SECRET_READERS = frozenset({Tier.DELIVER})

# The tier that checks what partners have signed, and so reads their keys and no other secret.
SIGNATURE_CHECKER = Tier.INGEST

# The tier that publishes facts for the enterprise, on the bus and on Event Grid.
FACT_PUBLISHER = Tier.OPS

# The tier that takes dead letters out: Azure gives no role on a dead-letter queue alone.
DEAD_LETTER_READER = Tier.OPS

_LIFE_CRITICAL = "life-critical"
_HEALTH = "health"


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


def file_drops() -> tuple[Step, ...]:
    """Return the steps that a file wakes."""
    return tuple(step for tier in Tier for step in steps_of(tier) if isinstance(step.inbound, FileDrop))


def fact_listeners() -> tuple[Step, ...]:
    """Return the steps that the platform's own facts wake."""
    return tuple(step for tier in Tier for step in steps_of(tier) if isinstance(step.inbound, Facts))


def hears_facts(tier: Tier) -> bool:
    """Tell whether Event Grid must be able to reach the app of `tier`."""
    return any(step.tier is tier for step in fact_listeners())


def answers_http(tier: Tier) -> bool:
    """Tell whether anyone calls the app of `tier`."""
    return any(isinstance(step.inbound, Route) for step in steps_of(tier))


def health_path(tier: Tier) -> str:
    """Return the path by which `tier` says that it is well, or nothing if it answers no HTTP."""
    routes = [step.inbound for step in steps_of(tier) if isinstance(step.inbound, Route)]
    return next((f"/api/{route.name}" for route in routes if route.path == _HEALTH), "")


def drop_containers(steps: Iterable[Step]) -> dict[str, int]:
    """Return the landing containers of these steps, each with the days for which it keeps a file."""
    days: dict[str, int] = {}
    for drop in (step.inbound for step in steps if isinstance(step.inbound, FileDrop)):
        days[drop.container] = max(days.get(drop.container, 1), drop.keep.days)
    return days


def bus_access(tier: Tier) -> BusAccess:
    """Return what the steps of `tier` receive and send."""
    inbound = [step.queue if isinstance(step.inbound, FileDrop) else step.inbound for step in steps_of(tier)]
    every: tuple[Source, ...] = (*queues(), *subscriptions()) if tier is DEAD_LETTER_READER else ()
    receives = dict.fromkeys((*(source for source in inbound if isinstance(source, Source)), *every))
    sends = dict.fromkeys(target for step in steps_of(tier) for target in _fed_by(step))
    return BusAccess(tuple(receives), tuple(sends))


def _fed_by(step: Step) -> Iterator[Target]:
    if isinstance(step.inbound, Queue):
        yield step.inbound
    if step.tier is Tier.INGEST:
        yield from _queues_where(lambda other: other.on_arrival)
    if isinstance(step.inbound, FileDrop):
        yield from (other.queue for flow in flows_of_tier(ALL_TIERS) for other in flow.on_arrival(TrafficClass.BULK))
    if _is_in_patients_stream(step):
        yield from _queues_where(_is_in_patients_stream)
    if step.tier in {Tier.PROCESS, Tier.BATCH, Tier.DELIVER}:
        yield from _queues_where(lambda other: other.tier is Tier.DELIVER)
    if step.tier is Tier.OPS:
        yield from _queues_where(lambda _: True)
        yield from topics()


def _is_in_patients_stream(step: Step) -> bool:
    return bool(step.on_arrival or step.instead_of) and step.ordering is Ordering.PATIENT


def _queues_where(holds: Callable[[Step], bool]) -> Iterator[Queue]:
    for tier in Tier:
        for step in steps_of(tier):
            if holds(step) and isinstance(step.inbound, Queue):
                yield step.inbound
