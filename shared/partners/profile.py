"""What the mappings need to know of a sender: its zone, its authorities, its local codes. Plain data, all optional."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CodeMapping:
    """What one local code means in a shared code system."""

    system: str
    code: str
    display: str | None = None


@dataclass(frozen=True, slots=True)
class ExtensionMapping:
    """Where a field of a Z-segment goes: an extension of every resource of this type in the message."""

    resource: str
    url: str


@dataclass(frozen=True, slots=True)
class PartnerProfile:
    """
    One sender, as data.

    `assigning_authorities` maps an authority as it is sent (namespace or universal id) to the system URI of its
    identifiers. `code_maps` maps a field (`OBX-3`) to its local codes; the local code itself stays beside its meaning.
    `z_fields` maps a field of a Z-segment (`ZPI-3`) to an extension. `time_zone` is an IANA name: it is used for times
    sent without a zone. `default_charset` is a name of table 0211, for messages without MSH-18.
    """

    name: str
    time_zone: str | None = None
    default_charset: str | None = None
    assigning_authorities: Mapping[str, str] = field(default_factory=dict)
    code_maps: Mapping[str, Mapping[str, CodeMapping]] = field(default_factory=dict)
    z_fields: Mapping[str, ExtensionMapping] = field(default_factory=dict)
