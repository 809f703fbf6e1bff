"""The values that a resource holds for an element of a profile, with their places and types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared.validation.references import REST, Scope, find_resource
from shared.validation.shapes import resource_types, shape

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Instance:
    """
    A value: None for a primitive that has extensions alone.

    `type` is known for a choice and for a resource; `extended` holds the extensions of a primitive.
    """

    value: Any
    location: str
    type: str = ""
    extended: Any = None


@cache
def choice_types() -> dict[str, str]:
    """Return the end of a choice's key -> type: `DateTime` -> `dateTime`."""
    properties = shape("Extension").properties.values()
    return {prop.key.removeprefix("value"): prop.type for prop in properties if prop.choice == "value"}


def instances(node: object, name: str, location: str) -> list[Instance]:
    """Return the values of an element (`name`, `value[x]`) of a JSON object; nothing of what is no object."""
    if not isinstance(node, dict):
        return []
    if not name.endswith("[x]"):
        return list(_members(node, name, f"{location}.{name}", ""))
    stem = name.removesuffix("[x]")
    keys = dict.fromkeys(key.removeprefix("_") for key in node if key.removeprefix("_").startswith(stem))
    ends = [(key, choice_types().get(key.removeprefix(stem))) for key in keys]
    return [one for key, kind in ends if kind for one in _members(node, key, f"{location}.{stem}", kind)]


def _members(node: Node, key: str, location: str, kind: str) -> Iterator[Instance]:
    value, extended = node.get(key), node.get(f"_{key}")
    if not isinstance(value, list) and not isinstance(extended, list):
        if value is not None or extended is not None:
            yield Instance(value, location, kind or type_of(value), extended)
        return
    values = value if isinstance(value, list) else []
    extensions = extended if isinstance(extended, list) else []
    for number in range(max(len(values), len(extensions))):
        one = values[number] if number < len(values) else None
        more = extensions[number] if number < len(extensions) else None
        if one is not None or more is not None:
            yield Instance(one, f"{location}[{number}]", kind or type_of(one), more)


def form_of(parent: str, name: str) -> str:
    """Return the name of an element's shape (`HumanName`, `Observation.component`), or its path where R4 has none."""
    try:
        prop = shape(parent).properties.get(name)
    except KeyError:
        prop = None
    return prop.type if prop is not None else f"{parent}.{name}"


def type_of(value: object) -> str:
    """Return the type of a resource, else nothing."""
    name = value.get("resourceType") if isinstance(value, dict) else None
    return name if isinstance(name, str) else ""


def target_type(reference: object, scope: Scope) -> str:
    """Return the type that a reference points to, nothing when it cannot be known."""
    if not isinstance(reference, dict):
        return ""
    found = find_resource(reference, scope)
    if found is not None:
        return type_of(found)
    text, stated = reference.get("reference"), reference.get("type")
    rest = REST.search(text) if isinstance(text, str) else None
    if rest is not None and rest[1] in resource_types():
        return rest[1]
    return stated if isinstance(stated, str) and stated in resource_types() else ""


def matches(pattern: object, value: object) -> bool:
    """Whether a value holds everything that a `pattern[x]` states (R4: arrays match in any order)."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(key in value and matches(pattern[key], value[key]) for key in pattern)
    if isinstance(pattern, list):
        return isinstance(value, list) and all(any(matches(one, item) for item in value) for one in pattern)
    return pattern == value
