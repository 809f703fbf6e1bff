"""
Shapes from the models of the azure-mgmt packages (MIT): the authority that is installed with `infra`.

Two generations of their generator are read. The newer writes a descriptor per property; the older a map of
attributes, in which `properties.topic` is a property of a property, and says the allowed values only in the
annotations of a model's `__init__`.
"""

from __future__ import annotations

import datetime
import re
import types
import typing
from collections.abc import Callable, Mapping
from enum import Enum
from functools import cache
from importlib import import_module
from typing import Any

from infra.schema.arm_types import ArmType
from infra.schema.shapes import Anything, Choice, Flag, Items, Number, Property, Record, Shape, Text

_SCALARS: Mapping[Any, Shape] = {
    bool: Flag(),
    bytes: Text(),
    datetime.date: Text(),
    datetime.datetime: Text(),
    datetime.timedelta: Text(),
    float: Number(),
    int: Number(whole=True),
    str: Text(),
}
_OLD_SCALARS: Mapping[str, Shape] = {
    "bool": Flag(),
    "float": Number(),
    "int": Number(whole=True),
    "long": Number(whole=True),
    "object": Anything(),
}
# Values that Azure takes and that a package's generator left out.
_LEFT_OUT = {"HighAvailabilityMode": ("Disabled",)}


def shape_of(kind: ArmType) -> Record | None:
    """Return the shape of a type's body, or None where no package speaks its API version."""
    if not kind.model:
        return None
    package, _, model = kind.model.rpartition(".")
    return _record(getattr(import_module(f"azure.mgmt.{package}.models"), model))


@cache
def _record(model: type) -> Record:
    return _old_record(model) if hasattr(model, "_attribute_map") else Record(lambda: _new_properties(model))


def _new_properties(model: type) -> dict[str, Property]:
    module = import_module(model.__module__)
    names = {"_models": import_module(model.__module__.rpartition(".")[0])}
    hints = typing.get_type_hints(model, vars(module), names)
    found = {}
    for owner in reversed(model.__mro__):
        for attribute, descriptor in vars(owner).items():
            if type(descriptor).__name__ == "_RestField":
                name = descriptor._rest_name_input or attribute
                optional = type(None) in typing.get_args(hints[attribute])
                read_only = descriptor._visibility == ["read"]
                found[name] = Property(_new_shape(hints[attribute]), not optional and not read_only, read_only)
    return found


def _new_shape(hint: Any) -> Shape:
    origin, inner = typing.get_origin(hint), [each for each in typing.get_args(hint) if each is not type(None)]
    if origin in (typing.Union, types.UnionType):
        return next((_choice(each) for each in inner if _is_enum(each)), None) or _new_shape(inner[0])
    if origin is list:
        return Items(_new_shape(inner[0]))
    if origin is dict:
        return Record(dict, extra=_new_shape(inner[1]))
    if origin is typing.Literal:
        return Choice(tuple(str(each.value if isinstance(each, Enum) else each) for each in inner))
    if _is_enum(hint):
        return _choice(hint)
    if isinstance(hint, type) and hint not in _SCALARS:
        return _record(hint) if "azure.mgmt" in hint.__module__ else Anything()
    return _SCALARS.get(hint, Anything())


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _choice(kind: type) -> Choice:
    values = tuple(str(each.value) for each in typing.cast(type[Enum], kind))
    return Choice((*values, *_LEFT_OUT.get(kind.__name__, ())))


def _old_record(model: Any) -> Record:
    # The discriminator of a variant is named in the map of its base.
    subtypes = vars(model).get("_subtype_map", {})
    attribute = next(iter(subtypes), "")
    variants = {value: _later(model, name) for value, name in subtypes.get(attribute, {}).items()}
    discriminator = _keys(model._attribute_map[attribute]["key"])[0] if attribute else ""
    return Record(lambda: _old_properties(model, discriminator), None, discriminator, variants)


def _later(model: type, name: str) -> Callable[[], Record]:
    return lambda: _record(getattr(import_module(model.__module__), name))


def _old_properties(model: Any, discriminator: str) -> dict[str, Property]:
    tree: dict[str, Any] = {}
    for attribute, row in model._attribute_map.items():
        rules = model._validation.get(attribute, {})
        place = tree
        *path, last = _keys(row["key"])
        for key in path:
            place = place.setdefault(key, {})
        shape = Text() if last == discriminator else _old_shape(model, attribute, row["type"], rules)
        place[last] = Property(shape, bool(rules.get("required")), bool(rules.get("readonly")))
    return {key: _nested(value) for key, value in tree.items()}


def _nested(value: Property | dict[str, Any]) -> Property:
    if isinstance(value, Property):
        return value
    inner = {key: _nested(each) for key, each in value.items()}
    required = any(each.required and not each.read_only for each in inner.values())
    return Property(Record(lambda: inner), required, all(each.read_only for each in inner.values()))


def _keys(key: str) -> list[str]:
    return [part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", key)]


def _old_shape(model: Any, attribute: str, kind: str, rules: Mapping[str, Any]) -> Shape:
    if kind.startswith("["):
        return Items(_old_shape(model, attribute, kind[1:-1], {}), rules.get("min_items"), rules.get("max_items"))
    if kind.startswith("{"):
        return Record(dict, extra=_old_shape(model, attribute, kind[1:-1], {}))
    if kind in _OLD_SCALARS:
        shape = _OLD_SCALARS[kind]
        return Number(rules.get("minimum"), rules.get("maximum"), shape.whole) if isinstance(shape, Number) else shape
    if kind[0].isupper():
        return _record(getattr(import_module(model.__module__), kind))
    return _allowed(model, attribute) or Text(rules.get("min_length"), rules.get("max_length"), rules.get("pattern"))


def _allowed(model: Any, attribute: str) -> Choice | None:
    for owner in model.__mro__:
        hint = getattr(owner.__init__, "__annotations__", {}).get(attribute)
        named = re.search(r"_models\.(\w+)", str(hint)) if hint else None
        if named:
            kind = getattr(import_module(owner.__module__.rpartition(".")[0]), named[1], None)
            return _choice(kind) if _is_enum(kind) and isinstance(kind, type) else None
    return None
