"""Whatever JSON comes, the validator answers with findings whose locations are real, and never raises."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.validation import outcome, validate
from tests.shared.validation import samples

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from([
        "2024-01-01", "2024", "#x", "urn:uuid:x", "Patient/1", "final", "http://x.example", "Patient", "Bundle",
        "9999-12-31T23:59:60Z", "0001-01-01T00:00:00+14:00",
    ])
)  # fmt: skip
KEYS = st.sampled_from([
    "resourceType", "id", "extension", "url", "valueString", "valuePeriod", "_valueString", "start", "end", "value",
    "coding", "contained", "entry", "resource", "request", "fullUrl", "type", "reference", "name", "given", "_given",
    "status", "code", "text", "div", "meta", "profile", "period", "low", "high", "numerator", "data", "size",
]) | st.text(max_size=4)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=20
)


def places(node: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) of a resource."""
    children = list(node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ())
    return [(node, key) for key, _ in children] + [place for _, child in children for place in places(child)]


@pytest.mark.unmeasured
@settings(max_examples=250, deadline=None)
@given(ANYTHING)
def test_any_json_is_answered(value: Any) -> None:
    validate(value)


@pytest.mark.unmeasured
@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(samples.ALL)), st.data())
def test_any_change_of_a_sound_resource_is_answered_with_a_sound_outcome(name: str, data: st.DataObject) -> None:
    resource = samples.ALL[name]()
    container, key = data.draw(st.sampled_from(places(resource)).filter(lambda place: place[1] != "resourceType"))
    container[key] = data.draw(ANYTHING)

    issues = validate(resource)

    assert () == validate(outcome(issues))
