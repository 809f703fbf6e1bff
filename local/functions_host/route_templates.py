"""
ASP.NET route templates, as the Functions host matches them.

    items/{id:int}     constraint            items/{id?}       optional
    files/{*path}      catch-all             v{major}.{minor}  several parts in one segment

Matching ignores the case of literals and a trailing slash; among the templates that match, literals win over
constrained parameters, these over free ones, these over catch-alls.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote
from uuid import UUID

from shared.errors import ConfigurationError

_CONSTRAINT = re.compile(r":(\w+)(?:\(((?:[^()]|\([^()]*\))*)\))?")
_PARAMETER = re.compile(r"\{(\*{0,2})(\w+)((?::\w+(?:\((?:[^()]|\([^()]*\))*\))?)*)(\??)\}")
_LITERAL, _CONSTRAINED, _FREE, _CATCH_ALL = 1, 2, 3, 5

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class RouteTemplate:
    """A compiled template; `precedence` sorts the more specific one first."""

    text: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    checks: tuple[tuple[int, Check], ...]
    precedence: tuple[int, ...]

    def match(self, path: str) -> Mapping[str, str] | None:
        """Return the route parameters that `path` (percent-encoded, without leading slash) fills, or None."""
        found = self.pattern.fullmatch(path.strip("/"))
        if found is None:
            return None
        values = [None if value is None else _decoded(value) for value in found.groups()]
        for index, check in self.checks:
            value = values[index]
            if value is not None and not check(value):
                return None
        return {name: value for name, value in zip(self.names, values, strict=True) if value}


def compile_template(text: str) -> RouteTemplate:
    """Return the compiled template; what it uses and we do not know is a ConfigurationError."""
    pattern = ""
    names: list[str] = []
    checks: list[tuple[int, Check]] = []
    precedence: list[int] = []
    for position, segment in enumerate(_segments(text)):
        slash = "/" if position else ""
        expression, optional = _segment_expression(text, segment, names, checks, precedence)
        pattern += f"(?:{slash}{expression})?" if optional else f"{slash}{expression}"
    return RouteTemplate(text, re.compile(pattern, re.IGNORECASE), tuple(names), tuple(checks), tuple(precedence))


def _segments(text: str) -> list[str]:
    segments, depth = [""], 0
    for character in text.strip("/"):
        depth += (character in "{(") - (character in "})")
        if character == "/" and depth == 0:
            segments.append("")
        else:
            segments[-1] += character
    return segments


def _segment_expression(
    text: str, segment: str, names: list[str], checks: list[tuple[int, Check]], precedence: list[int]
) -> tuple[str, bool]:
    expression, end, rank, optional = "", 0, _LITERAL, False
    for parameter in _PARAMETER.finditer(segment):
        stars, name, constraints, mark = parameter.groups()
        whole = parameter.group() == segment
        expression += _literal(text, segment[end : parameter.start()])
        expression += "(.*)" if stars else "([^/]+)" if whole else "([^/]+?)"
        checks += [(len(names), check) for check in _checks(text, constraints)]
        names.append(name)
        rank = _CATCH_ALL if stars else _FREE if whole and not constraints else _CONSTRAINED
        optional = whole and bool(stars or mark)
        end = parameter.end()
    precedence.append(rank)
    return expression + _literal(text, segment[end:]), optional


def _literal(text: str, literal: str) -> str:
    if "{" in literal or "}" in literal:
        raise ConfigurationError(
            "route-not-implemented", text, f"route {text}: the local host does not understand {literal!r}"
        )
    return re.escape(literal)


def _checks(text: str, constraints: str) -> list[Check]:
    found = _CONSTRAINT.finditer(constraints)
    return [_check(text, constraint[1].lower(), constraint[2] or "") for constraint in found]


def _check(text: str, name: str, argument: str) -> Check:
    if name in _SIMPLE:
        return _SIMPLE[name]
    try:
        return _WITH_ARGUMENT[name](argument.replace("{{", "{").replace("}}", "}"))
    except (KeyError, ValueError, TypeError, re.error) as error:
        raise ConfigurationError(
            "route-not-implemented", text, f"route {text}: constraint {name}({argument})"
        ) from error


def _whole(bits: int) -> Check:
    limit = 1 << (bits - 1)
    return lambda value: re.fullmatch(r"[+-]?\d+", value) is not None and -limit <= int(value) < limit


def _reads(read: Callable[[str], object]) -> Check:
    def check(value: str) -> bool:
        try:
            read(value)
        except ValueError:
            return False
        return True

    return check


def _between(argument: str) -> tuple[int, int]:
    low, _, high = argument.partition(",")
    return int(low), int(high or low)


def _range(low: int, high: int) -> Check:
    return lambda value: _whole(64)(value) and low <= int(value) <= high


def _length(low: int, high: int) -> Check:
    return lambda value: low <= len(value) <= high


def _matches(expression: str) -> Check:
    compiled = re.compile(expression, re.IGNORECASE)
    return lambda value: compiled.search(value) is not None


_HIGHEST = (1 << 63) - 1
_SIMPLE: Mapping[str, Check] = {
    "int": _whole(32),
    "long": _whole(64),
    "bool": lambda value: value.lower() in ("true", "false"),
    "guid": _reads(UUID),
    "decimal": _reads(float),
    "double": _reads(float),
    "float": _reads(float),
    "alpha": lambda value: re.fullmatch("[a-z]*", value, re.IGNORECASE) is not None,
    "required": lambda value: value != "",
}
_WITH_ARGUMENT: Mapping[str, Callable[[str], Check]] = {
    "length": lambda argument: _length(*_between(argument)),
    "minlength": lambda argument: _length(int(argument), _HIGHEST),
    "maxlength": lambda argument: _length(0, int(argument)),
    "min": lambda argument: _range(int(argument), _HIGHEST),
    "max": lambda argument: _range(-_HIGHEST, int(argument)),
    "range": lambda argument: _range(*_between(argument)),
    "regex": _matches,
}


def _decoded(value: str) -> str:
    # ASP.NET leaves an encoded slash alone: decoding it would move the border between two segments.
    return "%2F".join(unquote(part) for part in re.split("%2f", value, flags=re.IGNORECASE))
