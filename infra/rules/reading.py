"""How rules read resources: by kind, and values by their paths."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from infra.engine.resources import Resource
from infra.engine.wire import revealed


def of_kinds(resources: Sequence[Resource], *kinds: str) -> list[Resource]:
    """Return the resources of these kinds (`servicebus:Queue`), in their order."""
    return [resource for resource in resources if resource.custom and resource.kind in kinds]


def value(resource: Resource, path: str) -> Any:
    """Return the input at a dotted path, secrets revealed; None where there is none."""
    found: Any = resource.inputs
    for key in path.split("."):
        found = revealed(found)
        if not isinstance(found, Mapping):
            return None
        found = found.get(key)
    return revealed(found)


def items(resource: Resource, path: str) -> list[Any]:
    """Return the list at a dotted path; empty where there is none."""
    found = value(resource, path)
    return list(found) if isinstance(found, list) else []


def app_settings(resource: Resource) -> dict[str, str]:
    """Return a function app's settings by name."""
    pairs = items(resource, "siteConfig.appSettings")
    return {str(pair.get("name")): str(pair.get("value", "")) for pair in pairs}


def same_id(one: Any, other: Any) -> bool:
    """Tell whether two ARM ids name one resource: their case says nothing."""
    return isinstance(one, str) and isinstance(other, str) and one.lower() == other.lower()


def with_id(resources: Iterable[Resource], identity: Any) -> Iterator[Resource]:
    """Yield the resources that have this ARM id."""
    return (resource for resource in resources if same_id(resource.id, identity))
