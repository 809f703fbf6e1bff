"""
What a flow is made of: the vocabulary in which Corridor declares itself.

Everything that has a name in Azure (a queue, a topic, a route, a timer) is declared once, with these
classes, and read by functions, infra, the local platform, alerts and docs (invariant 9). Standard library only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from functools import cached_property

from shared.catalog.routes import Member as Member
from shared.catalog.routes import Route as Route

_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


class Tier(StrEnum):
    """A function app: its own identity, database role, scale rule and network place."""

    INGEST = "ingest"
    PROCESS = "process"
    BATCH = "batch"
    DELIVER = "deliver"
    WORKFLOW = "workflow"
    API = "api"
    REPORT = "report"
    OPS = "ops"


class TrafficClass(StrEnum):
    """Which hints may wait for which: bulk work never holds real-time traffic."""

    REALTIME = "realtime"
    BULK = "bulk"


class Lifecycle(StrEnum):
    """Where a flow stands; only `active` and `deprecated` ones are registered in production."""

    PROPOSED = "proposed"
    ACTIVE = "active"
    DEPRECATED = "deprecated"
    RETIRED = "retired"


class DataClass(StrEnum):
    """What a room may hold."""

    PHI = "phi"
    PSEUDONYMOUS = "pseudonymous"
    NONE = "none"


class Ordering(StrEnum):
    """What a step keeps in order: everything of one patient, or nothing beyond its own message."""

    PATIENT = "patient"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long payloads and rows of a data class are kept before they may be disposed of (requirement G15)."""

    name: str
    keep: timedelta


@dataclass(frozen=True, slots=True)
class Queue:
    """
    A Service Bus queue of hints. Losing, doubling or reordering one of its messages changes nothing.

    `formerly` has the names that the queue had before: Azure cannot rename a queue, so each old one stays and
    forwards to this one, until the name is taken out here.
    """

    name: str
    traffic_class: TrafficClass = TrafficClass.REALTIME
    lock: timedelta = timedelta(minutes=1)
    max_deliveries: int = 10
    time_to_live: timedelta = timedelta(days=1)
    formerly: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """
    A Service Bus topic for PHI-free facts that the enterprise may subscribe to.

    A fact that is published twice under one id within `duplicate_window` is kept once.
    """

    name: str
    time_to_live: timedelta = timedelta(days=7)
    duplicate_window: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A Service Bus subscription with its SQL filter (`1=1` takes everything)."""

    topic: Topic
    name: str
    sql_filter: str = "1=1"
    lock: timedelta = timedelta(minutes=1)
    max_deliveries: int = 10


@dataclass(frozen=True, slots=True)
class Schedule:
    """An NCRONTAB expression of six fields, seconds first, in UTC."""

    expression: str

    @property
    def name(self) -> str:
        """The expression itself: it is what the trigger listens to."""
        return self.expression


@dataclass(frozen=True, slots=True)
class FileDrop:
    """
    Files put into a container of the landing storage, below `prefix`.

    Event Grid says on `queue` that a file is complete. A file is the sender's copy, not the record: it is
    disposed of after `keep`.
    """

    container: str
    queue: Queue
    prefix: str = ""
    keep: timedelta = timedelta(days=30)

    @property
    def name(self) -> str:
        """The queue's name: it is what the trigger listens to."""
        return self.queue.name


class FactSource(StrEnum):
    """Which service of the platform tells the facts."""

    VAULT = "vault"
    HEALTH = "health"


@dataclass(frozen=True, slots=True)
class Facts:
    """
    What the platform says about itself, without patient data, by the native Event Grid trigger.

    `types` are event types as the source's schema names them. Tier `ops` alone may listen: its app has the one
    endpoint that Event Grid can reach.
    """

    source: FactSource
    types: tuple[str, ...]

    @property
    def name(self) -> str:
        """The source: a trigger of this kind listens to whatever is delivered to it."""
        return self.source.value


