"""The resources of a stack for other programs: one object each, inputs as they are registered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from infra.engine.resources import Resource
from infra.engine.wire import shown


def as_json(resources: Sequence[Resource]) -> list[dict[str, Any]]:
    """
    Return one object per resource, in the order of URNs.

    `inputs` are camelCase; `[secret]` stands in the place of a secret, Pulumi's own marker in that of a value
    that is not known. `parent` and `dependencies` are URNs.
    """
    return [
        {
            "urn": resource.urn,
            "type": resource.type,
            "name": resource.name,
            "custom": resource.custom,
            "inputs": shown(dict(resource.inputs)),
            "parent": resource.parent,
            "dependencies": list(resource.dependencies),
            "protect": resource.protect,
            "id": resource.id,
        }
        for resource in resources
    ]
