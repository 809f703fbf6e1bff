"""
A resource against a profile: cardinality, types, fixed values, bindings, references, slices and invariants.

What a profile repeats from base R4 is the walker's; here is only what it adds. What cannot be decided is said so:
`binding-undecidable`, `slice-undecidable`, `invariant-undecidable`, `profile-unknown`.
"""

from __future__ import annotations

from typing import Any, Final, Literal

from shared.validation.findings import Findings, Limits
from shared.validation.profiles.codes import membership
from shared.validation.profiles.definitions import BASE, Definitions, Element, Profile, Slicing
from shared.validation.profiles.fhirpath import holds
from shared.validation.profiles.instances import Instance, form_of, instances, matches, target_type
from shared.validation.profiles.slices import Slicer
from shared.validation.references import Scope, find_resource

Node = dict[str, Any]
BOUND: Final = ("", "code", "Coding", "CodeableConcept", "Quantity")  # "": no choice, so the binding means it


class Checker:
    """Checks values by profiles, remembering what was judged: targets of references are met again and again."""

    def __init__(self, definitions: Definitions, limits: Limits, root: Node) -> None:
        self._definitions = definitions
        self._limits = limits
        self._root = root
        self._judged: dict[tuple[int, str], bool] = {}
        self._open: set[tuple[int, str]] = set()

    def check(self, value: Instance, profile: Profile, scope: Scope, findings: Findings) -> None:
        """Record what a profile finds wrong with a resource or an extension."""
        name = _name(value, profile)
        if name not in self._open:  # profiles may demand one another in a circle
            self._open.add(name)
            _Check(self, profile, scope, findings).element(value, profile.root, profile.type)
            self._open.discard(name)

    def conforms(self, value: Instance, profile: Profile, scope: Scope) -> bool:
        """Return whether a value meets a profile as far as that can be decided here."""
        name = _name(value, profile)
        if name not in self._judged:
            findings = Findings(self._limits)
            self.check(value, profile, scope, findings)
            self._judged[name] = not findings.errors
        return self._judged[name]

    def profiles(self, urls: tuple[str, ...]) -> list[Profile | None]:
        """Return the profiles of these names, None for one that is not known."""
        return [self._definitions.find(url) for url in urls]

    def type_of(self, url: str) -> str | None:
        """Return the type that a profile is about."""
        return self._definitions.type_of(url)

    def slicer(self, profile: Profile, scope: Scope) -> Slicer:
        """Return what tells the slices of this profile apart."""
        return Slicer(self._definitions, profile.value_sets, scope, self.conforms)

    def holds(self, expression: str, node: object, form: str, scope: Scope) -> bool | None:
        """Return whether an invariant holds for a node."""
        return holds(expression, node, form, scope, self._root)


def _name(value: Instance, profile: Profile) -> tuple[int, str]:
    return id(value.value), f"{profile.url}|{profile.version}"


