"""
A resource as Azure Resource Manager gets it: the SDK's flat inputs put back where ARM has them.

    a property of the body             stays at the top
    a property of its `properties`     goes there (again, where that has `properties` of its own)
    a name that is part of the path    is taken out of the body
    a name that the SDK changed        gets ARM's name back
    `userAssignedIdentities`           a list of ids becomes a map of empty objects

What no shape knows stays where it is, for the checks to complain about. Where no shape is at hand at all, the
properties that every resource has stay at the top and the rest goes into `properties`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.engine.resources import Resource
from infra.engine.wire import shown
from infra.schema.arm_types import ArmType, arm_type
from infra.schema.shapes import Items, Property, Record, Shape, picked

_RENAMED = {
    "applicationType": "Application_Type",
    "enableHttpsTrafficOnly": "supportsHttpsTrafficOnly",
    "enableNfsV3": "isNfsV3Enabled",
    "encryptionFederatedIdentityClientId": "federatedIdentityClientId",
    "encryptionIdentity": "identity",
    "encryptionUserAssignedIdentity": "userAssignedIdentity",
    "expires": "exp",
    "flowType": "Flow_Type",
    "headerFieldName": "key",
    "headerFieldValue": "value",
    "iPAddressOrRange": "value",
    "networkRuleSet": "networkAcls",
    "notBefore": "nbf",
    "odataType": "odata.type",
    "releasePolicy": "release_policy",
    "requestSource": "Request_Source",
    "roleType": "type",
    "soapApiType": "apiType",
    "translateRequiredQueryParametersConduct": "translateRequiredQueryParameters",
    "virtualNetworkResourceId": "id",
    "webTestKind": "Kind",
}
# Inputs that say where a resource lies or how it is sent, unless its body has a property of that name.
_PLACES = (
    "appType", "notify", "recordType", "resourceGroupName", "resourceUri", "scope", "scopeId", "subscriptionId",
    "syncRemoteAddressSpace",
)  # fmt: skip
_EVERYWHERE = {
    "extendedLocation", "identity", "kind", "location", "managedBy", "plan", "properties", "sku", "tags", "zones",
}  # fmt: skip
_DEEPEST = 3


@dataclass(frozen=True)
class ArmResource:
    """One resource for ARM: `body` is what would be sent, with marks in the place of secrets."""

    kind: ArmType
    id: str
    body: dict[str, Any]


def render(resource: Resource, shape: Record | None) -> ArmResource | None:
    """Return the resource as ARM gets it; None for what is not Azure's (components, Entra, the provider itself)."""
    kind = arm_type(resource.type)
    if kind is None or not resource.custom:
        return None
    inputs = {key: value for key, value in shown(resource.inputs).items() if value is not None}
    own = {key: value for key, value in inputs.items() if not _is_path(key, kind, shape)}
    return ArmResource(kind, resource.id, _record(shape, own) if shape else _without_shape(own))


def as_template(resources: list[ArmResource]) -> dict[str, Any]:
    """Return an ARM template with these resources, for tools that read one."""
    entries = [
        {"type": each.kind.name, "apiVersion": each.kind.version, "name": each.id.rpartition("/")[2], **each.body}
        for each in resources
    ]
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    return {"$schema": schema, "contentVersion": "1.0.0.0", "resources": entries}


def _is_path(key: str, kind: ArmType, shape: Record | None) -> bool:
    if key in kind.parameters:
        return True
    return key in _PLACES and not (shape is not None and _writable(shape, key))


def _without_shape(values: Mapping[str, Any]) -> dict[str, Any]:
    inner = {key: value for key, value in values.items() if key not in _EVERYWHERE}
    body = {key: value for key, value in values.items() if key in _EVERYWHERE}
    return {**body, "properties": {**body.get("properties", {}), **inner}} if inner else body


def _render(shape: Shape, value: Any) -> Any:
    if isinstance(shape, Record) and isinstance(value, Mapping):
        return _record(shape, value)
    if isinstance(shape, Items) and isinstance(value, list):
        return [_render(shape.of, each) for each in value]
    return value


def _record(shape: Record, value: Mapping[str, Any]) -> dict[str, Any]:
    named = {_wire_name(shape, key): inner for key, inner in value.items()}
    properties = picked(shape, named)
    body: dict[str, Any] = {}
    nested: dict[str, Any] = {}
    for key, inner in named.items():
        known = properties.get(key)
        if key == "userAssignedIdentities" and isinstance(inner, list):
            body[key] = {each: {} for each in inner}
        elif _goes_inside(properties, key, known):
            nested[key] = inner
        elif known is not None:
            body[key] = _render(known.shape, inner)
        else:
            body[key] = _render(shape.extra, inner) if shape.extra else inner
    if nested:
        inside = _render(properties["properties"].shape, nested)
        body["properties"] = {**body.get("properties", {}), **inside}
    return body


def _goes_inside(properties: Mapping[str, Property], key: str, known: Property | None) -> bool:
    inside = properties.get("properties")
    if key == "properties" or inside is None or not isinstance(inside.shape, Record):
        return False
    return (known is None or known.read_only) and _knows(inside.shape, key)


def _wire_name(shape: Record, key: str) -> str:
    if _knows(shape, key):
        return key
    renamed = _RENAMED.get(key, key)
    folded = {name.lower(): name for name in _names(shape)}
    return renamed if _knows(shape, renamed) else folded.get(key.lower(), key)


def _knows(shape: Record, key: str) -> bool:
    return key in _names(shape)


def _names(shape: Record, depth: int = 0) -> set[str]:
    found = set(shape.properties) | ({shape.discriminator} if shape.discriminator else set())
    for variant in shape.variants.values() if depth < _DEEPEST else ():
        found |= _names(variant(), depth + 1)
    inside = shape.properties.get("properties")
    if inside is not None and isinstance(inside.shape, Record) and depth < _DEEPEST:
        found |= _names(inside.shape, depth + 1)
    return found


def _writable(shape: Record, key: str) -> bool:
    known = shape.properties.get(key)
    if known is not None and not known.read_only:
        return True
    inside = shape.properties.get("properties")
    return inside is not None and isinstance(inside.shape, Record) and _writable(inside.shape, key)
