"""
The StructureDefinition walker: a plain dict against the shapes of R4, in one pass.

Locations are FHIRPath (`Bundle.entry[3].resource.status`). No text and no location holds a value of the input; an
unknown key is named only when it is a plain name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from shared.errors import Issue
from shared.validation.bindings import check_code, check_coded
from shared.validation.bundles import check_bundle
from shared.validation.findings import TEXTS, Findings, LimitReachedError, Limits
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

BASE_PROFILE: Final = "http://hl7.org/fhir/StructureDefinition/"
PLAIN_NAME: Final = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}")


def validate(resource: object, *, profiles: Sequence[str] = (), limits: Limits = Limits()) -> tuple[Issue, ...]:  # noqa: B008
    """
    Return the findings about a resource, in document order; no error among them means valid base R4.

    Never raises on any input. Profiles beyond base R4 are not checked yet; each is reported as `profile-unknown`.
    """
    findings = Findings(limits)
    walk = Walk(findings)
    try:
        for profile in profiles:
            walk.profile(profile, "")
        walk.resource(resource)
        for found in walk.references:
            check_reference(found, findings)
    except LimitReachedError:
        pass  # recorded as the last finding
    return tuple(findings.issues)


class Walk:
    """One pass over one resource; keeps the references met for the end."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.references: list[FoundReference] = []
        self.nodes = 0

    def profile(self, url: object, location: str) -> None:
        """Say that a profile is not checked, unless it is base R4."""
        if isinstance(url, str) and url.removeprefix(BASE_PROFILE) not in resource_types():
            self.findings.once("profile-unknown", url, location, "Not checked: the profile is not known here.")

    def resource(
        self,
        node: object,
        location: str = "",
        expected: str = "Resource",
        container: Scope | None = None,
        bundle: BundleIndex | None = None,
        depth: int = 0,
    ) -> None:
        """Walk a resource; `container` is given for a contained one, `bundle` for one inside a bundle."""
        if not isinstance(node, dict):
            self.findings.error("type-wrong", location, "A resource is a JSON object.")
            return
        name = node.get("resourceType")
        if not isinstance(name, str) or name not in resource_types():
            code = "resource-type-unknown" if isinstance(name, str) else "resource-type-missing"
            self.findings.error(code, location, "resourceType must name a resource of R4.")
            return
        location = location or name
        if expected not in ("Resource", name):
            self.findings.error("type-wrong", location, f"The resource here is {expected}.")
            return
        if name == "Bundle":
            bundle = index_bundle(node)
            check_bundle(node, location, self.findings)
        scope = container or Scope(node, name, contained_types(node), bundle)
        self.structure(node, shape(name), location, scope, depth)

    def structure(self, node: Node, form: Shape, location: str, scope: Scope, depth: int) -> None:
        """Walk a JSON object of a known shape."""
        findings, properties = self.findings, form.properties
        errors, choices = findings.errors, None
        self._count(node, location, depth)
        for key, value in node.items():
            prop = properties.get(key)
            if prop is None:
                prop = self._other_key(key, value, node, form, location, scope, depth)
                if prop is None:
                    continue
            elif prop.check is not None and not prop.many:
                problem = prop.check(value)
                if problem is not None:
                    self._wrong(problem, prop, value, f"{location}.{prop.name}")
                elif prop.value_set:
                    check_code(value, prop, f"{location}.{prop.name}", findings)
            elif prop.many:
                self._many(prop, value, node, location, scope, depth)
            else:
                self._one(prop, value, f"{location}.{prop.name}", scope, depth)
            if prop.choice:
                choices = self._choose(prop, choices or {}, location)
        for name, keys in form.required:
            if keys[0] not in node and not any(key in node for key in keys):
                findings.error("element-missing", f"{location}.{name}", f"{form.name} needs {name}.")
        if errors == findings.errors:
            for invariant in form.invariants:
                if not invariant.holds(node, scope.node):
                    findings.error(invariant.key, location, invariant.text)

    def _count(self, node: Node, location: str, depth: int) -> None:
        limits = self.findings.limits
        self.nodes += len(node)
        if depth > limits.depth:
            raise self.findings.stop("depth-exceeded", location, f"Nested deeper than {limits.depth} levels.")
        if self.nodes > limits.nodes:
            raise self.findings.stop("size-exceeded", location, f"More than {limits.nodes} elements.")

    def _choose(self, prop: Property, choices: dict[str, str], location: str) -> dict[str, str]:
        if choices.setdefault(prop.choice, prop.key) != prop.key:
            self.findings.error("choice-repeated", f"{location}.{prop.choice}", "Only one type may be chosen.")
        return choices

    def _other_key(
        self, key: object, value: object, node: Node, form: Shape, location: str, scope: Scope, depth: int
    ) -> Property | None:
        """Walk a key that is no property: `_name` carries extensions of a primitive, all else is unknown."""
        if not isinstance(key, str):
            self.findings.error("key-invalid", location, "A JSON key is a string.")
            return None
        prop = form.properties.get(key[1:]) if key.startswith("_") else None
        if prop is None or prop.check is None or prop.key == "resourceType":
            name = key if PLAIN_NAME.fullmatch(key) else "?"
            self.findings.error("element-unknown", f"{location}.{name}", f"{form.name} has no such element.")
            return None
        where = f"{location}.{prop.name}"
        if not prop.many:
            self._extended(value, where, scope, depth)
        elif not isinstance(value, list):
            self.findings.error("array-expected", where, TEXTS["array-expected"])
        else:
            self._extended_list(value, node.get(prop.key), where, scope, depth)
        return prop

    def _extended_list(self, value: list[Any], values: object, where: str, scope: Scope, depth: int) -> None:
        if not any(item is not None for item in value):
            self.findings.error("value-empty", where, TEXTS["value-empty"])
        if isinstance(values, list) and len(values) != len(value):
            self.findings.error("array-expected", where, "The values and their extensions differ in number.")
        for number, item in enumerate(value):
            if item is not None:
                self._extended(item, f"{where}[{number}]", scope, depth)

    def _extended(self, value: object, where: str, scope: Scope, depth: int) -> None:
        if not isinstance(value, dict):
            self.findings.error("type-wrong", where, "The extensions of a primitive are a JSON object.")
        elif not value:
            self.findings.error("value-empty", where, TEXTS["value-empty"])
        else:
            self.structure(value, shape("Element"), where, scope, depth + 1)

    def _many(self, prop: Property, value: object, node: Node, location: str, scope: Scope, depth: int) -> None:
        where = f"{location}.{prop.name}"
        if not isinstance(value, list):
            self.findings.error("array-expected", where, TEXTS["array-expected"])
            return
        if not value:
            self.findings.error("value-empty", where, TEXTS["value-empty"])
        if prop.maximum > 0 and len(value) > prop.maximum:
            self.findings.error("too-many-values", where, f"At most {prop.maximum} are allowed.")
        if prop.check is None:
            for number, item in enumerate(value):
                self._one(prop, item, f"{where}[{number}]", scope, depth)
            return
        self._count({}, where, depth)
        self.nodes += len(value)
        siblings = node.get(f"_{prop.key}")
        extended = siblings if isinstance(siblings, list) else []
        for number, item in enumerate(value):
            if item is None and number < len(extended) and extended[number] is not None:
                continue
            self._primitive(prop, item, f"{where}[{number}]")

    def _primitive(self, prop: Property, value: Any, where: str) -> None:
        problem = prop.check(value) if prop.check is not None else None
        if problem is not None:
            self._wrong(problem, prop, value, where)
        elif prop.value_set:
            check_code(value, prop, where, self.findings)
        elif prop.key == "profile":
            self.profile(value, where)

    def _one(self, prop: Property, value: Any, where: str, scope: Scope, depth: int) -> None:
        """Walk one complex value."""
        if prop.type == "Resource" or prop.type in resource_types():
            container = scope if prop.name == "contained" else None
            self.resource(value, where, prop.type, container, scope.bundle, depth + 1)
            return
        if not isinstance(value, dict):
            self._wrong("type-wrong", prop, value, where)
            return
        if not value or (len(value) == 1 and "id" in value):
            self.findings.error("value-empty", where, TEXTS["value-empty"])
            return
        self.structure(value, shape(prop.type), where, scope, depth + 1)
        if prop.type == "Reference":
            self.references.append(FoundReference(value, where, prop.targets, scope))
        elif prop.value_set:
            check_coded(value, prop, where, self.findings)

    def _wrong(self, problem: str, prop: Property, value: object, where: str) -> None:
        if isinstance(value, list):
            problem = "array-unexpected"
        self.findings.error(problem, where, TEXTS[problem].format(prop.type))
