"""
Values as Pulumi writes them on the wire: plain JSON in which secrets, unknowns and references wear a signature.

    secret     Secret(value)
    unknown    UNKNOWN, the string that Pulumi itself reserves for it
    output     its value, wrapped in Secret where it is one; UNKNOWN without a value
    resource   its id, else its URN
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from google.protobuf import struct_pb2  # type: ignore[import-untyped]
from google.protobuf.json_format import MessageToDict  # type: ignore[import-untyped]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET_MARK = "[secret]"  # noqa: S105 - what is shown in a secret's place

_SIGNED = "4dabf18193072939515e22adb298388d"
_SECRET = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature of the protocol
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"


@dataclass(frozen=True)
class Secret:
    """A value that is passed on and compared, and never shown."""

    value: Any

    def __repr__(self) -> str:
        return SECRET_MARK


def read_struct(struct: struct_pb2.Struct) -> dict[str, Any]:
    """Return what a Struct says, whole numbers as `int`."""
    return {key: _read(value) for key, value in MessageToDict(struct).items()}


def write_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    """Return the values as a Struct, secrets signed as such."""
    struct = struct_pb2.Struct()
    struct.update({key: _write(value) for key, value in values.items()})
    return struct


def revealed(value: Any) -> Any:
    """Return the value without its secret wrappers: for computing and comparing, never for showing."""
    if isinstance(value, Secret):
        return revealed(value.value)
    if isinstance(value, Mapping):
        return {key: revealed(inner) for key, inner in value.items()}
    return [revealed(inner) for inner in value] if isinstance(value, list) else value


def shown(value: Any) -> Any:
    """Return the value with a mark in the place of every secret."""
    if isinstance(value, Secret):
        return SECRET_MARK
    if isinstance(value, Mapping):
        return {key: shown(inner) for key, inner in value.items()}
    return [shown(inner) for inner in value] if isinstance(value, list) else value


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every value below `value` that is no container, with its path (`siteConfig.appSettings[0].name`)."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}[{index}]")
    else:
        yield path, value


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        return _read_signed(value) if _SIGNED in value else {key: _read(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_read(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _read_signed(value: dict[str, Any]) -> Any:
    kind = value[_SIGNED]
    if kind == _SECRET:
        return Secret(_read(value.get("value")))
    if kind == _OUTPUT:
        inner = _read(value["value"]) if "value" in value else UNKNOWN
        return Secret(inner) if value.get("secret") else inner
    if kind == _RESOURCE:
        return value["urn"] if "id" not in value else value["id"] or UNKNOWN
    return {key: _read(inner) for key, inner in value.items() if key != _SIGNED}  # an asset or an archive


def _write(value: Any) -> Any:
    if isinstance(value, Secret):
        return {_SIGNED: _SECRET, "value": _write(value.value)}
    if isinstance(value, Mapping):
        return {key: _write(inner) for key, inner in value.items()}
    return [_write(inner) for inner in value] if isinstance(value, list) else value
