"""One dial's value from the text in which Pulumi hands it over, or one line that says of which shape it must be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from infra.dial_checks import check


def dial_value(dial: str, kind: str, text: str) -> Any:
    """Return the value of a dial whose annotation is `kind`; ValueError if the text is of another shape."""
    read, wanted = _SHAPES[kind]
    try:
        value = read(text)
    except ValueError:
        value = None
    check(dial, value is not None, wanted)
    return value


def _truth(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text)


def _texts(text: str) -> tuple[str, ...] | None:
    value = json.loads(text)
    return tuple(value) if isinstance(value, list) and all(isinstance(each, str) for each in value) else None


def _named(*kinds: type) -> Callable[[str], dict[str, Any] | None]:
    def read(text: str) -> dict[str, Any] | None:
        value = json.loads(text)
        return value if isinstance(value, dict) and all(_is(inner, kinds) for inner in value.values()) else None

    return read


def _is(value: object, kinds: tuple[type, ...]) -> bool:
    if kinds[0] is dict and isinstance(value, dict):
        return not kinds[1:] or all(_is(inner, kinds[1:]) for inner in value.values())
    return type(value) is kinds[0]


_SHAPES: dict[str, tuple[Callable[[str], Any], str]] = {
    "str": (str, "a text"),
    "int": (int, "a whole number"),
    "bool": (_truth, "true or false"),
    "tuple[str, ...]": (_texts, 'a list of texts, like ["one", "two"]'),
    "Mapping[str, str]": (_named(str), 'names with their texts, like {"one": "text"}'),
    "Mapping[str, Mapping[str, int]]": (_named(dict, int), 'names with their numbers, like {"one": {"size": 1}}'),
    "Mapping[str, Mapping[str, Any]]": (_named(dict), 'names with their settings, like {"one": {"size": 1}}'),
}
