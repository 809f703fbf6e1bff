"""
PL -> Location, one for each level that it names, each part of the one above (HL7 v2-to-FHIR guide, map PL[Location]).

    level                    component    physicalType
    facility                 4            si
    building                 7            bu
    floor                    8            lvl
    point of care            1            none in the code system: text
    room                     2            ro
    bed                      3            bd

    the most specific: type 6 (table 0305), description 9, identifier 10 (assigner 11), 5: original-value

Policy: the order is that of the data type itself, general to specific; the guide puts the floor below the point of
care. A level is the same Location in every message of a sender: its name and those above are its key.
"""

from __future__ import annotations

from string import whitespace

from shared.formats.hl7v2.message import Repetition
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import authority_organization, issuer_key
from shared.mapping.hl7v2_to_fhir.recurrent import recurrent
from shared.terminology.systems import TERMINOLOGY

_LEVELS = ((4, "si"), (7, "bu"), (8, "lvl"), (1, ""), (2, "ro"), (3, "bd"))
_PHYSICAL = TERMINOLOGY + "location-physical-type"
_TYPE = TERMINOLOGY + "v2-0305"


def location_from_pl(context: Context, repetition: Repetition | None) -> Resource | None:
    """Return the most specific Location that a PL names, None when it names none; those above are in the bundle."""
    if repetition is None or not any(repetition.parts):
        return None
    return recurrent(context, ("PL", repetition.raw), _location, repetition)


def _location(context: Context, repetition: Repetition) -> Resource | None:
    if not repetition.text().strip(f"^&{whitespace}"):
        return None
    place: Resource | None = None
    path: tuple[str, ...] = (context.scope,)
    for number, code in _LEVELS:
        if text := repetition.component(number):
            # The number keeps apart what only happens to have the same name: bed 1 and room 1 of a ward.
            path = (*path, str(number), text)
            place = _level(context, repetition, number, code, path, place)
    if place is None:
        place = context.shared("Location", context.scope, repetition.text())
        place["name"] = repetition.component(9) or repetition.text().strip()
        place["mode"] = "instance"
    if description := repetition.component(9):
        place["description"] = description
    append(place, "extension", original_value(repetition.component(5)))
    if (kind := repetition.component(6).strip()) and not any(one in kind for one in whitespace):
        append(place, "type", {"coding": [{"system": _TYPE, "code": kind}]})
    else:
        append(place, "extension", original_value(kind))
    _identify(context, place, repetition)
    return place


def _level(
    context: Context, repetition: Repetition, number: int, code: str, path: tuple[str, ...], above: Resource | None
) -> Resource:
    place = context.shared("Location", *path)
    if len(place) > 2:
        return place
    namespace, universal, kind = repetition.subcomponents(number, 3)
    place["name"] = namespace or universal or path[-1]
    if universal:
        issuer = issuer_key(context, "", universal, kind)
        if ":" in issuer:
            place["identifier"] = [{"system": "urn:ietf:rfc:3986", "value": issuer}]
        else:
            place["identifier"] = [{"value": universal, "type": {"text": kind}} if kind else {"value": universal}]
    if (kind and not universal) or repetition.subcomponent(number, 4):
        append(place, "extension", original_value(path[-1]))
    place["mode"] = "instance"
    place["physicalType"] = {"coding": [{"system": _PHYSICAL, "code": code}]} if code else {"text": "point of care"}
    if above is not None:
        place["partOf"] = reference(above)
    return place


def _identify(context: Context, place: Resource, repetition: Repetition) -> None:
    """Add the comprehensive identifier (an EI in 10), assigned by 11."""
    value, namespace, universal, kind = repetition.subcomponents(10, 4)
    authority = repetition.component(11)
    if not value:
        for number in (10, 11):
            if text := repetition.component(number):
                append(place, "extension", original_value(text))
        return
    identifier: Resource = {"value": value}
    issuer = issuer_key(context, namespace, universal, kind)
    if ":" in issuer:
        identifier["system"] = issuer
    if words := authority or namespace or universal:
        identifier["assigner"] = {"display": words}
        named = repetition.subcomponents(11, 3)
        if organization := authority_organization(context, *(named if any(named) else (namespace, universal, kind))):
            identifier["assigner"].update(reference(organization))
    for text in (namespace, universal, kind):
        if text and text not in (authority or namespace or universal) and text not in issuer:
            append(identifier, "extension", original_value(text))
    append(place, "identifier", identifier)
