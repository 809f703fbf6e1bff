"""The compiler on a tiny set of definitions, and what the committed tables must hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scripts.compile_fhir_definitions import Terminology, main
from shared.validation.shapes import TABLES, resource_types, shape, value_set

NEEDED = {
    "Bundle", "Patient", "Practitioner", "PractitionerRole", "Organization", "Encounter", "ServiceRequest",
    "Specimen", "DiagnosticReport", "Observation", "Provenance", "MessageHeader", "OperationOutcome",
    "Location", "Device", "DocumentReference", "Task", "Coverage", "Condition", "Procedure", "Immunization",
    "AllergyIntolerance", "MedicationRequest", "Appointment", "RelatedPerson", "CapabilityStatement",
    "Parameters", "Binary",
}  # fmt: skip


def element(path: str, kind: str, minimum: int = 0, maximum: str = "1", **more: Any) -> dict[str, Any]:
    return {"path": path, "min": minimum, "max": maximum, "base": {"path": path}, "type": [{"code": kind}], **more}


def definition(name: str, base: str, kind: str, *elements: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition", "fhirVersion": "4.0.1", "name": name, "type": name, "kind": kind,
        "baseDefinition": f"http://hl7.org/fhir/StructureDefinition/{base}" if base else "",
        "snapshot": {"element": [{"path": name}, *elements]},
    }  # fmt: skip


def write_package(folder: Path) -> None:
    r4 = folder / "dist" / "fhir" / "r4"
    r4.mkdir(parents=True)
    binding = {"strength": "required", "valueSet": "urn:vs|4.0.1"}
    types = [
        definition("Element", "", "complex-type", element("Element.id", "string")),
        definition("BackboneElement", "Element", "complex-type", element("BackboneElement.id", "string")),
    ]
    dog = definition(
        "Dog", "Element", "resource",
        element("Dog.id", "string"),
        element("Dog.toy", "BackboneElement", maximum="*"),
        element("Dog.toy.kind", "code", 1, binding=binding),
        element("Dog.name[x]", "string"),
    )  # fmt: skip
    system = {
        "resourceType": "CodeSystem", "url": "urn:toys", "content": "complete",
        "concept": [{"code": "ball", "concept": [{"code": "red-ball"}]}, {"code": "bone"}],
    }  # fmt: skip
    values = {
        "resourceType": "ValueSet",
        "url": "urn:vs",
        "compose": {
            "include": [{"system": "urn:toys", "filter": [{"property": "concept", "op": "is-a", "value": "ball"}]}]
        },
    }
    open_values = {"resourceType": "ValueSet", "url": "urn:open", "compose": {"include": [{"system": "urn:else"}]}}
    contents: dict[str, list[dict[str, Any]]] = {
        "profiles-types.json": types, "profiles-resources.json": [dog],
        "valuesets.json": [system, values, open_values], "v3-codesystems.json": [], "v2-tables.json": [],
    }  # fmt: skip
    for name, entries in contents.items():
        (r4 / name).write_text(json.dumps({"entry": [{"resource": one} for one in entries]}), encoding="utf-8")


def test_definitions_become_rows_without_what_the_base_already_says(tmp_path: Path) -> None:
    write_package(tmp_path)
    assert main([str(tmp_path), "--out", str(tmp_path)]) == 0

    shapes = json.loads((tmp_path / "shapes.json").read_text(encoding="utf-8"))
    codes = json.loads((tmp_path / "codes.json").read_text(encoding="utf-8"))

    assert ["Dog"] == shapes["resources"]
    assert {"base": "Element", "rows": [["toy", 0, -1, "#Dog.toy"], ["name[x]", 0, 1, "string"]]} == (
        shapes["shapes"]["Dog"]
    )
    assert [["kind", 1, 1, "code", {"codes": "urn:vs"}]] == shapes["shapes"]["Dog.toy"]["rows"]
    assert {"urn:vs": {"urn:toys": ["ball", "red-ball"]}} == codes["valueSets"]


def test_a_value_set_of_a_foreign_system_is_undecidable(tmp_path: Path) -> None:
    write_package(tmp_path)

    assert Terminology(tmp_path / "dist" / "fhir" / "r4").expand("urn:open") is None


def test_the_committed_tables_hold_what_corridor_speaks_and_stay_small() -> None:
    assert NEEDED <= resource_types()
    assert 146 == len(resource_types())
    assert all(shape(name).properties for name in resource_types())
    assert sum(path.stat().st_size for path in TABLES.glob("*.json")) < 3_000_000


def test_no_licensed_code_system_is_in_the_tables() -> None:
    table = json.loads((TABLES / "codes.json").read_text(encoding="utf-8"))["valueSets"]
    systems = {system for codes in table.values() for system in codes or ()}

    assert not {system for system in systems if "loinc" in system or "snomed" in system or "ama-assn" in system}
    assert value_set("http://hl7.org/fhir/ValueSet/mimetypes") is None
