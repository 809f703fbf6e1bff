"""In the value set, not in it, or not decidable."""

from __future__ import annotations

from typing import Any

import pytest

from shared.validation.profiles.codes import membership

KNOWN = {"urn:toys": frozenset({"ball", "bone"}), "urn:vast": None}


def concept(*codings: tuple[str, str]) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code} for system, code in codings]}


@pytest.mark.parametrize(
    ("value", "kind", "verdict"),
    [
        (concept(("urn:toys", "ball")), "", True),
        (concept(("urn:toys", "rope")), "", False),
        (concept(("urn:else", "ball")), "", False),
        (concept(("urn:vast", "x")), "", None),
        (concept(("urn:vast", "x"), ("urn:toys", "bone")), "", True),
        ({"text": "a ball"}, "", False),
        ({"coding": "ball"}, "", False),
        ({"system": "urn:toys", "code": "ball"}, "Coding", True),
        ({"value": 1, "unit": "balls"}, "Quantity", None),
        ({"value": 1, "system": "urn:toys", "code": "rope"}, "Quantity", False),
        ("ball", "", True),
        (7, "", None),
    ],
)
def test_a_value_is_in_a_value_set_or_not_or_nobody_knows(value: Any, kind: str, verdict: bool | None) -> None:
    assert membership(KNOWN, value, kind) is verdict


def test_a_code_may_be_of_any_system_of_the_value_set() -> None:
    assert membership({"urn:toys": frozenset({"ball"})}, "rope") is False
    assert membership(KNOWN, "rope") is None


def test_nobody_knows_what_is_in_a_value_set_that_is_not_known() -> None:
    assert membership(None, "ball") is None
