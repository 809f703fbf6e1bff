"""
XPN, PPN and the name in XCN, CNN -> HumanName.

    family 1 (FN)    given 2, 3 (a sequence of further names, split at blanks)    suffix 4, 6    prefix 5
    suffix 14 (XCN 21)    use 7 (table 0200)    period 12, 13, else 10 (XCN 19, 20, else 17)
    a name of its own, use nickname: XPN 15     extension humanname-assembly-order: 11 (XCN 18)
    extension: XPN 8, 9 (XCN 15, 16)
"""

from __future__ import annotations

from typing import NamedTuple

from shared.formats.hl7v2.message import Repetition
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_code
from shared.mapping.hl7v2_to_fhir.datatypes.remainders import keep
from shared.mapping.hl7v2_to_fhir.datatypes.times import period, period_within
from shared.terminology.concept_maps import NAME_USE
from shared.terminology.person_maps import NAME_ORDER
from shared.terminology.systems import TERMINOLOGY

_NAME_PART = "http://hl7.org/fhir/StructureDefinition/humanname-"
_NAME_PARTS = ("own-prefix", "own-name", "partner-prefix", "partner-name")


class _Layout(NamedTuple):
    """Where a data type has the parts of a name; `unplaced` are its components without an element."""

    datatype: str
    first: int
    degree: int
    use: int
    validity: int
    order: int
    since: int
    professional: int
    unplaced: tuple[int, ...]


_XPN = _Layout("xpn", 1, 6, 7, 10, 11, 12, 14, (8, 9))
_XCN = _Layout("xcn", 2, 7, 10, 17, 18, 19, 21, (15, 16))
_CALLED_BY = 15


def name_from_xpn(context: Context, repetition: Repetition, location: str) -> Resource | None:
    """Return an XPN as a HumanName, what its bearer is called by in an extension; None when it names nobody."""
    name = _name(context, repetition, location, _XPN)
    if name and len(repetition.parts) >= _CALLED_BY:
        keep(name, repetition, "xpn", (_CALLED_BY,))
    return name


def names_from_xpn(context: Context, repetition: Repetition, location: str) -> list[Resource]:
    """Return an XPN as HumanNames: what its bearer is called by is a nickname of its own."""
    name = _name(context, repetition, location, _XPN)
    names = [name] if name else []
    if len(repetition.parts) >= _CALLED_BY and (called_by := repetition.component(_CALLED_BY)):
        names.append({"use": "nickname", "given": [called_by]})
    return names


def name_from_xcn(context: Context, repetition: Repetition, location: str) -> Resource | None:
    """Return the name in an XCN as a HumanName."""
    return _name(context, repetition, location, _XCN)


def _name(context: Context, repetition: Repetition, location: str, at: _Layout) -> Resource | None:
    values = repetition.components(at.use)
    name: Resource = {}
    if kind := values[at.use - 1]:
        if code := NAME_USE.get(kind):
            name["use"] = code
        else:
            name["extension"] = [original_code(TERMINOLOGY + "v2-0200", kind)]
    family, given, further, suffix, prefix = values[at.first - 1 : at.first + 4]
    if not repetition.plain:
        _set_family(name, repetition, at.first)
    elif family:
        name["family"] = family
    if further:
        name["given"] = [given, *further.split()] if given else further.split()
    elif given:
        name["given"] = [given]
    if prefix:
        name["prefix"] = [prefix]
    if degree := values[at.degree - 1]:
        name["suffix"] = [suffix, degree] if suffix else [degree]
    elif suffix:
        name["suffix"] = [suffix]
    if len(repetition.parts) > at.use:
        _qualify(context, name, repetition, location, at)
    return None if not name or (len(name) == 1 and "use" in name) else name


def _qualify(context: Context, name: Resource, repetition: Repetition, location: str, at: _Layout) -> None:
    """Add what the rarer components say: how long it is valid, its order, a professional suffix."""
    append(name, "suffix", repetition.component(at.professional))
    if not (repetition.component(at.since) or repetition.component(at.since + 1)):
        period_within(context, name, "period", repetition, location, at.validity)
    else:
        period(context, name, "period", repetition, location, at.since)
        keep(name, repetition, at.datatype, (at.validity,))
    if order := repetition.component(at.order):
        if code := NAME_ORDER.get(order):
            append(name, "extension", {"url": f"{_NAME_PART}assembly-order", "valueCode": code})
        else:
            append(name, "extension", original_code(TERMINOLOGY + "v2-0444", order))
    keep(name, repetition, at.datatype, at.unplaced)


def _set_family(name: Resource, repetition: Repetition, number: int) -> None:
    """Set the surname; the parts of an FN go into FHIR's own extensions for them."""
    separator = repetition.delimiters.subcomponent
    if number > len(repetition.parts):
        return
    if not separator or separator not in repetition.parts[number - 1]:
        if family := repetition.component(number):
            name["family"] = family
        return
    whole, *parts = repetition.subcomponents(number, 5)
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
