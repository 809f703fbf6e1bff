from __future__ import annotations

from typing import Any

import pytest
from google.protobuf import struct_pb2

from infra.engine.wire import UNKNOWN, Secret, leaves, read_struct, revealed, shown, write_struct

_SIGNED = "4dabf18193072939515e22adb298388d"
_OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_RESOURCE = "5cf8f73096256a8f31e491e813e4eb8e"
_ASSET = "c44067f5952c0a294b673a41bacd8c17"


def _read(value: Any) -> Any:
    struct = struct_pb2.Struct()
    struct.update({"it": value})
    return read_struct(struct)["it"]


@pytest.mark.parametrize(
    "value", [1, 1.5, "text", True, None, [], {}, [1, {"a": [Secret("x")]}], {"deep": {"er": Secret([1, 2])}}, UNKNOWN]
)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert {"it": value} == read_struct(write_struct({"it": value}))


@pytest.mark.parametrize(
    ("signed", "read"),
    [
        ({_SIGNED: _OUTPUT, "value": 3}, 3),
        ({_SIGNED: _OUTPUT}, UNKNOWN),
        ({_SIGNED: _OUTPUT, "value": "x", "secret": True}, Secret("x")),
        ({_SIGNED: _RESOURCE, "urn": "urn:a", "id": "/a"}, "/a"),
        ({_SIGNED: _RESOURCE, "urn": "urn:a", "id": ""}, UNKNOWN),
        ({_SIGNED: _RESOURCE, "urn": "urn:a"}, "urn:a"),
        ({_SIGNED: _ASSET, "text": "x"}, {"text": "x"}),
    ],
)
def test_signed_values_are_read_as_what_they_stand_for(signed: dict[str, Any], read: Any) -> None:
    assert read == _read(signed)


def test_secrets_are_revealed_for_computing_and_marked_for_showing() -> None:
    value = {"a": [Secret({"b": Secret("x")})]}

    assert {"a": [{"b": "x"}]} == revealed(value)
    assert {"a": ["[secret]"]} == shown(value)
    assert "[secret]" == repr(Secret("x"))


def test_every_leaf_has_its_path() -> None:
    assert [("a[0].b", 1), ("a[1]", "x"), ("c", None)] == list(leaves({"a": [{"b": 1}, "x"], "c": None, "d": {}}))
