"""The rules that no sample breaks: ratios, ranges, timings, sizes."""

from __future__ import annotations

from typing import Any

import pytest

from shared.validation import predicates
from shared.validation.predicates import Check, Implies, NeedsOne

LOW, HIGH = {"value": 2, "unit": "mg"}, {"value": 1, "unit": "mg"}


@pytest.mark.parametrize(
    ("check", "node", "verdict"),
    [
        (predicates.rat_1, {"numerator": {}, "denominator": {}}, True),
        (predicates.rat_1, {"numerator": {}}, False),
        (predicates.rat_1, {}, False),
        (predicates.rat_1, {"extension": []}, True),
        (predicates.range_is_ordered, {"low": HIGH, "high": LOW}, True),
        (predicates.range_is_ordered, {"low": LOW, "high": HIGH}, False),
        (predicates.range_is_ordered, {"low": LOW, "high": HIGH | {"unit": "g"}}, True),
        (predicates.range_is_ordered, {"low": LOW}, True),
        (predicates.size_is_true, {"data": "QQ==", "size": 1}, True),
        (predicates.size_is_true, {"data": "QQ==", "size": 4}, False),
        (predicates.size_is_true, {"size": 4}, True),
        (predicates.not_negative("duration"), {"duration": -1}, False),
        (predicates.not_negative("duration"), {}, True),
        (predicates.drt_1, {"code": "h", "system": predicates.UCUM, "value": 1}, True),
        (predicates.drt_1, {"code": "h", "system": predicates.UCUM}, False),
        (predicates.inv_1, {"valueCode": "x"}, True),
        (predicates.inv_1, {"valueCode": "x", "part": []}, False),
        (Implies("duration", "durationUnit"), {"_duration": {}}, False),
        (Implies("duration", "durationUnit"), {"duration": 1, "durationUnit": "h"}, True),
        (NeedsOne("low", "high"), {"high": {}}, True),
        (NeedsOne("low", "high"), {"text": "x"}, False),
    ],
)
def test_a_node_satisfies_it_or_not(check: Check, node: dict[str, Any], verdict: bool) -> None:
    assert verdict is check(node, node)
