from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from infra.dial_reading import dial_value
from infra.dials import Dials, refuse_unknown


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        ("str", "none", "none"),
        ("int", "2", 2),
        ("bool", "false", False),
        ("tuple[str, ...]", '["10.0.0.0/8"]', ("10.0.0.0/8",)),
        ("tuple[str, ...]", "[]", ()),
        ("Mapping[str, str]", "{}", {}),
        ("Mapping[str, str]", '{"A_URL": "https://a.example"}', {"A_URL": "https://a.example"}),
        ("Mapping[str, Mapping[str, int]]", '{"ops": {"alwaysReady": 0}}', {"ops": {"alwaysReady": 0}}),
        ("Mapping[str, Mapping[str, Any]]", '{"one": {"ranges": []}}', {"one": {"ranges": []}}),
    ],
)
def test_a_dial_is_read_in_its_shape(kind: str, text: str, expected: Any) -> None:
    assert expected == dial_value("dial", kind, text)


@pytest.mark.parametrize(
    ("kind", "text", "wanted"),
    [
        ("int", "two", "a whole number"),
        ("int", "1.5", "a whole number"),
        ("bool", "True", "true or false"),
        ("tuple[str, ...]", "10.0.0.0/8", "a list of texts"),
        ("tuple[str, ...]", '"10.0.0.0/8"', "a list of texts"),
        ("tuple[str, ...]", "[7]", "a list of texts"),
        ("Mapping[str, str]", "[]", "names with their texts"),
        ("Mapping[str, str]", '{"A_URL": 7}', "names with their texts"),
        ("Mapping[str, Mapping[str, int]]", '{"ops": 3}', "names with their numbers"),
        ("Mapping[str, Mapping[str, int]]", '{"ops": {"alwaysReady": true}}', "names with their numbers"),
        ("Mapping[str, Mapping[str, Any]]", "[1]", "names with their settings"),
    ],
)
def test_a_dial_of_another_shape_is_one_line_that_says_which_it_must_be(kind: str, text: str, wanted: str) -> None:
    with pytest.raises(ValueError, match=f"^corridor:dial: set it to {wanted}"):
        dial_value("dial", kind, text)


def test_every_dial_has_a_shape_that_can_be_read() -> None:
    texts = {"str": "x", "int": "1", "bool": "true", "tuple[str, ...]": "[]"}
    kinds = {str(each.type) for each in fields(Dials) if "meaning" in each.metadata}

    assert None not in [dial_value("dial", kind, texts.get(kind, "{}")) for kind in sorted(kinds)]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("corridor:messagingUnit", "corridor:messagingUnit: there is no such dial; set messagingUnits"),
        ("corridor:qqq", "corridor:qqq: there is no such dial; set one of docs/dials.md"),
    ],
)
def test_a_misspelt_dial_is_refused_and_the_nearest_is_named(setting: str, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{told}$"):
        refuse_unknown(["corridor:messagingUnits", "azure-native:location", setting])
