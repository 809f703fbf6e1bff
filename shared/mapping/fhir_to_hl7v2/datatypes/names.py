"""
HumanName -> XPN, and the name in XCN.

    1 (FN) family and its parts    2 given, the first    3 further given names    4 suffix, 6 degree    5 prefix
    7 use (table 0200)    12, 13 period

Policy: a suffix that is a degree of table 0360 goes to 6 where the version has it; a name of which only the text is
known is its family name, as HL7 has no other place for it.
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Component, Composite
from shared.mapping.fhir_to_hl7v2.context import Context
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import trimmed
from shared.mapping.fhir_to_hl7v2.datatypes.times import bound_texts
from shared.mapping.fhir_to_hl7v2.reading import Resource

_PART = "http://hl7.org/fhir/StructureDefinition/humanname-"
_PARTS = ("own-prefix", "own-name", "partner-prefix", "partner-name")
_USES = {
    "official": "L",
    "usual": "D",
    "maiden": "M",
    "nickname": "N",
    "anonymous": "S",
    "temp": "TEMP",
    "old": "BAD",
}
_DEGREES = frozenset(
    ("MD", "DO", "PHD", "RN", "NP", "PA", "DDS", "DMD", "PHARMD", "BS", "BA", "MS", "MA", "JD", "CNM", "CRN", "MPH")
)


def xpn_from(context: Context, name: Resource | None) -> Composite | None:
    """Return a HumanName as an XPN; None when it names nobody."""
    if name is None:
        return None
    parts = name_parts(context, name, "XPN")
    if not any(map(any, parts)):
        return None
    start, end = bound_texts(context, name)
    return trimmed([*parts, use_of(context, name), "", "", "", "", start, end])


def name_parts(context: Context, name: Resource, datatype: str) -> list[Component]:
    """Return family, given, further, suffix, prefix and degree."""
    source = context.source
    given = [str(one) for one in source.take(name, "given") or () if one]
    prefixes = [str(one) for one in source.take(name, "prefix") or () if one]
    suffixes = [str(one) for one in source.take(name, "suffix") or () if one]
    words = source.text(name, "text")
    family = _family(context, name)
    if not any(family) and not given:
        family = words
    position = 6 if datatype == "XPN" else 7
    degrees = [one for one in suffixes if one.replace(".", "").upper() in _DEGREES]
    if not context.in_use(datatype, position):
        degrees = []
    rest = [one for one in suffixes if one not in degrees]
    return [
        family,
        given[0] if given else "",
        " ".join(given[1:]),
        " ".join(rest),
        " ".join(prefixes),
        " ".join(degrees),
    ]


def use_of(context: Context, name: Resource) -> str:
    """Return the use of a name in table 0200."""
    return context.original_code(name) or _USES.get(context.source.text(name, "use"), "")


def _family(context: Context, name: Resource) -> Component:
    family = context.source.text(name, "family")
    beside = name.get("_family")
    if not isinstance(beside, dict):
        return family
    found = [context.extension(beside, _PART + part) for part in _PARTS]
    texts = [str(one.get("valueString", "")) if one else "" for one in found]
    return [family, *texts] if any(texts) else family
