"""JSON as the commands write it: two spaces, UTF-8, the members in their order, decimals as they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

# From this level on (a Bundle, its entries, one of them) values are written at once, so many together.
_WHOLE = 2
_TOGETHER = 500


def as_json(content: object) -> bytes:
    """Return the text of a value, with a new line behind it."""
    return b"".join(json_parts(content))


def json_parts(content: object) -> Iterator[bytes]:
    """
    Yield the same text in parts, so that a large value need not lie in memory as text too.

    An iterator stands for the list of what it yields, which is made as it is written.
    """
    yield from _parts(content, 0)
    yield b"\n"


def _parts(content: object, level: int) -> Iterator[bytes]:
    if isinstance(content, dict) and level < _WHOLE:
        yield from _enclosed(b"{", b"}", level, (_member(name, value, level + 1) for name, value in content.items()))
    elif isinstance(content, Iterator) or (isinstance(content, list) and level < _WHOLE):
        items = iter(content)
        each = (_parts(item, level + 1) for item in items) if level + 1 < _WHOLE else _grouped(items, level)
        yield from _enclosed(b"[", b"]", level, each)
    else:
        yield _inset(_text(content), level)


def _enclosed(opening: bytes, closing: bytes, level: int, members: Iterable[Iterator[bytes]]) -> Iterator[bytes]:
    before = opening
    for member in members:
        yield before + b"\n" + b"  " * (level + 1)
        yield from member
        before = b","
    yield opening + closing if before == opening else b"\n" + b"  " * level + closing


def _member(name: str, value: object, level: int) -> Iterator[bytes]:
    yield _text(name) + b": "
    yield from _parts(value, level)


def _grouped(items: Iterator[object], level: int) -> Iterator[Iterator[bytes]]:
    while group := list(islice(items, _TOGETHER)):
        text = _text(group)
        yield iter((_inset(text[len(b"[\n  ") : -len(b"\n]")], level),))


def _inset(text: bytes, level: int) -> bytes:
    return text.replace(b"\n", b"\n" + b"  " * level)


def _text(content: Any) -> bytes:
    # Imported here: a command's `--help` needs no JSON.
    import orjson

    from shared.formats.fhir.encoding import serialize

    def exactly(value: Any) -> orjson.Fragment:
        return orjson.Fragment(serialize(value))

    return orjson.dumps(content, default=exactly, option=orjson.OPT_INDENT_2)
