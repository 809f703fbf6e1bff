"""
XCN, CNN, NDL -> Practitioner; XON, HD -> Organization.

    Practitioner.identifier  XCN 1, authority 9, type 13          Practitioner.name           XCN 2..7, 10, 17..21
    Organization.identifier  XON 10 (else 3), authority 6, type 7 Organization.name           XON 1

The identifier's extensions: XCN 11, 12, 14, 22..25; XON 4, 5, 8. The resource's: XCN 8; XON 2, 9.
People and organizations met twice in a message are one resource; what the second mention adds is added.
"""

from __future__ import annotations

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import NULL, Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import (
    authority_organization,
    identifier_type,
    issuer_key,
    issuer_of,
    name_organization,
    set_issuer,
)
from shared.mapping.hl7v2_to_fhir.datatypes.names import name_from_xcn
from shared.mapping.hl7v2_to_fhir.datatypes.remainders import keep
from shared.mapping.hl7v2_to_fhir.recurrent import recurrent
from shared.terminology.systems import TERMINOLOGY

PARTICIPATION = TERMINOLOGY + "v2-0912"

_XCN_UNPLACED = (11, 12, 14, 22, 23, 24, 25)
_XON_UNPLACED = (4, 5, 8)


def practitioners(context: Context, segment: Segment, number: int) -> list[Resource]:
    """Return the people in every repetition of an XCN field."""
    fields = segment.fields
    if number >= len(fields) or not (raw := fields[number]):
        return []
    # The same people order, treat and sign, as PV1, ORC, OBR and OBX all say.
    memory = ("XCN in a field", raw)
    people: list[Resource] | None = context.known.get(memory)
    if people is None:
        people = context.known[memory] = _people(context, segment, number, raw)
    return [*people]


def _people(context: Context, segment: Segment, number: int, raw: str) -> list[Resource]:
    if segment.delimiters.separators[0] not in raw and raw != NULL:
        # One person, who is known as a rule: then the value is not even split.
        person = recurrent(context, ("XCN", raw), _practitioner_in, segment, number)
        return [person] if person is not None else []
    location = segment.location(number)
    found = [practitioner_from_xcn(context, one, location) for one in segment.repetitions(number)]
    return [person for person in found if person is not None]


def practitioner_from_xcn(context: Context, repetition: Repetition, location: str) -> Resource | None:
    """Return the Practitioner that an XCN names, None when it names nobody."""
    # The same people and laboratories are named in every OBX of a report.
    return recurrent(context, ("XCN", repetition.raw), _practitioner, repetition, location)


def _practitioner_in(context: Context, segment: Segment, number: int) -> Resource | None:
    return _practitioner(context, segment.repetitions(number)[0], segment.location(number))


def _practitioner(context: Context, repetition: Repetition, location: str) -> Resource | None:
    value, kind = repetition.component(1), repetition.component(13)
    name = name_from_xcn(context, repetition, location)
    if not value and not name:
        return None
    issuer = issuer_of(context, repetition, 9)
    if value:
        person = context.shared("Practitioner", scoped(context.scope, issuer), kind, value)
        identifier: Resource = {"type": identifier_type(kind)} if kind else {}
        set_issuer(context, identifier, repetition, 9)
        identifier["value"] = value
        if len(repetition.parts) > 10:
            keep(identifier, repetition, "xcn", _XCN_UNPLACED)
        append(person, "identifier", identifier)
    else:
        person = context.shared("Practitioner", context.scope, "name", repetition.text())
    append(person, "name", name)
    keep(person, repetition, "xcn", (8,) if value else (8, *_XCN_UNPLACED))
    return person


def in_role(context: Context, person: Resource, code: str, organization: Resource | None = None) -> Resource:
    """Return the PractitionerRole of a person, `code` being of table 0912; for an organization where one is given."""
    place = str(organization["id"]) if organization else ""
    role = context.shared("PractitionerRole", "in-role", str(person["id"]), code, place)
    role["practitioner"] = reference(person)
    if organization:
        role["organization"] = reference(organization)
    role["code"] = [{"coding": [{"system": PARTICIPATION, "code": code}]}]
    return role


def practitioner_from_ndl(context: Context, repetition: Repetition) -> Resource | None:
    """Return the Practitioner in an NDL (a CNN in its first component), None when it names nobody."""
    parts = repetition.subcomponents(1, 11)
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
    return recurrent(context, ("XON", repetition.raw), _organization, repetition)


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
        keep(identifier, repetition, "xon", _XON_UNPLACED)
        append(organization, "identifier", identifier)
    else:
        organization = context.shared("Organization", context.scope, "name", name, issuer)
    name_organization(organization, name)
    if repetition.component(10) and (older := repetition.component(3)):
        append(organization, "identifier", {"value": older})
    keep(organization, repetition, "xon", (2, 9) if value else (2, 9, *_XON_UNPLACED))
    return organization


def organization_from_hd(context: Context, repetition: Repetition | None) -> Resource | None:
    """Return the Organization that an HD names, None when it names none."""
    if repetition is None:
        return None
    return authority_organization(context, *repetition.components(3))
