"""
The generated tables of profiles, read on first use: R4's own and those of US Core.

A profile is named by its canonical URL, with `|version` or without, or by its id (`us-core-patient`). Without a
version the packages are asked in the order of `PACKAGES`: our policy is US Core 6.1.0 first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from shared.validation.shapes import TABLES, resource_types

PACKAGES: Final = ("us-core-6.1.0", "us-core-7.0.0", "us-core-3.1.1", "r4")
BASE: Final = "http://hl7.org/fhir/StructureDefinition/"

PartlyKnown = Mapping[str, frozenset[str] | None]
Rule = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Slicing:
    """How the values of an element are told apart: [(kind of discriminator, path)], and what else may be there."""

    by: tuple[tuple[str, str], ...]
    closed: bool
    ordered: bool


@dataclass(frozen=True, slots=True)
class Element:
    """What a profile demands of an element beyond base R4; -1 is no maximum, `rules` are (key, severity, FHIRPath)."""

    minimum: int = 0
    maximum: int = -1
    types: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    fixed: Any = None
    pattern: Any = None
    binding: tuple[str, str] | None = None
    rules: tuple[Rule, ...] = ()
    slicing: Slicing | None = None
    slices: Mapping[str, Element] | None = None
    children: Mapping[str, Element] | None = None


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile or an extension: what it constrains, where it may stand, and the value sets it names."""

    url: str
    version: str
    type: str
    context: tuple[tuple[str, str], ...]
    root: Element
    value_sets: Mapping[str, PartlyKnown | None]


class Definitions:
    """Profiles by name. Further packages, compiled as the committed ones are, come before those."""

    def __init__(self, packages: Iterable[Mapping[str, Any]] = ()) -> None:
        self._packages = [_Package(table) for table in packages]

    def find(self, name: str) -> Profile | None:
        """Return the profile of a canonical URL or an id; None when no package has it."""
        for package in (*self._packages, *map(_package, PACKAGES)):
            profile = package.find(name)
            if profile is not None:
                return profile
        return None

    def names_like(self, name: str) -> list[str]:
        """Return the ids of known profiles that look like a name that is not known."""
        ids = sorted({one for package in (*self._packages, *map(_package, PACKAGES)) for one in package.ids})
        return get_close_matches(name.rsplit("/", 1)[-1], ids)

    def type_of(self, url: str) -> str | None:
        """Return the type that a profile, or the definition of a base type, is about."""
        name = url.split("|")[0].removeprefix(BASE)
        if name in resource_types() or name == "Resource":
            return name
        profile = self.find(url)
        return profile.type if profile else None


class _Package:
    def __init__(self, table: Mapping[str, Any]) -> None:
        self._profiles: Mapping[str, Any] = table["profiles"]
        self.ids = {one["id"]: url for url, one in self._profiles.items()}
        own = read_value_sets(table["valueSets"])
        self._value_sets = {
            **own,
            **r4_value_sets(),
            **{url: parts for url, parts in own.items() if parts is not None},
        }
        self._version: str = table["package"].rsplit(" ", 1)[-1]
        self._found: dict[str, Profile] = {}

    def find(self, name: str) -> Profile | None:
        url, _, version = name.partition("|")
        url = self.ids.get(url, url)
        entry = self._profiles.get(url)
        if entry is None or not (entry["version"] or self._version).startswith(version):
            return None
        if url not in self._found:
            context = tuple((kind, path) for kind, path in entry.get("context", ()))
            root = read_element(entry["root"])
            self._found[url] = Profile(url, entry["version"], entry["type"], context, root, self._value_sets)
        return self._found[url]


@cache
def _package(name: str) -> _Package:
    return _Package(orjson.loads(Path(TABLES, "profiles", f"{name}.json").read_bytes()))


@cache
def rules_table() -> dict[str, Any]:
    """Return the invariants and the extensible bindings of R4 as they were compiled."""
    table: dict[str, Any] = orjson.loads((TABLES / "rules.json").read_bytes())
    return table


@cache
def r4_value_sets() -> dict[str, PartlyKnown | None]:
    """Return the value sets that R4's extensible bindings name."""
    return read_value_sets(rules_table()["valueSets"])


def read_value_sets(table: Mapping[str, Any]) -> dict[str, PartlyKnown | None]:
    """Return value set -> system -> codes; None where a part, or the whole, is not known."""
    return {
        url: parts and {system: None if codes is None else frozenset(codes) for system, codes in parts.items()}
        for url, parts in table.items()
    }


def read_element(table: Mapping[str, Any]) -> Element:
    """Return an element and all below it."""
    slicing = table.get("slicing")
    return Element(
        minimum=table.get("min", 0),
        maximum=table.get("max", -1),
        types=tuple(table.get("types", ())),
        profiles=tuple(table.get("profiles", ())),
        targets=tuple(table.get("targets", ())),
        fixed=table.get("fixed"),
        pattern=table.get("pattern"),
        binding=tuple(table["binding"]) if "binding" in table else None,
        rules=tuple((key, severity, expression) for key, severity, expression in table.get("rules", ())),
        slicing=slicing and _slicing(slicing),
        slices={name: read_element(one) for name, one in table.get("slices", {}).items()},
        children={name: read_element(one) for name, one in table.get("children", {}).items()},
    )


def _slicing(table: Mapping[str, Any]) -> Slicing:
    by = tuple((kind, path) for kind, path in table["by"])
    return Slicing(by, table.get("closed", False), table.get("ordered", False))
