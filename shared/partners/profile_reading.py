"""Reads what a partner file says of conversion: zone, character set, authorities, local codes, Z-segments, quirks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.errors import ConfigurationError
from shared.partners.profile import (
    ELEMENT_DATATYPES,
    NO_QUIRKS,
    CodeMapping,
    ElementMapping,
    ExtensionMapping,
    Operator,
    PartnerProfile,
    Quirks,
    read_operator,
)

if TYPE_CHECKING:
    from shared.partners.reading import _Section

# The fields of PID that senders put the medical record number into.
_MRN_FIELDS = ("PID-2", "PID-3", "PID-4", "PID-18")
_Z_FIELD = re.compile(r"Z[A-Z0-9]{2}-[1-9]\d*")
_ELEMENT = re.compile(r"[a-z][A-Za-z0-9]*(?:\[\])?(?:\.[a-z][A-Za-z0-9]*(?:\[\])?)*")
_URI = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)


def read_profile(name: str, section: _Section) -> PartnerProfile:
    """Return the profile in a `sends` section; ConfigurationError `partner-file-invalid` names the place."""
    zone = section.take("time-zone", str, "")
    if zone:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise _invalid(section.at("time-zone"), "no such time zone") from error
    return PartnerProfile(
        name=name,
        time_zone=zone or None,
        default_charset=section.take("default-character-set", str, "") or None,
        assigning_authorities=_authorities(section),
        code_maps=_code_maps(section),
        z_fields=_z_fields(section),
        quirks=_quirks(section),
        operator=_operator(section),
    )


def _operator(section: _Section) -> Operator | None:
    if not section.has("operator"):
        return None
    operator = section.section("operator")
    found = read_operator(operator.take("name", str), operator.take("identifier", str, ""))
    if not found.name.strip():
        raise _invalid(operator.at("name"), "the name of the organization")
    if found.system and not _URI.fullmatch(found.system):
        raise _invalid(operator.at("identifier"), "expected `system|value` with a URI, or a value alone")
    operator.finish()
    return found


def _authorities(section: _Section) -> dict[str, str]:
    if not section.has("assigning-authorities"):
        return {}
    authorities = section.section("assigning-authorities")
    return {name: _uri(authorities, name) for name in authorities.names()}


def _code_maps(section: _Section) -> dict[str, dict[str, CodeMapping]]:
    if not section.has("code-maps"):
        return {}
    fields = section.section("code-maps")
    maps: dict[str, dict[str, CodeMapping]] = {}
    for field in fields.names():
        codes = fields.section(field)
        maps[field] = {code: _code(codes.section(code)) for code in codes.names()}
    return maps


def _code(section: _Section) -> CodeMapping:
    mapping = CodeMapping(
        system=section.take("system", str),
        code=section.take("code", str),
        display=section.take("display", str, "") or None,
    )
    section.finish()
    return mapping


def _z_fields(section: _Section) -> dict[str, ExtensionMapping | ElementMapping]:
    if not section.has("z-fields"):
        return {}
    fields = section.section("z-fields")
    for name in fields.names():
        if not _Z_FIELD.fullmatch(name):
            raise _invalid(fields.at(name), "expected a field of a Z-segment, such as ZPI-3")
    return {name: _z_field(fields.section(name)) for name in fields.names()}


def _z_field(section: _Section) -> ExtensionMapping | ElementMapping:
    resource = section.take("resource", str)
    mapping: ExtensionMapping | ElementMapping
    if section.has("element"):
        element = section.take("element", str)
        if not _ELEMENT.fullmatch(element):
            raise _invalid(section.at("element"), "expected a path such as maritalStatus or identifier[]")
        mapping = ElementMapping(resource, element, section.choice("datatype", ELEMENT_DATATYPES, "ST"))
    else:
        mapping = ExtensionMapping(resource, section.take("url", str))
    section.finish()
    return mapping


def _quirks(section: _Section) -> Quirks:
    if not section.has("quirks"):
        return NO_QUIRKS
    quirks = section.section("quirks")
    found = Quirks(
        mrn=quirks.choice("mrn", _MRN_FIELDS, "PID-3"),
        mrn_authority=quirks.take("mrn-authority", str, ""),
        header_zone=quirks.take("header-zone", bool, True),
    )
    if found.mrn_authority:
        _uri(quirks, "mrn-authority")
    quirks.finish()
    return found


def _uri(section: _Section, key: str) -> str:
    uri = section.take(key, str)
    if not _URI.fullmatch(uri):
        raise _invalid(section.at(key), "expected a URI, such as urn:oid:2.16.840.1.113883.19.5")
    return uri


def _invalid(location: str, text: str) -> ConfigurationError:
    return ConfigurationError("partner-file-invalid", location, text)
