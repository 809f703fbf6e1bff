"""A tour of every JSON object in a resource, each with its shape, its path and the resource that it is in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from shared.validation.profiles.instances import Instance, type_of
from shared.validation.references import Scope, contained_types, index_bundle
from shared.validation.shapes import Property, resource_types, shape

Node = dict[str, Any]
DEPTH: Final = 64  # the walker stops there too


@dataclass(frozen=True, slots=True)
class Stop:
    """
    A JSON object, or a primitive's value where an element of its type has rules of its own.

    `form` names its shape or its primitive type, `path` the element that holds it (`Patient.name`), `prop` that
    element; `parent` is the object around it, None for a resource that is looked at as such.
    """

    value: Any
    form: str
    path: str
    location: str
    scope: Scope
    prop: Property | None = None
    parent: Stop | None = None

    @property
    def instance(self) -> Instance:
        """Return the value as profiles see it."""
        return Instance(self.value, self.location, type_of(self.value) or self.form)


def tour(resource: Node) -> Iterator[Stop]:
    """Yield the resource and all below it, in document order; passes by what has not the shape that R4 gives it."""
    yield from _resource(resource, type_of(resource), Scope({}, "", {}, None), None, 0)


def _resource(node: Node, location: str, around: Scope, prop: Property | None, depth: int) -> Iterator[Stop]:
    name = type_of(node)
    if name not in resource_types() or depth > DEPTH:
        return
    if prop is not None and prop.name == "contained":
        scope = Scope(around.node, around.type, around.contained, around.bundle)
    else:
        bundle = index_bundle(node) if name == "Bundle" else around.bundle
        scope = Scope(node, name, contained_types(node), bundle)
    yield from _object(Stop(node, name, name, location, scope, prop), depth)


def _object(stop: Stop, depth: int) -> Iterator[Stop]:
    yield stop
    if depth > DEPTH:
        return
    properties = shape(stop.form).properties
    for key, value in stop.value.items():
        prop = properties.get(key) if isinstance(key, str) else None
        if prop is not None and prop.check is None:
            for one, location in _each(value, f"{stop.location}.{prop.name}"):
                yield from _value(one, location, prop, stop, depth + 1)
        elif isinstance(key, str) and key.startswith("_") and key[1:] in properties:
            prop = properties[key[1:]]
            for one, location in _each(value, f"{stop.location}.{prop.name}"):
                if isinstance(one, dict):
                    path = f"{stop.form}.{_element(prop)}"
                    yield from _object(Stop(one, "Element", path, location, stop.scope, prop, stop), depth + 1)


def _value(one: object, location: str, prop: Property, stop: Stop, depth: int) -> Iterator[Stop]:
    if not isinstance(one, dict):
        return
    if prop.type == "Resource" or prop.type in resource_types():
        yield from _resource(one, location, stop.scope, prop, depth)
    else:
        path = f"{stop.form}.{_element(prop)}"
        yield from _object(Stop(one, prop.type, path, location, stop.scope, prop, stop), depth)


def _element(prop: Property) -> str:
    return f"{prop.choice}[x]" if prop.choice else prop.name


def _each(value: object, location: str) -> Iterator[tuple[object, str]]:
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield one, f"{location}[{number}]"
    else:
        yield value, location
