"""Bundles as other servers write them: contained, named and numbered resources, panels, logical references."""

from __future__ import annotations

from typing import Any

from shared.formats.hl7v2.parse import parse
from shared.mapping.fhir_to_hl7v2.generate import messages_from_bundle
from tests.shared.mapping.fhir_to_hl7v2.written_messages import (
    PATIENT,
    SENT,
    SUBJECT,
    Resource,
    generated,
    raw,
    written,
)

LOINC = "http://loinc.org"


def observation(identity: str, **more: Any) -> Resource:
    return {
        "resourceType": "Observation",
        "id": identity,
        "status": "final",
        "code": {"text": identity},
        "subject": SUBJECT,
        **more,
    }


def report(*results: str, **more: Any) -> Resource:
    return {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "code": {"text": "Chemistry"},
        "subject": SUBJECT,
        "result": [{"reference": f"Observation/{one}"} for one in results],
        **more,
    }


def holding(person: str) -> dict[str, Any]:
    contained = [{"resourceType": "Practitioner", "id": "who", "name": [{"family": person}]}]
    return {"contained": contained, "performer": [{"reference": "#who"}]}


def test_what_two_resources_contain_under_the_same_id_are_two() -> None:
    first, second = (observation(name, **holding(person)) for name, person in (("a", "First"), ("b", "Second")))
    message = written(report("a", "b"), first, second, kind="ORU^R01")

    assert ["^First", "^Second"] == [one.raw(16) for one in message.all("OBX")]


def test_what_is_contained_and_not_carried_is_reported() -> None:
    specimen = {"resourceType": "Specimen", "id": "s", "type": {"text": "Blood"}, "text": {"div": "<div/>"}}
    handling = {"resourceType": "Specimen", "id": "t", "processing": [{"description": "Spun"}]}
    contained = {"contained": [specimen, handling, "none"], "specimen": [{"reference": "#s"}, {"reference": "#t"}]}
    one = generated(PATIENT, report(**contained), observation("a", contained=specimen), kind="ORU^R01")
    also = generated(PATIENT, report(contained=[specimen]), kind="ORU^R01")

    assert ["Bundle.entry[1].resource.contained[1].processing"] == [
        issue.location for issue in one.issues if "contained" in issue.location
    ]
    assert "Bundle.entry[1].resource.contained[0]" in {issue.location for issue in also.issues}


def test_a_patient_may_be_contained_in_what_is_about_them() -> None:
    alone = {**observation("a"), "contained": [{**PATIENT, "id": "own"}], "subject": {"reference": "#own"}}
    other = {**alone, "id": "b", "contained": [{**PATIENT, "id": "own", "identifier": [{"value": "4712"}]}]}
    entries = [{"resource": alone}, {"resource": other}]
    both = messages_from_bundle({"resourceType": "Bundle", "entry": entries}, sent=SENT)

    assert "4711" == raw(parse(generated(alone, kind="ORU^R01", version="2.5.1").payload), "PID", 3)
    assert ["4711", "4712"] == [raw(parse(one.payload), "PID", 3) for one in both]
