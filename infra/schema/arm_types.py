"""
The Azure resource type behind each token of azure-native, from `arm-types.json`.

Each row has the path below the provider with its parameters as the SDK names them, the API version that the
SDK uses unless told otherwise, and the model of the azure-mgmt package that describes the body, where one of
the same version exists.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_TABLE = Path(__file__).with_name("arm-types.json")
_VERSIONED = re.compile(r"^(azure-native:\w+)/v(\d{4})(\d\d)(\d\d)(\w*):(\w+)$")


@dataclass(frozen=True)
class ArmType:
    """One resource type: `path` is `Microsoft.X/things/{thingName}`, `model` is `package.Class` or empty."""

    path: str
    version: str
    model: str = ""

    @property
    def name(self) -> str:
        """The type as templates write it: `Microsoft.Storage/storageAccounts/blobServices/containers`."""
        provider, *segments = self.path.split("/")
        return "/".join((provider, *segments[::2]))

    @property
    def parameters(self) -> tuple[str, ...]:
        """The inputs that are part of the resource's path."""
        return tuple(re.findall(r"\{(\w+)\}", self.path))

    @property
    def own_name(self) -> str:
        """The input that names the resource itself; empty where its name is fixed."""
        last = self.path.rpartition("/")[2]
        return last[1:-1] if last.startswith("{") else ""


def arm_type(token: str) -> ArmType | None:
    """Return the type behind a token, in the API version that the token asks for; None if it is not known."""
    explicit = _VERSIONED.match(token)
    if explicit is None:
        return _types().get(token)
    module, year, month, day, suffix, name = explicit.groups()
    known = _types().get(f"{module}:{name}")
    version = f"{year}-{month}-{day}" + (f"-{suffix}" if suffix else "")
    if known is None or known.version == version:
        return known
    return ArmType(known.path, version)


def tokens() -> tuple[str, ...]:
    """Return every token of the table."""
    return tuple(_types())


@cache
def _types() -> dict[str, ArmType]:
    rows: dict[str, list[str]] = json.loads(_TABLE.read_text(encoding="utf-8"))
    return {token: ArmType(*row) for token, row in rows.items()}
