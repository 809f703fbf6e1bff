"""The in-line validator gives the walker's verdict, on whatever comes, and accepts what is sound without a walk."""

from __future__ import annotations

import calendar
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.errors import Issue
from shared.validation import find_errors, validate
from shared.validation.acceptance import schema_of
from shared.validation.inline import is_accepted
from shared.validation.shapes import resource_types
from tests.shared.validation import samples
from tests.shared.validation.mutations import CASES, DROP, Mutation
from tests.shared.validation.test_robustness import ANYTHING, places
from tests.shared.validation.test_validate import HOSTILE, change, deep_parameters, nested_extension


def errors_of_the_walk(resource: object) -> tuple[Issue, ...]:
    return tuple(issue for issue in validate(resource) if issue.severity in ("error", "fatal"))


@pytest.mark.parametrize("name", [name for name in samples.ALL if name not in ("patient", "transaction")])
def test_a_sound_resource_is_accepted_without_a_walk(name: str) -> None:
    assert is_accepted(samples.ALL[name]())


def transaction() -> dict[str, Any]:
    """A transaction of which nothing is left to the walk."""
    bundle = samples.transaction()
    del bundle["entry"][0]["resource"]["name"][0]["_given"], bundle["entry"][0]["resource"]["name"][0]["given"][1]
    return bundle


def test_a_sound_transaction_is_accepted_without_a_walk() -> None:
    assert is_accepted(transaction())


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (["entry", 1, "resource", "subject", "reference"], samples.urn(10_000), "reference-type-wrong"),
        (["entry", 1, "resource", "subject", "reference"], samples.urn(99), "reference-unresolved"),
        (["entry", 3, "resource", "result", 0, "reference"], "Patient/zz-testpatient", "reference-type-wrong"),
        (["entry", 3, "fullUrl"], samples.urn(1), "bdl-7"),
        (["entry", 3, "request", "url"], "DiagnosticReport/other", "request-url-differs"),
        (["entry", 3, "resource", "effectivePeriod", "end"], "2020", "per-1"),
        (["entry", 1, "resource", "valueQuantity", "system"], DROP, "qty-3"),
    ],
)
def test_a_broken_transaction_of_which_nothing_is_left_to_the_walk(
    path: list[str | int], value: Any, code: str
) -> None:
    bundle = transaction()
    change(bundle, path, value)

    assert code in [issue.code for issue in find_errors(bundle)]
    assert errors_of_the_walk(bundle) == find_errors(bundle)


REVERSED = {"start": "2026", "end": "2020"}


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        (["entry", 2, "resource", "subject", "reference"], "Organization/x", "reference-type-wrong"),
        (["entry", 2, "resource", "subject", "reference"], "Patients/x", "reference-malformed"),
        (["entry", 2, "resource", "subject", "reference"], "Patient/x y", "reference-malformed"),
        (["entry", 2, "resource", "subject", "reference"], samples.urn(99), "reference-unresolved"),
        (["entry", 2, "resource", "subject"], {"type": "Organization"}, "reference-type-wrong"),
        (["entry", 5, "resource", "target", 0, "reference"], "Nothing/x", "reference-malformed"),
        (["entry", 1, "resource", "identifier", 0, "assigner", "reference"], "Patient/x", "reference-type-wrong"),
        (["entry", 1, "resource", "identifier", 0, "period"], REVERSED, "per-1"),
        (["entry", 1, "resource", "contact"], [{"name": {"text": "x"}, "period": REVERSED}], "per-1"),
        (["entry", 2, "resource", "period", "end"], "2020", "per-1"),
        (["entry", 1, "resource", "extension"], [{"url": "urn:x", "valuePeriod": REVERSED}], "per-1"),
        (["entry", 1, "resource", "maritalStatus"], {"id": "alone"}, "value-empty"),
        (["entry", 1, "resource", "contained"], [{"resourceType": "Organization", "id": "x", "name": "x"}], "dom-3"),
        (["entry", 0, "resource", "address", 0, "use"], "home", "org-2"),
        (["entry", 3, "resource", "clinicalStatus", "coding", 0, "code"], "unheard-of", "code-invalid"),
        (["entry", 0, "resource", "id"], "x" * 65, "value-invalid"),
        (["entry", 4, "request", "url"], "Observation/other", "request-url-differs"),
        (["entry", 4, "request", "method"], "PATCHED", "code-invalid"),
        (["entry", 4, "fullUrl"], samples.urn(1), "bdl-7"),
    ],
)  # fmt: skip
def test_a_broken_transaction_of_updates_is_refused_as_on_the_walk(
    path: list[str | int], value: Any, code: str
) -> None:
    bundle = samples.updates()
    change(bundle, path, value)

    assert code in [issue.code for issue in find_errors(bundle)]
    assert errors_of_the_walk(bundle) == find_errors(bundle)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["entry", 2, "resource", "subject", "reference"], samples.urn(2)),
        (["entry", 2, "resource", "subject", "reference"], "https://nowhere.example/fhir/Patient/x"),
        (["entry", 1, "resource", "identifier", 0, "period"], {"start": "2020", "end": "2026"}),
        (["entry", 1, "resource", "maritalStatus"], {"id": "named", "text": "x"}),
        (["entry", 1, "resource", "extension"], [{"url": "urn:x", "valuePeriod": {"start": "2020", "end": "2026"}}]),
        (["id"], "zz-bundle"),
    ],
)
def test_what_is_rarer_in_a_transaction_of_updates_is_accepted_without_a_walk(
    path: list[str | int], value: Any
) -> None:
    bundle = samples.updates()
    change(bundle, path, value)

    assert is_accepted(bundle)


