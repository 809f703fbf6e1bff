"""
Subscription filters: correlation filters and the part of the SQL filter language that the catalogue can use.

    predicate    NOT p | p AND p | p OR p | (p) | EXISTS(property) | property IS [NOT] NULL | TRUE | FALSE
                 | value (= | <> | != | < | <= | > | >=) value | value [NOT] IN (value, ...)
                 | value [NOT] LIKE 'pattern' [ESCAPE 'c']
    value        'text' ('' is a quote) | 12 | -1.5 | 1e3 | TRUE | FALSE | property
    property     name | [any name] | "any name" | user.name | sys.MessageId ...
    not built    arithmetic, functions (newid, property), rule actions: refused when the configuration is read

Specification: a property that is absent is unknown; unknown spreads by three-valued logic; a message whose
filter is unknown does not match. Policy, where the specification is silent: values of different kinds (text,
number, boolean) are unequal and have no order; text is compared case-sensitively, names of properties are not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Protocol

from local.service_bus.truth import (
    COMPARISONS,
    Plain,
    Truth,
    compare,
    conjunction,
    disjunction,
    like,
    negation,
    plain,
)

_MAX_LENGTH = 1024
_MAX_DEPTH = 32
_SYSTEM = {
    "messageid", "correlationid", "label", "subject", "contenttype", "to", "replyto", "sessionid",
    "replytosessionid",
}  # fmt: skip
_KEYWORDS = {"AND", "OR", "NOT", "IN", "LIKE", "IS", "NULL", "EXISTS", "TRUE", "FALSE", "ESCAPE"}
_IDENTIFIER = r'(?:[A-Za-z_]\w*|\[(?:[^\]]|\]\])+\]|"(?:[^"]|"")+")'
_TOKEN = re.compile(
    rf"""\s*(?:
        (?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<text>'(?:[^']|'')*')
      | (?P<name>{_IDENTIFIER}(?:\s*\.\s*{_IDENTIFIER})*)
      | (?P<sign><>|!=|<=|>=|[=<>(),+*/%-])
    )""",
    re.VERBOSE | re.ASCII,
)


class FilterError(ValueError):
    """A filter that is wrong or outside the built part of the language."""


class Properties(Protocol):
    """What a filter sees of a message."""

    @property
    def system_properties(self) -> Mapping[str, object]:
        """The broker properties by name in lower case."""

    @property
    def application_properties(self) -> Mapping[str, object]:
        """The user properties by name."""


Filter = Callable[[Properties], bool]
_Predicate = Callable[[Properties], Truth]
_Operand = Callable[[Properties], Plain]


def sql_filter(expression: str) -> Filter:
    """Return the filter that a SQL expression describes; raise `FilterError` for one that is not understood."""
    if len(expression) > _MAX_LENGTH:
        raise FilterError(f"a filter has at most {_MAX_LENGTH} characters")
    predicate = _Parser(_scan(expression)).parse()
    return lambda message: predicate(message) is True


def correlation_filter(system: Mapping[str, object], user: Mapping[str, object]) -> Filter:
    """Return the filter that wants every named property to equal its value; `system` by names in lower case."""
    unknown = system.keys() - _SYSTEM
    if unknown:
        raise FilterError(f"no correlation property: {', '.join(sorted(unknown))}")
    wanted = {_alias(name): plain(value) for name, value in system.items()}
    return lambda message: (
        all(compare("=", plain(message.system_properties.get(name)), value) for name, value in wanted.items())
        and all(compare("=", plain(message.application_properties.get(k)), plain(v)) for k, v in user.items())
    )


def _scan(expression: str) -> list[tuple[str, str]]:
    tokens, at, text = [], 0, expression.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise FilterError(f"not understood at character {at + 1}")
        kind = match.lastgroup or ""
        tokens.append(("word" if kind == "name" and match[kind].upper() in _KEYWORDS else kind, match[kind]))
        at = match.end()
    return [*tokens, ("end", "the end")]


class _Parser:
    """A recursive descent over the tokens; each method returns a function of the message."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def parse(self) -> _Predicate:
        predicate = self._either()
        if self._kind() != "end":
            raise FilterError(f"unexpected {self._next()!r}")
        return predicate

    # ------------------------------------------------------------------ tokens
    def _kind(self) -> str:
        return self._tokens[self._at][0]

    def _next(self) -> str:
        value = self._tokens[self._at][1]
        self._at += self._kind() != "end"
        return value

    def _peek(self, *words: str, ahead: int = 0) -> bool:
        kind, value = self._tokens[min(self._at + ahead, len(self._tokens) - 1)]
        return kind in ("word", "sign") and value.upper() in words

    def _skip(self, *words: str) -> bool:
        found = self._peek(*words)
        self._at += found
        return found

    def _expect(self, word: str) -> None:
        if not self._skip(word):
            raise FilterError(f"{word} is missing before {self._next()!r}")

    # ------------------------------------------------------------------ predicates
    def _either(self) -> _Predicate:
        left = self._both()
        while self._skip("OR"):
            left = _joined(disjunction, left, self._both())
        return left

    def _both(self) -> _Predicate:
        left = self._negated()
        while self._skip("AND"):
            left = _joined(conjunction, left, self._negated())
        return left

    def _negated(self) -> _Predicate:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise FilterError(f"nested deeper than {_MAX_DEPTH}")
        predicate = self._negation() if self._skip("NOT") else self._group() if self._skip("(") else self._test()
        self._depth -= 1
        return predicate

    def _negation(self) -> _Predicate:
        inner = self._negated()
        return lambda message: negation(inner(message))

    def _group(self) -> _Predicate:
        predicate = self._either()
        self._expect(")")
        return predicate

    def _test(self) -> _Predicate:
        if self._skip("EXISTS"):
            self._expect("(")
            wanted = self._property()
            self._expect(")")
            return lambda message: wanted(message) is not None
        if self._peek("TRUE", "FALSE") and not self._peek(*COMPARISONS, "NOT", "IN", "IS", ahead=1):
            constant = self._next().upper() == "TRUE"
            return lambda message: constant
        operand = self._operand()
        if self._skip("IS"):
            present = self._skip("NOT")
            self._expect("NULL")
            return lambda message: (operand(message) is not None) is present
        if self._peek(*COMPARISONS):
            sign, right = self._next(), self._operand()
            return lambda message: compare(sign, operand(message), right(message))
        negative = self._skip("NOT")
        predicate = self._membership(operand) if self._skip("IN") else self._likeness(operand)
        return (lambda message: negation(predicate(message))) if negative else predicate

    def _membership(self, operand: _Operand) -> _Predicate:
        self._expect("(")
        choices = [self._operand()]
        while self._skip(","):
            choices.append(self._operand())
        self._expect(")")

        def contains(message: Properties) -> Truth:
            truth: Truth = False
            for choice in choices:
                truth = disjunction(truth, compare("=", operand(message), choice(message)))
            return truth

        return contains

    def _likeness(self, operand: _Operand) -> _Predicate:
        self._expect("LIKE")
        text = self._text()
        escape = self._text() if self._skip("ESCAPE") else None
        pattern = like(text, escape)
        if pattern is None or (escape is not None and len(escape) != 1):
            raise FilterError("ESCAPE takes one character, and one more follows it in the pattern")

        def matches(message: Properties) -> Truth:
            value = operand(message)
            return pattern.fullmatch(value) is not None if isinstance(value, str) else None

        return matches

    # ------------------------------------------------------------------ values
    def _text(self) -> str:
        if self._kind() != "text":
            raise FilterError(f"text in quotes is wanted, not {self._next()!r}")
        return self._next()[1:-1].replace("''", "'")

    def _operand(self) -> _Operand:
        constant: Plain
        if self._kind() == "text":
            constant = self._text()
        elif self._peek("TRUE", "FALSE"):
            constant = self._next().upper() == "TRUE"
        elif self._kind() == "number" or self._peek("-"):
            constant = self._number()
        else:
            return self._property()
        return lambda message: constant

    def _number(self) -> int | float:
        sign = -1 if self._skip("-") else 1
        if self._kind() != "number":
            raise FilterError(f"a number is wanted after -, not {self._next()!r}")
        text = self._next()
        return sign * (int(text) if text.isdigit() else float(text))

    def _property(self) -> _Operand:
        if self._kind() != "name":
            raise FilterError(f"a property is wanted, not {self._next()!r}")
        written = self._next()
        if self._peek("("):
            raise FilterError(f"the function {written} is not built")
        parts = [_unquoted(part) for part in re.findall(_IDENTIFIER, written)]
        scope = parts.pop(0).lower() if len(parts) > 1 and parts[0].lower() in ("sys", "user") else "user"
        name = ".".join(parts).lower()
        if scope == "user":
            return lambda message: plain(_user_property(message, name))
        if name not in _SYSTEM:
            raise FilterError(f"the property {written} is not built")
        return lambda message: plain(message.system_properties.get(_alias(name)))


def _joined(join: Callable[[Truth, Truth], Truth], left: _Predicate, right: _Predicate) -> _Predicate:
    return lambda message: join(left(message), right(message))


def _alias(name: str) -> str:
    return "label" if name == "subject" else name


def _unquoted(part: str) -> str:
    if part[0] == "[":
        return part[1:-1].replace("]]", "]")
    return part[1:-1].replace('""', '"') if part[0] == '"' else part


def _user_property(message: Properties, name: str) -> object:
    return next((v for k, v in message.application_properties.items() if k.lower() == name), None)
