"""
Invariants in FHIRPath, evaluated by fhirpathpy; never in line, where its parser alone would cost too much.

An invariant that evaluates to nothing counts as broken, as the specification has it: it must evaluate to true. What
the engine lacks is added here: `hasValue`, `resolve` for references whose target's type is known, and elements as
operands of `or`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from typing import Any, Final

from fhirpathpy import compile as compile_expression
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models

from shared.validation.profiles.instances import target_type, type_of
from shared.validation.references import Scope, find_resource

ALTERNATIVES: Final = re.compile(r"\w+(?: or \w+)+")
# What an author calls DateTime is a dateTime of FHIR; to the engine no value of FHIR is one of its own types.
OWN_TYPES: Final = re.compile(r"\bis (Boolean|DateTime|Date|Decimal|Integer|String|Time)\b")
_scope: ContextVar[Scope] = ContextVar("scope")


def holds(expression: str, node: object, form: str, scope: Scope, root: object) -> bool | None:
    """
    Return whether an expression holds for a node of the given shape; None when it cannot be evaluated.

    `scope` is the resource that the node is in, `root` the outermost one.
    """
    _scope.set(scope)
    variables = {"resource": scope.node, "rootResource": root, "context": node}
    try:
        # A resource as it is: the engine then knows its type as the first step of an expression.
        start = node if type_of(node) else ResourceNode(node, form)  # type: ignore[no-untyped-call]
        found = _compiled(expression)(start, variables)
    except Exception:  # noqa: BLE001 - the engine raises whatever its parts raise
        return None
    return found[0] is not False if len(found) == 1 else bool(found)


@cache
def _compiled(expression: str) -> Callable[[Any, Any], list[Any]]:
    if ALTERNATIVES.fullmatch(expression):
        expression = " or ".join(f"{name}.exists()" for name in expression.split(" or "))
    expression = OWN_TYPES.sub(lambda found: f"is {found[1][0].lower()}{found[1][1:]}", expression)
    added = {
        "hasValue": {"fn": _has_value, "arity": {0: []}},
        "resolve": {"fn": _resolve, "arity": {0: []}},
    }
    # Tracing would print parts of the resource.
    options = {"traceFn": lambda *_: None, "userInvocationTable": added}
    return compile_expression(expression, models["r4"], options)


def _has_value(values: list[Any]) -> list[bool]:
    return [len(values) == 1 and values[0] is not None and not isinstance(values[0], dict)]


def _resolve(references: list[Any]) -> list[Any]:
    """Return the targets of references, of a foreign one its type alone; ValueError when that is unknown."""
    found = []
    for one in references:
        reference = {"reference": one} if isinstance(one, str) else one
        kind = target_type(reference, _scope.get())
        if not kind:
            raise ValueError("the target is not known")
        target = find_resource(reference, _scope.get()) or {"resourceType": kind}
        found.append(ResourceNode(target, kind))  # type: ignore[no-untyped-call]
    return found
