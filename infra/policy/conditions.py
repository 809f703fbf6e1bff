"""
The conditions of Azure's policies: `allOf`, `anyOf`, `not`, `count`, and comparisons of a field or a value.

Text is compared without its case, and `true` with `"true"`. A comparison of `things[*].name` must hold for every
element. The path of an alias is looked for below `properties` and then at the top of the body: a heuristic, because
only Azure has the table of aliases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import Any

from infra.policy.estate import Estate, Known
from infra.policy.expressions import NotEvaluableError, evaluate

_PLAIN_FIELDS = ("id", "kind", "location", "name", "type")


@dataclass(frozen=True)
class Asked:
    """One resource under one policy: its parameters, and the elements that counts have reached, by their alias."""

    resource: Known
    estate: Estate
    parameters: Mapping[str, Any]
    reached: Mapping[str, Any] = field(default_factory=dict)

    def parameter(self, name: str) -> Any:
        """Return a parameter's value; NotEvaluableError without one."""
        if self.parameters.get(name) is None:
            raise NotEvaluableError(f"the parameter {name} has no default")
        return self.parameters[name]

    def field(self, alias: str) -> Any:
        """Return the value of a field, of every element where the alias has `[*]`, None where there is none."""
        name = alias.lower()
        if name in _PLAIN_FIELDS:
            return getattr(self.resource, name)
        for prefix, element in self.reached.items():
            # Aliases are published in both spellings: logs[*].enabled and logs.enabled.
            for spelt in (f"{prefix}[*].", f"{prefix}."):
                if name.startswith(spelt):
                    return _found(element, name[len(spelt) :])
        path = _below(name, self.resource.type)
        self.estate.require_known(self.resource, path)
        inside = _found(self.resource.body.get("properties"), path)
        return _found(self.resource.body, path) if inside in (None, []) else inside

    def current(self, alias: str) -> Any:
        """Return the value of a field of the element that a count has reached."""
        return self.reached.get(_collection(alias)) if alias.endswith("[*]") else self.field(alias)

    def answer(self, function: str) -> Any:
        """Return what a function without arguments says; NotEvaluableError if only Azure could."""
        return self.estate.answer(function, self.resource)


def holds(condition: Mapping[str, Any], asked: Asked) -> bool:
    """Tell whether a condition holds; NotEvaluableError if that cannot be known."""
    said = {key.lower(): value for key, value in condition.items()}
    if "allof" in said:
        return all(holds(each, asked) for each in said["allof"])
    if "anyof" in said:
        return any(holds(each, asked) for each in said["anyof"])
    if "not" in said:
        return not holds(said["not"], asked)
    if "count" in said:
        found: Any = _count(said["count"], asked)
    elif "value" in said:
        found = evaluate(said["value"], asked)
    else:
        found = asked.field(evaluate(said["field"], asked))
    operator = next(key for key in said if key not in ("count", "value", "field"))
    wanted = evaluate(said[operator], asked)
    return _compare(operator, found, wanted)


def _count(said: Mapping[str, Any], asked: Asked) -> int:
    if "field" not in said:
        return len(evaluate(said["value"], asked) or ())
    collection = _collection(said["field"])
    elements = asked.field(f"{collection}[*]") or []
    if "where" not in said:
        return len(elements)
    reached = ({**asked.reached, collection: element} for element in elements)
    return sum(holds(said["where"], replace(asked, reached=each)) for each in reached)


def _collection(alias: str) -> str:
    return alias.lower().removesuffix("[*]")


def _below(alias: str, kind: str) -> str:
    prefix = f"{kind.lower()}/"
    rest = alias[len(prefix) :] if alias.startswith(prefix) else alias.rpartition("/")[2]
    return rest.rpartition("/")[2]


def _found(place: Any, path: str) -> Any:
    for index, step in enumerate(steps := re.findall(r"\[\*\]|[^.\[\]]+", path)):
        if step == "[*]":
            rest = "".join(each if each == "[*]" else f".{each}" for each in steps[index + 1 :]).lstrip(".")
            elements = place if isinstance(place, list) else []
            return [_found(each, rest) for each in elements] if rest else elements
        if not isinstance(place, Mapping):
            return None
        place = {key.lower(): value for key, value in place.items()}.get(step)
    return place


def _compare(operator: str, found: Any, wanted: Any) -> bool:
    if operator == "exists":
        there = found is not None and found != [] and not (isinstance(found, list) and None in found)
        return there is (_text(wanted) == "true")
    if operator not in _COMPARISONS:
        raise NotEvaluableError(f"the comparison {operator} is not known")
    compare = _COMPARISONS[operator]
    return all(compare(each, wanted) for each in found) if isinstance(found, list) else compare(found, wanted)


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower()


def _listed(value: Any, wanted: Any) -> bool:
    return _text(value) in {_text(each) for each in wanted}


def _ordered(value: Any, wanted: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, int) and isinstance(wanted, int):
        return (value > wanted) - (value < wanted)
    one, other = _text(value), _text(wanted)
    return (one > other) - (one < other)


_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "contains": lambda found, wanted: _text(wanted) in _text(found),
    "equals": lambda found, wanted: _text(found) == _text(wanted),
    "greater": lambda found, wanted: _ordered(found, wanted) == 1,
    "greaterorequals": lambda found, wanted: _ordered(found, wanted) in (0, 1),
    "in": _listed,
    "less": lambda found, wanted: _ordered(found, wanted) == -1,
    "lessorequals": lambda found, wanted: _ordered(found, wanted) in (-1, 0),
    "like": lambda found, wanted: fnmatchcase(_text(found), _text(wanted)),
    "notcontains": lambda found, wanted: _text(wanted) not in _text(found),
    "notequals": lambda found, wanted: _text(found) != _text(wanted),
    "notin": lambda found, wanted: not _listed(found, wanted),
}
