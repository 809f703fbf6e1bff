"""
What no schema can say about a resource, as functions compiled per shape: references, bindings, invariants.

A *visitor* is a function of (node, scope) that looks at the elements that need it and passes the others by. It runs
on a node that the shape's schema accepted, so it trusts the types. True means: the walker would find no error;
False decides nothing, it only sends the resource to the walker.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import jsonschema_rs

from shared.validation.acceptance import has_plain_extensions, is_left_out, schema_of
from shared.validation.bindings import check_coded
from shared.validation.bundles import check_bundle, has_plain_entries
from shared.validation.findings import Findings, Limits
from shared.validation.invariants import Invariant
from shared.validation.predicates import Implies, NeedsOne
from shared.validation.references import (
    BundleIndex,
    FoundReference,
    Scope,
    check_reference,
    contained_types,
    index_bundle,
)
from shared.validation.shapes import Property, Shape, resource_types, shape

Node = dict[str, Any]
Visitor = Callable[[Any, Scope], bool]
# Tells of most nodes, in one call and without looking at their values, that nothing in them needs a visitor.
Bystander = Callable[[Any], bool]

LIMITS: Final = Limits()


def accepts_resource(node: Any, scope: Scope) -> bool:
    """Whether a resource, on its own or in the bundle of `scope`, is valid base R4 for sure."""
    name = node.get("resourceType") if node.__class__ is dict else None
    if name.__class__ is not str or name not in resource_types():
        return False
    bundle = scope.bundle
    if name == "Bundle":
        if bundle is not None:
            return False  # bundles within bundles: their depth is the walker's matter
        bundle = index_bundle(node)
        if not _is_sound_bundle(node, bundle):
            return False
    contained = contained_types(node) if "contained" in node else {}
    return _accepts(node, name, Scope(node, name, contained, bundle))


def _is_sound_bundle(node: Node, index: BundleIndex) -> bool:
    try:
        if has_plain_entries(node, index.resources):
            return True
    except (KeyError, TypeError, AttributeError):
        pass  # some other shape
    findings = Findings(LIMITS)
    check_bundle(node, "", findings)
    return not findings.errors


def _accepts_contained(node: Node, scope: Scope) -> bool:
    name = node.get("resourceType")
    return isinstance(name, str) and name in resource_types() and name != "Bundle" and _accepts(node, name, scope)


def _accepts(node: Node, name: str, scope: Scope) -> bool:
    visit = visitor(name)
    return _schema(name).is_valid(node) and (visit is None or visit(node, scope))


@cache
def _schema(resource: str) -> jsonschema_rs.Draft4Validator:
    return jsonschema_rs.Draft4Validator(schema_of(resource))


@cache
def visitor(name: str) -> Visitor | None:
    """Return the visitor of a shape; None when its schema says all."""
    elements = {prop.key: _visit_property(prop) for prop in _visited(shape(name))}
    rules = _rules(shape(name))
    return _visit_object(elements, rules) if elements or rules else None


@cache
def _bystander(name: str) -> Bystander:
    """Return what tells of a node that the visitor of its shape has nothing to look at; False decides nothing."""
    rules = _rules(shape(name))
    if any(not rule.only_with for rule in rules):
        return ().__contains__  # no node is in there: each one is visited
    return frozenset([prop.key for prop in _visited(shape(name))] + [rule.only_with for rule in rules]).isdisjoint


def _visited(form: Shape) -> list[Property]:
    return [prop for prop in form.properties.values() if _needs_visit(form, prop)]


def _rules(form: Shape) -> list[Invariant]:
    return [rule for rule in form.invariants if _is_left_to_visitors(form, rule)]


def _is_left_to_visitors(form: Shape, rule: Invariant) -> bool:
    # ext-1: the schema lets an extension have one member beside its url.
    return form.name != "Extension" and not isinstance(rule.holds, Implies | NeedsOne)


def _needs_visit(form: Shape, prop: Property) -> bool:
    if prop.check is not None or is_left_out(form, prop):
        return False
    if prop.type == "Extension":
        return not has_plain_extensions(form.name) or form.name == "Extension"
    if prop.type in ("Reference", "Resource") or prop.type in resource_types() or prop.value_set:
        return True
    return visitor(prop.type) is not None


def _visit_object(elements: dict[str, Visitor], rules: list[Invariant]) -> Visitor:
    conditional = tuple((rule.only_with, rule.holds) for rule in rules if rule.only_with)
    always = tuple(rule.holds for rule in rules if not rule.only_with)
    find = elements.get

    def visit(node: Node, scope: Scope) -> bool:
        for key, value in node.items():
            needed = find(key)
            if needed is not None and not needed(value, scope):
                return False
        for only_with, holds in conditional:
            if only_with in node and not holds(node, scope.node):
                return False
        for holds in always:  # noqa: SIM110 - `all` costs a generator
            if not holds(node, scope.node):
                return False
        return True

    return visit


def _visit_property(prop: Property) -> Visitor:
    if prop.type == "Reference":
        visit = _visit_reference(prop.targets)
    elif prop.type == "Resource" or prop.type in resource_types():
        visit = _visit_resource(prop)
    elif prop.many and not prop.value_set:
        return _visit_each_complex(prop.type)
    else:
        visit = _visit_complex(prop)
    return _visit_each(visit) if prop.many else visit


def _visit_each(visit: Visitor) -> Visitor:
    def visit_each(values: list[Any], scope: Scope) -> bool:
        for value in values:  # noqa: SIM110 - `all` costs a generator
            if not visit(value, scope):
                return False
        return True

    return visit_each


def _visit_each_complex(name: str) -> Visitor:
    # Made when first met: an extension has extensions, an item of a list items of its own.
    visit: Visitor | None = None
    passes: Bystander = ().__contains__

    def visit_each_complex(values: list[Any], scope: Scope) -> bool:
        nonlocal visit, passes
        if visit is None:
            visit, passes = visitor(name) or _passes, _bystander(name)
        for value in values:  # noqa: SIM110 - `all` costs a generator
            if not passes(value) and not visit(value, scope):
                return False
        return True

    return visit_each_complex


def _visit_complex(prop: Property) -> Visitor:
    visit: Visitor | None = None

    def visit_complex(node: Node, scope: Scope) -> bool:
        nonlocal visit
        if visit is None:
            visit = visitor(prop.type) or _passes
        return visit(node, scope) and (not prop.value_set or _is_bound(prop, node))

    return visit_complex


def _passes(node: Node, scope: Scope) -> bool:
    return True


def _visit_resource(prop: Property) -> Visitor:
    if prop.name == "contained":
        return _accepts_contained
    if prop.type == "Resource":
        return accepts_resource
    return lambda node, scope: node.get("resourceType") == prop.type and accepts_resource(node, scope)


def _is_bound(prop: Property, node: Node) -> bool:
    findings = Findings(LIMITS)
    check_coded(node, prop, "", findings)
    return not findings.errors


def _visit_reference(targets: frozenset[str]) -> Visitor:
    def visit_reference(node: Node, scope: Scope) -> bool:
        if "identifier" in node and not _visit_identifier(node["identifier"], scope):
            return False
        # The names in a sound bundle are URLs and `Type/id`: none begins like the `#` of what is contained.
        named = scope.bundle.resources if scope.bundle is not None else {}
        if (target := named.get(node.get("reference"))) is not None:
            return not targets or target["resourceType"] in targets
        findings = Findings(LIMITS)
        check_reference(FoundReference(node, "", targets, scope), findings)
        return not findings.errors

    return visit_reference


def _visit_identifier(node: Node, scope: Scope) -> bool:
    visit = visitor("Identifier")
    return visit is None or visit(node, scope)
