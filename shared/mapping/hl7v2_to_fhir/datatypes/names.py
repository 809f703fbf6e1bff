"""
XPN, PPN and the name in XCN, CNN -> HumanName.

    family 1 (FN)    given 2, 3 (a sequence of further names, split at blanks)    suffix 4, 6    prefix 5
    use 7 (table 0200)    period 12, 13
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Repetition
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, original_code
from shared.mapping.hl7v2_to_fhir.datatypes.times import period
from shared.terminology.concept_maps import NAME_USE
from shared.terminology.systems import TERMINOLOGY

_NAME_PART = "http://hl7.org/fhir/StructureDefinition/humanname-"
_NAME_PARTS = ("own-prefix", "own-name", "partner-prefix", "partner-name")


def name_from_xpn(context: Context, repetition: Repetition, location: str) -> Resource | None:
    """Return an XPN as a HumanName; None when it names nobody."""
    return _name(context, repetition, location, 1, 6, 7, 12)


def name_from_xcn(context: Context, repetition: Repetition, location: str) -> Resource | None:
    """Return the name in an XCN as a HumanName."""
    return _name(context, repetition, location, 2, 7, 10, 19)


def _name(
    context: Context, repetition: Repetition, location: str, first: int, degree: int, use: int, since: int
) -> Resource | None:
    values = repetition.components(since - 1)
    name: Resource = {}
    if kind := values[use - 1]:
        if code := NAME_USE.get(kind):
            name["use"] = code
        else:
            name["extension"] = [original_code(TERMINOLOGY + "v2-0200", kind)]
    _set_family(name, repetition, first)
    _, given, further, suffix, prefix, *_ = values[first - 1 :]
    if names := [part for part in (given, *further.split()) if part]:
        name["given"] = names
    if prefix:
        name["prefix"] = [prefix]
    suffixes = [part for part in (suffix, values[degree - 1]) if part]
    if suffixes:
        name["suffix"] = suffixes
    if len(repetition.parts) >= since:
        period(context, name, "period", repetition, location, since)
    return name if name.keys() - {"use"} else None


def _set_family(name: Resource, repetition: Repetition, number: int) -> None:
    """Set the surname; the parts of an FN go into FHIR's own extensions for them."""
    separator = repetition.delimiters.subcomponent
    if number > len(repetition.parts):
        return
    if not separator or separator not in repetition.parts[number - 1]:
        if family := repetition.component(number):
            name["family"] = family
        return
    whole, *parts = (repetition.subcomponent(number, index) for index in range(1, 6))
    family = whole or " ".join(part for part in parts if part)
    if family:
        name["family"] = family
    extensions = [
        {"url": f"{_NAME_PART}{kind}", "valueString": part}
        for kind, part in zip(_NAME_PARTS, parts, strict=True)
        if part
    ]
    if extensions:
        name["_family"] = {"extension": extensions}