@pytest.mark.unmeasured
@settings(max_examples=400, deadline=None)
@given(st.data())
def test_any_change_of_a_transaction_of_updates_gets_the_verdict_of_the_walk(data: st.DataObject) -> None:
    bundle = samples.updates()
    references = st.sampled_from(["Patient", "Group", "Encounter", "Patients", "Bundle"]).map(lambda name: f"{name}/x")
    for container, key in data.draw(st.lists(st.sampled_from(places(bundle)), min_size=1, max_size=3)):
        container[key] = data.draw(ANYTHING | references | st.sampled_from(places(bundle)).map(copy_of))

    assert errors_of_the_walk(bundle) == find_errors(bundle)


def test_an_extension_of_a_repeated_primitive_is_left_to_the_walk_which_finds_it_sound() -> None:
    assert not is_accepted(samples.patient())
    assert () == find_errors(samples.patient())


@pytest.mark.parametrize("mutation", CASES, ids=lambda case: f"{case[3]} {case[4]}")
def test_one_broken_thing_gives_what_the_walk_finds(mutation: Mutation) -> None:
    sample, path, value, _, _ = mutation
    resource = samples.ALL[sample]()
    change(resource, path, value)

    assert errors_of_the_walk(resource) == find_errors(resource)


IN_ERROR = {"coding": [{"system": samples.ALLERGY + "verification", "code": "entered-in-error"}]}
TWO_CODINGS = {
    "coding": [{"system": "urn:own", "code": "x"}, {"system": samples.ALLERGY + "clinical", "code": "active"}]
}


@pytest.mark.parametrize(
    ("name", "element", "value"),
    [
        ("allergy", "verificationStatus", DROP),
        ("allergy", "clinicalStatus", TWO_CODINGS),
        ("in error", "note", [{"text": "x"}]),
        ("condition", "abatementDateTime", DROP),
    ],
)
def test_a_status_that_is_sound_is_accepted_without_a_walk(name: str, element: str, value: Any) -> None:
    in_error = {"resourceType": "AllergyIntolerance", "patient": {"display": "Nobody"}, "verificationStatus": IN_ERROR}
    resource = in_error if name == "in error" else samples.ALL[name]()
    change(resource, [element], value)

    assert is_accepted(resource)


