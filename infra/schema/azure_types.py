"""
Shapes from a folder of Azure resource types, as Azure/bicep-types-az publishes them in compact form.

The folder is not part of Corridor: where it lies at hand, it is a second authority beside the azure-mgmt
models, and the only one for the types that no such package describes in the right version.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from infra.schema.arm_types import ArmType
from infra.schema.shapes import Anything, Choice, Flag, Items, Number, Property, Record, Shape, Text

_REQUIRED, _READ_ONLY = 1, 2

# Any extension of the portal brings parts of dashboards; Azure's schema lists the one of the portal itself.
_EXTENSION = "Extension/"

Nodes = list[dict[str, Any]]


class AzureTypes:
    """The types of one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shapes: dict[tuple[str, int], Shape] = {}

    def shape_of(self, kind: ArmType) -> Record | None:
        """Return the shape of a type's body, or None where the folder has not its API version."""
        key = f"{kind.name}@{kind.version}".lower()
        nodes = _provider(self._folder, kind.name.split("/")[0]).get(key)
        if nodes is None:
            return None
        body = self._shape(key, nodes, nodes[0]["b"])
        return body if isinstance(body, Record) else None

    def _shape(self, key: str, nodes: Nodes, index: int) -> Shape:
        place = (key, index)
        if place not in self._shapes:
            self._shapes[place] = self._read(key, nodes, nodes[index])
        return self._shapes[place]

    def _read(self, key: str, nodes: Nodes, node: dict[str, Any]) -> Shape:
        match node["k"]:
            case "d" if any(kind.startswith(_EXTENSION) for kind in node["e"]):
                return Anything()
            case "o" | "d":
                return self._record(key, nodes, node)
            case "a":
                return Items(self._shape(key, nodes, node["i"]), node.get("minLength"), node.get("maxLength"))
            case "u":
                return self._union(key, nodes, node)
            case "l":
                return Choice((node["v"],))
            case "s":
                return Text(node.get("minLength"), node.get("maxLength"), node.get("pattern"))
            case "i":
                return Number(node.get("minValue"), node.get("maxValue"), whole=True)
            case "b":
                return Flag()
            case _:
                return Anything()

    def _record(self, key: str, nodes: Nodes, node: dict[str, Any]) -> Record:
        def load() -> dict[str, Property]:
            return {
                name: Property(self._shape(key, nodes, at), bool(flags & _REQUIRED), bool(flags & _READ_ONLY))
                for name, (at, flags) in node.get("p", {}).items()
            }

        def variant(at: int) -> Record:
            shape = self._shape(key, nodes, at)
            return shape if isinstance(shape, Record) else Record(dict)

        variants = {value: (lambda at=at: variant(at)) for value, at in node.get("e", {}).items()}
        extra = self._shape(key, nodes, node["a"]) if "a" in node else None
        return Record(load, extra, node.get("d", ""), variants)

    def _union(self, key: str, nodes: Nodes, node: dict[str, Any]) -> Shape:
        shapes = [self._shape(key, nodes, at) for at in node["e"]]
        values = tuple(value for shape in shapes if isinstance(shape, Choice) for value in shape.values)
        others = [shape for shape in shapes if not isinstance(shape, Choice)]
        if values and all(isinstance(other, Text) for other in others):
            return Choice(values, open=bool(others))
        return others[0] if len(others) == 1 and not values else Anything()


@cache
def _provider(folder: Path, provider: str) -> Mapping[str, Nodes]:
    file = folder / f"{provider}.json"
    if not file.exists():
        return {}
    return {key.lower(): nodes for key, nodes in json.loads(file.read_text(encoding="utf-8")).items()}
