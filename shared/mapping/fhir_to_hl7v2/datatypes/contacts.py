"""
ContactPoint -> XTN; Address -> XAD.

    XTN 1    value as it is, until 2.6; 12 since 2.7      4  an e-mail address
    XTN 2    use (table 0201)      3  system (table 0202)
    XTN 5-8  a number written `+country area number ext. extension`, which is how HL7 v2 to FHIR writes the parts
    XAD 1, 2 line    3 city    4 state    5 postalCode    6 country    7 use, type    9 district    13, 14 period
"""

from __future__ import annotations

import re

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import trimmed
from shared.mapping.fhir_to_hl7v2.datatypes.times import bound_texts
from shared.mapping.fhir_to_hl7v2.reading import Resource

_USES = {"home": "PRN", "work": "WPN", "mobile": "PRN", "temp": "VHN", "old": ""}
_EQUIPMENT = {"phone": "PH", "fax": "FX", "pager": "BP", "email": "Internet", "sms": "CP", "url": "Internet"}
_ADDRESS_USES = {"home": "H", "work": "B", "temp": "C", "old": "BA", "billing": "BI"}
_ASSEMBLED = re.compile(r"\+(\d{1,3}) (\d{1,5}) ([\d-]+)(?: ext\. (\d+))?|(\d{3}) (\d[\d-]*)(?: ext\. (\d+))?")


def xtn_from(context: Context, contact: Resource) -> Composite | None:
    """Return a ContactPoint as an XTN; None without a value."""
    source = context.source
    value, system, use = (source.text(contact, name) for name in ("value", "system", "use"))
    if not value:
        return None
    start, end = bound_texts(context, contact)
    other = context.original_code(contact)
    equipment = "CP" if use == "mobile" and system == "phone" else _EQUIPMENT.get(system, "PH")
    kind = "NET" if system in ("email", "url") else other or _USES.get(use, "")
    parts: Composite = ["", kind, equipment, "", "", "", "", "", "", "", "", "", start, end]
    if system == "email":
        parts[3] = value
    elif match := _ASSEMBLED.fullmatch(value):
        country, area, number, extension = match.groups()[:4] if match[1] else (None, *match.groups()[4:])
        parts[4:8] = [country or "", area or "", number or "", extension or ""]
    else:
        parts[0 if context.in_use("XTN", 1) else 11] = value
    return trimmed(parts)


def xad_from(context: Context, address: Resource | None) -> Composite | None:
    """Return an Address as an XAD; None when it names no place."""
    if address is None:
        return None
    source = context.source
    lines = [str(one) for one in source.take(address, "line") or () if one]
    words = source.text(address, "text")
    city, state, code, country, district = (
        source.text(address, name) for name in ("city", "state", "postalCode", "country", "district")
    )
    kind = _kind(context, address)
    if not lines and words and not (city or state or code or country or district):
        lines = [words]
    if not any((*lines, city, state, code, country, district)):
        return None
    start, end = bound_texts(context, address)
    first, rest = (lines[0] if lines else ""), ", ".join(lines[1:])
    return trimmed([first, rest, city, state, code, country, kind, "", district, "", "", "", start, end])


def _kind(context: Context, address: Resource) -> str:
    use, form = context.source.text(address, "use"), context.source.text(address, "type")
    return context.original_code(address) or _ADDRESS_USES.get(use, "") or ("M" if form == "postal" else "")
