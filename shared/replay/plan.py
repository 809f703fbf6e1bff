"""
A replay plan: which deliveries are made anew, what that would change, who allowed it, and how far it has come.

    requested -> forecasting -> ready -> approved -> running -> done
    any of them but done -> cancelled

The list is frozen once and the forecast is made of it, before anybody approves; what is approved is what is sent.
Every delivery of a plan is a new one with a key of its own, linked to the one that it repeats (invariants 2 and 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid5

PlanKind = Literal["replay", "feed"]
PlanState = Literal["requested", "forecasting", "ready", "approved", "running", "done", "cancelled"]
Effect = Literal["create", "update", "no-change", "withheld", "overtaken", "refused", "planned-elsewhere"]

LEFT_OUT = frozenset({"withheld", "overtaken", "refused", "planned-elsewhere"})
"""Effects of items that a plan shows and does not send."""

MAX_ITEMS = 100_000
MAX_RATE = 200.0


@dataclass(frozen=True, slots=True)
class Query:
    """
    What a plan takes; empty conditions take everything.

    `since` and `until` are about the time at which the message was received, `until` exclusively. `code` is that of
    the delivery or of a quarantine of it, `mapping` the map and version that made the record.
    """

    since: datetime | None = None
    until: datetime | None = None
    partner: str = ""
    destination: str = ""
    flow: str = ""
    event: str = ""
    code: str = ""
    mapping: str = ""
    messages: tuple[UUID, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return the conditions that are set, ready for JSON."""
        texts = ("partner", "destination", "flow", "event", "code", "mapping")
        found: dict[str, Any] = {name: getattr(self, name) for name in texts if getattr(self, name)}
        for name in ("since", "until"):
            if (instant := getattr(self, name)) is not None:
                found[name] = instant.isoformat()
        if self.messages:
            found["messages"] = [str(one) for one in self.messages]
        return found


def query_of(document: Mapping[str, Any]) -> Query:
    """Return what `Query.document` wrote."""
    given = dict(document)
    for name in ("since", "until"):
        if name in given:
            given[name] = datetime.fromisoformat(given[name])
    return Query(**{**given, "messages": tuple(UUID(one) for one in given.get("messages", ()))})


@dataclass(frozen=True, slots=True)
class NewPlan:
    """What somebody asks for; `rate` is deliveries a second."""

    plan_id: UUID
    kind: PlanKind
    query: Query
    rate: float
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it stands."""

    plan_id: UUID
    kind: PlanKind
    query: dict[str, Any]
    rate: float
    state: PlanState
    requested_at: datetime
    requested_by: str
    reason: str
    approved_at: datetime | None
    approved_by: str | None
    approval_reason: str | None
    started_at: datetime | None
    next_at: datetime | None
    ended_at: datetime | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class Tally:
    """How many items of a plan have which effect at which destination, and how many of them are owed by now."""

    destination: str
    effect: Effect | None
    items: int
    owed: int


@dataclass(frozen=True, slots=True)
class Item:
    """One delivery of a plan; `original` is the one that it repeats, None for a feed."""

    plan_id: UUID
    position: int
    message_id: UUID
    destination: str
    original: UUID | None
    effect: Effect | None
    code: str | None
    location: str | None
    differences: list[dict[str, str]] | None
    more: int
    mapping: str | None
    delivery_id: UUID | None

    @property
    def key(self) -> UUID:
        """The id of its delivery: a key that no destination has seen, the same after every crash."""
        return uuid5(self.plan_id, str(self.position))


@dataclass(frozen=True, slots=True)
class Passed:
    """
    What was recorded of an item's message, and the last delivery that arrived there (with the hash of its body).

    `place` tells what came before and after it for its patient: it grows with each message that is processed. One that
    came too early was received first and is processed last.
    """

    event_type: str
    data: dict[str, Any]
    place: int
    sent_as: UUID | None
    sent_hash: bytes | None


@dataclass(frozen=True, slots=True)
class Forecast:
    """What sending an item would do there."""

    effect: Effect
    mapping: str | None = None
    code: str | None = None
    location: str | None = None
    differences: list[dict[str, str]] = field(default_factory=list)
    more: int = 0


def to_send(tallies: Iterable[Tally]) -> int:
    """Return how many deliveries a plan makes, from its forecast."""
    return sum(tally.items for tally in tallies if tally.effect is not None and tally.effect not in LEFT_OUT)


def needs_four_eyes(tallies: Iterable[Tally], above: int) -> bool:
    """Tell whether somebody else than the planner must approve (our policy)."""
    return to_send(tallies) > above


def subjects(event_type: str, data: Mapping[str, Any]) -> frozenset[str]:
    """
    Return what an event says something new about, as FHIR references.

    What is said of the person in passing is no subject, unless the event is about persons: every result names its
    patient, and a newer result does not outdate an older one.
    """
    about_persons = event_type.startswith("patient.")
    named = {reference for references in data.values() if isinstance(references, list) for reference in references}
    return frozenset(one for one in named if one.startswith("Patient/") == about_persons)


def is_overtaken(passed: Passed, later: Iterable[tuple[str, Mapping[str, Any]]]) -> bool:
    """Tell whether a later event, that the destination has been told of, is about the same as an item's."""
    own = subjects(passed.event_type, passed.data)
    return any(own & subjects(event_type, data) for event_type, data in later)
