"""Finds every error code that the code base can raise or record, by following who hands a code to whom."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Where the code stands among the arguments: the errors of shared/errors.py, its Issue, and the rows of the ledger.
_ERRORS = {"RejectedError", "ReviewNeededError", "TransientError", "ConfigurationError", "IntegrationError"}
_FIRST_KNOWN = {**dict.fromkeys(_ERRORS, 0), "Issue": 2, "Invariant": 0, "close_attempt": 2, "set_status": 2}
_PLACE_IN_A_DELIVERY = 4  # deliveries.add(id, message, destination, status, code)
_KEBAB = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class Found:
    """The codes, where each was found, and the arguments in which no code could be found."""

    codes: dict[str, set[str]] = field(default_factory=dict)
    unresolved: set[str] = field(default_factory=set)


def codes_of(*folders: str) -> Found:
    """Return what the modules below `folders` can raise or record."""
    modules = {path: ast.parse(path.read_text(encoding="utf-8")) for path in _modules(folders)}
    takers = dict(_FIRST_KNOWN)
    while True:
        found, known = Found(), len(takers)
        for path, tree in modules.items():
            _Module(str(path.relative_to(ROOT)), takers, found).visit(tree)
        if len(takers) == known:
            return found


def _modules(folders: tuple[str, ...]) -> Iterator[Path]:
    for folder in folders:
        place = ROOT / folder
        yield from [place] if place.suffix == ".py" else sorted(place.rglob("*.py"))


class _Module(ast.NodeVisitor):
    """One module: `takers` grows by every function that hands a parameter of its own on as a code."""

    def __init__(self, name: str, takers: dict[str, int], found: Found) -> None:
        self._name = name
        self._takers = takers
        self._found = found
        self._inside: list[Function] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._inside.append(node)
        self.generic_visit(node)
        self._inside.pop()

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._inside.append(node)
        self.generic_visit(node)
        self._inside.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in _ERRORS:
                self._takers.setdefault(node.name, 0)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        name = _called(node)
        if name == "add":
            argument = _argument(node, _PLACE_IN_A_DELIVERY)
            if isinstance(argument, ast.Constant):
                self._take(argument, node)
        elif (position := self._takers.get(self._key(name))) is not None:
            argument = _argument(node, position)
            if argument is not None and not (isinstance(argument, ast.Constant) and argument.value is None):
                self._take(argument, node)

    def _key(self, function: str) -> str:
        """Return under which name a function is known: a private one in its own module alone."""
        return f"{self._name}:{function}" if function.startswith("_") else function

    def _take(self, argument: ast.expr, call: ast.Call) -> None:
        place = f"{self._name}:{call.lineno}"
        match argument:
            case ast.Constant(value=str(text)):
                if _KEBAB.fullmatch(text):
                    self._found.codes.setdefault(text, set()).add(self._name)
            case ast.IfExp(body=body, orelse=orelse):
                self._take(body, call)
                self._take(orelse, call)
            case ast.Attribute(attr="code"):
                pass  # an error's own code, handed on
            case ast.Name(id=name):
                if not (self._hands_on(name) or self._bound_here(name, call)):
                    self._found.unresolved.add(place)
            case _:
                self._found.unresolved.add(place)

    def _hands_on(self, name: str) -> bool:
        for function in reversed(self._inside):
            parameters = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
            if name in parameters:
                position = parameters.index(name) - (parameters[0] in {"self", "cls"})
                self._takers.setdefault(self._key(function.name), position)
                return True
        return False

    def _bound_here(self, name: str, call: ast.Call) -> bool:
        """Take every code that the enclosing function binds to `name`: by assignment or by a loop over a table."""
        texts = [text for value in _bindings(self._inside[-1], name) for text in _texts(value)] if self._inside else []
        for text in texts:
            self._found.codes.setdefault(text, set()).add(self._name)
        return bool(texts)


def _called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _argument(call: ast.Call, position: int) -> ast.expr | None:
    for keyword in call.keywords:
        if keyword.arg == "code":
            return keyword.value
    return call.args[position] if len(call.args) > position else None


def _bindings(function: Function, name: str) -> Iterator[ast.expr]:
    for node in ast.walk(function):
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            pairs = [(node.target, node.value)]
        elif isinstance(node, ast.For | ast.comprehension) and isinstance(node.iter, ast.Tuple | ast.List):
            pairs = [(node.target, row) for row in node.iter.elts]
        for target, value in pairs:
            yield from _matched(target, value, name)


def _matched(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    if isinstance(target, ast.Name) and target.id == name:
        yield value
    elif isinstance(target, ast.Tuple):
        if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
            for each, part in zip(target.elts, value.elts, strict=True):
                yield from _matched(each, part, name)
        elif any(isinstance(each, ast.Name) and each.id == name for each in target.elts):
            yield value


def _texts(value: ast.expr) -> list[str]:
    return [
        node.value
        for node in ast.walk(value)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _KEBAB.fullmatch(node.value)
    ]
