"""
Minimal data per consumer (invariant 12): an allow-list per destination, applied last before validation.

What is not listed does not leave. References to a resource that does not leave go with it, so that nothing dangles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ALWAYS = frozenset({"resourceType", "id", "meta"})
_EVERYTHING = "*"


def minimise(bundle: Mapping[str, Any], allow: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
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


def _reduced(resource: Mapping[str, Any], allow: Mapping[str, tuple[str, ...]], left_out: set[str]) -> dict[str, Any]:
    elements = allow[resource["resourceType"]]
    kept = {
        name: value
        for name, value in resource.items()
        if _EVERYTHING in elements or name in _ALWAYS or name.removeprefix("_") in elements
    }
    if kept.keys() < resource.keys() and "profile" in kept.get("meta", {}):
        # A profile that the whole resource satisfies may want what does not leave: the rest claims nothing.
        kept["meta"] = {name: value for name, value in kept["meta"].items() if name != "profile"}
    reduced = _without_references(kept, left_out)
    return reduced if isinstance(reduced, dict) else {}


def _without_references(value: Any, left_out: set[str]) -> Any:
    """Return `value` without references to resources that do not leave; None when nothing of it is left."""
    if isinstance(value, dict):
        if value.get("reference") in left_out:
            return None
        kept = {name: _without_references(part, left_out) for name, part in value.items()}
        return {name: part for name, part in kept.items() if part is not None} or None
    if isinstance(value, list):
        parts = [part for part in (_without_references(part, left_out) for part in value) if part is not None]
        return parts or None
    return value
