"""What is not on the allow-list does not leave (G09, invariant 12)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.delivery.minimisation import minimise

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"family": "TESTPATIENT-ALDER"}],
    "birthDate": "1970",
    "_birthDate": {"extension": [{"url": "urn:x", "valueString": "y"}]},
    "telecom": [{"value": "555-0100"}],
    "generalPractitioner": [{"reference": "Practitioner/d1"}],
}
PRACTITIONER = {"resourceType": "Practitioner", "id": "d1", "name": [{"family": "TESTDOCTOR-BIRCH"}]}
REPORT = {
    "resourceType": "DiagnosticReport",
    "id": "r1",
    "status": "final",
    "subject": {"reference": "Patient/p1"},
    "performer": [{"reference": "Practitioner/d1"}, {"display": "the laboratory"}],
}


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource, "request": {"method": "PUT"}}
            for resource in resources
        ],
    }


def resources(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in result["entry"]]


def test_an_empty_list_lets_everything_pass() -> None:
    whole = bundle(PATIENT, PRACTITIONER, REPORT)

    assert whole == minimise(whole, {})


def test_only_listed_types_and_elements_leave() -> None:
    (patient,) = resources(minimise(bundle(PATIENT, PRACTITIONER), {"Patient": ("birthDate",)}))

    assert {"resourceType", "id", "birthDate", "_birthDate"} == set(patient)


def test_a_reference_to_what_does_not_leave_goes_with_it() -> None:
    allow = {"Patient": ("*",), "DiagnosticReport": ("*",)}
    patient, report = resources(minimise(bundle(PATIENT, PRACTITIONER, REPORT), allow))

    assert "generalPractitioner" not in patient
    assert [{"display": "the laboratory"}] == report["performer"]
    assert {"reference": "Patient/p1"} == report["subject"]


def test_a_reference_names_no_resource_of_a_type_that_does_not_leave() -> None:
    number = {"identifier": {"system": "urn:oid:2.999.1", "value": "100"}}
    report = {
        **REPORT,
        "subject": {"reference": "Patient/kept-elsewhere"},
        "encounter": {"reference": "https://ehr.example/Encounter/1"},
        "basedOn": [{"type": "ServiceRequest", **number}, {"type": "CarePlan", **number}],
        "extension": [{"url": "urn:x", "valueReference": {"type": "Patient", **number, "display": "TESTPATIENT"}}],
        "performer": [{"reference": "#laboratory"}],
        "contained": [{"resourceType": "Organization", "id": "laboratory", "name": "the laboratory"}],
        "identifier": [{"type": {"text": "number"}, **number["identifier"]}],
    }

    (left,) = minimise(bundle(report), {"DiagnosticReport": ("*",), "CarePlan": ("*",)})["entry"]

    assert {
        **{name: value for name, value in report.items() if name not in ("subject", "extension")},
        "basedOn": [{"type": "CarePlan", **number}],
    } == left["resource"]


def test_the_original_is_left_as_it_was() -> None:
    whole = bundle(PATIENT, PRACTITIONER)
    before = repr(whole)

    minimise(whole, {"Patient": ("name",)})

    assert before == repr(whole)


@given(
    st.dictionaries(st.text(st.characters(categories=["Ll"]), min_size=1, max_size=6), st.text(), max_size=8),
    st.sets(st.text(st.characters(categories=["Ll"]), min_size=1, max_size=6), max_size=4),
)
def test_no_element_outside_the_list_ever_leaves(elements: dict[str, str], allowed: set[str]) -> None:
    resource = {**elements, "resourceType": "Patient", "id": "p1"}

    (reduced,) = resources(minimise(bundle(resource), {"Patient": tuple(sorted(allowed))}))

    assert set(reduced) - {"resourceType", "id", "meta"} <= allowed


def test_what_is_left_of_a_resource_claims_no_profile_and_keeps_its_labels() -> None:
    labels = [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]
    patient = {"resourceType": "Patient", "id": "p", "name": [{"family": "Testcase"}], "gender": "female"}
    claimed = {**patient, "meta": {"profile": ["urn:example:profile"], "security": labels}}
    bundle = {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:p", "resource": claimed}]}

    (reduced,) = minimise(bundle, {"Patient": ("name",)})["entry"]
    (whole,) = minimise(bundle, {"Patient": ("*",)})["entry"]

    assert {"security": labels} == reduced["resource"]["meta"]
    assert claimed["meta"] == whole["resource"]["meta"]


def test_a_claim_alone_leaves_no_empty_meta() -> None:
    patient = {"resourceType": "Patient", "id": "p", "gender": "female", "meta": {"profile": ["urn:example:profile"]}}
    bundle = {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:p", "resource": patient}]}

    (reduced,) = minimise(bundle, {"Patient": ("name",)})["entry"]

    assert {"resourceType": "Patient", "id": "p"} == reduced["resource"]


def test_what_hangs_at_the_id_does_not_leave_with_it() -> None:
    told = PATIENT | {"_id": {"extension": [{"url": "urn:x", "valueString": "TESTPATIENT-ALDER"}]}}

    (entry,) = minimise(bundle(told), {"Patient": ("birthDate",)})["entry"]

    assert {"resourceType", "id", "birthDate", "_birthDate"} == entry["resource"].keys()
