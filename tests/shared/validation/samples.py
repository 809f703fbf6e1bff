"""Synthetic resources for the validator's tests: obviously invented people, valid base R4."""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from uuid import UUID

Node = dict[str, Any]

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
ALLERGY = "http://terminology.hl7.org/CodeSystem/allergyintolerance-"
VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"


def urn(number: int) -> str:
    return f"urn:uuid:{UUID(int=number)}"


def patient() -> Node:
    return deepcopy(
        {
            "resourceType": "Patient",
            "id": "zz-testpatient",
            "meta": {"tag": [{"system": "urn:corridor:tag", "code": "synthetic"}]},
            "text": {
                "status": "generated",
                "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Zz <b>Testpatient</b>&nbsp;&amp; none</p></div>',
            },
            "contained": [{"resourceType": "Organization", "id": "practice", "name": "Practice of Nobody"}],
            "extension": [{"url": "http://example.org/fhir/shoe-size", "valueDecimal": 42.5}],
            "identifier": [{"system": "urn:oid:1.2.3.4.5", "value": "ZZ-0001", "use": "usual"}],
            "active": True,
            "name": [
                {
                    "family": "Testpatient",
                    "given": ["Zz", None],
                    "_given": [None, {"extension": [{"url": "http://example.org/fhir/masked", "valueBoolean": True}]}],
                    "period": {"start": "2020", "end": "2021-03"},
                }
            ],
            "telecom": [{"system": "phone", "value": "+00 0000 0000"}],
            "gender": "unknown",
            "birthDate": "1900-02-28",
            "_birthDate": {
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime",
                        "valueDateTime": "1900-02-28T14:35:45-05:00",
                    }
                ]
            },
            "deceasedBoolean": False,
            "contact": [{"name": {"text": "Nobody Testcontact"}}],
            "generalPractitioner": [{"reference": "#practice"}],
        }
    )


def observation(number: int = 0, subject: str = "Patient/zz-testpatient") -> Node:
    return {
        "resourceType": "Observation",
        "id": f"zz-observation-{number}",
        "identifier": [{"system": "urn:corridor:observation", "value": f"zz-{number}"}],
        "status": "final",
        "category": [
            {
                "coding": [
                    {
                        "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                        "code": "laboratory",
                        "display": "Laboratory",
                    }
                ]
            }
        ],
        "code": {
            "coding": [{"system": LOINC, "code": "718-7", "display": "Hb"}, {"system": "urn:l", "code": "HGB"}],
            "text": "Haemoglobin",
        },
        "subject": {"reference": subject},
        "effectiveDateTime": "2026-01-05T08:15:00+01:00",
        "issued": "2026-01-05T09:00:00.000Z",
        "performer": [{"display": "Laboratory of Nowhere"}],
        "valueQuantity": {"value": 13.2, "unit": "g/dL", "system": UCUM, "code": "g/dL"},
        "interpretation": [
            {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": "N"}]}
        ],
        "note": [{"text": "Synthetic."}],
        "referenceRange": [
            {
                "low": {"value": 12.0, "unit": "g/dL", "system": UCUM, "code": "g/dL"},
                "high": {"value": 16.0, "unit": "g/dL", "system": UCUM, "code": "g/dL"},
                "text": "12.0-16.0",
            }
        ],
    }


def report(results: list[str], subject: str) -> Node:
    return {
        "resourceType": "DiagnosticReport",
        "id": "zz-report",
        "status": "final",
        "code": {"coding": [{"system": LOINC, "code": "58410-2"}]},
        "subject": {"reference": subject},
        "effectivePeriod": {"start": "2026-01-05T08:15:00+01:00", "end": "2026-01-05T07:20:00Z"},
        "issued": "2026-01-05T09:00:00Z",
        "result": [{"reference": name} for name in results],
    }


def transaction(observations: int = 2) -> Node:
    """A patient, a report and its observations, each created or updated, linked by URN."""
    numbered = [(urn(2 + n), observation(n, urn(1))) for n in range(observations)]
    members = [(urn(1), patient()), *numbered, (urn(10_000), report([name for name, _ in numbered], urn(1)))]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": name,
                "resource": resource,
                "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
            }
            for name, resource in members
        ],
    }


