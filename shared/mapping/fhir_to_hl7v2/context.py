"""What the maps of one outgoing message share: the source, the version written, the receiver's ways, the issues."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from shared.errors import Issue, Severity
from shared.formats.hl7v2.structures import Definitions
from shared.formats.hl7v2.writing import Component, Composite
from shared.mapping.coverage import FieldTable
from shared.mapping.fhir_to_hl7v2.reading import Resource, Source
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, ORIGINAL_CODE, ORIGINAL_VALUE
from shared.partners.hl7v2_writing import WritingPreferences
from shared.terminology.system_names import table_system

# No segment has more fields, no data type more components: a larger number would only cost memory.
_NUMBER = re.compile(r"[1-9][0-9]?")
# Who entered, verified and did an order: ORC-10, 11, 17 to 19 as they were sent.
HANDLERS = (10, 11, 17, 18, 19)
_HANDLED = frozenset(f"{EXTENSIONS}orc-{number}" for number in HANDLERS)
_ORDERS = frozenset({"ServiceRequest", "MedicationRequest", "Immunization"})


@dataclass(slots=True)
class Draft:
    """A segment being written, with the segments that stand below it; `table` says where its fields come from."""

    name: str
    table: FieldTable
    required: frozenset[int] = frozenset()
    fields: dict[int, list[Composite]] = field(default_factory=dict)
    children: list[Draft] = field(default_factory=list)

    def put(self, number: int, *values: Composite | str | None) -> None:
        """Add repetitions to a field; None and empty values add nothing, and none is added twice."""
        for value in values:
            composite: Composite | None = [value] if isinstance(value, str) else value
            if composite is not None and any(map(_says, composite)):
                repetitions = self.fields.setdefault(number, [])
                if composite not in repetitions:
                    repetitions.append(composite)

    def default(self, number: int, value: str) -> None:
        """Fill a field that the standard requires and nothing has filled."""
        if not self.fields.get(number):
            self.fields[number] = [[value]]

    def has(self, number: int) -> bool:
        """Tell whether a field has a value."""
        return bool(self.fields.get(number))

    def below(self, *drafts: Draft | None) -> None:
        """Put segments below this one."""
        self.children += [draft for draft in drafts if draft is not None]


def _says(component: Component) -> bool:
    return bool(component.strip()) if isinstance(component, str) else any(part.strip() for part in component)


class Context:
    """One outgoing message in the making."""

    def __init__(
        self,
        source: Source,
        definitions: Definitions,
        preferences: WritingPreferences,
        message: tuple[str, str],
        sent: datetime,
    ) -> None:
        self.source = source
        self.definitions = definitions
        self.preferences = preferences
        self.code, self.event = message
        self.sent = sent
        self.issues: list[Issue] = []

    @cached_property
    def handled_apart(self) -> bool:
        """Tell whether orders keep for themselves who handled them: the Provenance names who handled any of them."""
        return any(
            extension.get("url") in _HANDLED
            for _, resource in self.source.entries
            if resource["resourceType"] in _ORDERS
            for extension in resource.get("extension", ())
        )

    @cached_property
    def version(self) -> tuple[int, ...]:
        """Return the version of HL7 v2 that is written, to be compared: (2, 5, 1)."""
        return tuple(map(int, self.definitions.version.split(".")))

    def report(self, severity: Severity, kind: str, code: str, location: str, text: str) -> None:
        """Record an issue: it goes with the message and does not stop it."""
        self.issues.append(Issue(severity, kind, code, location, text))

    def in_use(self, datatype: str, component: int) -> bool:
        """Tell whether the version uses a component of a composite data type."""
        components = self.definitions.datatype(datatype) or ()
        return component <= len(components) and bool(components[component - 1].datatype)

    def has_field(self, segment: str, number: int) -> bool:
        """Tell whether the version uses a field."""
        cells = self.definitions.segment(segment)
        return cells is not None and number <= len(cells) and bool(cells[number - 1].datatype)

    def extensions(self, element: Resource, url: str) -> list[Resource]:
        """Return the extensions of a URL, counted as read."""
        found = [one for one in element.get("extension", ()) if isinstance(one, dict) and one.get("url") == url]
        for one in found:
            self.source.use(one)
        return found

    def extension(self, element: Resource, url: str) -> Resource | None:
        """Return the first extension of a URL."""
        return next(iter(self.extensions(element, url)), None)

    def original(self, element: Resource, name: str) -> str:
        """Return what was sent beside the primitive element `name` because FHIR cannot hold it."""
        beside = element.get(f"_{name}")
        found = self.extension(beside, ORIGINAL_VALUE) if isinstance(beside, dict) else None
        return str(found.get("valueString", "")) if found else ""

    def original_code(self, element: Resource, name: str = "", table: str = "") -> str:
        """
        Return the code beside the primitive element `name` that has no translation; "" is the element itself.

        `table` (`HL70200`) tells codes apart where an element may have several.
        """
        beside = element.get(f"_{name}") if name else element
        for extension in beside.get("extension", ()) if isinstance(beside, dict) else ():
            coding = extension.get("valueCoding") if extension.get("url") == ORIGINAL_CODE else None
            if isinstance(coding, dict) and (not table or coding.get("system") == table_system(table)):
                self.source.use(extension)
                return str(coding.get("code", ""))
        return ""

    def complete(self, parts: Composite, datatype: str, *elements: Resource | None) -> Composite:
        """Put the components that HL7 v2 to FHIR kept in extensions of an element (`cx-6`) back into a composite."""
        prefix = f"{EXTENSIONS}{datatype}-"
        for element in elements:
            for extension in (element or {}).get("extension", ()):
                if number := _number_in(extension, prefix):
                    self.source.use(extension)
                    parts += [""] * (number - len(parts))
                    parts[number - 1] = _component(str(extension["valueString"]))
        return parts

    def forget_others(self, draft: Draft) -> None:
        """Take out of an ORC who handled any order of the message, where each order keeps its own."""
        for number in HANDLERS if self.handled_apart else ():
            draft.fields.pop(number, None)

    def restore(self, draft: Draft, *elements: Resource | None) -> None:
        """Put the fields that HL7 v2 to FHIR kept as sent back into their places: they are what was sent, whole."""
        prefix = f"{EXTENSIONS}{draft.name.lower()}-"
        for element in elements:
            for extension in (element or {}).get("extension", ()):
                if number := _number_in(extension, prefix):
                    self.source.use(extension)
                    draft.fields[number] = as_sent(str(extension["valueString"]))


def _number_in(extension: Any, prefix: str) -> int:
    """Return the number of the field or component whose text an extension keeps; 0 for any other extension."""
    if not isinstance(extension, dict) or "valueString" not in extension:
        return 0
    url = str(extension.get("url", ""))
    found = _NUMBER.fullmatch(url, len(prefix)) if url.startswith(prefix) else None
    return int(found[0]) if found else 0


def as_sent(text: str) -> list[Composite]:
    """Return the repetitions of a field that was kept as text, its separators as `~`, `^` and `&`."""
    return [[_component(part) for part in repetition.split("^")] for repetition in text.split("~")]


def _component(text: str) -> Component:
    return text.split("&") if "&" in text else text


def number_text(value: Any) -> str:
    """Return a JSON number with the digits it has."""
    if isinstance(value, bool) or value is None:
        return ""
    return format(value, "f") if type(value).__name__ == "Decimal" else str(value)
