"""
The resources of a conversion -> a Bundle: a transaction, or what the caller asks for instead.

    transaction   every entry is `PUT Type/id` (update as create)
    batch         the same, each entry for itself
    message       MessageHeader first, no requests; references by fullUrl
    collection    the resources alone; references by fullUrl

The ids derive from business keys, so that the same message, or a later one about the same thing, writes the same
resources: at least once in transport becomes once in effect without a search at the destination, and a correction
replaces what it corrects. Conditional creates would leave a corrected result as it was. The references of a
transaction are literal (`Patient/id`): they hold inside the bundle and on the server alike. A message or collection
goes to no server, and there the rules for references in bundles (R4, section 2.36.4) ask for the entry's own fullUrl.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, Literal

from shared.mapping.hl7v2_to_fhir.context import Context, Resource, reference
from shared.mapping.hl7v2_to_fhir.profiles import claim_profiles
from shared.mapping.hl7v2_to_fhir.segments.message_header import complete_bundle, message_header_from_msh
from shared.mapping.hl7v2_to_fhir.segments.z import map_z_segments

BundleKind = Literal["transaction", "batch", "message", "collection"]
BUNDLE_KINDS: tuple[BundleKind, ...] = ("transaction", "batch", "message", "collection")

_FIRST = ("Organization", "Practitioner", "PractitionerRole", "Location", "Patient", "Encounter", "ServiceRequest")
_ACTORS = frozenset({"Organization", "Practitioner", "PractitionerRole", "Location", "Provenance"})
_RANKS = {kind: rank for rank, kind in enumerate(_FIRST)}
_LAST = len(_FIRST)


def transaction(context: Context, provenance: Resource) -> Resource:
    """
    Return the transaction Bundle; the Provenance comes last and points to every other resource.

    The Z-segments that the partner file maps are put into the resources first.
    """
    map_z_segments(context, context.message.segments)
    resources = _ordered(context.resources)
    claim_profiles(resources)
    entries: list[Resource] = []
    targets: list[Resource] = []
    for resource in resources:
        if resource is provenance:
            continue
        identity = resource["id"]
        name = f"{resource['resourceType']}/{identity}"
        targets.append({"reference": name})
        request = {"method": "PUT", "url": name}
        entries.append({"fullUrl": f"urn:uuid:{identity}", "resource": resource, "request": request})
    # Provenance.target is 1..*: a message without any content still leaves its trace.
    provenance["target"] = targets or [{"display": "a message without content"}]
    entries.append(entry_of(provenance))
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def entry_of(resource: Resource) -> Resource:
    """Return the entry of a transaction that writes a resource."""
    return _without_request(resource) | {"request": {"method": "PUT", "url": _name(resource)}}


def as_kind(context: Context, bundle: Resource, kind: BundleKind) -> Resource:
    """Return a transaction as a Bundle of another kind; the resources in it are changed where references are."""
    if kind == "transaction":
        return bundle
    if kind == "batch":
        return {**bundle, "type": "batch"}
    entries = [{"fullUrl": entry["fullUrl"], "resource": entry["resource"]} for entry in bundle["entry"]]
    result: Resource = {"resourceType": "Bundle", "type": kind}
    result["entry"] = _with_header(context, result, entries) if kind == "message" else entries
    urls = {_name(entry["resource"]): entry["fullUrl"] for entry in result["entry"]}
    for entry in result["entry"]:
        _refer_by_url(entry["resource"], urls)
    return result


def _with_header(context: Context, bundle: Resource, entries: list[Resource]) -> list[Resource]:
    msh = context.message.header
    before = len(context.resources)
    header = message_header_from_msh(context, msh)
    if roots := _roots([entry["resource"] for entry in entries]):
        header["focus"] = roots
    complete_bundle(context, bundle, msh)
    # The receiver may be an organization that nothing else names.
    further = [resource for resource in context.resources[before:] if resource is not header]
    return [_without_request(one) for one in (header, *further)] + entries


def _roots(resources: list[Resource]) -> list[Resource]:
    """Return references to what no other resource names, actors aside: that is what the message is about (policy)."""
    named: set[str] = set()
    for resource in resources:
        if resource["resourceType"] != "Provenance":
            _collect_references(resource, named)
    return [
        reference(resource)
        for resource in resources
        if resource["resourceType"] not in _ACTORS and _name(resource) not in named
    ]


def _collect_references(value: Any, named: set[str]) -> None:
    if isinstance(value, dict):
        if isinstance(target := value.get("reference"), str):
            named.add(target)
        for part in value.values():
            _collect_references(part, named)
    elif isinstance(value, list):
        for part in value:
            _collect_references(part, named)


def _refer_by_url(value: Any, urls: dict[str, str]) -> None:
    if isinstance(value, dict):
        # Parts that several resources share are met again: what is rewritten is no longer in `urls`.
        target = value.get("reference")
        if isinstance(target, str) and (url := urls.get(target)) is not None:
            value["reference"] = url
        for part in value.values():
            _refer_by_url(part, urls)
    elif isinstance(value, list):
        for part in value:
            _refer_by_url(part, urls)


def _ordered(resources: list[Resource]) -> list[Resource]:
    """Return the resources by the rank of their types, else as they were made."""
    by_rank: list[list[Resource]] = [[] for _ in range(_LAST + 1)]
    for resource in resources:
        by_rank[_RANKS.get(resource["resourceType"], _LAST)].append(resource)
    return [*chain.from_iterable(by_rank)]


def _name(resource: Resource) -> str:
    return f"{resource['resourceType']}/{resource['id']}"


def _without_request(resource: Resource) -> dict[str, Any]:
    return {"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource}