def updates() -> Node:
    """A transaction as the maps write it: updates under the URN of their ids, references by type and id."""
    names = ("Organization", "Patient", "Encounter", "Condition", "Observation", "Provenance")
    ids = {name: str(UUID(int=number)) for number, name in enumerate(names, 1)}
    to = {name: {"reference": f"{name}/{identity}"} for name, identity in ids.items()}
    act = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    stay = {"start": "2026-01-04T08:15:00+01:00", "end": "2026-01-05T08:15:00+01:00"}
    issued = {
        "system": "urn:oid:1.2.3.4.5",
        "value": "ZZ-0001",
        "assigner": to["Organization"] | {"display": "Nowhere"},
    }
    found: dict[str, Node] = {
        "Organization": {
            "name": "Nowhere",
            "address": [{"city": "Nowhere"}],
            "telecom": [{"system": "url", "value": "x"}],
        },
        "Patient": {"identifier": [issued], "name": [{"family": "Testpatient", "given": ["Zz"]}]},
        "Encounter": {
            "status": "finished",
            "class": {"system": act, "code": "IMP"},
            "subject": to["Patient"],
            "period": stay,
            "participant": [{"individual": {"identifier": {"value": "zz-9"}, "display": "Nobody Testdoctor"}}],
            "serviceProvider": to["Organization"],
        },
        "Condition": condition() | {"subject": to["Patient"], "encounter": to["Encounter"]},
        "Observation": observation() | {"subject": to["Patient"], "performer": [to["Organization"]]},
        "Provenance": {
            "target": [to["Patient"], to["Condition"]],
            "recorded": "2026-01-05T09:00:00.000Z",
            "agent": [{"who": to["Organization"]}],
        },
    }
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": f"urn:uuid:{ids[name]}",
                "resource": deepcopy(found[name]) | {"resourceType": name, "id": ids[name]},
                "request": {"method": "PUT", "url": to[name]["reference"]},
            }
            for name in names
        ],
    }


def appointment() -> Node:
    return {
        "resourceType": "Appointment",
        "status": "booked",
        "start": "2026-02-01T10:00:00Z",
        "end": "2026-02-01T10:20:00Z",
        "participant": [{"actor": {"reference": "Patient/zz-testpatient"}, "status": "accepted"}],
    }


def proposal() -> Node:
    resource = appointment() | {"status": "proposed"}
    del resource["start"], resource["end"]
    return resource


def nested_organization() -> Node:
    """A contained organization that wrongly contains another."""
    inner = {"resourceType": "Organization", "id": "practice", "name": "Inner"}
    return inner | {"contained": [inner], "partOf": {"reference": "#practice"}}


def condition() -> Node:
    system = "http://terminology.hl7.org/CodeSystem/condition-clinical"
    return {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"system": system, "code": "resolved"}]},
        "subject": {"reference": "Patient/zz-testpatient"},
        "onsetAge": {"value": 30, "unit": "years", "system": UCUM, "code": "a"},
        "abatementDateTime": "2025-12",
    }


def allergy() -> Node:
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": {"coding": [{"system": f"{ALLERGY}clinical", "code": "active"}]},
        "verificationStatus": {"coding": [{"system": f"{ALLERGY}verification", "code": "confirmed"}]},
        "patient": {"reference": "Patient/zz-testpatient"},
    }


def document() -> Node:
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "content": [{"attachment": {"contentType": "text/plain", "data": "Tm9ib2R5", "size": 6}}],
        "context": {"period": {"start": "2026-01-01", "end": "2026-01-01"}},
    }


ALL = {
    "patient": patient,
    "observation": observation,
    "transaction": transaction,
    "updates": updates,
    "appointment": appointment,
    "proposal": proposal,
    "condition": condition,
    "allergy": allergy,
    "document": document,
}
