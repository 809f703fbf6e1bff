"""
AMQP 1.0 values and message sections as bytes (OASIS AMQP 1.0, part 1 "Types" and part 3 "Messaging").

The broker changes a header, some annotations and the dead-letter properties of a message and nothing else, so
sections are cut out of the sender's bytes and put together again unread: what it does not touch stays byte exact.
Every reader checks its bounds: bytes from outside end in a value or in `WireError`, never in another exception.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

HEADER, DELIVERY_ANNOTATIONS, MESSAGE_ANNOTATIONS, PROPERTIES, APPLICATION_PROPERTIES = range(0x70, 0x75)
DATA, SEQUENCE, VALUE, FOOTER = range(0x75, 0x79)

NULL = b"\x40"
_MAX_DEPTH = 32
_FIXED_WIDTHS = {0x4: 0, 0x5: 1, 0x6: 2, 0x7: 4, 0x8: 8, 0x9: 16}
_STRUCTS = {
    0x50: ">B", 0x51: ">b", 0x52: ">B", 0x53: ">B", 0x54: ">b", 0x55: ">b", 0x60: ">H", 0x61: ">h", 0x70: ">I",
    0x71: ">i", 0x72: ">f", 0x80: ">Q", 0x81: ">q", 0x82: ">d", 0x83: ">q",
}  # fmt: skip
_CONSTANTS: dict[int, object] = {0x40: None, 0x41: True, 0x42: False, 0x43: 0, 0x44: 0}


class WireError(ValueError):
    """Bytes that are no AMQP 1.0 value or message; the text holds positions and type codes, never values."""


@dataclass(frozen=True, slots=True)
class Opaque:
    """A value that the broker carries and never looks into: a list, a map, an array, a decimal."""

    type_code: int


def _need(data: bytes, end: int) -> int:
    if end > len(data):
        raise WireError(f"the value ends at {end}, the bytes at {len(data)}")
    return end


def end_of_value(data: bytes, at: int, depth: int = 0) -> int:
    """Return the position after the value that starts at `at`."""
    _need(data, at + 1)
    code = data[at]
    if code == 0x00:
        if depth > _MAX_DEPTH:
            raise WireError("descriptors are nested too deeply")
        return end_of_value(data, end_of_value(data, at + 1, depth + 1), depth + 1)
    family = code >> 4
    if family in _FIXED_WIDTHS:
        return _need(data, at + 1 + _FIXED_WIDTHS[family])
    if family in (0xA, 0xC, 0xE):
        _need(data, at + 2)
        return _need(data, at + 2 + data[at + 1])
    if family in (0xB, 0xD, 0xF):
        _need(data, at + 5)
        return _need(data, at + 5 + int.from_bytes(data[at + 1 : at + 5], "big"))
    raise WireError(f"0x{code:02x} at {at} is no type code")


def sections(data: bytes) -> list[tuple[int, bytes]]:
    """Return the sections of an encoded message as (code, bytes), in their order and each in its place."""
    found: list[tuple[int, bytes]] = []
    at = 0
    while at < len(data):
        _need(data, at + 4)
        if data[at] != 0x00 or data[at + 1] != 0x53 or not HEADER <= data[at + 2] <= FOOTER:
            raise WireError(f"no message section starts at {at}")
        code = data[at + 2]
        if found and (code < found[-1][0] or (code == found[-1][0] and code not in (DATA, SEQUENCE))):
            raise WireError(f"section 0x{code:02x} at {at} is out of its order")
        end = end_of_value(data, at)
        found.append((code, data[at:end]))
        at = end
    bodies = {code for code, _ in found if DATA <= code <= VALUE}
    if not found or len(bodies) > 1:
        raise WireError("a message has sections, and one kind of body at most")
    return found


def elements(section: bytes) -> list[bytes]:
    """Return the encoded elements of the list or map that a section holds; a map alternates key and value."""
    kind = section[3]
    if kind == 0x45:
        return []
    if kind in (0xC0, 0xC1):
        _need(section, 6)
        count, at = section[5], 6
    elif kind in (0xD0, 0xD1):
        _need(section, 12)
        count, at = int.from_bytes(section[8:12], "big"), 12
    else:
        raise WireError(f"0x{kind:02x} is neither a list nor a map")
    if kind in (0xC1, 0xD1) and count % 2:
        raise WireError("a map has as many values as keys")
    found = []
    for _ in range(count):
        end = end_of_value(section, at)
        found.append(section[at:end])
        at = end
    if at != len(section):
        raise WireError("the list is longer than its elements")
    return found


def binary(section: bytes) -> bytes:
    """Return the content of a data section."""
    value = read_value(section[3:])
    if not isinstance(value, bytes):
        raise WireError("a data section holds binary")
    return value


def read_value(data: bytes) -> object:
    """Return the encoded value in Python: text, bytes, number, boolean, UUID, None, or `Opaque`."""
    if end_of_value(data, 0) != len(data):
        raise WireError("bytes follow the value")
    code = data[0]
    if code in _CONSTANTS:
        return _CONSTANTS[code]
    if code == 0x56:
        return data[1] == 1
    if code in _STRUCTS:
        number: object = struct.unpack(_STRUCTS[code], data[1:])[0]
        return number
    if code == 0x98:
        return uuid.UUID(bytes=data[1:])
    if code in (0xA0, 0xB0):
        return data[2:] if code == 0xA0 else data[5:]
    if code in (0xA1, 0xA3, 0xB1, 0xB3):
        try:
            return (data[2:] if code in (0xA1, 0xA3) else data[5:]).decode()
        except UnicodeDecodeError as error:
            raise WireError("a string is not UTF-8") from error
    return Opaque(code)


def text(value: str) -> bytes:
    """Encode a string."""
    return _variable(0xA1, value.encode())


def symbol(value: str) -> bytes:
    """Encode a symbol."""
    return _variable(0xA3, value.encode())


def _variable(code: int, value: bytes) -> bytes:
    if len(value) < 256:
        return bytes((code, len(value))) + value
    return bytes((code + 0x10,)) + struct.pack(">I", len(value)) + value


def uint(value: int) -> bytes:
    """Encode an unsigned 32-bit integer."""
    return b"\x70" + struct.pack(">I", value)


def int32(value: int) -> bytes:
    """Encode a signed 32-bit integer."""
    return b"\x71" + struct.pack(">i", value)


def int64(value: int) -> bytes:
    """Encode a signed 64-bit integer."""
    return b"\x81" + struct.pack(">q", value)


def timestamp(seconds: float) -> bytes:
    """Encode an instant, given in seconds since 1970, in the milliseconds of the wire."""
    return b"\x83" + struct.pack(">q", round(seconds * 1000))


def list_section(code: int, values: Sequence[bytes]) -> bytes:
    """Encode a section that holds a list of encoded values."""
    return _section(code, 0xC0, values)


def map_section(code: int, values: Sequence[bytes]) -> bytes:
    """Encode a section that holds a map, given as encoded keys and values in turn."""
    return _section(code, 0xC1, values)


def _section(code: int, kind: int, values: Sequence[bytes]) -> bytes:
    body = b"".join(values)
    head = bytes((0x00, 0x53, code))
    if len(body) < 255 and len(values) < 256:
        return head + bytes((kind, len(body) + 1, len(values))) + body
    return head + bytes((kind + 0x10,)) + struct.pack(">II", len(body) + 4, len(values)) + body
