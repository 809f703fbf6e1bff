"""The port of replay plans: the list, the forecast, the approval, the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from shared.ledger import ConversionRow
from shared.partners.model import Receiver
from shared.replay.plan import Forecast, Item, NewPlan, Passed, Plan, PlanState, Query, Tally


class Replays(Protocol):
    """Replay plans, within one transaction."""

    def add(self, plan: NewPlan) -> bool:
        """Add the plan in state `requested`; False when there is one with this id."""

    def get(self, plan_id: UUID) -> Plan | None:
        """Return the plan, or None."""

    def locked(self, plan_id: UUID) -> Plan | None:
        """Lock the plan for this commit and return it, or None."""

    def page(self, limit: int) -> list[Plan]:
        """Return the plans, the newest first."""

    def open(self) -> list[UUID]:
        """Return the plans that have work to be done, the oldest first."""

    def tallies(self, plan_id: UUID) -> list[Tally]:
        """Count the items by destination and effect."""

    def items(self, plan_id: UUID, after: int, limit: int) -> list[Item]:
        """Return the items in their order, from behind position `after`."""

    def move(self, plan_id: UUID, state: PlanState, problem: str | None = None) -> None:
        """Move the plan; `cancelled` and `done` note when it ended."""

    def approve(self, plan_id: UUID, actor: str, reason: str) -> None:
        """Move the plan to `approved`, by whom and why."""

    def start(self, plan_id: UUID) -> None:
        """Move the plan to `running`, its first item due at once."""

    def freeze(self, plan_id: UUID, query: Query, limit: int) -> int:
        """Write down which deliveries to repeat, in the order of processing; return how many, `limit` + 1 at most."""

    def freeze_feed(self, plan_id: UUID, query: Query, receiver: Receiver, limit: int) -> int:
        """Write down which events the destination of `query` was never told of, though its filter takes them."""

    def unforecast(self, plan_id: UUID, limit: int) -> list[Item]:
        """Return the last items without a forecast: what comes later decides whether an item is overtaken."""

    def forecast(self, item: Item, forecast: Forecast) -> None:
        """Note what sending the item would do."""

    def passed(self, item: Item) -> Passed | None:
        """Return what was recorded of the item's message; None when it left no event."""

    def later(self, item: Item, key: UUID | None, passed: Passed) -> Sequence[tuple[str, Mapping[str, Any]]]:
        """Return the later events of the patient `key` that the destination was told of, other than by this plan."""

    def is_planned_elsewhere(self, item: Item) -> bool:
        """Tell whether another plan that is still open has forecast the same delivery."""

    def keep_bundle(self, plan_id: UUID, message_id: UUID, mapping: str, bundle: bytes) -> None:
        """Keep the record that the plan sends for a message, once."""

    def bundle(self, plan_id: UUID, message_id: UUID) -> ConversionRow | None:
        """Return the record that the plan sends for a message where it is not the one on file."""

    def next_due(self, plan_id: UUID) -> Item | None:
        """Return the first item that is to be sent and is not owed yet, once it is due by the plan's rate."""

    def is_complete(self, plan_id: UUID) -> bool:
        """Tell whether everything that the plan sends is owed."""

    def owe(self, item: Item, rate: float, earliest: datetime) -> None:
        """Make the item's delivery, and let the next one wait for its turn: from `earliest` on, at `rate` a second."""
