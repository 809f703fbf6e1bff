"""
What FHIR's code systems and value sets say about membership, as far as their own definitions can tell.

    Terminology(resources).expand(url)        every code, or None when one part is not known
    Terminology(resources).expand_partly(url)  per system the codes, or None where its content is not known or not free
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

Json = dict[str, Any]
Codes = dict[str, set[str]]
PartlyKnown = dict[str, set[str] | None]

# Their content needs a licence: a value set names the system, never its codes.
LICENSED = (
    "http://loinc.org",
    "http://snomed.info/sct",
    "http://www.ama-assn.org/go/cpt",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "http://www.ada.org/cdt",
)


class Terminology:
    """Code systems and value sets, the first of a name counting, and what can be expanded from them alone."""

    def __init__(self, resources: Iterable[Json]) -> None:
        self.systems: dict[str, Json] = {}
        self.value_sets: dict[str, Json] = {}
        for resource in resources:
            kind = {"CodeSystem": self.systems, "ValueSet": self.value_sets}.get(resource["resourceType"])
            if kind is not None:
                kind.setdefault(resource["url"], resource)

    def compile(self, urls: Iterable[str]) -> dict[str, dict[str, list[str]] | None]:
        """Return url -> system -> codes; None for what the package cannot decide."""
        table: dict[str, dict[str, list[str]] | None] = {}
        for url in urls:
            codes = self.expand(url)
            table[url] = None if codes is None else {system: sorted(codes[system]) for system in sorted(codes)}
        return table

    def expand(self, url: str) -> Codes | None:
        """Return the codes of a value set by system, or None."""
        value_set = self.value_sets.get(url.split("|")[0])
        compose = (value_set or {}).get("compose", {})
        if not compose.get("include"):
            return None
        result: Codes = {}
        for include in compose["include"]:
            part = self.included(include)
            if part is None:
                return None
            for system, codes in part.items():
                result.setdefault(system, set()).update(codes)
        for exclude in compose.get("exclude", []):
            part = self.included(exclude)
            if part is None:
                return None
            for system, codes in part.items():
                result.get(system, set()).difference_update(codes)
        return result

    def compile_partly(self, urls: Iterable[str]) -> dict[str, dict[str, list[str] | None] | None]:
        """Return url -> system -> codes; None for a system whose part is not known, or for a value set likewise."""
        table: dict[str, dict[str, list[str] | None] | None] = {}
        for url in sorted(urls):
            parts = self.expand_partly(url)
            table[url] = None
            if parts is not None:
                table[url] = {one: None if codes is None else sorted(codes) for one, codes in sorted(parts.items())}
        return table

    def expand_partly(self, url: str) -> PartlyKnown | None:
        """Return the codes of a value set by system, None for a system whose codes here are not known, or None."""
        compose = self.value_sets.get(url.split("|")[0], {}).get("compose", {})
        if not compose.get("include"):
            return None
        result: PartlyKnown = {}
        for include in compose["include"]:
            part = self._included_partly(include)
            if part is None:
                return None
            for system, codes in part.items():
                known = result.get(system, set())
                result[system] = None if codes is None or known is None else known | codes
        for exclude in compose.get("exclude", []):
            for system, codes in (self._included_partly(exclude) or dict.fromkeys(result)).items():
                known = result.get(system)
                if known is not None:
                    result[system] = None if codes is None else known - codes
        return result

    def _included_partly(self, include: Json) -> PartlyKnown | None:
        parts: list[PartlyKnown] = []
        for url in include.get("valueSet", []):
            part = self.expand_partly(url)
            if part is None:
                return None
            parts.append(part)
        if "system" in include:
            free = include["system"] not in LICENSED
            parts.append({include["system"]: self.of_system(include) if free else None})
        first, *rest = parts
        for other in rest:
            first = {
                system: None if codes is None or other[system] is None else codes & (other[system] or set())
                for system, codes in first.items()
                if system in other
            }
        return first

    def included(self, include: Json) -> Codes | None:
        """Return the codes of one include or exclude."""
        parts: list[Codes] = []
        for url in include.get("valueSet", []):
            part = self.expand(url)
            if part is None:
                return None
            parts.append(part)
        if "system" in include:
            codes = self.of_system(include)
            if codes is None:
                return None
            parts.append({include["system"]: codes})
        first, *rest = parts
        for other in rest:
            first = {system: codes & other.get(system, set()) for system, codes in first.items()}
        return first

    def of_system(self, include: Json) -> set[str] | None:
        """Return the codes that an include takes from its system: listed, filtered or all."""
        if "concept" in include:
            return {concept["code"] for concept in include["concept"]}
        system = self.systems.get(include["system"])
        if system is None or system.get("content") != "complete" or not system.get("concept"):
            return None
        parents = dict(hierarchy(system["concept"]))
        codes = set(parents)
        for rule in include.get("filter", []):
            if rule["property"] != "concept" or rule["op"] not in ("is-a", "descendent-of"):
                return None
            below = {code for code in parents if rule["value"] in ancestors(code, parents)}
            codes &= below | ({rule["value"]} if rule["op"] == "is-a" else set())
        return codes


def hierarchy(concepts: Iterable[Json], parent: str = "") -> Iterator[tuple[str, set[str]]]:
    """Yield each code with its direct parents, from nesting and from `subsumedBy` properties."""
    for concept in concepts:
        stated = {p["valueCode"] for p in concept.get("property", []) if p["code"] == "subsumedBy"}
        yield concept["code"], stated | ({parent} if parent else set())
        yield from hierarchy(concept.get("concept", []), concept["code"])


def ancestors(code: str, parents: dict[str, set[str]]) -> set[str]:
    """Return every code above this one."""
    found: set[str] = set()
    open_codes = list(parents[code])
    while open_codes:
        parent = open_codes.pop()
        if parent not in found:
            found.add(parent)
            open_codes.extend(parents.get(parent, ()))
    return found