class _Check:
    """One value against one profile."""

    def __init__(self, checker: Checker, profile: Profile, scope: Scope, findings: Findings) -> None:
        self._checker = checker
        self._profile = profile
        self._scope = scope
        self._findings = findings

    def element(self, one: Instance, element: Element, form: str) -> None:
        """Check a value; `form` names its shape (`HumanName`, `Observation.component`)."""
        if element.types and one.type and one.type not in element.types:
            self._error("type-wrong", one.location, f"allows {' or '.join(element.types)} here")
            return
        if element.fixed is not None and one.value != element.fixed:
            self._error("fixed-value-differs", one.location, "fixes this value")
        if element.pattern is not None and not matches(element.pattern, one.value):
            self._error("pattern-differs", one.location, "fixes a part of this value")
        if element.binding is not None and one.value is not None and one.type in BOUND:
            self._binding(one, *element.binding)
        if element.profiles:
            self._profiles(one, element.profiles)
        if element.targets:
            self._target(one, element.targets)
        for key, severity, expression in element.rules:
            self._rule(key, "warning" if severity == "warning" else "error", expression, one, form)
        for name, child in (element.children or {}).items():
            self._child(one, name, child, form)

    def _child(self, parent: Instance, name: str, element: Element, form: str) -> None:
        found = instances(parent.value, name, parent.location)
        if name == "extension" and isinstance(parent.extended, dict):
            found = instances(parent.extended, name, parent.location)
        self._count(len(found), element, f"{parent.location}.{name.removesuffix('[x]')}", "")
        below = form_of(form, name)
        for one in found:
            self.element(one, element, below)
        if element.slicing is not None:
            self._slices(found, element, element.slicing, f"{parent.location}.{name.removesuffix('[x]')}", below)

    def _count(self, number: int, element: Element, location: str, part: str) -> None:
        of = f" of the slice {part}" if part else ""
        if number < element.minimum:
            self._error("element-missing", location, f"needs at least {element.minimum}{of}")
        if 0 <= element.maximum < number:
            self._error("too-many-values", location, f"allows at most {element.maximum}{of}")

    def _slices(self, found: list[Instance], element: Element, slicing: Slicing, location: str, form: str) -> None:
        slicer = self._checker.slicer(self._profile, self._scope)
        places: dict[int, int] = {}  # which value is of which slice, both by number
        undecided = False
        for number, (part, expected) in enumerate((element.slices or {}).items()):
            verdicts = [slicer.belongs(one, expected, slicing.by) for one in found]
            mine = [index for index, verdict in enumerate(verdicts) if verdict]
            if None in verdicts:
                undecided = True
                text = f"Not checked: whether values are of the slice {part} of {self._name} cannot be decided here."
                self._findings.once("slice-undecidable", f"{self._name} {location} {part}", location, text)
            else:
                self._count(len(mine), expected, location, part)
            for index in mine:
                places.setdefault(index, number)
                self.element(found[index], expected, form)
        if not undecided:
            self._whole(found, places, slicing, location)

    def _whole(self, found: list[Instance], places: dict[int, int], slicing: Slicing, location: str) -> None:
        """Check what a slicing says of all its values: that each is of a slice, and in the order of the slices."""
        if slicing.closed:
            for index, one in enumerate(found):
                if index not in places:
                    self._error("slice-unknown", one.location, "allows none but its slices here")
        order = [places[index] for index in sorted(places)]
        if slicing.ordered and order != sorted(order):
            self._error("slice-order-wrong", location, "wants the values in the order of its slices")

    def _binding(self, one: Instance, strength: str, url: str) -> None:
        verdict = membership(self._profile.value_sets.get(url), one.value, one.type)
        if verdict is None:
            text = f"Not checked: the value set {url} cannot be decided here."
            self._findings.once("binding-undecidable", url, one.location, text)
        elif verdict is False and strength == "required":
            self._error("code-invalid", one.location, f"requires a code of the value set {url}")
        elif verdict is False:
            text = f"The profile {self._name} asks for a code of the value set {url}, if one fits."
            self._findings.warning("code-not-in-value-set", one.location, text)

    def _profiles(self, one: Instance, urls: tuple[str, ...]) -> None:
        known = self._checker.profiles(urls)
        fitting = [profile for profile in known if profile is not None]
        if len(known) == len(fitting) == 1:
            self._checker.check(one, fitting[0], self._scope, self._findings)
        elif len(fitting) < len(known):
            for url in urls:
                self._say_unknown(url, one.location)
        elif not any(self._checker.conforms(one, profile, self._scope) for profile in fitting):
            self._error("profile-not-met", one.location, f"wants one of {', '.join(urls)} met here")

    def _target(self, one: Instance, urls: tuple[str, ...]) -> None:
        kind = target_type(one.value, self._scope)
        by_type = {url: self._checker.type_of(url) for url in urls}
        for url, name in by_type.items():
            if name is None:
                self._say_unknown(url, one.location)
        if not kind or None in by_type.values() or "Resource" in by_type.values():
            return
        fitting = [url for url, name in by_type.items() if name == kind]
        if not fitting:
            self._error("reference-type-wrong", one.location, f"allows no reference to {kind} here")
        found = find_resource(one.value, self._scope)
        profiles = [profile for profile in self._checker.profiles(tuple(fitting)) if profile is not None]
        if found is None or any(url == f"{BASE}{kind}" for url in fitting) or not profiles:
            return
        target = Instance(found, kind, kind)
        inside = Scope(found, kind, self._scope.contained, self._scope.bundle)
        if not any(self._checker.conforms(target, profile, inside) for profile in profiles):
            self._error("profile-not-met", one.location, f"wants the target to meet one of {', '.join(fitting)}")

    def _rule(
        self, key: str, severity: Literal["error", "warning"], expression: str, one: Instance, form: str
    ) -> None:
        verdict = self._checker.holds(expression, one.value, one.type or form, self._scope)
        if verdict is None:
            self._findings.once(
                "invariant-undecidable", key, one.location, f"Not checked: the invariant {key} cannot be evaluated."
            )
        elif not verdict:
            record = self._findings.error if severity == "error" else self._findings.warning
            record(key, one.location, f"The invariant {key} of the profile {self._name} fails: {expression}")

    def _say_unknown(self, url: str, location: str) -> None:
        self._findings.once("profile-unknown", url, location, "Not checked: the profile is not known here.")

    def _error(self, code: str, location: str, text: str) -> None:
        self._findings.error(code, location, f"The profile {self._name} {text}.")

    @property
    def _name(self) -> str:
        return f"{self._profile.url}|{self._profile.version}" if self._profile.version else self._profile.url
