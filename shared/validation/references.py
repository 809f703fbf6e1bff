"""
References: their form, the types they may point to, and whether they resolve (R4, section 2.3.0).

A reference inside a bundle that is a transaction, batch, message, document or collection must resolve when it is a
URN. A relative one may mean what the receiver already has, so that it is only a warning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from shared.validation.findings import Findings
from shared.validation.shapes import resource_types

Node = dict[str, Any]

SELF_CONTAINED: Final = frozenset({"transaction", "batch", "message", "document", "collection"})
REST: Final = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?(?:#.*)?$")
CONDITIONAL: Final = re.compile(r"([A-Z][A-Za-z]+)\?\S+")
SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")


@dataclass(slots=True)
class BundleIndex:
    """What the entries of a bundle are called: full URL or `Type/id` -> the resource."""

    kind: str
    resources: dict[str | None, Node] = field(default_factory=dict)


@dataclass(slots=True)
class Scope:
    """The resource that local references resolve in, and the bundle around it."""

    node: Node
    type: str
    contained: dict[str, str]
    bundle: BundleIndex | None


@dataclass(frozen=True, slots=True)
class FoundReference:
    """A Reference met on the walk, resolved after it."""

    node: Node
    location: str
    targets: frozenset[str]
    scope: Scope


def index_bundle(bundle: Node) -> BundleIndex:
    """Return the names of a bundle's entries; tolerates any shape."""
    index = BundleIndex(str(bundle.get("type")))
    name = index.resources.setdefault
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            continue
        kind, identity, url = resource.get("resourceType"), resource.get("id"), entry.get("fullUrl")
        if isinstance(kind, str):
            if isinstance(identity, str):
                name(f"{kind}/{identity}", resource)
            if isinstance(url, str):
                name(url, resource)
    return index


def contained_types(resource: Node) -> dict[str, str]:
    """Return id -> type of the contained resources; tolerates any shape."""
    contained = resource.get("contained")
    return {
        one["id"]: str(one.get("resourceType"))
        for one in (contained if isinstance(contained, list) else ())
        if isinstance(one, dict) and isinstance(one.get("id"), str)
    }


def find_resource(reference: Node, scope: Scope) -> Node | None:
    """Return the resource that a reference points to, if it is contained or in the bundle around."""
    text = reference.get("reference")
    if not isinstance(text, str):
        return None
    if not text.startswith("#"):
        return scope.bundle.resources.get(text) if scope.bundle is not None else None
    if text == "#":
        return scope.node
    contained = scope.node.get("contained")
    inside = contained if isinstance(contained, list) else []
    return next((one for one in inside if isinstance(one, dict) and one.get("id") == text[1:]), None)


def check_reference(found: FoundReference, findings: Findings) -> None:
    """Record what is wrong with a reference."""
    text = found.node.get("reference")
    stated = found.node.get("type")
    target = ""
    if isinstance(text, str) and text:
        target = _resolve(text, found, findings)
    elif isinstance(stated, str) and stated in resource_types():
        target = stated
    if target and found.targets and target not in found.targets:
        findings.error("reference-type-wrong", found.location, f"A reference to {target} is not allowed here.")


def _resolve(text: str, found: FoundReference, findings: Findings) -> str:
    """Return the type of the target, or nothing when it cannot be known."""
    location, scope = f"{found.location}.reference", found.scope
    if text.startswith("#"):
        return _contained(text[1:], location, scope, findings)
    bundle = scope.bundle
    if bundle is not None and text in bundle.resources:
        return str(bundle.resources[text]["resourceType"])
    if text.startswith("urn:"):
        if bundle is not None and bundle.kind in SELF_CONTAINED:
            findings.error("reference-unresolved", location, "No entry of the bundle has this full URL.")
        return ""
    return _by_url(text, location, bundle, findings)


def _contained(name: str, location: str, scope: Scope, findings: Findings) -> str:
    if not name:
        return scope.type
    if name not in scope.contained:
        findings.error("reference-unresolved", location, "No contained resource has this id.")
        return ""
    return scope.contained[name]


def _by_url(text: str, location: str, bundle: BundleIndex | None, findings: Findings) -> str:
    absolute = SCHEME.match(text) is not None
    rest = REST.search(text)
    if rest is not None and rest[1] in resource_types():
        if not absolute and bundle is not None and bundle.kind == "transaction":
            _note_outside(f"{rest[1]}/{rest[2]}", location, bundle, findings)
        return rest[1]
    if absolute:
        return ""
    conditional = CONDITIONAL.fullmatch(text)
    if conditional is not None and conditional[1] in resource_types():
        if bundle is None or bundle.kind not in ("transaction", "batch"):
            findings.error("reference-malformed", location, "Only a transaction may hold a conditional reference.")
        return conditional[1]
    findings.error("reference-malformed", location, "A relative reference is Type/id.")
    return ""


def _note_outside(name: str, location: str, bundle: BundleIndex, findings: Findings) -> None:
    if name not in bundle.resources:
        findings.warning(
            "reference-outside-bundle", location, "No entry of the bundle has this name: the receiver must have it."
        )
