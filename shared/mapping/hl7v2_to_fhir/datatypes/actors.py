"""
XCN, CNN, NDL -> Practitioner; XON, HD -> Organization; PL -> Location.

    Practitioner.identifier  XCN 1, authority 9, type 13          Practitioner.name           XCN 2..7, 10
    Organization.identifier  XON 10 (else 3), authority 6, type 7 Organization.name           XON 1
    Location.identifier      PL 1..3 as one value                 Location.name, description  PL 9, else what is valued

People and organizations met twice in a message are one resource; what the second mention adds is added.
"""

from __future__ import annotations

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, extend, original_value
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import (
    identifier_type,
    issuer_key,
    issuer_of,
    set_issuer,
)
from shared.mapping.hl7v2_to_fhir.datatypes.names import name_from_xcn

_POINTS = ("point of care", "room", "bed")


def practitioners(context: Context, segment: Segment, number: int) -> list[Resource]:
    """Return the people in every repetition of an XCN field."""
    location = segment.location(number)
    found = (practitioner_from_xcn(context, one, location) for one in segment.repetitions(number))
    return [person for person in found if person is not None]


def practitioner_from_xcn(context: Context, repetition: Repetition, location: str) -> Resource | None:
    """Return the Practitioner that an XCN names, None when it names nobody."""
    # The same people and laboratories are named in every OBX of a report.
    memory = ("XCN", repetition.raw)
    if memory not in context.known:
        context.known[memory] = _practitioner(context, repetition, location)
    person: Resource | None = context.known[memory]
    return person


def _practitioner(context: Context, repetition: Repetition, location: str) -> Resource | None:
    value = repetition.component(1)
    name = name_from_xcn(context, repetition, location)
    if not value and not name:
        return None
    issuer = issuer_of(context, repetition, 9)
    kind = repetition.component(13)
    if value:
        person = context.shared("Practitioner", scoped(context.scope, issuer), kind, value)
        identifier: Resource = {"type": identifier_type(kind)} if kind else {}
        set_issuer(context, identifier, repetition, 9)
        identifier["value"] = value
        append(person, "identifier", identifier)
    else:
        person = context.shared("Practitioner", context.scope, "name", repetition.raw)
    append(person, "name", name)
    for component in (8, 14):
        if text := repetition.component(component):
            append(person, "extension", original_value(text))
    return person


def practitioner_from_ndl(context: Context, repetition: Repetition) -> Resource | None:
    """Return the Practitioner in an NDL (a CNN in its first component), None when it names nobody."""
    parts = [repetition.subcomponent(1, index) for index in range(1, 12)]
    if not any(parts):
        return None
    value, family, given, further, suffix, prefix, degree, _source, namespace, universal, kind = parts
    issuer = issuer_key(context, namespace, universal, kind)
    person = context.shared("Practitioner", scoped(context.scope, issuer), "", value or "|".join(parts))
    if value:
        identifier: Resource = {}
        if ":" in issuer:
            identifier["system"] = issuer
        identifier["value"] = value
        if namespace:
            identifier["assigner"] = {"display": namespace}
        append(person, "identifier", identifier)
    name: Resource = {"family": family} if family else {}
    for element, texts in (("given", (given, further)), ("prefix", (prefix,)), ("suffix", (suffix, degree))):
        if kept := [text for text in texts if text]:
            name[element] = kept
    append(person, "name", name)
    return person


def organization_from_xon(context: Context, repetition: Repetition) -> Resource | None:
    """Return the Organization that an XON names, None when it names none."""
    memory = ("XON", repetition.raw)
    if memory not in context.known:
        context.known[memory] = _organization(context, repetition)
    organization: Resource | None = context.known[memory]
    return organization


def _organization(context: Context, repetition: Repetition) -> Resource | None:
    name, value = repetition.component(1), repetition.component(10) or repetition.component(3)
    if not name and not value:
        return None
    issuer, kind = issuer_of(context, repetition, 6), repetition.component(7)
    if value:
        organization = context.shared("Organization", scoped(context.scope, issuer), value)
        identifier: Resource = {"type": identifier_type(kind)} if kind else {}
        set_issuer(context, identifier, repetition, 6)
        identifier["value"] = value
        append(organization, "identifier", identifier)
    else:
        organization = context.shared("Organization", context.scope, "name", name, issuer)
    _name_organization(organization, name)
    if repetition.component(10) and (older := repetition.component(3)):
        append(organization, "identifier", {"value": older})
    for component in (2, 8):
        if text := repetition.component(component):
            append(organization, "extension", original_value(text))
    return organization


def organization_from_hd(context: Context, repetition: Repetition | None) -> Resource | None:
    """Return the Organization that an HD names, None when it names none."""
    if repetition is None:
        return None
    namespace, universal, kind = (repetition.component(part) for part in (1, 2, 3))
    if not (namespace or universal):
        return None
    issuer = issuer_key(context, namespace, universal, kind)
    organization = context.shared("Organization", scoped(context.scope, issuer), "authority")
    if ":" in issuer:
        append(organization, "identifier", {"system": "urn:ietf:rfc:3986", "value": issuer})
    elif universal:
        append(
            organization, "identifier", {"value": universal, "type": {"text": kind}} if kind else {"value": universal}
        )
    _name_organization(organization, namespace or universal)
    return organization


def location_from_pl(context: Context, repetition: Repetition | None) -> Resource | None:
    """Return the Location that a PL names; the facility (PL.4) becomes its managing organization."""
    if repetition is None or not any(repetition.parts):
        return None
    component = repetition.component
    place = context.shared("Location", context.scope, repetition.text())
    if len(place) > 2:
        return place
    points = [component(number) for number in (1, 2, 3)]
    if any(points):
        place["identifier"] = [{"value": "/".join(points).strip("/")}]
    named = [part for number in (7, 8) if (part := component(number))]
    words = [f"{label} {part}" for label, part in zip(_POINTS, points, strict=True) if part]
    place["name"] = component(9) or ", ".join([*named, *words]) or repetition.text()
    place["mode"] = "instance"
    if component(9) and (named or words):
        place["description"] = ", ".join([*named, *words])
    facility = Repetition(_as_components(repetition, 4), repetition.delimiters) if component(4) else None
    if organization := organization_from_hd(context, facility):
        place["managingOrganization"] = {"reference": f"Organization/{organization['id']}"}
    for number in (5, 6):
        if text := component(number):
            extend(place, "", original_value(text))
    return place


def _as_components(repetition: Repetition, component: int) -> str:
    """Return a component with its sub-components raised to components: an HD inside a PL reads as an HD."""
    delimiters = repetition.delimiters
    raw = repetition.parts[component - 1]
    return raw.replace(delimiters.subcomponent, delimiters.component) if delimiters.subcomponent else raw


def _name_organization(organization: Resource, name: str) -> None:
    """Set the name; another name for the same organization is an alias."""
    if not name or organization.get("name") == name:
        return
    if "name" in organization:
        append(organization, "alias", name)
    else:
        organization["name"] = name
