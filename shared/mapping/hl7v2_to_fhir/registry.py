"""The message maps by message structure: MSH-9 decides which one applies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.errors import Issue, RejectedError
from shared.formats.hl7v2.message import Message
from shared.formats.hl7v2.structures import structure_of
from shared.mapping.coverage import Coverage
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import coverage_of
from shared.mapping.hl7v2_to_fhir.messages import oru_r01
from shared.partners.profile import PartnerProfile


@dataclass(frozen=True, slots=True)
class MessageMap:
    """A named, versioned map of some message structures; `build` is pure over its context."""

    name: str
    version: str
    structures: frozenset[str]
    build: Callable[[Context], Resource]

    @property
    def identity(self) -> str:
        """Return `name/version`: lineage records it with everything that the map made."""
        return f"{self.name}/{self.version}"


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a map made of a message."""

    bundle: dict[str, Any]
    coverage: Coverage
    issues: tuple[Issue, ...]
    mapping: str


MAPS = (MessageMap(oru_r01.NAME, oru_r01.VERSION, oru_r01.STRUCTURES, oru_r01.bundle_from_oru_r01),)

_BY_STRUCTURE = {structure: message_map for message_map in MAPS for structure in message_map.structures}


def map_of(message: Message) -> MessageMap:
    """Return the map of a message; RejectedError `unsupported-message-type` at MSH-9 when there is none."""
    structure = structure_of(message.code, message.event, message.header.text(9, 3))
    found = _BY_STRUCTURE.get(structure) or _BY_STRUCTURE.get(structure_of(message.code, message.event))
    if found is None:
        raise RejectedError("unsupported-message-type", "MSH-9", "There is no map for this message type.")
    return found


def map_message(message: Message, partner: PartnerProfile | None, received: datetime) -> Mapped:
    """Return the bundle, coverage and issues of a message; errors as `map_of`, and ReviewNeededError from the maps."""
    message_map = map_of(message)
    context = Context(message, partner, received)
    bundle = message_map.build(context)
    return Mapped(bundle, coverage_of(context), tuple(context.issues), message_map.identity)
