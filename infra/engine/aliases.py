"""Under which URNs a resource may have been known before: its own aliases, and those that its parent hands down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pulumi.runtime.proto import alias_pb2, resource_pb2

from infra.engine.resources import Place, name_of


def aliases_of(
    request: resource_pb2.RegisterResourceRequest, place: Place, known: Mapping[str, Sequence[str]]
) -> tuple[str, ...]:
    """
    Return the former URNs of the resource that `request` registers.

    `known` has the aliases of every resource registered so far: a child of a renamed component was once a
    child of the component's former URN, under a name that followed the component's.
    """
    parents = [request.parent, *known.get(request.parent, ())]
    found = {place.urn(parent, request.type, _inherited(request, parent)): None for parent in parents[1:]}
    for alias in request.aliases:
        found |= dict.fromkeys(_own(alias, request, place, parents))
    found |= dict.fromkeys(request.aliasURNs)
    found.pop(place.urn(request.parent, request.type, request.name), None)
    return tuple(found)


def _own(
    alias: alias_pb2.Alias, request: resource_pb2.RegisterResourceRequest, place: Place, parents: Sequence[str]
) -> Iterable[str]:
    if alias.urn:
        yield alias.urn
        return
    spec = alias.spec
    former = Place(spec.project or place.project, spec.stack or place.stack)
    above = [""] if spec.noParent else [spec.parentUrn] if spec.parentUrn else parents
    for parent in above:
        name = spec.name or _inherited(request, parent)
        yield former.urn(parent, spec.type or request.type, name)


def _inherited(request: resource_pb2.RegisterResourceRequest, former_parent: str) -> str:
    # Pulumi's own rule: a child called after its parent was called after the parent's former name.
    if not request.parent or not former_parent:
        return request.name
    name, former = name_of(request.parent), name_of(former_parent)
    return former + request.name.removeprefix(name) if request.name.startswith(name) else request.name
