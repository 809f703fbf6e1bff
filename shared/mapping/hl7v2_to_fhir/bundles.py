"""
The resources of a conversion -> a transaction Bundle.

Every entry is `PUT Type/id` (update as create). The ids derive from business keys, so that the same message, or a
later one about the same thing, writes the same resources: at least once in transport becomes once in effect without
a search at the destination, and a correction replaces what it corrects. Conditional creates would leave a corrected
result as it was. References are literal (`Patient/id`): they hold inside the bundle and on the server alike.
"""

from __future__ import annotations

from typing import Any

from shared.mapping.hl7v2_to_fhir.context import Context, Resource, reference

_FIRST = ("Organization", "Practitioner", "PractitionerRole", "Location", "Patient", "Encounter", "ServiceRequest")


def transaction(context: Context, provenance: Resource) -> Resource:
    """Return the transaction Bundle; the Provenance comes last and points to every other resource."""
    resources = [resource for resource in context.resources if resource is not provenance]
    resources.sort(key=_rank)
    provenance["target"] = [reference(resource) for resource in resources]
    if not resources:
        # Provenance.target is 1..*: a message without any content still leaves its trace.
        provenance["target"] = [{"display": "a message without content"}]
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [_entry(one) for one in (*resources, provenance)],
    }


def _rank(resource: Resource) -> int:
    kind = resource["resourceType"]
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def _entry(resource: Resource) -> dict[str, Any]:
    return {
        "fullUrl": f"urn:uuid:{resource['id']}",
        "resource": resource,
        "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
    }
