"""The three-valued logic of filters: true, false and unknown (None)."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

Truth = bool | None
Plain = str | int | float | bool | None

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def plain(value: object) -> Plain:
    """Return a property's value as filters see it."""
    return value if value is None or isinstance(value, str | int | float) else str(value)


def compare(sign: str, left: Plain, right: Plain) -> Truth:
    """Compare two values; those of different kinds are unequal and have no order."""
    if left is None or right is None:
        return None
    if _kind(left) is _kind(right):
        return COMPARISONS[sign](left, right)
    return {"=": False, "<>": True, "!=": True}.get(sign)


def negation(truth: Truth) -> Truth:
    """NOT."""
    return None if truth is None else not truth


def conjunction(left: Truth, right: Truth) -> Truth:
    """AND."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def disjunction(left: Truth, right: Truth) -> Truth:
    """OR."""
    return negation(conjunction(negation(left), negation(right)))


def like(pattern: str, escape: str | None) -> re.Pattern[str] | None:
    """Return what a LIKE pattern matches in full; None when it ends with its escape character."""
    parts, characters = [], iter(pattern)
    for character in characters:
        if character == escape:
            following = next(characters, None)
            if following is None:
                return None
            parts.append(re.escape(following))
        else:
            parts.append({"%": ".*", "_": "."}.get(character) or re.escape(character))
    return re.compile("".join(parts), re.DOTALL)


def _kind(value: Plain) -> type:
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)
