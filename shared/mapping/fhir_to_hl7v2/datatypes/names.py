"""
HumanName -> XPN, and the name in XCN.

    1 (FN) family and its parts    2 given, the first    3 further given names    4 suffix, 6 degree    5 prefix
    7 use (table 0200)    12, 13 period

Policy: a suffix that is a degree of table 0360 goes to 6 where the version has it; a name of which only the text is
known is its family name, as HL7 has no other place for it.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.formats.hl7v2.writing import Component, Composite
from shared.mapping.fhir_to_hl7v2.context import Context
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import trimmed
from shared.mapping.fhir_to_hl7v2.datatypes.times import bound_texts
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.terminology.person_maps import NAME_ORDER

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
# What a version has no code for, a former name above all, is a name that goes beside the other.
_ALIAS = "A"
_DEGREES = frozenset(
    ("MD", "DO", "PHD", "RN", "NP", "PA", "DDS", "DMD", "PHARMD", "BS", "BA", "MS", "MA", "JD", "CNM", "CRN", "MPH")
)


def xpn_from(context: Context, name: Resource | None) -> Composite | None:
    """Return a HumanName as an XPN; None when it names nobody."""
    if name is None:
        return None
    given = name_parts(context, name, "XPN")
    if not any(map(any, given.parts)):
        return None
    start, end = bound_texts(context, name)
    parts: Composite = [*given.parts, use_of(context, name), "", "", "", order_of(context, name), start, end]
    parts.append(given.professional)
    return trimmed(context.complete(parts, "xpn", name))


class NameParts(NamedTuple):
    """Family, given, further, suffix, prefix and degree; and the professional suffix, which stands further on."""

    parts: list[Component]
    professional: str


def name_parts(context: Context, name: Resource, datatype: str) -> NameParts:
    """Return the parts of a name."""
    source = context.source
    given = [str(one) for one in source.take(name, "given") or () if one]
    prefixes = [str(one) for one in source.take(name, "prefix") or () if one]
    suffixes = [str(one) for one in source.take(name, "suffix") or () if one]
    words = source.text(name, "text")
    family = _family(context, name)
    if not any(family) and not given:
        family = words
    degree, professional = (6, 14) if datatype == "XPN" else (7, 21)
    known = [one for one in suffixes if one.replace(".", "").upper() in _DEGREES]
    rest = [one for one in suffixes if one not in known]
    after = ""
    if not context.in_use(datatype, degree) and context.in_use(datatype, professional):
        after = " ".join([*known, *rest[1:]])
        known, rest = [], rest[:1]
    elif len(rest) > 1 and context.in_use(datatype, professional):
        after = rest.pop()
    names = [given[0] if given else "", " ".join(given[1:])]
    return NameParts([family, *names, " ".join(rest), " ".join(prefixes), " ".join(known)], after)


def order_of(context: Context, name: Resource) -> str:
    """Return in which order the parts of a name are said, in table 0444."""
    found = context.extension(name, f"{_PART}assembly-order")
    meant = str(found.get("valueCode", "")) if found else ""
    sent = next((sent for sent, code in NAME_ORDER.codes.items() if code == meant), "")
    return sent or context.original_code(name, table="HL70444")


def use_of(context: Context, name: Resource) -> str:
    """Return the use of a name in table 0200."""
    sent = context.original_code(name, table="HL70200")
    code = _USES.get(context.source.text(name, "use"), "")
    known = context.definitions.codes("0200") or (code,)
    return sent or (code if not code or code in known else _ALIAS)


def _family(context: Context, name: Resource) -> Component:
    family = context.source.text(name, "family")
    beside = name.get("_family")
    if not isinstance(beside, dict):
        return family
    found = [context.extension(beside, _PART + part) for part in _PARTS]
    texts = [str(one.get("valueString", "")) if one else "" for one in found]
    return [family, *texts] if any(texts) else family
