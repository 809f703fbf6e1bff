"""The price table: list prices and the assumptions about use, as `infra/prices.json` has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).parents[1] / "prices.json"


@dataclass(frozen=True)
class Price:
    """What one unit costs in USD, and how well that is known."""

    usd: float
    per: str
    date: str
    source: str


@dataclass(frozen=True)
class PriceTable:
    """Every price by key, how much is used where no resource says it, and what is left out."""

    accuracy: str
    region: str
    prices: Mapping[str, Price]
    assumptions: Mapping[str, float]
    not_included: tuple[str, ...]


@cache
def price_table() -> PriceTable:
    """Return the table of the repository."""
    data = json.loads(_TABLE.read_text(encoding="utf-8"))
    return PriceTable(
        accuracy=data["accuracy"],
        region=data["region"],
        prices={key: Price(**row) for key, row in data["prices"].items()},
        assumptions={key: row["amount"] for key, row in data["assumptions"].items()},
        not_included=tuple(data["not_included"]),
    )
