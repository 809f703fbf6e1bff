"""The CapabilityStatement of the sample FHIR endpoint: what it does, and nothing that it does not."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from local.destinations.search import parameters
from shared.validation.shapes import resource_types

INTERACTIONS = ("read", "vread", "update", "delete", "history-instance", "create", "search-type")


@lru_cache(maxsize=8)  # the base comes from the Host header
def capability_statement(base: str) -> dict[str, Any]:
    """Return the statement of the endpoint at `base`."""
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "experimental": True,
        "date": "2026-01-01",
        "kind": "instance",
        "software": {"name": "Corridor sample destination"},
        "implementation": {"description": "A strict FHIR R4 endpoint for laptops and tests", "url": base},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "description": "Bearer token (JWT) with role fhir.read or fhir.write; metadata is public."
                },
                "resource": [_resource(kind) for kind in sorted(resource_types())],
                "interaction": [{"code": "transaction"}, {"code": "batch"}],
            }
        ],
    }


def _resource(kind: str) -> dict[str, Any]:
    return {
        "type": kind,
        "interaction": [{"code": code} for code in INTERACTIONS],
        "versioning": "versioned-update",
        "readHistory": True,
        "updateCreate": True,
        "conditionalCreate": True,
        "conditionalRead": "not-supported",
        "conditionalUpdate": True,
        "conditionalDelete": "not-supported",
        "searchParam": [{"name": name, "type": type_} for name, type_ in sorted(parameters(kind).items())],
    }