OUTCOME = "http://terminology.hl7.org/CodeSystem/adverse-event-outcome"
UNUSUAL: list[dict[str, Any]] = [
    {
        "resourceType": "Observation",
        "status": "final",
        "_status": {"extension": [{"url": "urn:original", "valueCoding": {"system": "urn:s", "code": "F"}}]},
        "code": {"text": "x", "extension": [{"url": "urn:x", "valueCodeableConcept": {"text": "y"}}]},
        "subject": {"identifier": {"system": "urn:s", "value": "1", "assigner": {"display": "Nobody"}}},
        "_effectiveDateTime": {"extension": [{"url": "urn:x", "valueCode": "unknown"}]},
    },
    {
        "resourceType": "AdverseEvent",
        "actuality": "actual",
        "subject": {"display": "Nobody"},
        "outcome": {"coding": [{"system": OUTCOME, "code": "fatal"}]},
    },
    {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": [{"response": {"status": "200", "outcome": {"resourceType": "OperationOutcome", "issue": [
            {"severity": "information", "code": "informational"}]}}}],
    },
    {"resourceType": "MolecularSequence", "coordinateSystem": 0, "structureVariant": [{"variantType": {"text": "x"}}]},
]  # fmt: skip


@pytest.mark.parametrize("resource", UNUSUAL, ids=lambda resource: resource["resourceType"])
def test_what_is_unusual_and_sound_is_accepted_without_a_walk(resource: dict[str, Any]) -> None:
    assert is_accepted(resource)
    assert () == errors_of_the_walk(resource)


BROKEN: list[tuple[int, list[str | int], Any, str]] = [
    (0, ["effectivePeriod"], {"start": "2020"}, "choice-repeated"),
    (0, ["subject", "identifier", "period"], {"start": "2021", "end": "2020"}, "per-1"),
    (0, ["subject", "identifier", "assigner", "reference"], "Patient/1", "reference-type-wrong"),
    (1, ["outcome", "coding", 0, "code"], "x", "code-invalid"),
    (2, ["entry", 0, "response", "outcome"], {"resourceType": "Basic", "code": {"text": "x"}}, "type-wrong"),
    (2, ["entry", 0, "response", "outcome", "issue"], [], "value-empty"),
]


@pytest.mark.parametrize(("number", "path", "value", "code"), BROKEN)
def test_what_is_unusual_and_broken_is_refused(number: int, path: list[str | int], value: Any, code: str) -> None:
    resource = deepcopy(UNUSUAL[number])
    change(resource, path, value)

    assert [code] == [issue.code for issue in find_errors(resource)]


def test_bundles_in_bundles_are_left_to_the_walk() -> None:
    inner = {"resourceType": "Bundle", "type": "collection"}
    outer = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": inner}]}

    assert not is_accepted(outer)
    assert () == find_errors(outer)
    assert ["bdl-1"] == [issue.code for issue in find_errors(outer | {"total": 1})]


def test_the_type_of_a_resource_has_no_extensions() -> None:
    resource = {"resourceType": "Basic", "_resourceType": {"extension": [{"url": "urn:x", "valueCode": "x"}]}}

    assert ["element-unknown"] == [issue.code for issue in find_errors(resource | {"code": {"text": "x"}})]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_input_gives_what_the_walk_finds(number: int) -> None:
    resource = HOSTILE[number][0]()

    assert errors_of_the_walk(resource) == find_errors(resource) != ()


@pytest.mark.unmeasured
@settings(max_examples=400, deadline=None)
@given(ANYTHING)
def test_any_json_gets_the_verdict_of_the_walk(value: Any) -> None:
    assert errors_of_the_walk(value) == find_errors(value)


def copy_of(place: tuple[Any, Any]) -> Any:
    return deepcopy(place[0][place[1]])


@pytest.mark.unmeasured
@settings(max_examples=800, deadline=None)
@given(st.sampled_from(sorted(samples.ALL)), st.data())
def test_any_change_of_a_sound_resource_gets_the_verdict_of_the_walk(name: str, data: st.DataObject) -> None:
    resource = samples.ALL[name]()
    for container, key in data.draw(st.lists(st.sampled_from(places(resource)), min_size=1, max_size=3)):
        container[key] = data.draw(ANYTHING | st.sampled_from(places(resource)).map(copy_of))

    assert errors_of_the_walk(resource) == find_errors(resource)


