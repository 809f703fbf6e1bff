"""A practitioner, place or organization that was accepted is known by its very bytes, and nothing else is."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from shared.validation import find_errors, validate
from shared.validation.recurring import not_yet_known, remember

ID = "0b3f5f0a-52c7-4b0e-9a55-6d2f0d6f7a11"
JSON = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-2, 2)
    | some.floats(-2, 2)
    | some.sampled_from(["", "a", "true", "1"]),
    lambda inner: some.lists(inner, max_size=2) | some.dictionaries(some.sampled_from(["id", "family"]), inner),
    max_leaves=3,
)


def practitioner(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Practitioner", "id": ID, "name": [{"family": "Example"}], **more}


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {
            "fullUrl": f"urn:uuid:{one['id']}",
            "resource": one,
            "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"},
        }
        for one in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def errors(resource: dict[str, Any]) -> list[str]:
    return [issue.location for issue in validate(resource) if issue.severity in ("error", "fatal")]


def test_a_practitioner_that_was_accepted_is_not_judged_again() -> None:
    assert () == find_errors(bundle(practitioner(gender="unknown")))

    assert ([], []) == not_yet_known([practitioner(gender="unknown")])


def test_what_merely_equals_an_accepted_practitioner_is_judged() -> None:
    assert () == find_errors(bundle(practitioner(active=True)))

    assert ["Bundle.entry[0].resource.active"] == [one.location for one in find_errors(bundle(practitioner(active=1)))]


@given(some.sampled_from(["active", "gender", "birthDate", "name", "telecom", "nobody"]), JSON)
def test_whatever_was_accepted_before_the_verdict_is_that_of_the_walk(name: str, value: object) -> None:
    found = bundle(practitioner(**{name: value}))

    for _ in range(2):
        assert errors(found) == [issue.location for issue in find_errors(found)]


@pytest.mark.parametrize(
    "resource",
    [
        {"resourceType": "Patient", "id": ID},
        {"resourceType": "Location", "id": ID, "position": {"longitude": Decimal("1.0"), "latitude": Decimal("1.0")}},
        practitioner(name=[{"family": "E" * 5000}]),
        practitioner(name=[{"family": "\ud800"}]),
    ],
    ids=["a patient", "a decimal", "a long one", "a lone surrogate"],
)
def test_patients_and_what_bytes_cannot_tell_apart_are_never_known(resource: dict[str, Any]) -> None:
    assert ([resource], []) == not_yet_known([resource])


def test_what_is_known_is_bounded() -> None:
    first = practitioner(gender="other")
    _, contents = not_yet_known([first])
    remember(contents)
    assert ([], []) == not_yet_known([first])

    remember(b"%d" % number for number in range(4096))

    assert [first] == not_yet_known([first])[0]
