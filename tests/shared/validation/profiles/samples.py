"""Synthetic resources that meet US Core 6.1.0: obviously invented people."""

from __future__ import annotations

from typing import Any

Node = dict[str, Any]

US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/"
CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"
LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
RACE = "urn:oid:2.16.840.1.113883.6.238"


def patient() -> Node:
    race: Node = {
        "url": f"{US_CORE}us-core-race",
        "extension": [
            {"url": "ombCategory", "valueCoding": {"system": RACE, "code": "2028-9"}},
            {"url": "text", "valueString": "Asian"},
        ],
    }
    return {
        "resourceType": "Patient",
        "id": "zz-testcase",
        "meta": {"profile": [f"{US_CORE}us-core-patient"]},
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Zz Testcase</div>'},
        "extension": [race, {"url": f"{US_CORE}us-core-birthsex", "valueCode": "F"}],
        "identifier": [{"system": "urn:oid:1.2.3.4", "value": "ZZ-1"}],
        "name": [{"family": "Testcase", "given": ["Zz"]}],
        "gender": "female",
    }


def quantity(value: float, unit: str = "mm[Hg]") -> Node:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def coded(code: str, system: str = LOINC) -> Node:
    return {"coding": [{"system": system, "code": code}]}


def blood_pressure(subject: str = "Patient/zz-testcase") -> Node:
    return {
        "resourceType": "Observation",
        "id": "zz-pressure",
        "meta": {"profile": [f"{US_CORE}us-core-blood-pressure|6.1.0"]},
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">107/60</div>'},
        "status": "final",
        "category": [coded("vital-signs", CATEGORY)],
        "code": coded("85354-9"),
        "subject": {"reference": subject},
        "effectiveDateTime": "2026-01-05",
        "component": [
            {"code": coded("8480-6"), "valueQuantity": quantity(107)},
            {"code": coded("8462-4"), "valueQuantity": quantity(60)},
        ],
    }


def laboratory_result() -> Node:
    return {
        "resourceType": "Observation",
        "id": "zz-result",
        "meta": {"profile": [f"{US_CORE}us-core-observation-lab"]},
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">13.2</div>'},
        "status": "final",
        "category": [coded("laboratory", CATEGORY)],
        "code": coded("718-7"),
        "subject": {"reference": "Patient/zz-testcase"},
        "effectiveDateTime": "2026-01-05",
        "valueQuantity": quantity(13.2, "g/dL"),
    }


def organization() -> Node:
    return {
        "resourceType": "Organization",
        "id": "zz-organization",
        "meta": {"profile": [f"{US_CORE}us-core-organization"]},
        "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Nowhere</div>'},
        "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1234567893"}],
        "active": True,
        "name": "Laboratory of Nowhere",
    }


def collection() -> Node:
    """A bundle in which the reference to the patient can be followed."""
    members = {"urn:uuid:00000000-0000-0000-0000-000000000001": patient()}
    (subject,) = members
    members["urn:uuid:00000000-0000-0000-0000-000000000002"] = blood_pressure(subject)
    entries = [{"fullUrl": url, "resource": resource} for url, resource in members.items()]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


ALL = {
    "patient": patient,
    "blood_pressure": blood_pressure,
    "laboratory_result": laboratory_result,
    "organization": organization,
    "collection": collection,
}
