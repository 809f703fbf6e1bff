"""Resources for the tests of rules: a small sound estate, and the same with one thing changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from infra.engine import azure
from infra.engine.resources import Place, Resource
from infra.rules import Finding, Rule

GROUP = {"resourceGroupName": "group"}


def resource(
    kind: str, name: str, inputs: Mapping[str, Any], stack: str = "dev", *, protect: bool = False
) -> Resource:
    """Return a resource of azure-native with the id and the outputs that Azure would give it."""
    place = Place("corridor", stack)
    token = f"azure-native:{kind}"
    urn = place.urn("", token, name)
    said = {**GROUP, **inputs}
    identity = azure.resource_id(urn, said)
    return Resource(
        urn, token, name, True, said, protect=protect, id=identity, outputs=azure.outputs(urn, identity, said)
    )


def changed(resources: Sequence[Resource], name: str, path: str, value: Any) -> list[Resource]:
    """Return the resources with one input changed; `None` takes it away."""
    return [_edited(each, path, value) if each.name == name else each for each in resources]


def without(resources: Sequence[Resource], name: str) -> list[Resource]:
    """Return the resources without one of them."""
    return [each for each in resources if each.name != name]


def names_found(rules: Sequence[Rule] | Sequence[Callable[..., Any]], resources: Sequence[Resource]) -> set[str]:
    """Return the names of the rules that find something."""
    findings: list[Finding] = [finding for rule in rules for finding in rule(resources)]
    return {finding.rule for finding in findings}


def _edited(each: Resource, path: str, value: Any) -> Resource:
    inputs = deepcopy(dict(each.inputs))
    *above, last = path.split(".")
    place: Any = inputs
    for key in above:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    kind = each.type.removeprefix("azure-native:")
    return resource(kind, each.name, inputs, each.stack, protect=each.protect)
