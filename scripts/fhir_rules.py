"""The invariants of R4 in FHIRPath and its extensible bindings, by the path of the element that states them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]

# Stated on every element of R4, and true of every element that the walker accepts.
EVERYWHERE = frozenset({"ele-1", "ext-1"})


def compile_rules(definitions: Iterable[Json]) -> Json:
    """Return {invariants: path -> [key, severity, expression], extensible: path -> value set} of the R4 types."""
    roots = {one["name"]: one for one in definitions}  # SimpleQuantity is of the type Quantity
    invariants: dict[str, list[list[str]]] = {}
    extensible: dict[str, str] = {}
    for name, definition in roots.items():
        inherited = keys_of_root(roots.get(definition.get("baseDefinition", "").rsplit("/", 1)[-1]))
        for number, element in enumerate(definition["snapshot"]["element"]):
            path = element["path"].replace(definition["type"], name, 1)
            own = [
                rule
                for rule in rules_of(element)
                if rule[0] not in EVERYWHERE and (number or rule[0] not in inherited)
            ]
            if own and is_stated_here(element):
                invariants[path] = own
            binding = element.get("binding", {})
            if binding.get("strength") == "extensible" and "valueSet" in binding and is_stated_here(element):
                extensible[path] = binding["valueSet"].split("|")[0]
    return {"invariants": dict(sorted(invariants.items())), "extensible": dict(sorted(extensible.items()))}


def is_stated_here(element: Json) -> bool:
    """Whether an element is stated by this type, not repeated from its base."""
    return bool(element.get("base", {}).get("path", element["path"]) == element["path"])


def keys_of_root(definition: Json | None) -> set[str]:
    """Return the keys of the invariants of a type as a whole."""
    return {rule[0] for rule in rules_of(definition["snapshot"]["element"][0])} if definition else set()


def rules_of(element: Json) -> list[list[str]]:
    """Return [key, severity, expression] of each invariant that has an expression."""
    return [
        [rule["key"], rule["severity"], rule["expression"]]
        for rule in element.get("constraint", [])
        if rule.get("expression")
    ]
