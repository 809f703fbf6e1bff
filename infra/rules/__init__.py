"""
What must hold for a landing zone beyond its schema: rules over the resources of one stack.

Each module of this package has `RULES`, a tuple of functions from a stack's resources to findings. The
resources are those of an `up`: ids and names are resolved. A new module is found by its `RULES` alone.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module

from infra.engine.resources import Resource


class Severity(StrEnum):
    """Whether a finding fails the preview."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """One departure from a rule: `urn` says where, `path` which property, `text` what to do about it."""

    rule: str
    severity: Severity
    urn: str
    path: str
    text: str


Rule = Callable[[Sequence[Resource]], Iterable[Finding]]


def rules() -> tuple[Rule, ...]:
    """Return the rules of every module of this package, in the order of the modules' names."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = [import_module(f"{__name__}.{name}") for name in names]
    return tuple(rule for module in modules for rule in getattr(module, "RULES", ()))


def findings_of(resources: Sequence[Resource]) -> list[Finding]:
    """Return what every rule finds, ordered by severity, rule and resource."""
    found = {finding for rule in rules() for finding in rule(resources)}
    order = list(Severity)
    return sorted(found, key=lambda each: (order.index(each.severity), each.rule, each.urn, each.path, each.text))


def error(rule: str, resource: Resource, path: str, text: str) -> Finding:
    """Return a finding that fails the preview."""
    return Finding(rule, Severity.ERROR, resource.urn, path, text)
