"""
References to people and organizations -> XCN, XON; the people's own records are read on the way.

    XCN 1, 9, 13   Practitioner.identifier, the first       2-7, 10   Practitioner.name, the first
    XON 1          Organization.name                        10, 6, 7  Organization.identifier (3 until 2.4)
    NDL 1          the XCN's number and name as a CNN

A PractitionerRole stands for its Practitioner. A reference that only names somebody is written by its words.
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import authority, trimmed, type_codes
from shared.mapping.fhir_to_hl7v2.datatypes.names import name_parts, order_of, use_of
from shared.mapping.fhir_to_hl7v2.datatypes.times import bound_texts
from shared.mapping.fhir_to_hl7v2.reading import Resource, kind_of, stated
from shared.terminology.system_names import system_name

_PEOPLE = ("Practitioner", "Patient", "RelatedPerson")


def person_of(context: Context, resource: Resource | None) -> Resource | None:
    """Return the person that a resource is, or is the role of; None for anything else."""
    if resource is not None and resource["resourceType"] == "PractitionerRole":
        return context.source.reference(resource, "practitioner")
    return resource if resource is not None and resource["resourceType"] in _PEOPLE else None


def xcns_from(context: Context, element: Resource, name: str) -> list[Composite | None]:
    """Return the people that an element refers to; organizations are left out, and still to be read."""
    source, people = context.source, list[Composite | None]()
    for reference in source.items(element, name):
        people.append(xcn_from(context, reference, source.find(reference)))
        if people[-1] is not None or not ("display" in reference or "identifier" in reference):
            source.whole(reference, *reference)
        source.whole(reference, "reference", "type")
    return people


def xcn_from(context: Context, reference: Resource, resource: Resource | None) -> Composite | None:
    """Return the person that a Reference means; one that is not in the bundle by the reference's own words."""
    if resource is None:
        return _named(context, reference)
    person = person_of(context, resource)
    if person is None and resource["resourceType"] == "PractitionerRole":
        ((named, _), *_) = context.source.references(resource, "practitioner") or [(reference, None)]
        return _named(context, named)
    return _xcn(context, person) if person is not None else None


def _named(context: Context, reference: Resource) -> Composite | None:
    """Return somebody who is not in the bundle by number and words of the reference; None for what is no person."""
    if (kind_of(reference) or "Practitioner") not in (*_PEOPLE, "PractitionerRole"):
        return None
    words, number = str(reference.get("display", "")), reference.get("identifier")
    parts: Composite = ["", words, *[""] * 11]
    if isinstance(number, dict):
        codes = type_codes(context, number)
        parts[0], parts[8] = context.source.text(number, "value"), [*authority(context, number)]
        parts[12] = codes[-1] if codes else ""
    return trimmed(parts) or None


def _xcn(context: Context, person: Resource) -> Composite | None:
    source = context.source
    parts: Composite = [""] * 21
    number, name = source.one(person, "identifier"), source.one(person, "name")
    if number is not None:
        source.whole(number, "use")
        codes = type_codes(context, number)
        parts[0], parts[8] = source.text(number, "value"), [*authority(context, number)]
        parts[12] = codes[-1] if codes else ""
    if name is not None:
        parts[1:7], parts[20] = name_parts(context, name, "XCN")
        parts[9] = use_of(context, name)
        parts[17] = order_of(context, name)
        parts[18], parts[19] = bound_texts(context, name)
    return trimmed(context.complete(parts, "xcn", person, number, name)) or None


def xon_from(context: Context, organization: Resource | None) -> Composite | None:
    """Return an Organization as an XON; None when it has neither name nor number."""
    if organization is None or organization["resourceType"] != "Organization":
        return None
    source = context.source
    parts: Composite = [""] * 10
    parts[0] = source.text(organization, "name")
    number = source.one(organization, "identifier")
    if number is not None and number.get("system") != "urn:ietf:rfc:3986":
        source.whole(number, "use")
        codes = type_codes(context, number)
        parts[9 if context.in_use("XON", 10) else 2] = source.text(number, "value")
        parts[5], parts[6] = [*authority(context, number)], codes[-1] if codes else ""
    return trimmed(context.complete(parts, "xon", organization, number)) or None


def xons_from(context: Context, element: Resource, name: str) -> list[Composite | None]:
    """Return the organizations that an element refers to; people are left out."""
    found = context.source.references(element, name)
    return [xon_from(context, organization_of(*pair, usual="Organization")) for pair in found]


def organization_of(reference: Resource, resource: Resource | None, *, usual: str = "") -> Resource | None:
    """
    Return the resource that a Reference means; one that is not in the bundle as the Organization that it names.

    `usual` is the type of a Reference that tells none.
    """
    if resource is None and (kind_of(reference) or usual) == "Organization":
        return stated(reference, "Organization")
    return resource


def ndl_from(context: Context, reference: Resource, resource: Resource | None) -> Composite | None:
    """Return a person as the NDL of OBR-32 to 35: its number and name."""
    xcn = xcn_from(context, reference, resource)
    if xcn is None:
        return None
    padded = [*xcn, *[""] * 21][:21]
    family, issuer = padded[1], padded[8]
    parts = [padded[0], family[0] if isinstance(family, list) else family, *padded[2:7], padded[7]]
    texts = [part if isinstance(part, str) else part[0] for part in parts]
    return [[*texts, *(issuer if isinstance(issuer, list) else [issuer, "", ""])]]


def coded_party(context: Context, party: Resource | None) -> Composite | None:
    """Return an Organization or Device as a coded value (CWE); None for none."""
    if party is None:
        return None
    source = context.source
    named = source.one(party, "deviceName") if party["resourceType"] == "Device" else party
    number, name = source.one(party, "identifier"), source.text(named or {}, "name")
    if named is not None and named is not party:
        source.whole(named, "type")
    if number is None:
        return ["", name] if name else None
    code, system = source.text(number, "value"), source.text(number, "system")
    return trimmed([code, name if name != code else "", system_name(system) if system else ""])
