"""A body held against its shape: unknown and missing properties, wrong types, values that Azure does not know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from infra.engine.wire import SECRET_MARK, UNKNOWN
from infra.schema.shapes import Anything, Choice, Flag, Items, Number, Property, Record, Shape, Text, picked

# What stands in a resource's envelope and not in the body that a program writes; the provider fills in `location`.
_ENVELOPE = {"apiVersion", "id", "location", "name", "type"}


@dataclass(frozen=True)
class Flaw:
    """What is wrong where: `path` in ARM's words, `certain` unless the authority itself leaves it open."""

    code: str
    path: str
    text: str
    certain: bool = True


def flaws(shape: Record, body: Mapping[str, Any]) -> list[Flaw]:
    """Return everything in which a resource's body departs from its shape."""
    return list(_record(shape, body, "", _ENVELOPE))


def _check(shape: Shape, value: Any, path: str) -> Iterator[Flaw]:
    if value is None or value in (UNKNOWN, SECRET_MARK):
        return
    match shape:
        case Record():
            yield from _object(shape, value, path)
        case Items():
            yield from _items(shape, value, path)
        case Choice():
            yield from _choice(shape, value, path)
        case Text():
            yield from _text(shape, value, path)
        case Number():
            yield from _number(shape, value, path)
        case Flag():
            if not isinstance(value, bool):
                yield _wrong_type("true or false", value, path)
        case Anything():
            return


def _object(shape: Record, value: Any, path: str) -> Iterator[Flaw]:
    if isinstance(value, Mapping):
        yield from _record(shape, value, path, set())
    else:
        yield _wrong_type("an object", value, path)


def _record(shape: Record, value: Mapping[str, Any], path: str, envelope: set[str]) -> Iterator[Flaw]:
    properties = picked(shape, value)
    if shape.discriminator:
        yield from _variant(shape, value, path)
    for key, inner in value.items():
        known = properties.get(key)
        place = f"{path}.{key}" if path else key
        if known is not None and known.read_only and key not in envelope:
            yield Flaw("schema-read-only", place, "is Azure's to say: do not set it")
        elif known is not None:
            yield from _check(known.shape, inner, place)
        elif shape.extra is not None:
            yield from _check(shape.extra, inner, place)
        elif key != shape.discriminator:
            yield Flaw("schema-unknown-property", place, "no such property" + _nearest(key, properties))
    for key, known in properties.items():
        if known.required and not known.read_only and key not in value and key not in envelope:
            yield Flaw("schema-missing-property", f"{path}.{key}" if path else key, "is required and not set")


def _variant(shape: Record, value: Mapping[str, Any], path: str) -> Iterator[Flaw]:
    chosen = value.get(shape.discriminator)
    if chosen != UNKNOWN and shape.variant(chosen) is None and chosen is not None:
        place = f"{path}.{shape.discriminator}" if path else shape.discriminator
        yield Flaw("schema-value", place, f"{chosen!r} is none of {', '.join(sorted(shape.variants)[:12])}")


def _nearest(key: str, properties: Mapping[str, Property]) -> str:
    inside = properties.get("properties")
    names = [*properties, *(inside.shape.properties if inside and isinstance(inside.shape, Record) else ())]
    near = get_close_matches(key, names, 1)
    return f"; is {near[0]} meant?" if near else ""


def _items(shape: Items, value: Any, path: str) -> Iterator[Flaw]:
    if not isinstance(value, list):
        yield _wrong_type("a list", value, path)
        return
    if _outside(len(value), shape.fewest, shape.most):
        yield Flaw("schema-range", path, f"{len(value)} items; allowed {_range(shape.fewest, shape.most)}")
    for index, each in enumerate(value):
        yield from _check(shape.of, each, f"{path}[{index}]")


def _choice(shape: Choice, value: Any, path: str) -> Iterator[Flaw]:
    if not isinstance(value, str):
        yield _wrong_type("a string", value, path)
    elif value not in shape.values:
        near = get_close_matches(value, shape.values, 1)
        hint = f"; is {near[0]} meant?" if near else f"; known are {', '.join(shape.values[:8])}"
        yield Flaw("schema-value", path, f"{value!r} is no value that Azure knows here{hint}", certain=not shape.open)


def _text(shape: Text, value: Any, path: str) -> Iterator[Flaw]:
    if not isinstance(value, str):
        yield _wrong_type("a string", value, path)
    elif _outside(len(value), shape.shortest, shape.longest):
        yield Flaw("schema-range", path, f"{len(value)} characters; allowed {_range(shape.shortest, shape.longest)}")
    elif shape.pattern and not _matches(shape.pattern, value):
        yield Flaw("schema-pattern", path, f"{value!r} does not match {shape.pattern}")


def _matches(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:  # a pattern of .NET that Python does not read
        return True


def _number(shape: Number, value: Any, path: str) -> Iterator[Flaw]:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        yield _wrong_type("a whole number" if shape.whole else "a number", value, path)
    elif shape.whole and value != int(value):
        yield _wrong_type("a whole number", value, path)
    elif _outside(value, shape.least, shape.most):
        yield Flaw("schema-range", path, f"{value}; allowed {_range(shape.least, shape.most)}")


def _outside(value: float, least: float | None, most: float | None) -> bool:
    return (least is not None and value < least) or (most is not None and value > most)


def _range(least: float | None, most: float | None) -> str:
    return f"{'any' if least is None else least} to {'any' if most is None else most}"


def _wrong_type(wanted: str, value: Any, path: str) -> Flaw:
    return Flaw("schema-type", path, f"is {wanted}, not {type(value).__name__}")
