"""
The memory of ADT routing, as ports: where each visit stands, what came too early, who lives on in whom.

A visit is known by the id of its Encounter, which follows from its number and the number's authority; a patient by the
id of its Patient. See `shared.ledger_ports` for what one commit is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

Waiting = Literal["waiting", "released", "overdue"]


@dataclass(frozen=True, slots=True)
class Visit:
    """
    Where a visit stands by what was passed on of it; times are the sender's own.

    `moved_at` is when its state was last changed, `stated_at` when it was last described, by `message_id`. `facility`,
    `patient_class` and `unit` are those of the last description, as sent.
    """

    key: str
    state: str
    moved_at: datetime | None
    stated_at: datetime | None
    facility: str
    patient_class: str
    unit: str
    message_id: UUID


@dataclass(frozen=True, slots=True)
class EarlyMessage:
    """A message that came before what it stands on. It is `waiting` until that comes, or until its deadline."""

    message_id: UUID
    visit_key: str
    stated_at: datetime | None
    state: Waiting


@dataclass(frozen=True, slots=True)
class Survivor:
    """The Patient that a retired one lives on in, with its identifiers as the merge had them."""

    patient_id: str
    identifiers: list[dict[str, Any]]


class Visits(Protocol):
    """Where each visit stands."""

    def get(self, key: str) -> Visit | None:
        """Return the visit; None when nothing was passed on of it."""

    def record(self, visit: Visit) -> None:
        """Make this what is known of the visit."""


class EarlyMessages(Protocol):
    """What waits outside of its patient's stream."""

    def get(self, message_id: UUID) -> EarlyMessage | None:
        """Lock the message's row and return it; None when it does not wait."""

    def of_visit(self, key: str) -> list[EarlyMessage]:
        """Return what waits for the visit or was let go and is on its way, in the order in which it was stated."""

    def wait(self, message_id: UUID, key: str, stated_at: datetime | None) -> bool:
        """Let the message wait, again if it was released, never if it is overdue; False when it has waited before."""

    def let_go(self, message_id: UUID, state: Waiting) -> None:
        """Note that the message waits no longer: `released` by what it waited for, or `overdue`."""

    def forget(self, message_id: UUID) -> None:
        """Remove the message: it was processed."""


class Survivors(Protocol):
    """Who lives on in whom."""

    def of(self, patient_ids: Sequence[str]) -> dict[str, Survivor]:
        """Return the survivors of those that are retired."""

    def record(self, retired: str, survivor: Survivor, message_id: UUID) -> None:
        """Retire a Patient; those that had it as their survivor live on in the new one."""

    def mark(self, subsumed: Sequence[UUID], surviving: UUID | None, message_id: UUID) -> None:
        """Note the keys of everybody in the merge: whose records must be looked at before they leave."""
