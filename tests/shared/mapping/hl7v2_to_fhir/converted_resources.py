"""Looking into the bundle of a conversion."""

from __future__ import annotations

from typing import Any

from shared.conversion import Conversion


def resources(found: Conversion, kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in found.bundle["entry"] if entry["resource"]["resourceType"] == kind]


def only(found: Conversion, kind: str) -> dict[str, Any]:
    (resource,) = resources(found, kind)
    return resource


def ref(resource: dict[str, Any]) -> dict[str, str]:
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}
