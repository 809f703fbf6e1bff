"""
Profiles and extensions -> trees of what they add to base R4.

An *element* is {min, max, types, targets, profiles, fixed, pattern, binding, rules, slicing, slices, children}, each
member only where it constrains more than the element's definition in base R4; an element without any is left out.
Names of children are those of paths (`value[x]`); slices are told by name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scripts.fhir_rules import rules_of
from scripts.fhir_terminology import Terminology

Json = dict[str, Any]
STRENGTHS = ("required", "extensible")
DEFINITION = "http://hl7.org/fhir/StructureDefinition/"
# Names of base types, not constraints of their own.
BASE_QUANTITIES = {f"{DEFINITION}SimpleQuantity", f"{DEFINITION}MoneyQuantity"}


class R4Elements:
    """The elements of base R4 by path, the roots of types under the types' names."""

    def __init__(self, definitions: Iterable[Json]) -> None:
        self._elements = {element["path"]: element for one in definitions for element in one["snapshot"]["element"]}
        self._rules = {path: {rule[0] for rule in rules_of(one)} for path, one in self._elements.items()}

    def element(self, path: str) -> Json:
        """Return the definition of an element, or nothing where R4 has none."""
        found: Json = self._elements.get(path, {})
        return found

    def rules(self, element: Json) -> set[str]:
        """Return the keys of the invariants that R4 states on an element or on its types."""
        path = element.get("base", {}).get("path", element["path"])
        types = {entry["code"] for entry in element.get("type", [])}
        return set().union(*(self._rules.get(name, set()) for name in (path, element["path"], *types)))


def compile_package(members: Iterable[Json], base: R4Elements, terms: Terminology, source: str, name: str) -> Json:
    """Return {source, package, valueSets, profiles: url -> profile} of the definitions among the members."""
    profiles: dict[str, Json] = {}
    for one in members:
        if one["resourceType"] == "StructureDefinition" and one.get("derivation") == "constraint":
            profiles.setdefault(one["url"], compile_profile(one, base))
    bound = {url for profile in profiles.values() for url in bound_value_sets(profile["root"])}
    return {"source": source, "package": name, "valueSets": terms.compile_partly(bound), "profiles": profiles}


def compile_profile(definition: Json, base: R4Elements) -> Json:
    """
    Return {type, id, version, context?, root} of a StructureDefinition.

    Without a snapshot its differential is read, and the profile that it derives from must be met besides.
    """
    root: Json = {}
    whole = "snapshot" in definition
    for element in definition["snapshot" if whole else "differential"]["element"]:
        compiled = compile_element(element, base)
        if "." in element["path"]:
            place(root, steps_to(element), compiled)
        else:
            root |= compiled
    if not whole and not base.element(definition["baseDefinition"].removeprefix(DEFINITION)):
        root["profiles"] = [definition["baseDefinition"]]
    prune(root)
    context = [[one["type"], one["expression"]] for one in definition.get("context", [])]
    head = {"type": definition["type"], "id": definition["id"], "version": definition.get("version", "")}
    return {**head, **({"context": context} if context else {}), "root": root}


def steps_to(element: Json) -> list[str]:
    """Return the way to an element below its root; its id tells slices, else its path and its slice's name do."""
    name = element.get("id") or element["path"] + (f":{element['sliceName']}" if "sliceName" in element else "")
    return list(name.split(".")[1:])


def compile_element(element: Json, base: R4Elements) -> Json:
    """Return what an element says beyond base R4."""
    stated = element.get("base", {})
    original = base.element(stated.get("path", element["path"]))
    result = counts_of(element, original or stated)
    result |= types_of(element, original)
    for key, value in element.items():
        if key.startswith(("fixed", "pattern")):
            result["fixed" if key.startswith("fixed") else "pattern"] = value
    binding = element.get("binding", {})
    if binding.get("strength") in STRENGTHS and "valueSet" in binding and is_new(binding, original.get("binding", {})):
        result["binding"] = [binding["strength"], binding["valueSet"].split("|")[0]]
    rules = [rule for rule in rules_of(element) if rule[0] not in base.rules(element)]
    if rules:
        result["rules"] = rules
    slicing = element.get("slicing")
    if slicing and "discriminator" in slicing:
        result["slicing"] = {
            "by": [[one["type"], one["path"]] for one in slicing["discriminator"]],
            **({"closed": True} if slicing["rules"] == "closed" else {}),
            **({"ordered": True} if slicing.get("ordered") else {}),
        }
    return result


def counts_of(element: Json, original: Json) -> Json:
    """Return how often an element must and may be there, each if base R4 asks otherwise; of a slice, its own."""
    result: Json = {}
    identity = element["id"] if "id" in element else element["path"]
    is_slice = ":" in identity.rsplit(".", 1)[-1] or "sliceName" in element
    if "." not in element["path"]:
        return result
    if element.get("min", 0) > (0 if is_slice else original.get("min", 0)):
        result["min"] = element["min"]
    if element.get("max", "*") not in ("*", original.get("max")):
        result["max"] = int(element["max"])
    return result


def is_new(binding: Json, original: Json) -> bool:
    """Whether a binding differs from that of base R4."""
    return (binding["strength"], binding["valueSet"].split("|")[0]) != (
        original.get("strength"),
        original.get("valueSet", "").split("|")[0],
    )


def types_of(element: Json, original: Json) -> Json:
    """Return the types, profiles and targets that an element allows, each if base R4 allows others."""
    result: Json = {}
    entries, known = element.get("type", []), original.get("type", [])
    codes = [entry["code"] for entry in entries]
    known_codes = {entry["code"] for entry in known}
    if codes and set(codes) != known_codes and not any(code.startswith("http:") for code in (*codes, *known_codes)):
        result["types"] = codes
    profiles = {url for entry in entries for url in entry.get("profile", [])} - BASE_QUANTITIES
    if profiles - {url for entry in known for url in entry.get("profile", [])}:
        result["profiles"] = sorted(profiles)
    targets = {url for entry in entries for url in entry.get("targetProfile", [])}
    if targets - {f"{DEFINITION}Resource"} and targets != {u for one in known for u in one.get("targetProfile", [])}:
        result["targets"] = sorted(targets)
    return result


def place(root: Json, steps: list[str], element: Json) -> None:
    """Put an element where its id says: `component:systolic`, `code` is a child of a slice."""
    node = root
    for number, step in enumerate(steps):
        name, _, part = step.partition(":")
        node = node.setdefault("children", {}).setdefault(name, {})
        if part:
            node = node.setdefault("slices", {}).setdefault(part, {})
        if number == len(steps) - 1:
            node.update(element)


def prune(element: Json) -> bool:
    """Take away children that say nothing; return whether the element itself still says something."""
    for member in ("children", "slices"):
        kept = {name: one for name, one in element.get(member, {}).items() if prune(one) or member == "slices"}
        element.pop(member, None)
        if kept:
            element[member] = kept
    if "slicing" in element and "slices" not in element and not element["slicing"].get("closed"):
        del element["slicing"]
    return bool(element)


def bound_value_sets(element: Json) -> set[str]:
    """Return the value sets that an element and what is below it bind to."""
    below = [*element.get("children", {}).values(), *element.get("slices", {}).values()]
    own = {element["binding"][1]} if "binding" in element else set()
    return own.union(*(bound_value_sets(one) for one in below))
