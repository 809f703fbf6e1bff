"""Tags: every resource says which flows it serves, who answers and who pays for them, and what data it may hold."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.catalog.model import DataClass, Flow

# What every tagged resource says, whatever it serves.
REQUIRED_TAGS = frozenset({"application", "environment", "cost-centre", "owner", "data-class"})
_STRICTEST_FIRST = (DataClass.PHI, DataClass.PSEUDONYMOUS, DataClass.NONE)


@dataclass(frozen=True, slots=True)
class Tags:
    """The tags of one environment; `cost_centre` says who pays for it."""

    environment: str
    cost_centre: str

    def of(self, flows: Iterable[Flow], data_class: DataClass | None = None) -> dict[str, str]:
        """
        Return the tags of a resource that serves `flows`.

        One tag per flow, with its owner as the value, because a tag's value is too short for a list of flows.
        `data_class` is given where a room holds less than its flows do: hints name no patient.
        """
        served = tuple(flows)
        owned = {f"flow-{flow.name}": flow.owner for flow in served}
        return {
            "application": "corridor",
            "environment": self.environment,
            "cost-centre": self.cost_centre,
            "owner": ", ".join(sorted({flow.owner for flow in served})),
            "data-class": data_class or strictest(flow.data_class for flow in served),
            **owned,
        }


def strictest(classes: Iterable[DataClass]) -> DataClass:
    """Return the class that asks for the most protection."""
    return min(classes, key=_STRICTEST_FIRST.index, default=DataClass.NONE)
