"""
What the maps of one message share: the bundle under construction, the account of its fields, the sender's ways.

State lives here for the length of one conversion; the maps themselves are functions.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.errors import Issue, Severity
from shared.formats.fhir.identity import reference_to, resource_id
from shared.formats.hl7v2.message import Message, Segment
from shared.formats.hl7v2.times import read_moment
from shared.mapping.coverage import FieldTable
from shared.partners.profile import CodeMapping, PartnerProfile

Resource = dict[str, Any]
# What is remembered of a sender between messages: see `recurrent`.
Memories = dict[tuple[str, ...], Any]

EXTENSIONS = "urn:corridor:extension:"
ORIGINAL_VALUE = EXTENSIONS + "original-value"
ORIGINAL_CODE = EXTENSIONS + "original-code"

_COMPARED = 100

# A reference to a resource of the bundle.
reference = reference_to

NO_PROFILE = PartnerProfile(name="")


class Context:
    """One conversion in progress."""

    def __init__(
        self, message: Message, partner: PartnerProfile | None, received: datetime, *, report_reading: bool = True
    ) -> None:
        self.message = message
        self.partner = partner or NO_PROFILE
        self.received = received
        self.issues: list[Issue] = list(message.issues) if report_reading else []
        # The names of the segments: what the message has none of is not looked for.
        self.names = {segment.name for segment in message.segments}
        self.claims: dict[Segment, FieldTable] = {}
        self.drops: dict[Segment, str] = {}
        self.dropped_fields: dict[Segment, dict[int, str]] = {}
        self.resources: list[Resource] = []
        self.known: dict[tuple[str | None, ...], Any] = {}
        self.attachments: list[tuple[Resource, list[Resource]]] = []
        self.by_id: dict[str, Resource] = {}
        self.placed: dict[str, bytes] = {}
        self.memories: Memories | None = None
        self._repeats: dict[str, int] = {}
        self.scope = self.partner.name or _sender(message)
        self.zone = ZoneInfo(self.partner.time_zone) if self.partner.time_zone else None
        sent = read_moment(message.header.text(7)) if self.partner.quirks.header_zone else None
        self.offset = sent.zone if sent else ""

    def apart(self) -> Context:
        """Return a context of the same message and sender in which nothing has been made yet."""
        return Context(self.message, self.partner, self.received, report_reading=False)

    def claim(self, segment: Segment, table: FieldTable) -> None:
        """Record that a map has taken the segment: what its table says of a field is what became of it."""
        self.claims[segment] = table

    def drop(self, segment: Segment, reason: str) -> None:
        """Record that a whole segment is left out, and why."""
        self.drops[segment] = reason

    def drop_field(self, segment: Segment, number: int, reason: str) -> None:
        """Record that one field is left out of this message though its table maps it, and why."""
        self.dropped_fields.setdefault(segment, {})[number] = reason

    def add(self, kind: str, *key: str) -> Resource:
        """Return a new resource; the same key again means another one (the second, the third ...)."""
        first = identity = resource_id(kind, *key)
        while identity in self.by_id:
            repeat = self._repeats[first] = self._repeats.get(first, 1) + 1
            identity = resource_id(kind, *key, f"repeat {repeat}")
        return self._new(kind, identity)

    def shared(self, kind: str, *key: str) -> Resource:
        """Return the resource that the key names, new or already in the bundle: for people, places, organizations."""
        identity = resource_id(kind, *key)
        return self.by_id.get(identity) or self._new(kind, identity)

    def _new(self, kind: str, identity: str) -> Resource:
        resource: Resource = {"resourceType": kind, "id": identity}
        self.by_id[identity] = resource
        self.resources.append(resource)
        return resource

    def close(self) -> None:
        """Let go of what only the maps needed: the account is read later, and a long message is large."""
        self.known = {}
        self.resources = []
        self.by_id = {}
        self.placed = {}
        self._repeats = {}

    def local_code(self, field: str, code: str) -> CodeMapping | None:
        """Return what the sender's own code in `field` means, where its partner file says so."""
        codes = self.partner.code_maps.get(field)
        return codes.get(code) if codes else None

    def report(self, severity: Severity, kind: str, code: str, location: str, text: str) -> None:
        """Record an issue: it goes with the conversion and does not stop it."""
        self.issues.append(Issue(severity, kind, code, location, text))


def field_name(segment: Segment, number: int) -> str:
    """Return the name of a field for tables and partner files: `OBX-3`."""
    return f"{segment.name}-{number}"


def original_value(text: str) -> dict[str, str]:
    """Return the extension that keeps what FHIR's element cannot hold; nothing for blanks alone."""
    return {"url": ORIGINAL_VALUE, "valueString": text} if text.strip() else {}


def original_code(table: str, code: str) -> dict[str, Any]:
    """Return the extension that keeps a code for which there is no translation."""
    return {"url": ORIGINAL_CODE, "valueCoding": {"system": table, "code": code}}


def extend(resource: Resource, name: str, extension: dict[str, Any]) -> None:
    """Add an extension to the primitive element `name`; "" adds it to the resource or element itself."""
    if not extension:
        return
    holder = resource.setdefault(f"_{name}", {}) if name else resource
    holder.setdefault("extension", []).append(extension)


def append(resource: Resource, name: str, value: Any) -> None:
    """Add a value to a repeating element unless it is empty or there already."""
    if not value:
        return
    if (values := resource.get(name)) is None:
        resource[name] = [value]
    else:
        # Beyond what any honest message repeats, comparing each with each would be the sender's lever.
        if len(values) > _COMPARED or value not in values:
            values.append(value)


def _sender(message: Message) -> str:
    header = message.header
    return "/".join(part.replace("/", "%2F") for part in (header.text(4), header.text(3)) if part)
