"""Take something that meets US Core, break one thing, expect exactly that finding."""

from __future__ import annotations

import subprocess
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.validation import has_errors, outcome, validate
from shared.validation.full import validate_fully
from tests.shared.validation.mutations import DROP
from tests.shared.validation.profiles import samples
from tests.shared.validation.profiles.samples import RACE, US_CORE, coded, quantity
from tests.shared.validation.test_robustness import ANYTHING, places
from tests.shared.validation.test_validate import HOSTILE, change

ROOT = Path(__file__).parents[3]
URN = "urn:uuid:00000000-0000-0000-0000-000000000009"
Found = list[tuple[str, str]]


def found(resource: object, *profiles: str) -> Found:
    """Return what is wrong and what might be: all but what cannot be decided."""
    issues = validate_fully(resource, profiles=profiles)
    return [(issue.code, issue.location) for issue in issues if issue.severity != "information"]


@pytest.mark.parametrize("name", samples.ALL)
def test_what_meets_its_profile_has_no_findings(name: str) -> None:
    assert [] == found(samples.ALL[name]())


CASES: list[tuple[str, list[str | int], Any, Found]] = [
    # cardinality
    ("patient", ["gender"], DROP, [("element-missing", "Patient.gender")]),
    ("patient", ["identifier", 0, "system"], DROP, [("element-missing", "Patient.identifier[0].system")]),
    ("organization", ["name"], DROP, [("element-missing", "Organization.name")]),
    # types of a choice
    (
        "blood_pressure",
        ["component", 0],
        {"code": coded("8480-6"), "valueString": "107"},
        [("type-wrong", "Observation.component[0].value")],
    ),
    # fixed values and patterns
    (
        "blood_pressure",
        ["component", 1, "valueQuantity", "code"],
        "kPa",
        [
            ("fixed-value-differs", "Observation.component[1].value.code"),
            ("code-not-in-value-set", "Observation.component[1].value"),
        ],
    ),
    ("blood_pressure", ["code"], coded("8867-4"), [("pattern-differs", "Observation.code")]),
    # slices
    (
        "blood_pressure",
        ["component", 0, "code"],
        coded("8867-4"),
        [("element-missing", "Observation.component")],
    ),
    (
        "laboratory_result",
        ["category"],
        [coded("imaging", samples.CATEGORY)],
        [("element-missing", "Observation.category")],
    ),
    # extensions
    (
        "patient",
        ["extension", 0, "extension"],
        [{"url": "ombCategory", "valueCoding": {"system": RACE, "code": "2028-9"}}],
        [("element-missing", "Patient.extension[0].extension")],
    ),
    (
        "patient",
        ["extension", 0, "extension"],
        [{"url": "text", "valueString": "Asian"}, {"url": "colour", "valueString": "of eyes"}],
        [("slice-unknown", "Patient.extension[0].extension[1]")],
    ),
    (
        "patient",
        ["extension", 1],
        {"url": f"{US_CORE}us-core-birthsex", "valueString": "F"},
        [("type-wrong", "Patient.extension[1].value")],
    ),
    (
        "organization",
        ["extension"],
        [{"url": f"{US_CORE}us-core-birthsex", "valueCode": "F"}],
        [("extension-misplaced", "Organization.extension[0]")],
    ),
    # bindings
    ("laboratory_result", ["code"], coded("HGB", "urn:local"), [("code-not-in-value-set", "Observation.code")]),
    ("patient", ["maritalStatus"], {"text": "single"}, [("code-not-in-value-set", "Patient.maritalStatus")]),
    # references
    ("laboratory_result", ["subject", "reference"], "Group/zz", [("reference-type-wrong", "Observation.subject")]),
    (
        "collection",
        ["entry", 0, "resource", "gender"],
        DROP,
        [
            ("element-missing", "Bundle.entry[0].resource.gender"),
            ("profile-not-met", "Bundle.entry[1].resource.subject"),
        ],
    ),
    # invariants of profiles, in FHIRPath
    ("organization", ["identifier", 0, "value"], "1234567890", [("us-core-17", "Organization.identifier[0]")]),
    ("patient", ["name", 0], {"text": "Zz Testcase"}, [("us-core-6", "Patient.name[0]")]),
    ("laboratory_result", ["valueQuantity"], DROP, [("us-core-2", "Observation")]),
    ("blood_pressure", ["effectiveDateTime"], "2026-01", [("vs-1", "Observation.effective")]),
    # invariants of R4 that the walker leaves to FHIRPath
    (
        "patient",
        ["contained"],
        [
            {
                "resourceType": "Group",
                "id": "g",
                "type": "person",
                "actual": False,
                "member": [{"entity": {"reference": "#"}}],
            }
        ],
        [("grp-1", "Patient.contained[0]")],
    ),
    # declared profiles
    ("organization", ["meta", "profile", 0], f"{US_CORE}us-core-patient", [("profile-type-wrong", "Organization")]),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case[0]} {case[3][0][0]} {case[3][0][1]}")
