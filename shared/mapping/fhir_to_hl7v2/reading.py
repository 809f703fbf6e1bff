"""
A FHIR Bundle as the maps read it: its resources by reference, and an account of what was read.

Maps take elements by name (`take`); what nobody takes is reported at the end, located by FHIRPath, so that nothing of
the FHIR is lost in silence. What HL7 v2 has no use for (narrative, ids, profiles) is not counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from shared.errors import Issue, Severity
from shared.mapping.fhir_to_hl7v2.bundles import contained_in
from shared.terminology.systems import TERMINOLOGY

Resource = dict[str, Any]

# Of the resource as such, not of what it says.
_QUIET = frozenset({"resourceType", "id", "meta", "text", "implicitRules", "contained"})
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
EVENTS = TERMINOLOGY + "v2-0003"
# What a message is about, and who and where is named by it.
_TOLD = frozenset(
    ("Patient", "Encounter", "ServiceRequest", "DiagnosticReport", "Immunization", "Appointment", "ChargeItem")
) | {"DocumentReference", "Observation", "Bundle"}
_ACTORS = frozenset(
    ("Organization", "Practitioner", "PractitionerRole", "Location", "Device", "Endpoint", "OperationOutcome")
)
_INDEX = re.compile(r"\[\d+\]")


class Source:
    """The resources of one message and what has been read of them."""

    def __init__(self, entries: list[tuple[str, Resource]], by_reference: dict[str, Resource]) -> None:
        self.entries = entries
        self.by_reference = by_reference
        self._taken: set[tuple[int, str]] = set()
        self._whole: set[tuple[int, str]] = set()
        self._used: set[int] = set()

    def all(self, kind: str) -> list[Resource]:
        """Return the resources of a type, in the bundle's order."""
        return [resource for _, resource in self.entries if resource["resourceType"] == kind]

    def first(self, kind: str) -> Resource | None:
        """Return the first resource of a type."""
        return next(iter(self.all(kind)), None)

    @cached_property
    def provenance(self) -> Resource | None:
        """Return the first Provenance of the message."""
        return next(iter(self.provenances()), None)

    def provenances(self) -> list[Resource]:
        """Return each Provenance of the message, or of what it tells; not that of a detail of the record."""
        return [one for one in self.all("Provenance") if self._tells_of_message(one)]

    def _tells_of_message(self, provenance: Resource) -> bool:
        activity = provenance.get("activity", {}).get("coding", ())
        targets = [one for one in provenance.get("target", ()) if isinstance(one, dict)]
        kinds = {str((self.find(one) or {}).get("resourceType") or kind_of(one)) for one in targets}
        return not targets or bool(kinds & _TOLD) or any(one.get("system") == EVENTS for one in activity)

    def take(self, element: Resource, name: str) -> Any:
        """Return an element and count it as read; the parts of a complex one are still to be read."""
        self._taken.add((id(element), name))
        self._used.add(id(element))
        return element.get(name)

    def text(self, element: Resource, name: str) -> str:
        """Return a primitive element as text, its lines apart by LF, "" when it is absent."""
        value = self.take(element, name)
        return "" if value is None or isinstance(value, dict | list) else str(value).replace("\r\n", "\n")

    def items(self, element: Resource, name: str) -> list[Resource]:
        """Return the complex values of an element, one or several."""
        value = self.take(element, name)
        values = value if isinstance(value, list) else [value]
        return [one for one in values if isinstance(one, dict)]

    def one(self, element: Resource, name: str) -> Resource | None:
        """Return the first complex value of an element; further ones are still to be read."""
        return next(iter(self.items(element, name)), None)

    def whole(self, element: Resource, *names: str) -> None:
        """Count elements as read with all that is in them: what a map derives, or knows from elsewhere."""
        self._used.add(id(element))
        for name in names:
            self._whole.add((id(element), name))

    def use(self, resource: Resource) -> None:
        """Count a resource as read, though none of its elements."""
        self._used.add(id(resource))

    def reference(self, element: Resource, name: str) -> Resource | None:
        """
        Return the first resource that an element refers to, None when it is not in the bundle.

        Then a name or number that stands in its place is still to be read.
        """
        value = element.get(name)
        values = [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, dict)]
        found = next((resource for one in values if (resource := self.find(one)) is not None), None)
        if found is not None or not any("display" in one or "identifier" in one for one in values):
            self.whole(element, name)
        return found

    def named(self, element: Resource, name: str, kind: str) -> Resource | None:
        """Return as `reference`; of what is only named or numbered there, a resource of this type saying no more."""
        found = self.reference(element, name)
        one = next((one for one, _ in self.references(element, name)), {})
        return found or stated(one, kind)

    def references(self, element: Resource, name: str) -> list[tuple[Resource, Resource | None]]:
        """Return every Reference of an element with the resource that it means."""
        self._whole.add((id(element), name))
        self._used.add(id(element))
        value = element.get(name)
        values = value if isinstance(value, list) else [value]
        return [(one, self.find(one)) for one in values if isinstance(one, dict)]

    def held(self, element: Resource, *names: str) -> None:
        """Count References as read to what the bundle holds, whose own segments tell of it; not words about others."""
        for name in names:
            for one in self.items(element, name):
                if self.find(one) is not None or not ("display" in one or "identifier" in one):
                    self.whole(one, *one)
                self.whole(one, "reference", "type")

    def meant(self, element: Resource | None, name: str) -> list[Resource]:
        """Return the resources of the bundle that an element refers to; nothing is counted as read."""
        value = (element or {}).get(name)
        values = value if isinstance(value, list) else [value]
        found = [self.find(one) for one in values if isinstance(one, dict)]
        return [one for one in found if one is not None]

    def find(self, reference: Resource) -> Resource | None:
        """Return the resource that a Reference means, None when it is not in the bundle."""
        return self.by_reference.get(str(reference.get("reference", "")).partition("/_history/")[0])

    def left(self) -> Iterator[Issue]:
        """Yield an issue for every element that nobody read, a warning for a whole resource; alike places are one."""
        places: dict[tuple[str, bool], tuple[str, int]] = {}
        for path, resource in _with_contained(self.entries):
            if id(resource) not in self._used:
                found: Iterator[str] = iter((path,))
            else:
                found = self._unread(resource, path, 0)
            lost = id(resource) not in self._used and resource["resourceType"] not in _ACTORS
            for place in found:
                key = _INDEX.sub("[]", place), lost
                first, count = places.get(key, (place, 0))
                places[key] = first, count + 1
        for (_, lost), (first, count) in places.items():
            more = f" The same of {count - 1} more." if count > 1 else ""
            severity: Severity = "warning" if lost else "information"
            yield Issue(severity, "incomplete", "element-not-carried", first, f"Not carried into HL7 v2.{more}")

    def _unread(self, element: Resource, path: str, depth: int) -> Iterator[str]:
        for name, value in element.items():
            key = (id(element), name)
            if key in self._whole or (depth == 0 and name in _QUIET) or name in ("id", "resourceType"):
                continue
            place = f"{path}.{name}"
            if name == "extension" and isinstance(value, list):
                yield from self._unread_extensions(value, path)
            elif name.startswith("_"):
                yield from self._unread_extensions(_extensions(value), f"{path}.{name[1:]}")
            elif key not in self._taken:
                yield place
            else:
                yield from self._unread_parts(value, place, depth)

    def _unread_parts(self, value: Any, place: str, depth: int) -> Iterator[str]:
        if isinstance(value, dict):
            yield from self._unread(value, place, depth + 1)
        elif isinstance(value, list):
            for index, part in enumerate(value):
                if isinstance(part, dict):
                    yield from self._unread(part, f"{place}[{index}]", depth + 1)

    def _unread_extensions(self, extensions: list[Any], path: str) -> Iterator[str]:
        for extension in extensions:
            if isinstance(extension, dict) and id(extension) not in self._used and extension.get("url") != _ABSENT:
                yield f"{path}.extension('{extension.get('url', '')}')"


