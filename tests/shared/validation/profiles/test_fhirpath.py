"""The functions in line and the expressions of the specification give the same verdict."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.validation import validate
from shared.validation.invariants import INVARIANTS
from shared.validation.profiles.definitions import rules_table
from shared.validation.profiles.fhirpath import holds
from shared.validation.profiles.rules import rules_of
from shared.validation.profiles.tour import tour
from shared.validation.references import Scope
from tests.shared.validation import samples
from tests.shared.validation.mutations import INVARIANTS as BROKEN
from tests.shared.validation.mutations import Mutation
from tests.shared.validation.test_robustness import places
from tests.shared.validation.test_validate import change

STATED = {
    (path, key): expression for path, rules in rules_table()["invariants"].items() for key, _, expression in rules
}
# Functions that say more than the expression: of narrative, of times and units that differ in precision, of codings
# that differ in their displays alone.
STRICTER = {"txt-1", "per-1", "rng-2", "obs-7"}
SCOPE = Scope({}, "", {}, None)


def disagreements(resource: Any) -> list[tuple[str, str]]:
    """Return where a function and the expression of the same invariant differ, on nodes of sound structure."""
    if any(issue.kind != "invariant" for issue in validate(resource) if issue.severity == "error"):
        return []
    return [
        (rule.key, stop.location)
        for stop in tour(resource)
        for rule in INVARIANTS.get(stop.form, ())
        if rule.key not in STRICTER and (stop.form, rule.key) in STATED
        if rule.holds(stop.value, stop.scope.node)
        is not holds(STATED[stop.form, rule.key], stop.value, stop.form, stop.scope, resource)
    ]


@pytest.mark.parametrize("name", samples.ALL)
def test_on_what_is_sound_they_agree(name: str) -> None:
    assert [] == disagreements(samples.ALL[name]())


@pytest.mark.parametrize("mutation", BROKEN, ids=lambda case: f"{case[3]} {case[4]}")
def test_on_what_is_broken_they_agree(mutation: Mutation) -> None:
    sample, path, value, _, _ = mutation
    resource = samples.ALL[sample]()
    change(resource, path, value)

    assert [] == disagreements(resource)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(samples.ALL)), st.data())
def test_on_what_lacks_something_they_agree(name: str, data: st.DataObject) -> None:
    resource = samples.ALL[name]()
    for container, key in data.draw(st.lists(st.sampled_from(places(resource)), max_size=3)):
        if isinstance(container, dict):
            container.pop(key, None)

    assert [] == disagreements(deepcopy(resource))


def test_every_expression_of_the_specification_can_be_read() -> None:
    unreadable = {
        key
        for (path, key), expression in STATED.items()
        if holds(f"({expression}) or true", {}, path, SCOPE, {}) is None
    }

    assert {"htmlChecks" in STATED[path, key] for path, key in STATED if key in unreadable} <= {True}


def test_what_the_walker_decides_is_not_evaluated_again() -> None:
    assert ["dom-6"] == [key for key, _, _ in rules_of("Patient")]
    assert () == rules_of("Quantity")


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("name.exists()", True),
        ("nickname.exists()", False),
        ("nickname", False),
        ("name", True),
        ("nickname or name", True),
        ("birthDate.hasValue()", True),
        ("birthDate is Date", True),
        ("birthDate is DateTime", False),
        ("managingOrganization.resolve() is Organization", True),
        ("managingOrganization.resolve() is Patient", False),
        ("generalPractitioner.resolve().exists()", None),
        ("conformsTo('x')", None),
    ],
)
def test_an_expression_holds_or_not_or_cannot_be_evaluated(expression: str, verdict: bool | None) -> None:
    patient = {
        "resourceType": "Patient",
        "name": [{"family": "Testcase"}],
        "birthDate": "1970",
        "managingOrganization": {"reference": "Organization/1"},
        "generalPractitioner": [{"display": "Nobody"}],
    }

    assert holds(expression, patient, "Patient", SCOPE, patient) is verdict