def test_one_broken_thing_gives_exactly_that_finding(case: tuple[str, list[str | int], Any, Found]) -> None:
    name, path, value, expected = case
    resource = samples.ALL[name]()
    change(resource, path, value)

    assert sorted(expected) == sorted(found(resource))


def test_what_cannot_be_decided_is_said() -> None:
    resource = samples.patient()
    resource["extension"].append({"url": "http://example.org/fhir/shoe-size", "valueDecimal": 42.5})
    resource["meta"]["profile"].append("http://example.org/fhir/StructureDefinition/strict")

    remarks = {(issue.code, issue.location) for issue in validate_fully(resource)}

    assert remarks == {
        ("binding-undecidable", "Patient.extension[0].extension[0].value"),
        ("binding-undecidable", "Patient.extension[1].value"),
        ("extension-unknown", "Patient.extension[2]"),
        ("profile-unknown", "Patient.meta.profile[1]"),
    }


@pytest.mark.parametrize(
    "name",
    [
        "us-core-patient",
        f"{US_CORE}us-core-patient",
        f"{US_CORE}us-core-patient|6.1.0",
        f"{US_CORE}us-core-patient|3.1.1",
    ],
)
def test_a_profile_is_named_by_id_or_by_url_with_a_version_or_without(name: str) -> None:
    resource = samples.patient()
    del resource["meta"], resource["gender"]

    assert [] == found(resource)
    assert [("element-missing", "Patient.gender")] == found(resource, name)


def test_a_narrative_is_asked_for_once_as_best_practice() -> None:
    bundle = samples.collection()
    for entry in bundle["entry"]:
        del entry["resource"]["text"]

    remarks = [(one.severity, one.location) for one in validate_fully(bundle) if one.code == "dom-6"]

    assert [("information", "Bundle.entry[0].resource")] == remarks


def test_remarks_without_end_do_not_make_a_resource_invalid() -> None:
    identifiers = [
        {"system": "urn:oid:1.2.3.4", "value": f"ZZ-{n}", "type": coded("x", "urn:local")} for n in range(600)
    ]

    issues = validate_fully(samples.patient() | {"identifier": identifiers})

    assert not has_errors(issues)
    assert "too-many-issues" == issues[-1].code


def test_the_stated_type_of_a_reference_is_that_of_what_it_names() -> None:
    observation = samples.ALL["blood_pressure"]()
    observation["contained"] = [{"resourceType": "Device", "id": "cuff"}]
    observation["device"] = {"reference": "#cuff", "type": "DeviceMetric"}
    observation["subject"] = {"reference": "Patient/example", "type": "Patient"}
    observation["encounter"] = {"reference": "https://example.org/fhir/Encounter/1", "type": "Patient"}
    observation["specimen"] = {"reference": "https://example.org/anything", "type": "Specimen"}

    assert [("reference-type-wrong", f"Observation.{element}.type") for element in ("device", "encounter")] == sorted(
        one for one in found(observation) if one[0] == "reference-type-wrong"
    )


def test_no_two_contained_resources_have_one_id() -> None:
    observation = samples.ALL["blood_pressure"]()
    observation["contained"] = [{"resourceType": kind, "id": "one"} for kind in ("Device", "Specimen")]
    observation |= {"device": {"reference": "#one"}, "specimen": {"reference": "#one"}}

    assert [("id-repeated", "Observation.contained[1].id")] == [
        one for one in found(observation) if one[0] == "id-repeated"
    ]


def test_the_url_of_an_extension_is_absolute_but_for_a_part_of_another() -> None:
    patient = samples.patient()
    patient["_gender"] = {"extension": [{"url": "colour", "valueCode": "blue"}]}
    patient["extension"] = [{"url": "urn:example:e", "extension": [{"url": "part", "valueString": "x"}]}]

    assert [("value-invalid", "Patient.gender.extension[0].url")] == found(patient)


def test_a_time_of_a_result_is_to_the_day_and_the_existence_of_an_answer_is_a_yes_or_no() -> None:
    observation = samples.laboratory_result() | {"effectiveDateTime": "2024"}
    condition = {"question": "1", "operator": "exists"}
    form = {"resourceType": "Questionnaire", "name": "Example", "status": "active"}
    answers = {
        name: {
            **form,
            "item": [
                {"linkId": "1", "type": "boolean"},
                {"linkId": "2", "type": "string", "enableWhen": [{**condition, name: value}]},
            ],
        }
        for name, value in (("answerBoolean", True), ("answerString", "yes"))
    }

    assert [("us-core-1", "Observation.effective")] == found(observation)
    assert [] == found(answers["answerBoolean"])
    assert [("que-7", "Questionnaire.item[1].enableWhen[0]")] == found(answers["answerString"])


def test_versions_of_a_profile_differ() -> None:
    resource = samples.patient()
    del resource["meta"]
    resource["name"] = [{"text": "Zz Testcase"}]

    assert [("us-core-6", "Patient.name[0]")] == found(resource, "us-core-patient")
    assert [("us-core-8", "Patient.name[0]")] == found(resource, f"{US_CORE}us-core-patient|3.1.1")
    assert ["profile-unknown"] == [
        issue.code
        for issue in validate_fully(resource, profiles=[f"{US_CORE}us-core-patient|9.0.0"])
        if not issue.location
    ]


