"""
The full validation: the walk, every invariant of R4, and profiles; what `validate` and the partner check run.

Too dear for the way of a message. Profiles are those asked for and those that a resource declares in `meta.profile`;
extensions that are known are held to their definitions wherever they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from shared.errors import Issue
from shared.validation.findings import Findings, LimitReachedError, Limits
from shared.validation.profiles.checker import Checker
from shared.validation.profiles.definitions import BASE, Definitions, Element, Profile
from shared.validation.profiles.instances import instances, target_type
from shared.validation.profiles.rules import check_extensible, check_rules, may_stand_at
from shared.validation.profiles.tour import Stop, tour
from shared.validation.shapes import resource_types
from shared.validation.walker import validate

Node = dict[str, Any]


def validate_fully(
    resource: object,
    *,
    profiles: Sequence[str] = (),
    definitions: Definitions | None = None,
    limits: Limits = Limits(),  # noqa: B008
) -> tuple[Issue, ...]:
    """
    Return the findings about a resource; no error among them means valid R4 that meets its profiles.

    `profiles` are canonical URLs, with a version or without, or ids (`us-core-patient`). Of a bundle they mean its
    entries of the profiles' types. Never raises on any input.
    """
    walked = [issue for issue in validate(resource, limits=limits) if issue.code != "profile-unknown"]
    if not isinstance(resource, dict) or any(issue.severity == "fatal" for issue in walked):
        return tuple(walked)
    findings = Findings(limits)
    with suppress(LimitReachedError):  # recorded as the last finding
        _Full(resource, definitions or Definitions(), findings).run(profiles)
    return tuple(_without_repeats([*walked, *findings.issues]))


def _without_repeats(issues: Iterable[Issue]) -> Iterable[Issue]:
    """Return each finding once: profiles state the same of a slice as of the element."""
    return dict.fromkeys(issues)


class _Full:
    def __init__(self, resource: Node, definitions: Definitions, findings: Findings) -> None:
        self._resource = resource
        self._definitions = definitions
        self._findings = findings
        self._checker = Checker(definitions, findings.limits, resource)

    def run(self, names: Sequence[str]) -> None:
        """Check the resource and all within it."""
        wanted = [profile for name in names if (profile := self._find(name, "")) is not None]
        unmet = {profile.url: profile for profile in wanted}
        for stop in tour(self._resource):
            check_rules(stop, self._resource, self._findings)
            check_extensible(stop, self._findings)
            if stop.form == "Extension":
                self._extension(stop)
            elif stop.form == "Reference":
                self._reference(stop)
            elif stop.form in resource_types():
                self._contained(stop)
                for profile in (*self._declared(stop), *(one for one in wanted if self._means(one, stop))):
                    unmet.pop(profile.url, None)
                    self._profile(profile, stop)
        for profile in unmet.values():
            self._findings.error("profile-type-wrong", "", f"Nothing here is of {profile.type}, as {profile.url} is.")

    def _means(self, profile: Profile, stop: Stop) -> bool:
        """Whether a profile that was asked for means this resource: the one given, or an entry of the bundle given."""
        given = stop.value is self._resource
        entry = self._resource.get("resourceType") == "Bundle" and stop.location.count(".") == 2
        return stop.form == profile.type and (given or (entry and stop.location.endswith("].resource")))

    def _declared(self, stop: Stop) -> list[Profile]:
        meta = stop.value.get("meta")
        urls = meta.get("profile") if isinstance(meta, dict) else None
        listed = enumerate(urls if isinstance(urls, list) else ())
        found = [self._find(url, f"{stop.location}.meta.profile[{number}]") for number, url in listed]
        return [profile for profile in found if profile is not None]

    def _find(self, name: object, location: str) -> Profile | None:
        if not isinstance(name, str) or name.split("|")[0].removeprefix(BASE) in resource_types():
            return None
        profile = self._definitions.find(name)
        if profile is None:
            self._findings.once("profile-unknown", name, location, "Not checked: the profile is not known here.")
        return profile

    def _profile(self, profile: Profile, stop: Stop) -> None:
        if profile.type != stop.form:
            text = f"The profile {profile.url} is about {profile.type}."
            self._findings.error("profile-type-wrong", stop.location, text)
            return
        self._checker.check(stop.instance, profile, stop.scope, self._findings)

    def _reference(self, stop: Stop) -> None:
        stated, target = stop.value.get("type"), target_type(stop.value, stop.scope)
        if target and stated in resource_types() and stated != target:
            text = "The type that is stated is not that of what the reference names."
            self._findings.error("reference-type-wrong", f"{stop.location}.type", text)

    def _contained(self, stop: Stop) -> None:
        seen: set[str] = set()
        for one in instances(stop.value, "contained", stop.location):
            name = one.value.get("id") if isinstance(one.value, dict) else None
            if isinstance(name, str) and name in seen:
                text = "Another contained resource has this id: a reference to it names two."
                self._findings.error("id-repeated", f"{one.location}.id", text)
            elif isinstance(name, str):
                seen.add(name)

    def _extension(self, stop: Stop) -> None:
        url = stop.value.get("url")
        if not isinstance(url, str):
            return
        if ":" not in url:
            # A part of a complex extension is judged with the whole.
            if stop.parent is None or stop.parent.form != "Extension":
                text = "The URL of an extension is absolute, but for a part of another."
                self._findings.error("value-invalid", f"{stop.location}.url", text)
            return
        definition = self._definitions.find(url)
        if definition is None or definition.type != "Extension":
            self._findings.once(
                "extension-unknown", url, stop.location, "Not checked: the extension is not known here."
            )
            return
        if not may_stand_at(definition, stop):
            self._findings.error(
                "extension-misplaced", stop.location, f"The extension {url} has no place in {_holder(stop)}."
            )
        self._checker.check(stop.instance, definition, stop.scope, self._findings)
        self._parts(definition, stop)

    def _parts(self, definition: Profile, stop: Stop) -> None:
        """Record parts of a complex extension that its definition lacks: their URLs mean nothing anywhere else."""
        within = (definition.root.children or {}).get("extension")
        slices = within.slices if within is not None else None
        known = {(one.children or {}).get("url", Element()).fixed for one in (slices or {}).values()}
        for part in instances(stop.value, "extension", stop.location) if slices and None not in known else ():
            url = part.value.get("url") if isinstance(part.value, dict) else None
            if isinstance(url, str) and ":" not in url and url not in known:
                text = f"The profile {definition.url} allows none but its slices here: it has no part of this name."
                self._findings.error("slice-unknown", part.location, text)


def _holder(stop: Stop) -> str:
    return stop.parent.path if stop.parent else stop.path
