"""Reads what a partner file says of conversion: zone, character set, authorities, local codes, Z-segments, quirks."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shared.errors import RejectedError
from shared.formats.hl7v2.charset import codec_of
from shared.formats.hl7v2.conformance.rules import read_place
from shared.formats.hl7v2.structures import is_defined
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
from shared.partners.sections import Section, invalid

# The fields of PID that senders put the medical record number into.
_MRN_FIELDS = ("PID-2", "PID-3", "PID-4", "PID-18")
_CODE = re.compile(r"\S+( \S+)*")
# What stands for these is a code of FHIR's own, whose system goes without saying.
_OF_FHIR = ("OBX-11", "OBR-25", "PID-8")
_Z_FIELD = re.compile(r"Z[A-Z0-9]{2}-[1-9]\d*")
_ELEMENT = re.compile(r"[a-z][A-Za-z0-9]*(?:\[\])?(?:\.[a-z][A-Za-z0-9]*(?:\[\])?)*")
_URI = re.compile(r"[a-z][a-z0-9+.-]*:\S+", re.IGNORECASE)


def read_profile(name: str, section: Section) -> PartnerProfile:
    """Return the profile in a `sends` section; ConfigurationError `partner-file-invalid` names the place."""
    zone = section.take("time-zone", str, "")
    if zone:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise invalid(section.at("time-zone"), "no such time zone") from error
    return PartnerProfile(
        name=name,
        time_zone=zone or None,
        default_charset=_charset(section),
        assigning_authorities=_authorities(section),
        code_maps=_code_maps(section),
        z_fields=_z_fields(section),
        quirks=_quirks(section),
        operator=_operator(section),
    )


def _charset(section: Section) -> str | None:
    name = section.take("default-character-set", str, "")
    try:
        codec_of(name)
    except RejectedError as error:
        raise invalid(section.at("default-character-set"), "no character set of table 0211") from error
    return name or None


def _operator(section: Section) -> Operator | None:
    if not section.has("operator"):
        return None
    operator = section.section("operator")
    found = read_operator(operator.take("name", str), operator.take("identifier", str, ""))
    if not found.name.strip():
        raise invalid(operator.at("name"), "the name of the organization")
    if found.system and not _URI.fullmatch(found.system):
        raise invalid(operator.at("identifier"), "expected `system|value` with a URI, or a value alone")
    operator.finish()
    return found


def _authorities(section: Section) -> dict[str, str]:
    if not section.has("assigning-authorities"):
        return {}
    authorities = section.section("assigning-authorities")
    return {name: _uri(authorities, name) for name in authorities.names()}


def _code_maps(section: Section) -> dict[str, dict[str, CodeMapping]]:
    if not section.has("code-maps"):
        return {}
    fields = section.section("code-maps")
    maps: dict[str, dict[str, CodeMapping]] = {}
    for field in fields.names():
        segment, number, component = read_place(field) or ("", 0, 0)
        if not number or component or not is_defined(segment, number):
            raise invalid(fields.at(field), "expected a field of HL7 v2, such as OBX-3")
        codes = fields.section(field)
        maps[field] = {code: _code(codes.section(code), has_system=field not in _OF_FHIR) for code in codes.names()}
    return maps


def _code(section: Section, *, has_system: bool) -> CodeMapping:
    mapping = CodeMapping(
        system=_uri(section, "system") if has_system else section.take("system", str, ""),
        code=section.take("code", str),
        display=section.take("display", str, "") or None,
    )
    if not _CODE.fullmatch(mapping.code):
        raise invalid(section.at("code"), "a code, without blanks around it")
    section.finish()
    return mapping


def _z_fields(section: Section) -> dict[str, ExtensionMapping | ElementMapping]:
    if not section.has("z-fields"):
        return {}
    fields = section.section("z-fields")
    for name in fields.names():
        if not _Z_FIELD.fullmatch(name):
            raise invalid(fields.at(name), "expected a field of a Z-segment, such as ZPI-3")
    return {name: _z_field(fields.section(name)) for name in fields.names()}


def _z_field(section: Section) -> ExtensionMapping | ElementMapping:
    resource = section.take("resource", str)
    mapping: ExtensionMapping | ElementMapping
    if section.has("element"):
        element = section.take("element", str)
        if not _ELEMENT.fullmatch(element):
            raise invalid(section.at("element"), "expected a path such as maritalStatus or identifier[]")
        mapping = ElementMapping(resource, element, section.choice("datatype", ELEMENT_DATATYPES, "ST"))
    else:
        mapping = ExtensionMapping(resource, section.take("url", str))
        _uri(section, "url")
    section.finish()
    return mapping


def _quirks(section: Section) -> Quirks:
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


def _uri(section: Section, key: str) -> str:
    uri = section.take(key, str)
    if not _URI.fullmatch(uri):
        raise invalid(section.at(key), "expected a URI, such as urn:oid:2.16.840.1.113883.19.5")
    return uri
