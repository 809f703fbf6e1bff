"""
The pharmacy of an order or a dispense: a coded name, an address and telephones in fields of their own.

    dispenses the order (RXO-32, 33, 36; RXE-40, 41, 45)      Organization, its address and telecom
    the medication goes to it (RXD-30, 31, 34)                Location, its address and telecom
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import address_from_xad, contacts_from_xtn
from shared.mapping.hl7v2_to_fhir.fields import carry_field
from shared.mapping.hl7v2_to_fhir.segments.coded_organization import organization_from_cwe


@dataclass(frozen=True, slots=True)
class PharmacyFields:
    """The numbers of the fields that name a pharmacy and say where it is reached."""

    name: int
    address: int
    telecoms: int


def dispensing_pharmacy(
    context: Context, resource: Resource, segment: Segment, fields: PharmacyFields
) -> Resource | None:
    """Return the Organization; without a name there is none, and its address stays with the resource as sent."""
    pharmacy = organization_from_cwe(context, segment, fields.name)
    if pharmacy is None:
        carry_field(resource, segment, fields.address)
        carry_field(resource, segment, fields.telecoms)
        return None
    for repetition in segment.repetitions(fields.address):
        found = address_from_xad(context, repetition, segment.location(fields.address))
        if found not in pharmacy.get("address", ()):
            append(pharmacy, "address", found)
    for telecom in contacts_from_xtn(context, segment, fields.telecoms, "work"):
        if telecom not in pharmacy.get("telecom", ()):
            append(pharmacy, "telecom", telecom)
    return pharmacy


def receiving_pharmacy(context: Context, segment: Segment, fields: PharmacyFields) -> Resource | None:
    """Return the Location of a pharmacy to which a medication goes, None where nothing is said of it."""
    if not any(segment.raw(number) for number in (fields.name, fields.address, fields.telecoms)):
        return None
    words = [segment.field(number).text() for number in (fields.name, fields.address, fields.telecoms)]
    place = context.shared("Location", context.scope, "pharmacy", *words)
    place["mode"] = "instance"
    named = concept(context, segment, fields.name) or {}
    codings = named.get("coding", [])
    place["identifier"] = [
        {name: one[part] for name, part in (("system", "system"), ("value", "code")) if part in one}
        for one in codings
        if "code" in one
    ]
    place["name"] = named.get("text", "") or next((one["code"] for one in codings if "code" in one), "")
    place["address"] = next(
        (
            found
            for one in segment.repetitions(fields.address)
            if (found := address_from_xad(context, one, segment.location(fields.address)))
        ),
        None,
    )
    place["telecom"] = contacts_from_xtn(context, segment, fields.telecoms, "work")
    for name in [name for name, value in place.items() if not value]:
        del place[name]
    return place


def set_destination(context: Context, dispense: Resource, segment: Segment, fields: PharmacyFields) -> None:
    """Set where the medication goes; beside a place that is named already the pharmacy stays as it was sent."""
    if "destination" in dispense:
        for number in (fields.name, fields.address, fields.telecoms):
            carry_field(dispense, segment, number)
    elif place := receiving_pharmacy(context, segment, fields):
        dispense["destination"] = reference(place)
