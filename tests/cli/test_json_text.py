"""JSON in parts is the JSON of the whole, indented alike at every level."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cli.json_text import as_json, json_parts

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


@given(VALUES)
def test_it_is_what_the_standard_library_writes(value: Any) -> None:
    assert json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n" == as_json(value)


@given(st.lists(VALUES, max_size=4), st.dictionaries(st.text(), SCALARS, max_size=2))
def test_an_iterator_is_written_as_the_list_of_what_it_yields(items: list[Any], others: dict[str, Any]) -> None:
    assert as_json({**others, "entries": items}) == as_json({**others, "entries": iter(items)})
    assert as_json([{"entries": items}, others]) == as_json([{"entries": iter(items)}, others])
    assert as_json(items) == as_json(iter(items))


def test_a_long_list_comes_in_parts() -> None:
    entries = [{"resource": {"id": str(number)}} for number in range(2500)]
    parts = list(json_parts({"resourceType": "Bundle", "entry": entries}))

    assert json.dumps({"resourceType": "Bundle", "entry": entries}, indent=2).encode() + b"\n" == b"".join(parts)
    assert max(map(len, parts)) < len(b"".join(parts)) / 4
