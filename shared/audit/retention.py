"""
How long rows are kept (requirement G15): which messages a retention class covers, and what holds them.

A message goes with everything that was written for it, when it is settled and older than its flow's `retention`. What
stays: the audit log, which its seals prove row by row; patients' keys; who was merged into whom; which records a
destination has. None of them names a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from shared.catalog.flows import FLOWS, INTAKE
from shared.catalog.model import Retention

HoldKind = Literal["message", "patient", "partner"]

DISPOSED = "disposed"
"""The act in the audit log; its subject is the message, its reason the retention class."""


@dataclass(frozen=True, slots=True)
class LegalHold:
    """What must be kept whatever its age; a patient is named by the key of Corridor's own."""

    kind: HoldKind
    name: str
    actor: str
    reason: str
    held_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """How far messages were looked through, by when they were received."""

    received_at: datetime
    message_id: UUID


START = Place(datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))


@dataclass(frozen=True, slots=True)
class Looked:
    """A message that was looked at, and whether it is gone."""

    place: Place
    disposed: bool


def classes() -> Mapping[Retention, tuple[str, ...]]:
    """Return the flows that messages belong to, by retention class; one without a flow is intake's."""
    found: dict[Retention, tuple[str, ...]] = {}
    for flow in FLOWS:
        if flow.accepts or flow is INTAKE:
            found[flow.retention] = (*found.get(flow.retention, ()), flow.name)
    return found
