"""Take something valid, break one thing, expect exactly that finding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from shared.validation import Limits, has_errors, outcome, validate
from tests.shared.validation import samples
from tests.shared.validation.mutations import CASES, DROP, Mutation
from tests.shared.validation.samples import Node


def found(resource: object) -> list[tuple[str, str]]:
    return [(issue.code, issue.location) for issue in validate(resource)]


def change(node: Any, path: list[str | int], value: Any) -> None:
    for step in path[:-1]:
        node = node[step]
    if value is DROP:
        del node[path[-1]]
    else:
        node[path[-1]] = value


@pytest.mark.parametrize("name", samples.ALL)
def test_a_sound_resource_has_no_errors_and_fhir_resources_agrees(name: str) -> None:
    resource = samples.ALL[name]()

    assert [] == [code for code, _ in found(resource) if code != "binding-undecidable"]
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)


@pytest.mark.parametrize("mutation", CASES, ids=lambda case: f"{case[3]} {case[4]}")
def test_one_broken_thing_gives_exactly_that_finding(mutation: Mutation) -> None:
    sample, path, value, code, location = mutation
    resource = samples.ALL[sample]()
    change(resource, path, value)

    findings = [one for one in found(resource) if one[0] != "binding-undecidable"]

    assert [(code, location)] == findings


def test_the_same_identity_cannot_be_written_twice_in_one_transaction() -> None:
    bundle = samples.transaction()
    bundle["entry"][2]["request"]["url"] = bundle["entry"][1]["request"]["url"]
    bundle["entry"][2]["resource"]["id"] = bundle["entry"][1]["resource"]["id"]

    assert [("id-repeated", "Bundle.entry[2].request.url")] == found(bundle)


def test_a_broken_resource_does_not_hide_a_repeated_full_url() -> None:
    bundle = samples.transaction()
    bundle["entry"][1]["fullUrl"] = bundle["entry"][0]["fullUrl"]
    del bundle["entry"][1]["resource"]["code"]

    codes = {code for code, _ in found(bundle)}

    assert {"bdl-7", "element-missing"} <= codes


def test_a_message_bundle_starts_with_its_header_and_a_document_with_its_composition() -> None:
    assert ("bdl-12", "Bundle.entry") in found({"resourceType": "Bundle", "type": "message"})
    assert {"bdl-9", "bdl-10", "bdl-11"} == {code for code, _ in found({"resourceType": "Bundle", "type": "document"})}


def test_what_cannot_be_decided_is_said_once_per_value_set() -> None:
    resource = samples.document()
    resource["content"].append({"attachment": {"contentType": "text/plain", "data": "Tm9ib2R5"}})

    issues = validate(resource)

    assert [("information", "not-supported", "binding-undecidable")] == [
        (issue.severity, issue.kind, issue.code) for issue in issues
    ]
    assert not has_errors(issues)


def test_a_profile_that_is_not_known_is_never_passed_silently() -> None:
    resource = samples.patient()
    resource["meta"]["profile"] = ["http://example.org/fhir/StructureDefinition/strict-patient"]

    assert [("profile-unknown", "Patient.meta.profile[0]")] == found(resource)
    assert ["profile-unknown"] == [issue.code for issue in validate(samples.patient(), profiles=("urn:profile",))]
    assert () == validate(samples.patient(), profiles=("http://hl7.org/fhir/StructureDefinition/Patient",))


def test_a_response_bundle_without_request_is_sound() -> None:
    bundle: Node = {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": [{"response": {"status": "201 Created", "location": "Patient/1/_history/1"}}],
    }

    assert [] == found(bundle)


def test_findings_become_an_operation_outcome_that_is_itself_valid() -> None:
    broken = samples.observation()
    del broken["status"]

    result = outcome(validate(broken))

    assert [["Observation.status"]] == [issue["expression"] for issue in result["issue"]]  # type: ignore[attr-defined]
    assert () == validate(result)
    assert () == validate(outcome(()))


def nested_extension(levels: int) -> Node:
    inner: Node = {"url": "urn:x", "valueCode": "x"}
    for _ in range(levels):
        inner = {"url": "urn:x", "extension": [inner]}
    return inner


def deep_parameters(levels: int) -> Node:
    inner: Node = {"name": "x", "valueCode": "x"}
    for _ in range(levels):
        inner = {"name": "x", "part": [inner]}
    return {"resourceType": "Parameters", "parameter": [inner]}


HOSTILE: list[tuple[Callable[[], object], str]] = [
    (lambda: samples.patient() | {"extension": [nested_extension(5000)]}, "depth-exceeded"),
    (lambda: deep_parameters(5000), "depth-exceeded"),
    (lambda: {"resourceType": "Patient", "name": [{"familyy": "x"}] * 2000}, "too-many-issues"),
    (list, "type-wrong"),
    (lambda: None, "type-wrong"),
    (lambda: {"resourceType": ["Patient"]}, "resource-type-missing"),
    (
        lambda: {"resourceType": "Bundle", "type": ["x"], "entry": [{"fullUrl": {}, "resource": 3, "request": []}]},
        "array-unexpected",
    ),
]


@pytest.mark.parametrize(("make", "code"), HOSTILE)
def test_hostile_input_ends_in_a_finding_not_in_a_crash(make: Callable[[], object], code: str) -> None:
    assert code in {issue.code for issue in validate(make())}


def test_the_number_of_elements_is_limited() -> None:
    issues = validate(samples.transaction(20), limits=Limits(nodes=50))

    assert ["size-exceeded"] == [issue.code for issue in issues]


def test_no_finding_repeats_a_value_of_the_patient() -> None:
    secret = "Zzsecret"
    resource = samples.patient() | {"gender": secret, secret + " x": 1, "birthDate": secret, "active": secret}
    resource["generalPractitioner"] = [{"reference": secret}]

    assert secret not in repr(validate(resource))
