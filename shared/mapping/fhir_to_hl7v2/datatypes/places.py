"""
Location -> PL: each level that it is part of at its component.

    1 point of care    2 room (ro)    3 bed (bd)    4 facility (si)    7 building (bu)    8 floor (lvl)
    6 type             9 description      10 identifier

A Location whose physical type has no component here is the point of care, as the guide has wards.
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Component, Composite
from shared.mapping.fhir_to_hl7v2.context import Context
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import ei_from, trimmed
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.terminology.system_names import table_system, universal_id

_COMPONENTS = {"si": 4, "bu": 7, "lvl": 8, "ro": 2, "bd": 3}
_POINT_OF_CARE, _TYPE, _DESCRIPTION, _IDENTIFIER = 1, 6, 9, 10
_URI = "urn:ietf:rfc:3986"
_DEEPEST = 10


def pl_from(context: Context, place: Resource | None) -> Composite | None:
    """Return a Location with those above it as a PL; None when none has a name."""
    parts: list[Component] = [""] * 11
    current, depth = place, 0
    while current is not None and depth < _DEEPEST:
        _add(context, parts, current, depth)
        current, depth = context.source.reference(current, "partOf"), depth + 1
    return trimmed(parts) or None


def _add(context: Context, parts: list[Component], place: Resource, depth: int) -> None:
    source = context.source
    source.whole(place, "mode", "physicalType", "managingOrganization")
    name, description = source.text(place, "name"), source.text(place, "description")
    component = _component(place)
    if not parts[component - 1]:
        parts[component - 1] = _named(context, place, name)
    if depth == 0:
        parts[_TYPE - 1], parts[_DESCRIPTION - 1] = _kind(context, place), description
    for identifier in source.items(place, "identifier"):
        if depth == 0 and identifier.get("system") not in (None, _URI) and not parts[_IDENTIFIER - 1]:
            parts[_IDENTIFIER - 1] = [str(one) for one in ei_from(context, identifier) or ()]


def _component(place: Resource) -> int:
    kind = place.get("physicalType")
    codings = kind.get("coding", ()) if isinstance(kind, dict) else ()
    return next((_COMPONENTS[one["code"]] for one in codings if one.get("code") in _COMPONENTS), _POINT_OF_CARE)


def _kind(context: Context, place: Resource) -> str:
    """Return the code of table 0305 of a Location, "" where it has none."""
    for kind in reversed(context.source.items(place, "type")):
        for coding in kind.get("coding", ()):
            if coding.get("system") == table_system("HL70305"):
                context.source.whole(place, "type")
                return str(coding.get("code", ""))
    return ""


def _named(context: Context, place: Resource, name: str) -> Component:
    """Return the name of a level, as an HD where it has a universal id."""
    for identifier in context.source.items(place, "identifier"):
        value = str(identifier.get("value", ""))
        if identifier.get("system") == _URI:
            context.source.whole(identifier, "system", "value")
            universal, kind = universal_id(value)
            return [name if name != universal else "", universal, kind]
        if "system" not in identifier:
            context.source.whole(identifier, "value", "type")
            words = identifier.get("type", {}).get("text", "")
            return [name if name != value else "", value, str(words)]
    return name
