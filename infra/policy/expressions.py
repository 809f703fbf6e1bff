"""
The template language inside Azure's policies, as far as they use it: `[padLeft(parameters('days'), 3, '0')]`.

What depends on the time or on what Azure alone knows is not guessed: it raises NotEvaluableError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+)|(?P<name>\w+)|(?P<sign>[().,\[\]]))")


class NotEvaluableError(Exception):
    """The policy asks for something that no preview can know; the message names it."""


class Surroundings(Protocol):
    """What an expression may ask about the resource that is judged."""

    def parameter(self, name: str) -> Any:
        """Return a parameter's value; NotEvaluableError without one."""

    def field(self, alias: str) -> Any:
        """Return the value of a field, None where there is none."""

    def current(self, alias: str) -> Any:
        """Return the value of a field of the element that a count has reached."""

    def answer(self, function: str) -> Any:
        """Return what a function without arguments says; NotEvaluableError if only Azure could."""


def evaluate(text: Any, around: Surroundings) -> Any:
    """Return the value of an expression; what is no expression is its own value."""
    if not (isinstance(text, str) and text.startswith("[") and text.endswith("]") and not text.startswith("[[")):
        return text
    return _Reader(text[1:-1], around).whole()


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(text.rstrip()):
        found = _TOKEN.match(text, at)
        if found is None:
            raise NotEvaluableError(f"an expression has {text[at]} in it")
        at = found.end()
        yield str(found.lastgroup), found[found.lastgroup or 0]


class _Reader:
    """Reads an expression and evaluates it on the way."""

    def __init__(self, text: str, around: Surroundings) -> None:
        self._around = around
        self._tokens = list(_tokens(text))
        self._at = 0

    def whole(self) -> Any:
        """Return the value of all of it."""
        value = self._value()
        if self._at != len(self._tokens):
            raise NotEvaluableError(f"an expression goes on after {self._tokens[self._at][1]}")
        return value

    def _value(self) -> Any:
        kind, token = self._next()
        if kind == "text":
            return token[1:-1].replace("''", "'")
        if kind == "number":
            return int(token)
        if kind != "name":
            raise NotEvaluableError(f"an expression has {token} where a value should be")
        return self._parts(self._call(token))

    def _parts(self, value: Any) -> Any:
        while self._peek() in (".", "["):
            if self._next()[1] == ".":
                value = _at(value, self._next()[1])
            else:
                value = _at(value, self._value())
                self._expect("]")
        return value

    def _call(self, name: str) -> Any:
        self._expect("(")
        arguments = []
        while self._peek() != ")":
            arguments.append(self._value())
            if self._peek() == ",":
                self._next()
        self._expect(")")
        return self._apply(name.lower(), arguments)

    def _apply(self, name: str, arguments: list[Any]) -> Any:
        asked: Mapping[str, Callable[[str], Any]] = {
            "current": self._around.current,
            "field": self._around.field,
            "parameters": self._around.parameter,
        }
        if name in asked:
            return asked[name](*arguments)
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](*arguments)
        return self._around.answer(name)

    def _peek(self) -> str:
        return self._tokens[self._at][1] if self._at < len(self._tokens) else ""

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise NotEvaluableError("an expression ends too early")
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, sign: str) -> None:
        found = self._next()[1]
        if found != sign:
            raise NotEvaluableError(f"an expression has {found} where {sign} should be")


def _at(value: Any, place: Any) -> Any:
    if isinstance(value, list):
        return value[place] if isinstance(place, int) and place < len(value) else None
    return value.get(place) if isinstance(value, Mapping) else None


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "and": lambda *values: all(values),
    "coalesce": _coalesce,
    "concat": lambda *values: "".join(map(str, values)),
    "empty": lambda value: not value,
    "equals": lambda one, other: one == other,
    "first": lambda value: _at(value, 0) if isinstance(value, list) else str(value)[:1],
    "greaterorequals": lambda one, other: one >= other,
    "if": lambda holds, one, other: one if holds else other,
    "int": int,
    "length": lambda value: len(value or ()),
    "mul": lambda one, other: one * other,
    "not": lambda value: not value,
    "padleft": lambda value, width, fill=" ": str(value).rjust(width, fill),
    "split": lambda value, separator: str(value or "").split(separator),
    "string": lambda value: "" if value is None else str(value),
    "tolower": lambda value: str(value).lower(),
}