Inbound = Queue | Subscription | Route | Schedule | FileDrop | Facts


@dataclass(frozen=True, slots=True)
class MessageType:
    """
    An HL7 v2 message that a flow takes: MSH-9.1, MSH-9.2, the structure of MSH-9.3, and the versions of MSH-12.

    `flow` is filled in by the flow that declares it.
    """

    code: str
    event: str
    structure: str
    versions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """
    One function: what wakes it, in which tier it runs, what it keeps in order.

    `on_arrival` steps get an entry in a stream in the same commit that acknowledges a message; one that names
    another in `instead_of` takes that one's place when the message came in bulk. One that names an outcome in `unless`
    gets no entry where the message itself shows, before it is acknowledged, that this is what the step would find.
    """

    name: str
    tier: Tier
    inbound: Inbound
    ordering: Ordering = Ordering.NONE
    on_arrival: bool = False
    unless: str = ""
    instead_of: str = ""
    flow: str = ""

    @property
    def function(self) -> str:
        """The function's name in Azure, for instance `lab_results_process`."""
        return f"{self.flow}_{self.name}".replace("-", "_")

    @property
    def queue(self) -> Queue:
        """The queue that wakes the step; TypeError if something else does."""
        if isinstance(self.inbound, FileDrop):
            return self.inbound.queue
        if not isinstance(self.inbound, Queue):
            raise TypeError(f"{self.function} is not woken by a queue")
        return self.inbound

    @property
    def route(self) -> Route:
        """The route that the step answers; TypeError if it answers none."""
        if not isinstance(self.inbound, Route):
            raise TypeError(f"{self.function} answers no route")
        return self.inbound


@dataclass(frozen=True)
class Flow:
    """
    A sentence, its steps, and who answers for it (requirements I01, I02, I04).

    `speaks_for` names the FHIR resource types that other flows carry along only: see `shared.delivery.authority`.
    """

    name: str
    sentence: str
    steps: tuple[Step, ...]
    owner: str
    support: str
    sla: timedelta
    data_class: DataClass
    criticality: str
    retention: Retention
    lifecycle: Lifecycle = Lifecycle.ACTIVE
    accepts: tuple[MessageType, ...] = field(default=())
    speaks_for: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a flow that cannot be said in the one-sentence rule, and give each step its flow's name."""
        parts = [part.strip() for part in self.sentence.split("->")]
        if len(parts) != 4 or not all(parts):
            raise ValueError(f"{self.name}: the sentence is source -> middleware -> destination -> workflow action")
        for name in (self.name, *(step.name for step in self.steps)):
            if not _KEBAB.fullmatch(name):
                raise ValueError(f"{name}: names are kebab-case")
        if misplaced := [s.name for s in self.steps if isinstance(s.inbound, Facts) and s.tier is not Tier.OPS]:
            raise ValueError(f"{self.name}: {misplaced[0]} listens to facts, which reach tier ops alone")
        object.__setattr__(self, "steps", tuple(replace(step, flow=self.name) for step in self.steps))

    @property
    def package(self) -> str:
        """The folder that holds the flow, as a dotted name."""
        return f"functions.{self.name.replace('-', '_')}"

    @cached_property
    def _by_name(self) -> dict[str, Step]:
        return {step.name: step for step in self.steps}

    def step(self, name: str) -> Step:
        """Return the step called `name`; KeyError if the flow declares none."""
        return self._by_name[name]

    def on_arrival(self, traffic_class: TrafficClass = TrafficClass.REALTIME) -> tuple[Step, ...]:
        """Return the steps that each accepted message of this flow starts, those for bulk where it came so."""
        usual = tuple(step for step in self.steps if step.on_arrival)
        if traffic_class is TrafficClass.REALTIME:
            return usual
        for_bulk = {step.instead_of: step for step in self.steps if step.instead_of}
        return tuple(for_bulk.get(step.name, step) for step in usual)
