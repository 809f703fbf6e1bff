"""
What no schema can say about a resource, as functions compiled per shape: references, bindings, invariants.

A *visitor* is a function of (node, scope) that looks at the elements that need it and passes the others by. It runs
on a node that the shape's schema accepted, so it trusts the types. True means: the walker would find no error;
False decides nothing, it only sends the resource to the walker.

A *quick* visitor goes with the quick schema: that leaves out what is contained and, below a resource's own elements,
all that would need a visit. What it refuses is judged by the full pair.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

import jsonschema_rs

from shared.validation import acceptance
from shared.validation.bindings import is_in
from shared.validation.bundles import check_bundle, has_plain_entries
from shared.validation.findings import Findings, Limits
from shared.validation.invariants import Invariant
from shared.validation.predicates import Implies, NeedsOne
from shared.validation.recurring import not_yet_known, remember
from shared.validation.references import FoundReference, Scope, check_reference, contained_types, index_bundle
from shared.validation.shapes import Property, Shape, resource_types, shape, value_set

Node = dict[str, Any]
Visitor = Callable[[Any, Scope], bool]
# Tells of most nodes, in one call and without looking at their values, that nothing in them needs a visitor.
Bystander = Callable[[Any], bool]

LIMITS: Final = Limits()
# The types of the quick schema: what messages become. Policy: the rarer ones are judged the full way, and Task, whose
# inputs of any type would double it.
_USUAL: Final = (
    "Account", "AllergyIntolerance", "Appointment", "CarePlan", "CareTeam", "ChargeItem", "Condition", "Coverage",
    "Device", "DiagnosticReport", "DocumentReference", "Encounter", "EpisodeOfCare", "Goal", "Immunization",
    "Location", "Medication", "MedicationAdministration", "MedicationDispense", "MedicationRequest", "Observation",
    "Organization", "Patient", "Practitioner", "PractitionerRole", "Procedure", "Provenance", "RelatedPerson",
    "ServiceRequest", "Specimen",
)  # fmt: skip


def accepts_resource(node: Any, scope: Scope) -> bool:
    """Whether a resource, on its own or in the bundle of `scope`, is valid base R4 for sure."""
    name = node.get("resourceType") if node.__class__ is dict else None
    if name.__class__ is not str or name not in resource_types():
        return False
    bundle = scope.bundle
    if name == "Bundle":
        if bundle is not None:
            return False  # bundles within bundles: their depth is the walker's matter
        if _is_of_updates(node):
            return _accepts_updates(node)
        bundle = index_bundle(node)
        findings = Findings(LIMITS)
        check_bundle(node, "", findings)
        if findings.errors:
            return False
    elif bundle is None and _accepts_quickly([node]):
        return True
    contained = contained_types(node) if "contained" in node else {}
    return _accepts(node, name, Scope(node, name, contained, bundle))


def _is_of_updates(bundle: Node) -> bool:
    try:
        return has_plain_entries(bundle)
    except (KeyError, TypeError, AttributeError):
        return False  # some other shape


def _accepts_updates(bundle: Node) -> bool:
    """Whether the bundle, one with plain entries, is valid: nearly all that leaves here is judged so, and quickly."""
    resources = [entry["resource"] for entry in bundle["entry"]]
    unknown, contents = not_yet_known(resources)
    if _accepts_quickly(unknown):
        remember(contents)
        return True
    within = Scope(bundle, "Bundle", {}, index_bundle(bundle))
    return all(_accepts_quickly([node]) or accepts_resource(node, within) for node in resources)


def _accepts_quickly(resources: list[Node]) -> bool:
    """Whether resources are valid, each by itself, for sure."""
    by_type: dict[str, list[Node]] = {}
    for node in resources:
        by_type.setdefault(node["resourceType"], []).append(node)
    if not _quick_schema().is_valid(by_type):
        return False
    for name, nodes in by_type.items():
        visit, passes = _quick_visitor(name)
        if visit is None:
            continue
        for node in nodes:
            # A quick visitor follows no reference: it needs neither what is contained nor the bundle.
            if not passes(node) and not visit(node, Scope(node, name, {}, None)):
                return False
    return True


@cache
def _quick_schema() -> jsonschema_rs.Draft4Validator:
    return acceptance.compiled(acceptance.quick_schema_of(_USUAL, _is_omitted))


@cache
def _quick_visitor(name: str) -> tuple[Visitor | None, Bystander]:
    return visitor(name, quick=True), _bystander(name, quick=True)


def _accepts_contained(node: Node, scope: Scope) -> bool:
    name = node.get("resourceType")
    return isinstance(name, str) and name in resource_types() and name != "Bundle" and _accepts(node, name, scope)


def _accepts(node: Node, name: str, scope: Scope) -> bool:
    visit = visitor(name, quick=False)
    return _schema(name).is_valid(node) and (visit is None or visit(node, scope))


@cache
def _schema(resource: str) -> jsonschema_rs.Draft4Validator:
    return acceptance.compiled(acceptance.schema_of(resource))


@cache
def visitor(name: str, *, quick: bool) -> Visitor | None:
    """Return the visitor of a shape; None when its schema says all."""
    elements = {prop.key: _visit_property(prop, quick=quick) for prop in _visited(shape(name), quick=quick)}
    rules = _rules(shape(name), quick=quick)
    return _visit_object(elements, rules) if elements or rules else None


@cache
def _bystander(name: str, *, quick: bool) -> Bystander:
    """Return what tells of a node that the visitor of its shape has nothing to look at; False decides nothing."""
    rules = _rules(shape(name), quick=quick)
    if any(not rule.only_with for rule in rules):
        return ().__contains__  # no node is in there: each one is visited
    visited = [prop.key for prop in _visited(shape(name), quick=quick)]
    return frozenset(visited + [rule.only_with for rule in rules]).isdisjoint


def _is_omitted(form: Shape, prop: Property) -> bool:
    """Whether a quick schema leaves out an element."""
    if form.name in resource_types():
        return prop.name == "contained"
    # Hardly an element has an id, and where it may, each one is asked whether it has anything else.
    return prop.key == "id" or _needs_visit(form, prop, quick=True)


def _visited(form: Shape, *, quick: bool) -> list[Property]:
    return [
        prop
        for prop in form.properties.values()
        if _needs_visit(form, prop, quick=quick) and not (quick and _is_omitted(form, prop))
    ]


def _rules(form: Shape, *, quick: bool) -> list[Invariant]:
    omitted = {prop.key for prop in form.properties.values() if _is_omitted(form, prop)} if quick else ()
    return [
        rule for rule in form.invariants if _is_left_to_visitors(form, rule, quick) and rule.only_with not in omitted
    ]


def _is_left_to_visitors(form: Shape, rule: Invariant, quick: bool) -> bool:
    # ext-1: the schema lets an extension have one member beside its url.
    said = isinstance(rule.holds, Implies | NeedsOne) or (quick and rule.stricter is not None)
    return form.name != "Extension" and not said


def _needs_visit(form: Shape, prop: Property, *, quick: bool) -> bool:
    if prop.check is not None or acceptance.is_left_out(form, prop):
        return False
    if prop.type == "Extension":
        return not quick and (not acceptance.has_plain_extensions(form.name) or form.name == "Extension")
    if prop.type == "Reference" and quick:
        return False
    if prop.type in ("Reference", "Resource") or prop.type in resource_types():
        return True
    if prop.value_set and not (quick and acceptance.says_binding(prop)):
        return True
    return visitor(prop.type, quick=quick) is not None


def _visit_object(elements: dict[str, Visitor], rules: list[Invariant]) -> Visitor:
    conditional = tuple((rule.only_with, rule.holds) for rule in rules if rule.only_with)
    always = tuple(rule.holds for rule in rules if not rule.only_with)
    keys = elements.keys()

    def visit(node: Node, scope: Scope) -> bool:
        for key in keys & node.keys():
            if not elements[key](node[key], scope):
                return False
        for only_with, holds in conditional:
            if only_with in node and not holds(node, scope.node):
                return False
        for holds in always:  # noqa: SIM110 - `all` costs a generator
            if not holds(node, scope.node):
                return False
        return True

    return visit


def _visit_property(prop: Property, *, quick: bool) -> Visitor:
    if prop.type == "Reference":
        visit = _visit_reference(prop.targets)
    elif prop.type == "Resource" or prop.type in resource_types():
        visit = _visit_resource(prop)
    elif prop.many and not prop.value_set:
        return _visit_each_complex(prop.type, quick=quick)
    else:
        visit = _visit_complex(prop, quick=quick)
    return _visit_each(visit) if prop.many else visit


def _visit_each(visit: Visitor) -> Visitor:
    def visit_each(values: list[Any], scope: Scope) -> bool:
        for value in values:  # noqa: SIM110 - `all` costs a generator
            if not visit(value, scope):
                return False
        return True

    return visit_each


def _visit_each_complex(name: str, *, quick: bool) -> Visitor:
    # Made when first met: an extension has extensions, an item of a list items of its own.
    visit: Visitor | None = None
    passes: Bystander = ().__contains__

    def visit_each_complex(values: list[Any], scope: Scope) -> bool:
        nonlocal visit, passes
        if visit is None:
            visit, passes = visitor(name, quick=quick) or _passes, _bystander(name, quick=quick)
        for value in values:  # noqa: SIM110 - `all` costs a generator
            if not passes(value) and not visit(value, scope):
                return False
        return True

    return visit_each_complex


def _visit_complex(prop: Property, *, quick: bool) -> Visitor:
    visit: Visitor | None = None

    def visit_complex(node: Node, scope: Scope) -> bool:
        nonlocal visit
        if visit is None:
            visit = visitor(prop.type, quick=quick) or _passes
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
    systems = value_set(prop.value_set)
    return systems is None or is_in(systems, node)


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
    visit = visitor("Identifier", quick=False)
    return visit is None or visit(node, scope)
