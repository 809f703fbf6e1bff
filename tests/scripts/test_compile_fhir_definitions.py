"""The compiler on a tiny set of definitions, and what the committed tables must hold."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from scripts.compile_fhir_definitions import DEFINITION, FHIR_TYPE, main, type_of
from scripts.fhir_profiles import R4Elements, compile_profile
from scripts.fhir_rules import compile_rules
from scripts.fhir_terminology import ancestors, hierarchy
from shared.validation.shapes import TABLES, resource_types, shape, value_set

NEEDED = {
    "Bundle", "Patient", "Practitioner", "PractitionerRole", "Organization", "Encounter", "ServiceRequest",
    "Specimen", "DiagnosticReport", "Observation", "Provenance", "MessageHeader", "OperationOutcome",
    "Location", "Device", "DocumentReference", "Task", "Coverage", "Condition", "Procedure", "Immunization",
    "AllergyIntolerance", "MedicationRequest", "Appointment", "RelatedPerson", "CapabilityStatement",
    "Parameters", "Binary",
}  # fmt: skip
LICENSED = ("loinc", "snomed", "ama-assn", "rxnorm", "ada.org")


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


def test_codes_are_taken_from_a_system_by_descent_and_from_the_types_that_definitions_state() -> None:
    parents = dict(hierarchy([
        {"code": "toy"},
        {"code": "ball", "property": [{"code": "subsumedBy", "valueCode": "toy"}], "concept": [{"code": "red"}]},
    ]))  # fmt: skip
    stated = {"extension": [{"url": FHIR_TYPE, "valueUrl": "uri"}], "code": "http://hl7.org/fhirpath/System.String"}

    assert {"ball", "toy"} == ancestors("red", parents)
    assert "uri" == type_of("Extension.url", stated)
    assert "id" == type_of("Resource.id", stated)
    assert "string" == type_of("Element.id", {"code": "http://hl7.org/fhirpath/System.String"})
    assert "SimpleQuantity" == type_of("Dog.size", {"code": "Quantity", "profile": [f"{DEFINITION}SimpleQuantity"]})


def test_a_profile_is_read_from_its_differential_where_it_has_no_snapshot() -> None:
    base = R4Elements([definition("Dog", "Element", "resource", element("Dog.toy", "BackboneElement", 0, "*"))])
    rule = {"key": "dog-1", "severity": "error", "expression": "name.exists()"}
    by_kind = {"rules": "closed", "ordered": True, "discriminator": [{"type": "value", "path": "kind"}]}
    differential = [
        {"path": "Dog", "constraint": [rule, {"key": "dog-2", "severity": "error"}]},
        {"path": "Dog.toy", "slicing": by_kind},
        {"path": "Dog.toy", "sliceName": "ball", "min": 1, "max": "1"},
        {"path": "Dog.toy.kind", "id": "Dog.toy:ball.kind", "fixedCode": "ball"},
        {"path": "Dog.friend", "type": [{"code": "Reference", "targetProfile": [f"{DEFINITION}Cat"]}]},
        {"path": "Dog.collar", "type": [{"code": "Collar", "profile": ["urn:collar"]}]},
    ]  # fmt: skip
    big = {
        "resourceType": "StructureDefinition", "type": "Dog", "id": "big", "url": "urn:big",
        "derivation": "constraint", "baseDefinition": "urn:other",
        "context": [{"type": "element", "expression": "Dog"}],
        "differential": {"element": differential},
    }  # fmt: skip

    compiled = compile_profile(big, base)

    assert [["element", "Dog"]] == compiled["context"]
    assert {
        "profiles": ["urn:other"],
        "rules": [["dog-1", "error", "name.exists()"]],
        "children": {
            "toy": {
                "slicing": {"by": [["value", "kind"]], "closed": True, "ordered": True},
                "slices": {"ball": {"min": 1, "max": 1, "children": {"kind": {"fixed": "ball"}}}},
            },
            "friend": {"types": ["Reference"], "targets": [f"{DEFINITION}Cat"]},
            "collar": {"types": ["Collar"], "profiles": ["urn:collar"]},
        },
    } == compiled["root"]


def test_rules_stand_where_they_are_stated_first() -> None:
    rule = {"key": "dog-1", "severity": "error", "expression": "true"}
    own = {"key": "big-1", "severity": "warning", "expression": "false"}
    extensible = {"strength": "extensible", "valueSet": "urn:vs|1"}
    dog = definition("Dog", "", "resource", element("Dog.name", "string", constraint=[own], binding=extensible))
    dog["snapshot"]["element"][0]["constraint"] = [rule]
    pup = definition("Pup", "Dog", "resource", element("Pup.name", "string") | {"base": {"path": "Dog.name"}})
    pup["snapshot"]["element"][0]["constraint"] = [rule, own]

    rules = compile_rules([dog, pup])

    assert {"Dog.name": "urn:vs"} == rules["extensible"]
    assert {
        "Dog": [["dog-1", "error", "true"]],
        "Dog.name": [["big-1", "warning", "false"]],
        "Pup": [["big-1", "warning", "false"]],
    } == rules["invariants"]


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


def us_core(folder: Path) -> Path:
    """Write a package with one profile of the dog and the value set that it names."""
    path = folder / "us_core.tgz"
    big = definition("BigDog", "Dog", "resource", element("Dog.toy", "BackboneElement", 1, "*"))
    big |= {"type": "Dog", "derivation": "constraint", "url": "urn:big-dog", "id": "big-dog", "version": "1.0"}
    big["snapshot"]["element"][0] |= {"id": "Dog"}
    big["snapshot"]["element"][1] |= {"id": "Dog.toy"}
    named = element("Dog.name[x]", "string", binding={"strength": "extensible", "valueSet": "urn:open"})
    big["snapshot"]["element"].append({**named, "id": "Dog.name[x]"})
    members = {
        "package/package.json": {"name": "us.core", "version": "1.0", "license": "CC0-1.0"},
        "package/StructureDefinition-big-dog.json": big,
        "package/example/Dog.json": {"resourceType": "Dog"},
    }
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            data = json.dumps(content).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return path


def test_a_package_becomes_its_profiles_and_the_value_sets_that_they_name(tmp_path: Path) -> None:
    write_package(tmp_path)
    assert main([str(tmp_path), "--us-core", str(us_core(tmp_path)), "--out", str(tmp_path)]) == 0

    table = json.loads((tmp_path / "profiles" / "us-core-1.0.json").read_text(encoding="utf-8"))

    assert "us.core 1.0 (CC0-1.0)" == table["source"]
    assert {"urn:open": {"urn:else": None}} == table["valueSets"]
    assert {"toy": {"min": 1}, "name[x]": {"binding": ["extensible", "urn:open"]}} == (
        table["profiles"]["urn:big-dog"]["root"]["children"]
    )


def test_the_same_packages_give_the_same_bytes(tmp_path: Path) -> None:
    write_package(tmp_path)
    package = us_core(tmp_path)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        main([str(tmp_path), "--us-core", str(package), "--out", str(tmp_path / name)])
    first, second = (sorted((tmp_path / name).rglob("*.json")) for name in ("one", "two"))

    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_committed_tables_hold_what_corridor_speaks_and_stay_small() -> None:
    assert NEEDED <= resource_types()
    assert 146 == len(resource_types())
    assert all(shape(name).properties for name in resource_types())
    assert sum(path.stat().st_size for path in TABLES.rglob("*.json")) < 3_000_000


def test_no_licensed_code_system_is_in_the_tables() -> None:
    table = json.loads((TABLES / "codes.json").read_text(encoding="utf-8"))["valueSets"]
    systems = {system for codes in table.values() for system in codes or ()}

    for path in [TABLES / "rules.json", *(TABLES / "profiles").glob("*.json")]:
        sets = json.loads(path.read_text(encoding="utf-8"))["valueSets"]
        systems |= {system for parts in sets.values() for system, codes in (parts or {}).items() if codes is not None}

    assert not {system for system in systems for word in LICENSED if word in system}
    assert value_set("http://hl7.org/fhir/ValueSet/mimetypes") is None
