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


# How a field of a Z-segment may be read for an element: as text, or as one of these data types of HL7 v2.
ELEMENT_DATATYPES = ("ST", "ID", "NM", "DT", "DTM", "CWE", "CX", "XPN", "XAD", "XTN", "XCN", "XON")


@dataclass(frozen=True, slots=True)
class ElementMapping:
    """
    Where a field of a Z-segment goes: an element of every resource of this type in the message.

    `element` is a path of element names; `[]` after a name says that the element repeats: `identifier[]`.
    """

    resource: str
    element: str
    datatype: str = "ST"


@dataclass(frozen=True, slots=True)
class Quirks:
    """
    What a sender does unlike others.

    `mrn` is the field with the patient's medical record number; `mrn_authority` the URI of its authority, for numbers
    that are sent without one. `header_zone` is false where the zone in MSH-7 is not that of the message's other times.
    """

    mrn: str = "PID-3"
    mrn_authority: str = ""
    header_zone: bool = True


NO_QUIRKS = Quirks()


@dataclass(frozen=True, slots=True)
class Operator:
    """
    The organization that runs the conversion: its name, and how it is identified.

    `identifier` is as declared, "" for none; `system` is the URI of its system, "" where none is declared.
    """

    name: str
    identifier: str = ""
    system: str = ""


def read_operator(name: str, token: str = "") -> Operator:
    """Return an operator whose identifier is a FHIR token: `system|value`, or the value alone."""
    system, _, value = token.rpartition("|")
    return Operator(name, value, system)


@dataclass(frozen=True, slots=True)
class PartnerProfile:
    """
    One sender, as data.

    `assigning_authorities` maps an authority as it is sent (namespace or universal id) to the system URI of its
    identifiers. `code_maps` maps a field (`OBX-3`) to its local codes; the local code itself stays beside its meaning.
    `z_fields` maps a field of a Z-segment (`ZPI-3`) to an extension or element. `time_zone` is an IANA name: it is
    used for times sent without a zone. `default_charset` is a name of table 0211, for messages without MSH-18.
    `operator` is who converts what this sender sends: every bundle then says so.
    """

    name: str
    time_zone: str | None = None
    default_charset: str | None = None
    assigning_authorities: Mapping[str, str] = field(default_factory=dict)
    code_maps: Mapping[str, Mapping[str, CodeMapping]] = field(default_factory=dict)
    z_fields: Mapping[str, ExtensionMapping | ElementMapping] = field(default_factory=dict)
    quirks: Quirks = NO_QUIRKS
    operator: Operator | None = None
