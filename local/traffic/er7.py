"""
Writes HL7 v2 segments in any delimiters: a sender's side, on purpose independent of our own reader.

A value is text (escaped as written), a `Components`, or a list: the repetitions of a field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

Component = str | tuple[str, ...]
Components = tuple[Component, ...]
Value = str | Components | list[str | Components]


@dataclass(frozen=True, slots=True)
class Delimiters:
    """The characters of MSH-1 and MSH-2."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"
    truncation: str = ""

    @property
    def encoding_characters(self) -> str:
        """Return MSH-2."""
        return self.component + self.repetition + self.escape + self.subcomponent + self.truncation


USUAL = Delimiters()
WITH_TRUNCATION = Delimiters(truncation="#")
ODD = (
    Delimiters("|", "$", "%", "@", "!"),
    Delimiters("*", "^", "~", "\\", "&"),
    Delimiters("#", ":", ";", "?", "="),
)


def segment(delimiters: Delimiters, name: str, fields: Mapping[int, Value]) -> str:
    """Return a segment whose fields are given by their numbers; MSH-1 and MSH-2 are written by themselves."""
    start = [name, delimiters.encoding_characters] if name == "MSH" else [name]
    first = 3 if name == "MSH" else 1
    written = (_field(delimiters, fields.get(number, "")) for number in range(first, max(fields) + 1))
    return delimiters.field.join((*start, *written))


def _field(delimiters: Delimiters, value: Value) -> str:
    if isinstance(value, list):
        return delimiters.repetition.join(_repetition(delimiters, one) for one in value)
    return _repetition(delimiters, value)


def _repetition(delimiters: Delimiters, value: str | Components) -> str:
    if isinstance(value, str):
        return _text(delimiters, value)
    written = [
        _text(delimiters, one)
        if isinstance(one, str)
        else delimiters.subcomponent.join(_text(delimiters, part) for part in one)
        for one in value
    ]
    while written and not written[-1]:
        written.pop()
    return delimiters.component.join(written)


def _text(delimiters: Delimiters, text: str) -> str:
    return text.translate(_escapes(delimiters))


@cache
def _escapes(delimiters: Delimiters) -> dict[int, str]:
    escape = delimiters.escape
    letters = {
        escape: "E",
        delimiters.field: "F",
        delimiters.component: "S",
        delimiters.repetition: "R",
        delimiters.subcomponent: "T",
        "\n": ".br",
    }
    if delimiters.truncation:
        letters[delimiters.truncation] = "P"
    return {ord(char): f"{escape}{letter}{escape}" for char, letter in letters.items()}
