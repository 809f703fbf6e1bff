"""
Minimal data per consumer (invariant 12): an allow-list per destination, applied last before validation.

What is not listed does not leave. References to a resource that does not leave go with it, so that nothing dangles;
those that name one of a type that is not listed go too, whether by its id or by a number of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.partners.model import EVERYTHING

_Allowed = Mapping[str, tuple[str, ...]]
_OF_AN_EXTENSION = frozenset({"id", "url"})
_ALWAYS = frozenset({"resourceType", "id", "meta"})


def minimise(bundle: Mapping[str, Any], allow: _Allowed) -> dict[str, Any]:
    """
    Return a copy of the transaction Bundle with only what `allow` lists; an empty list lets everything pass.

    `allow` maps a resource type to element names (`*`: all). `birthDate` lets its primitive extension `_birthDate`
    pass as well.
    """
    if not allow:
        return dict(bundle)
    entries = [entry for entry in bundle.get("entry", ()) if entry["resource"]["resourceType"] in allow]
    left_out = {
        name
        for entry in bundle.get("entry", ())
        if entry["resource"]["resourceType"] not in allow
        for name in _names_of(entry)
    }
    return {
        **bundle,
        "entry": [{**entry, "resource": _reduced(entry["resource"], allow, left_out)} for entry in entries],
    }


def _names_of(entry: Mapping[str, Any]) -> list[str]:
    resource = entry["resource"]
    return [entry.get("fullUrl", ""), f"{resource['resourceType']}/{resource.get('id', '')}"]


def _reduced(resource: Mapping[str, Any], allow: _Allowed, left_out: set[str]) -> dict[str, Any]:
    elements = frozenset(allow[resource["resourceType"]])
    kept = {
        name: value
        for name, value in resource.items()
        if name in _ALWAYS or name.removeprefix("_") in elements or EVERYTHING in elements
    }
    if kept.keys() < resource.keys() and "profile" in kept.get("meta", {}):
        # A profile that the whole resource satisfies may want what does not leave: the rest claims nothing.
        kept["meta"] = {name: value for name, value in kept["meta"].items() if name != "profile"}
    return _without_references(kept, allow, left_out) or {}


def _without_references(node: dict[str, Any], allow: _Allowed, left_out: set[str]) -> dict[str, Any] | None:
    """Return `node` without references to resources that do not leave; None when nothing of it is left."""
    if "resourceType" not in node and _names_what_stays(node, allow, left_out):
        return None
    kept = {}
    for name, value in node.items():
        if isinstance(value, dict):
            value = _without_references(value, allow, left_out)
        elif isinstance(value, list):
            value = _items_without_references(value, allow, left_out)
        if value is not None:
            kept[name] = value
    if kept.keys() < node.keys() and kept.keys() <= _OF_AN_EXTENSION:
        return None  # an extension says nothing but its value
    return kept or None


def _names_what_stays(node: dict[str, Any], allow: _Allowed, left_out: set[str]) -> bool:
    """Tell whether `node` is a reference to what does not leave: literal, or by an identifier and its type."""
    reference, kind = node.get("reference"), node.get("type")
    if isinstance(reference, str):
        relative = "/" in reference and ":" not in reference
        return reference in left_out or (relative and reference.partition("/")[0] not in allow)
    return isinstance(kind, str) and isinstance(node.get("identifier"), dict) and kind not in allow


def _items_without_references(items: list[Any], allow: _Allowed, left_out: set[str]) -> list[Any] | None:
    kept = [_without_references(item, allow, left_out) if isinstance(item, dict) else item for item in items]
    return [item for item in kept if item is not None] or None