BLANKS = " \t\n\r\x0b\x1c\x1f\x7f\x85\u00a0\u1680\u200b\u2028\u3000\ufeff"
PRIMITIVES: dict[str, Any] = {
    "valueBase64Binary": st.text("AZaz09+/= \n", max_size=12),
    "valueBoolean": st.booleans() | st.sampled_from(["true", 0, 1, None]),
    "valueCanonical": st.text(max_size=6),
    "valueCode": st.text("ab \t\u00a0\u2003\x1f\x85", max_size=5),
    "valueDate": st.text("0123456789-T:", max_size=12),
    "valueDecimal": st.floats() | st.integers() | st.decimals() | st.sampled_from(["1", True]),
    "valueId": st.text("aZ09-. _\n", max_size=66),
    "valueInstant": st.text("0123456789-T:Z.+", max_size=30),
    "valueInteger": st.integers()
    | st.floats()
    | st.sampled_from([2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 1.0, True]),
    "valueMarkdown": st.text(max_size=4),
    "valueOid": st.text("urn:oid:.0129", max_size=20),
    "valuePositiveInt": st.integers(-2, 2),
    "valueString": st.text(max_size=6) | st.text(BLANKS, max_size=3),
    "valueTime": st.text("0123456789:.", max_size=12),
    "valueUnsignedInt": st.integers(-2, 2) | st.sampled_from([0.0, -0.0]),
    "valueUri": st.text(max_size=6),
    "valueUuid": st.text("urn:uuid0123456789abcdef-", max_size=45),
}


@pytest.mark.unmeasured
@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(sorted(PRIMITIVES)).flatmap(lambda key: st.tuples(st.just(key), PRIMITIVES[key])))
@example(("valueString", "\ud800"))
@example(("valueDateTime", "2024-02-29T23:59:60.123456789123Z"))
@example(("valueDateTime", "2026-01-05T08:15:00+14:01"))
@example(("valueDecimal", float("nan")))
@example(("valueDecimal", float("inf")))
def test_any_primitive_gets_the_verdict_of_the_walk(member: tuple[str, Any]) -> None:
    resource = {"resourceType": "Basic", "code": {"text": "x"}, "extension": [{"url": "urn:x", member[0]: member[1]}]}

    assert errors_of_the_walk(resource) == find_errors(resource)


@pytest.mark.unmeasured
def test_every_day_of_the_calendar_is_accepted_and_no_other() -> None:
    def is_day(text: str) -> bool:
        return is_accepted({"resourceType": "Patient", "birthDate": text})

    for year in (1600, 1900, 1996, 2000, 2023, 2024, 2100):
        for month in range(1, 13):
            last = calendar.monthrange(year, month)[1]
            assert [day <= last for day in range(28, 33)] == [
                is_day(f"{year}-{month:02}-{day}") for day in range(28, 33)
            ]


@pytest.mark.parametrize("levels", [0, 1, 2, 61, 62, 63, 64, 65])
def test_depth_is_judged_as_on_the_walk(levels: int) -> None:
    for resource in (samples.condition() | {"extension": [nested_extension(levels)]}, deep_parameters(levels)):
        assert errors_of_the_walk(resource) == find_errors(resource)


@pytest.mark.unmeasured
def test_the_schemas_of_no_resource_type_refer_to_themselves() -> None:
    for name in sorted(resource_types()):
        definitions = schema_of(name)["definitions"]
        below = {key: set(_references(value)) for key, value in definitions.items()}
        while leaves := [key for key, others in below.items() if not others]:
            for leaf in leaves:
                del below[leaf]
            below = {key: others.difference(leaves) for key, others in below.items()}
        assert {} == below, name


def _references(schema: Any) -> list[str]:
    if isinstance(schema, dict):
        own = [schema["$ref"].removeprefix("#/definitions/")] if isinstance(schema.get("$ref"), str) else []
        return own + [name for value in schema.values() for name in _references(value)]
    return [name for value in schema for name in _references(value)] if isinstance(schema, list) else []
