"""
What a stack costs a month, and which flow causes how much of it: an estimate from list prices.

How a cost is shared: a resource's cost goes to the flows in its tags (`flow-<name>`), to every flow where it
has none; among them in proportion to the number of their steps. So a tier's app is paid by the flows that run
in it, and what serves all, the bus and the database, by all, the larger flows more.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from infra.cost.meters import charges, is_known
from infra.cost.prices import price_table
from infra.engine.resources import Resource
from infra.rules.reading import value
from shared.catalog.flows import FLOWS

_TAG = "flow-"


@dataclass(frozen=True)
class Line:
    """One price with how much of it is used; `usd` a month."""

    key: str
    quantity: float
    usd: float


@dataclass(frozen=True)
class Estimate:
    """A stack's month: by price, by flow, and the kinds of resources that the table does not know."""

    lines: tuple[Line, ...]
    by_flow: Mapping[str, float]
    unknown: Mapping[str, int]

    @property
    def usd(self) -> float:
        """The whole month."""
        return sum(line.usd for line in self.lines)


def estimate(resources: Sequence[Resource]) -> Estimate:
    """Return the estimate for the resources of a stack."""
    quantities: Counter[str] = Counter()
    by_flow: dict[str, float] = defaultdict(float)
    prices = price_table().prices
    custom = [resource for resource in resources if resource.custom]
    for resource in custom:
        for key, quantity in charges(resource):
            quantities[key] += quantity  # type: ignore[assignment]
            for flow, share in _shares(resource).items():
                by_flow[flow] += share * quantity * prices[key].usd
    lines = tuple(Line(key, quantities[key], quantities[key] * prices[key].usd) for key in sorted(quantities))
    unknown = Counter(resource.kind for resource in custom if not is_known(resource))
    return Estimate(lines, dict(sorted(by_flow.items())), dict(unknown))


def as_text(stack: str, found: Estimate) -> str:
    """Return the estimate as tables, with what it rests on."""
    table = price_table()
    dates = sorted({table.prices[line.key].date for line in found.lines})
    lines = [
        f"Estimate for {stack}, USD a month ({table.region}, list prices of {', '.join(dates)}, {table.accuracy})"
    ]
    for line in sorted(found.lines, key=lambda each: -each.usd):
        price = table.prices[line.key]
        lines.append(f"{line.usd:12,.2f}  {line.key:28} {line.quantity:>12,.1f} at {price.usd:g} per {price.per}")
    lines.append(f"{found.usd:12,.2f}  in all")
    lines += ["", "By flow (shared by tags and steps, see docs/infra-preview.md)"]
    lines += [f"{usd:12,.2f}  {flow}" for flow, usd in sorted(found.by_flow.items(), key=lambda each: -each[1])]
    lines += ["", f"Not included: {'; '.join(table.not_included)}"]
    if found.unknown:
        kinds = ", ".join(f"{kind} ({count})" for kind, count in sorted(found.unknown.items()))
        lines.append(f"No price known: {kinds}")
    return "\n".join(lines) + "\n"


def _shares(resource: Resource) -> Mapping[str, float]:
    tags = value(resource, "tags") or {}
    tagged = [flow for flow in FLOWS if f"{_TAG}{flow.name}" in tags]
    weights = {flow.name: len(flow.steps) for flow in tagged or FLOWS}
    return {name: weight / sum(weights.values()) for name, weight in weights.items()}
