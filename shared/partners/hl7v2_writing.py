r"""
How a receiver wants its HL7 v2: version, delimiters, character set, names of the parties, local codes. All optional.

The section `hl7v2` of a partner's `receives`:

    hl7v2:
      version: 2.5.1
      delimiters: "|^~\\&"
      character-set: UNICODE UTF-8
      sending-application: CORRIDOR
      sending-facility: GENERAL
      receiving-application: LAB
      receiving-facility: NORTH
      authorities: {"urn:oid:1.2.3": NORTH}
      codes:
        OBX-3: {"http://loinc.org|718-7": {code: HGB, display: Haemoglobin, system: L}}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.errors import ConfigurationError
from shared.formats.hl7v2.delimiters import Delimiters
from shared.formats.hl7v2.writing import CHARSETS, USUAL_DELIMITERS

if TYPE_CHECKING:
    from shared.partners.sections import Section

WRITTEN_VERSIONS = ("2.3.1", "2.5.1", "2.8")
USUAL_VERSION = "2.5.1"
_LEAST, _MOST = 5, 6


@dataclass(frozen=True, slots=True)
class LocalCode:
    """A receiver's own code for one of a shared code system."""

    code: str
    display: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True)
class WritingPreferences:
    """
    The ways of one receiver.

    `authorities` maps the system URI of identifiers to the namespace of their assigning authority. `codes` maps a
    field (`OBX-3`) and `system|code` to the receiver's own code, which is written first, the shared one beside it.
    Parties are HD: a name, or `namespace^universal id^type`.
    """

    version: str = USUAL_VERSION
    delimiters: Delimiters = USUAL_DELIMITERS
    charset: str = ""
    sending_application: str = ""
    sending_facility: str = ""
    receiving_application: str = ""
    receiving_facility: str = ""
    authorities: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, LocalCode]] = field(default_factory=dict)


NO_PREFERENCES = WritingPreferences()


def read_writing_preferences(section: Section) -> WritingPreferences:
    """Return the preferences in an `hl7v2` section; ConfigurationError `partner-file-invalid` names the place."""
    preferences = WritingPreferences(
        version=section.choice("version", WRITTEN_VERSIONS, USUAL_VERSION),
        delimiters=_delimiters(section),
        charset=section.choice("character-set", CHARSETS, "ASCII") if section.has("character-set") else "",
        sending_application=section.take("sending-application", str, ""),
        sending_facility=section.take("sending-facility", str, ""),
        receiving_application=section.take("receiving-application", str, ""),
        receiving_facility=section.take("receiving-facility", str, ""),
        authorities={str(uri): str(name) for uri, name in section.take("authorities", dict, {}).items()},
        codes=_codes(section.section("codes")) if section.has("codes") else {},
    )
    section.finish()
    return preferences


def _delimiters(section: Section) -> Delimiters:
    text = section.take("delimiters", str, "|^~\\&")
    plain = all(char.isascii() and char.isprintable() and not char.isalnum() and char not in ' "' for char in text)
    if not _LEAST <= len(text) <= _MOST or len(set(text)) != len(text) or not plain:
        raise ConfigurationError(
            "partner-file-invalid",
            section.at("delimiters"),
            "the field separator and four or five encoding characters, all different",
        )
    return Delimiters(text[0], text[1], text[2], text[3], text[4], text[5:])


def _codes(fields: Section) -> dict[str, dict[str, LocalCode]]:
    found: dict[str, dict[str, LocalCode]] = {}
    for name in fields.names():
        codes = fields.section(name)
        found[name] = {shared: _code(codes.section(shared)) for shared in codes.names()}
    return found


def _code(section: Section) -> LocalCode:
    code = LocalCode(
        code=section.take("code", str),
        display=section.take("display", str, ""),
        system=section.take("system", str, ""),
    )
    section.finish()
    return code
