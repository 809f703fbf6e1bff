"""
Slicing: which slice a value belongs to, told by discriminators (R4, profiling, section 5.1.0.12).

A discriminator's path is walked twice: in the value, and in the slice, where it ends at what the slice demands there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from shared.validation.profiles.codes import membership
from shared.validation.profiles.definitions import Definitions, Element, Profile
from shared.validation.profiles.instances import Instance, instances, matches, target_type
from shared.validation.references import Scope, find_resource

STEP: Final = re.compile(r"extension\('[^']*'\)|resolve\(\)|ofType\([^)]*\)|[^.]+")
QUOTED: Final = re.compile(r"extension\('([^']*)'\)")

Conforms = Callable[[Instance, Profile, Scope], bool]


@dataclass(frozen=True, slots=True)
class Slicer:
    """Tells slices apart within one resource; `conforms` judges a value by a profile."""

    definitions: Definitions
    value_sets: Any
    scope: Scope
    conforms: Conforms

    def belongs(self, value: Instance, part: Element, by: tuple[tuple[str, str], ...]) -> bool | None:
        """Return whether a value belongs to a slice; None when a discriminator cannot be decided here."""
        verdict: bool | None = True
        for kind, path in by:
            one = self._discriminate(kind, path, value, part)
            if one is False:
                return False
            verdict = one if one is None else verdict
        return verdict

    def _discriminate(self, kind: str, path: str, value: Instance, part: Element) -> bool | None:
        expected = self._element_at(part, path)
        if expected is None:
            return None
        found = list(self._values_at(value, path))
        if kind == "exists":
            return not found if expected.maximum == 0 else bool(found) if expected.minimum else None
        if kind == "type":
            return _best([self._is_type(one, expected) for one in found])
        if kind == "profile":
            return _best([self._is_profile(one, expected) for one in found])
        return _best([self._satisfies(one, expected) for one in found])

    def _element_at(self, part: Element, path: str) -> Element | None:
        """Return what the slice demands at a path; None when it says nothing there."""
        element: Element | None = part
        for step in STEP.findall(path):
            if element is None:
                return None
            if step != "$this":
                element = self._step(element, step)
        return element

    def _step(self, element: Element, step: str) -> Element | None:
        if step == "resolve()":
            return self._target(element)
        if step.startswith("ofType("):
            return element
        if step.startswith("extension("):
            return self._extension(element, QUOTED.findall(step)[0])
        children = element.children or {}
        child = children.get(step) or children.get(f"{step}[x]")
        if child is None and step == "url" and element.profiles:
            return Element(fixed=element.profiles[0])
        stated = element.pattern if element.pattern is not None else element.fixed
        if isinstance(stated, dict) and step in stated:
            inner = stated[step]
            return Element(pattern=inner[0] if isinstance(inner, list) and inner else inner)
        if child is None and element.profiles:
            profile = self.definitions.find(element.profiles[0])
            return self._step(profile.root, step) if profile else None
        return child

    def _target(self, element: Element) -> Element | None:
        """Return what is demanded of the target of a reference: its types, and its profile if there is but one."""
        types = [self.definitions.type_of(url) for url in element.targets]
        known = tuple(name for name in types if name)
        profile = self.definitions.find(element.targets[0]) if len(element.targets) == 1 else None
        children = profile.root.children if profile else None
        return Element(types=known, profiles=element.targets, children=children) if element.targets else None

    def _extension(self, element: Element, url: str) -> Element | None:
        child = (element.children or {}).get("extension")
        found = [one for one in (child.slices or {}).values() if url in one.profiles] if child else []
        return found[0] if found else None

    def _values_at(self, value: Instance, path: str) -> Iterator[Instance]:
        found = [value]
        for step in STEP.findall(path):
            found = [inner for one in found for inner in self._values_of_step(one, step)]
        yield from found

    def _values_of_step(self, one: Instance, step: str) -> list[Instance]:
        if step == "$this":
            return [one]
        if step == "resolve()":
            kind = target_type(one.value, self.scope)
            found = find_resource(one.value, self.scope) if isinstance(one.value, dict) else None
            return [Instance(found, one.location, kind)] if kind else []
        if step.startswith("ofType("):
            return [one] if one.type in ("", step[7:-1]) else []
        if step.startswith("extension("):
            url = QUOTED.findall(step)[0]
            inside = instances(one.value, "extension", one.location)
            return [inner for inner in inside if isinstance(inner.value, dict) and inner.value.get("url") == url]
        return instances(one.value, step, one.location) or instances(one.value, f"{step}[x]", one.location)

    def _is_type(self, one: Instance, expected: Element) -> bool | None:
        return one.type in expected.types if expected.types and one.type else None

    def _is_profile(self, one: Instance, expected: Element) -> bool | None:
        profiles = [self.definitions.find(url) for url in expected.profiles]
        return _best([self.conforms(one, profile, self.scope) if profile else None for profile in profiles])

    def _satisfies(self, one: Instance, expected: Element) -> bool | None:
        """Return whether a value has what tells the slice: fixed values, patterns, bindings, here or below."""
        if expected.fixed is not None and one.value != expected.fixed:
            return False
        if expected.pattern is not None and not matches(expected.pattern, one.value):
            return False
        verdicts: list[bool | None] = [True] if expected.fixed is not None or expected.pattern is not None else []
        if not verdicts and expected.binding is not None and expected.binding[0] == "required":
            verdicts.append(membership(self.value_sets.get(expected.binding[1]), one.value, one.type))
        for name, child in (expected.children or {}).items():
            below = [self._satisfies(inner, child) for inner in instances(one.value, name, one.location)]
            if below or child.minimum:
                verdicts.append(_best(below))
        return False if False in verdicts else True if True in verdicts else None


def _best(verdicts: list[bool | None]) -> bool | None:
    return True if True in verdicts else None if None in verdicts else False
