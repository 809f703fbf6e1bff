"""
The entries of a Bundle, as copies that the maps may mark, and the ways to refer to them.

What a resource contains is its own: the ids of it are made those of one resource alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.errors import RejectedError
from shared.mapping.hl7v2_to_fhir.context import Resource

SUBJECTS = ("subject", "patient", "beneficiary", "for")
"""The elements that say which patient a resource is about."""


def contained_in(path: str, resource: Resource) -> Iterator[tuple[str, Resource]]:
    """Yield path and resource of what a resource contains."""
    parts = resource.get("contained")
    for index, part in enumerate(parts if isinstance(parts, list) else ()):
        if isinstance(part, dict) and isinstance(part.get("resourceType"), str):
            yield f"{path}.contained[{index}]", part


def read_bundle(bundle: Resource) -> list[tuple[str, Resource, str]]:
    """
    Return path, resource and fullUrl of every entry; a resource that is no Bundle is its only entry.

    A patient who is contained in what is about them is an entry too. The resources are copies: no two share a part,
    and the ids of what is contained are those of one resource alone. RejectedError `not-fhir` for what has no
    resourceType.
    """
    if not isinstance(bundle.get("resourceType"), str):
        raise RejectedError("not-fhir", "resourceType", "This is not a FHIR resource.")
    if bundle["resourceType"] != "Bundle":
        return _entries(str(bundle["resourceType"]), _own(bundle, 0), "")
    found = []
    entries = bundle.get("entry", [])
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and isinstance(resource.get("resourceType"), str):
            url = entry.get("fullUrl")
            path = f"Bundle.entry[{index}].resource"
            found += _entries(path, _own(resource, index), url if isinstance(url, str) else "")
    return found


def _entries(path: str, resource: Resource, url: str) -> list[tuple[str, Resource, str]]:
    """Return a resource, before it the patients contained in it whom it is about."""
    named = [resource.get(name) for name in SUBJECTS]
    about = {str(one.get("reference")) for one in named if isinstance(one, dict)}
    patients = [
        (place, part, "")
        for place, part in contained_in(path, resource)
        if part["resourceType"] == "Patient" and f"#{part.get('id')}" in about
    ]
    return [*patients, (path, resource, url)]


def _own(resource: Resource, number: int) -> Resource:
    """Return a copy in which what is contained has ids, and references to them, that no other resource has."""
    copied: Resource = _copied(resource)
    if "contained" in copied:
        for _, part in contained_in("", copied):
            part["id"] = f"{number}.{part.get('id', '')}"
        _renumber(copied, number)
    return copied


def _renumber(value: Any, number: int) -> None:
    for name, part in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        if name == "reference" and isinstance(part, str) and part.startswith("#"):
            value[name] = f"#{number}.{part[1:]}"
        else:
            _renumber(part, number)


def index(entries: list[tuple[str, Resource, str]]) -> dict[str, Resource]:
    """Return the resources by every way to refer to them: `Type/id`, fullUrl, `#id` of what is contained."""
    found: dict[str, Resource] = {}
    for _, resource, url in entries:
        if url:
            found.setdefault(url, resource)
        if isinstance(identity := resource.get("id"), str):
            found.setdefault(f"{resource['resourceType']}/{identity}", resource)
        for _, part in contained_in("", resource):
            found.setdefault(f"#{part['id']}", part)
    return found


def _copied(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copied(part) for name, part in value.items()}
    return [_copied(part) for part in value] if isinstance(value, list) else value
