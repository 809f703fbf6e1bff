"""
The generated tables, read once and compiled on first use into what the walker needs.

A *shape* is a type or a backbone element (`Patient`, `Patient.contact`, `HumanName`); a *property* is one JSON key
of it. A choice element (`value[x]`) becomes one property per type.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from shared.validation.invariants import INVARIANTS, Invariant
from shared.validation.primitives import PRIMITIVES, Check

TABLES: Final = Path(__file__).parent / "tables"

QUANTITIES: Final = {"SimpleQuantity": "Quantity", "MoneyQuantity": "Quantity"}  # profiles that name no JSON key

ValueSet = dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Property:
    """One JSON key of a shape. `name` is the element's FHIRPath name, `choice` that of its choice element."""

    key: str
    name: str
    type: str
    many: bool
    maximum: int
    choice: str
    check: Check | None
    targets: frozenset[str]
    value_set: str
    codes: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Shape:
    """What a JSON object of this type may hold."""

    name: str
    properties: dict[str, Property]
    required: tuple[tuple[str, tuple[str, ...]], ...]
    invariants: tuple[Invariant, ...]


@cache
def _shapes() -> dict[str, Any]:
    table: dict[str, Any] = orjson.loads((TABLES / "shapes.json").read_bytes())
    return table


@cache
def _codes() -> dict[str, Any]:
    table: dict[str, Any] = orjson.loads((TABLES / "codes.json").read_bytes())["valueSets"]
    return table


@cache
def resource_types() -> frozenset[str]:
    """Return the concrete resource types of R4."""
    return frozenset(_shapes()["resources"])


@cache
def value_set(url: str) -> ValueSet | None:
    """Return a required value set as system -> codes; None when R4's own definitions cannot decide it."""
    systems = _codes().get(url)
    return None if systems is None else {system: frozenset(codes) for system, codes in systems.items()}


@cache
def shape(name: str) -> Shape:
    """Return the shape of a type or backbone element; KeyError for a name that R4 lacks."""
    rows = _rows(name)
    properties: dict[str, Property] = {}
    required = []
    if name in resource_types():
        properties["resourceType"] = _property("resourceType", "resourceType", "string", 1, "", {})
    for element, minimum, maximum, types, *rest in rows:
        extras = rest[0] if rest else {}
        if maximum == 0:
            continue
        stem = element.removesuffix("[x]")
        keys = []
        for kind in types.split("|"):
            named = QUANTITIES.get(kind, kind)
            key = stem + named[0].upper() + named[1:] if stem != element else element
            choice = stem if stem != element else ""
            properties[key] = _property(key, stem, kind.removeprefix("#"), maximum, choice, extras)
            keys += [key, f"_{key}"] if kind in PRIMITIVES else [key]
        if minimum:
            required.append((stem, tuple(keys)))
    return Shape(name, properties, tuple(required), _invariants(name))


@cache
def bases_of(name: str) -> tuple[str, ...]:
    """Return the shapes that a shape derives from, the nearest first; nothing for a name that R4 lacks."""
    base = _shapes()["shapes"].get(name, {}).get("base")
    return (base, *bases_of(base)) if base else ()


def _rows(name: str) -> list[list[Any]]:
    """Return the rows of a shape, its own replacing those of the same name in its base."""
    table = _shapes()["shapes"][name]
    rows = {row[0]: row for row in _rows(table["base"])} if "base" in table else {}
    rows.update({row[0]: row for row in table["rows"]})
    return list(rows.values())


def _invariants(name: str) -> tuple[Invariant, ...]:
    base = _shapes()["shapes"][name].get("base")
    return (_invariants(base) if base else ()) + INVARIANTS.get(name, ())


def _property(key: str, name: str, kind: str, maximum: int, choice: str, extras: dict[str, Any]) -> Property:
    url = extras.get("codes", "")
    systems = value_set(url) if url else None
    return Property(
        key=key,
        name=name,
        type=kind,
        many=maximum != 1,
        maximum=maximum,
        choice=choice,
        check=PRIMITIVES.get(kind),
        targets=frozenset(extras.get("targets", ())) if kind == "Reference" else frozenset(),
        value_set=url if kind not in PRIMITIVES or kind in ("code", "uri", "string") else "",
        codes=None if systems is None else frozenset().union(*systems.values()),
    )