def _extensions(value: Any) -> list[Any]:
    values = value if isinstance(value, list) else [value]
    found = [one.get("extension") for one in values if isinstance(one, dict)]
    return [extension for one in found if isinstance(one, list) for extension in one]


def stated(reference: Resource, kind: str) -> Resource | None:
    """Return what a Reference itself says, name and number, as a resource of a type; None where it says neither."""
    said = {"name": reference.get("display"), "identifier": reference.get("identifier")}
    told = {name: value for name, value in said.items() if value}
    if "identifier" in told:
        told["identifier"] = [told["identifier"]]
    return {"resourceType": kind, **told} if told else None


def kind_of(reference: Resource) -> str:
    """Return the type of what a Reference means, as it says or by its URL; "" where neither tells."""
    parts = str(reference.get("reference", "")).partition("/_history/")[0].split("/")
    return str(reference.get("type", "")) or (parts[-2] if len(parts) > 1 else "")


def _with_contained(entries: list[tuple[str, Resource]]) -> Iterator[tuple[str, Resource]]:
    """Yield the resources with those contained in them that are no entries of their own."""
    known = {id(resource) for _, resource in entries}
    for path, resource in entries:
        yield path, resource
        for place, part in contained_in(path, resource):
            if id(part) not in known:
                yield place, part
