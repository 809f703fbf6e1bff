"""
Identifier -> CX, EI; its system and assigner -> HD.

    CX, EI 1     Identifier.value
    CX 4, EI 2-4 the receiver's name for the system; assigner.display, assigner.identifier; else the universal id that
                 the system makes: urn:oid is ISO, urn:uuid UUID, another URI is URI
    CX 5         Identifier.type, table 0203
    CX 7, 8      Identifier.period
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context
from shared.mapping.fhir_to_hl7v2.datatypes.times import bound_texts
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.context import ORIGINAL_VALUE
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import IDENTIFIER_TYPES
from shared.terminology.system_names import universal_id

_URI = "urn:ietf:rfc:3986"
_TYPE = 5


def cx_from(context: Context, identifier: Resource | None) -> Composite | None:
    """Return an Identifier as a CX; None without a value."""
    if identifier is None or not (value := context.source.text(identifier, "value")):
        return None
    start, end = bound_texts(context, identifier)
    context.source.whole(identifier, "use")
    codes = type_codes(context, identifier)
    code = codes[-1] if codes else _untyped(context)
    parts: Composite = [value, "", "", authority(context, identifier), code, "", start, end]
    return trimmed(context.complete(parts, "cx", identifier))


def ei_from(context: Context, identifier: Resource | None) -> Composite | None:
    """Return an Identifier as an EI; None without a value."""
    if identifier is None or not (value := context.source.text(identifier, "value")):
        return None
    context.source.whole(identifier, "use", "type")
    return trimmed([value, *authority(context, identifier)])


def _untyped(context: Context) -> str:
    """Return what a CX says whose type nobody knows: nothing, unless the version requires a type (U, unspecified)."""
    components = context.definitions.datatype("CX") or ()
    return "U" if len(components) >= _TYPE and components[_TYPE - 1].is_required else ""


def type_codes(context: Context, identifier: Resource) -> list[str]:
    """Return the codes of table 0203 in the type of an Identifier."""
    context.source.whole(identifier, "type")
    kind = identifier.get("type")
    codings = kind.get("coding", ()) if isinstance(kind, dict) else ()
    return [str(one["code"]) for one in codings if one.get("system") == IDENTIFIER_TYPES and "code" in one]


def is_of(identifier: Resource, *codes: str) -> bool:
    """Tell whether an Identifier is of one of these types of table 0203; nothing is counted as read."""
    kind = identifier.get("type")
    codings = kind.get("coding", ()) if isinstance(kind, dict) else ()
    return any(one.get("code") in codes for one in codings if isinstance(one, dict))


def authority(context: Context, identifier: Resource) -> list[str]:
    """Return the authority of an Identifier as an HD: namespace, universal id, its type."""
    system = context.source.text(identifier, "system")
    assigner = context.source.one(identifier, "assigner") or {}
    context.source.whole(assigner, "reference", "type")
    namespace = context.preferences.authorities.get(system) or context.source.text(assigner, "display")
    organization = context.source.find(assigner)
    named = context.source.one(assigner, "identifier")
    if named is not None:
        universal, kind = context.source.text(named, "value"), _words(context, named)
    else:
        universal, kind = universal_id(system)
    if organization is not None:
        # What the authority's own record says is in the HD; the record has been read with it.
        context.source.whole(organization, "identifier", "name", "alias", "active")
    if kept := context.extension(assigner, ORIGINAL_VALUE):
        kind = kind or str(kept.get("valueString", ""))
    return [namespace, universal, kind]


def hd_from_organization(context: Context, organization: Resource) -> Composite:
    """Return an Organization (an authority, a facility) as an HD."""
    name = context.source.text(organization, "name")
    for identifier in context.source.items(organization, "identifier"):
        value, system = context.source.text(identifier, "value"), context.source.text(identifier, "system")
        if value == name and not system and "type" not in identifier:
            continue
        if system == _URI:
            universal, kind = universal_id(value)
            kind = _words(context, identifier) or kind
        elif system:
            universal, kind = value, ""
        else:
            universal, kind = value, _words(context, identifier)
        if universal:
            return trimmed([name if name != universal else "", universal, kind])
    return [name]


def hd_from_text(text: str) -> Composite:
    """Return a party of the receiver's preferences, `namespace^universal id^type`, as an HD."""
    return list(text.split("^"))


def trimmed(components: Composite) -> Composite:
    """Return a composite without empty components at its end."""
    last = max((place for place, part in enumerate(components) if part and any(part)), default=-1)
    return components[: last + 1]


def _words(context: Context, identifier: Resource) -> str:
    context.source.whole(identifier, "type")
    kind = identifier.get("type")
    if not isinstance(kind, dict):
        return ""
    codes = [str(one["code"]) for one in kind.get("coding", ()) if "code" in one]
    return codes[0] if codes else str(kind.get("text", ""))