def test_a_profile_asked_for_means_the_entries_of_a_bundle() -> None:
    bundle = samples.collection()
    for entry in bundle["entry"]:
        del entry["resource"]["meta"]
    del bundle["entry"][0]["resource"]["gender"]

    assert [] == found(bundle)
    assert [("element-missing", "Bundle.entry[0].resource.gender")] == found(bundle, "us-core-patient")
    assert [("profile-type-wrong", "")] == found(bundle, "us-core-encounter")


def test_an_extension_of_a_primitive_is_held_to_its_definition() -> None:
    resource = samples.patient() | {"birthDate": "1970-01-01"}
    birth_time = {"url": "http://hl7.org/fhir/StructureDefinition/patient-birthTime", "valueDateTime": "1970-01-01"}
    resource["_birthDate"] = {"extension": [birth_time]}
    assert [] == found(resource)

    resource["_birthDate"] = {"extension": [{"url": birth_time["url"], "valueString": "noon"}]}
    resource["_gender"] = {"extension": [birth_time]}

    assert [
        ("type-wrong", "Patient.birthDate.extension[0].value"),
        ("extension-misplaced", "Patient.gender.extension[0]"),
    ] == found(resource)


def test_the_targets_of_references_may_refer_to_one_another() -> None:
    bundle = samples.collection()
    provenance = {
        "resourceType": "Provenance",
        "meta": {"profile": [f"{US_CORE}us-core-provenance"]},
        "target": [{"reference": bundle["entry"][1]["fullUrl"]}, {"reference": URN}],
        "recorded": "2026-01-05T08:00:00Z",
        "agent": [{"who": {"reference": bundle["entry"][0]["fullUrl"]}}],
    }
    bundle["entry"].append({"fullUrl": URN, "resource": provenance})

    assert [] == found(bundle)


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_input_ends_in_findings_not_in_a_crash(number: int) -> None:
    resource = HOSTILE[number][0]()

    assert {issue.code for issue in validate(resource)} <= {issue.code for issue in validate_fully(resource)}


@pytest.mark.unmeasured
@settings(max_examples=250, deadline=None)
@given(st.sampled_from(sorted(samples.ALL)), st.data())
def test_any_change_is_answered_with_a_sound_outcome(name: str, data: st.DataObject) -> None:
    resource = samples.ALL[name]()
    container, key = data.draw(st.sampled_from(places(resource)))
    container[key] = data.draw(
        ANYTHING | st.sampled_from(places(resource)).map(lambda place: deepcopy(place[0][place[1]]))
    )

    issues = validate_fully(resource)

    assert () == validate(outcome(issues))
    assert {issue for issue in validate(resource) if issue.code != "profile-unknown"} <= set(issues)


def test_no_finding_repeats_a_value_of_the_patient() -> None:
    secret = "Zzsecret"
    resource = samples.patient() | {"gender": secret, "birthDate": secret}
    resource["identifier"] = [{"system": "http://hl7.org/fhir/sid/us-npi", "value": secret}]
    resource["name"][0] = {"text": secret}
    resource["generalPractitioner"] = [{"reference": secret}]

    assert secret not in repr(validate_fully(resource))


def test_nothing_is_printed_by_an_invariant_that_traces(capsys: pytest.CaptureFixture[str]) -> None:
    validate_fully(samples.patient() | {"contained": [{"resourceType": "Organization", "id": "x", "name": "X"}]})

    assert ("", "") == capsys.readouterr()


def test_in_line_the_engine_of_fhirpath_is_not_loaded() -> None:
    program = (
        "import sys, shared.validation; print([one for one in sys.modules if 'fhirpath' in one or 'antlr' in one])"
    )

    out = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, cwd=ROOT)

    assert "[]" == out.stdout.strip()
    sources = [*(ROOT / "functions").rglob("*.py"), *(ROOT / "shared" / "conversion.py",)]
    assert [] == [path.name for path in sources if "validation.full" in path.read_text("utf-8")]
    assert quantity(1)["system"] == samples.UCUM


def test_what_is_wrong_with_a_bundle_is_said_once_and_where_it_is() -> None:
    inner = {"resourceType": "Bundle", "type": "message", "entry": [{"resource": {"resourceType": "Basic"}}]}
    outer = {"resourceType": "Bundle", "type": "document", "total": 1, "entry": [{"search": {"score": 1}}]}
    nested = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": inner}]}

    rules = [one for one in found(outer) if one[0].startswith("bdl-")]

    assert [
        ("bdl-1", "Bundle.total"),
        ("bdl-9", "Bundle.identifier"),
        ("bdl-10", "Bundle.timestamp"),
        ("bdl-11", "Bundle.entry"),
        ("bdl-2", "Bundle.entry[0].search"),
        ("bdl-5", "Bundle.entry[0]"),
    ] == rules
    assert [("bdl-12", "Bundle.entry[0].resource.entry")] == [one for one in found(nested) if one[0] == "bdl-12"]
