"""What ORC and OBR both take from a request and its report: numbers, people, parents."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.formats.hl7v2.writing import Component, Composite
from shared.mapping.fhir_to_hl7v2.context import Context
from shared.mapping.fhir_to_hl7v2.datatypes.actors import organization_of, xcn_from
from shared.mapping.fhir_to_hl7v2.datatypes.contacts import xtns_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import ei_from, is_of, trimmed
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS

_FURTHER = f"{EXTENSIONS}further-requester"
_FURTHER_FACILITY = f"{EXTENSIONS}further-organization"


@dataclass(slots=True)
class Order:
    """A request, its report, and the observations of both; a request or a report may be missing."""

    request: Resource | None = None
    report: Resource | None = None
    observations: list[Resource] = field(default_factory=list)


def order_number(context: Context, order: Order, kind: str, *, of_service: bool = False) -> Composite | None:
    """
    Return the placer's (PLAC) or filler's (FILL) number; one without a type is its maker's.

    An order of several services has a number of its own, and each service (OBR) may have another, which comes last.
    """
    found = []
    for resource in (order.request, order.report):
        for identifier in context.source.items(resource, "identifier") if resource is not None else ():
            found += [number] if is_of(identifier, kind) and (number := ei_from(context, identifier)) else []
    if found:
        own = [number for number in found if number != found[0]]
        return own[-1] if of_service and own else found[0]
    if order.request is None and order.report is not None and (number := _asked_for(context, order.report, kind)):
        return number
    resource = order.request if kind == "PLAC" else order.report
    for identifier in context.source.items(resource, "identifier") if resource is not None else ():
        if not is_of(identifier, "PLAC", "FILL", "PGN", "FGN", "SHIP"):
            return ei_from(context, identifier)
    return None


def _asked_for(context: Context, report: Resource, kind: str) -> Composite | None:
    """Return the number of an order that a report names by it alone: the placer's, unless its type says otherwise."""
    for reference in context.source.items(report, "basedOn"):
        identifier = reference.get("identifier")
        if isinstance(identifier, dict) and is_of(identifier, "FILL") is (kind == "FILL"):
            context.source.whole(reference, "display")
            return ei_from(context, identifier)
    return None


def parents_of(context: Context, request: Resource) -> Composite | None:
    """Return the numbers of the parent order (basedOn) as an EIP."""
    found: list[Component] = ["", ""]
    for reference in context.source.items(request, "basedOn"):
        context.source.whole(reference, "reference", "type", "display")
        identifier = reference.get("identifier")
        if isinstance(identifier, dict):
            context.source.whole(reference, "identifier")
            found[1 if is_of(identifier, "FILL") else 0] = [str(part) for part in ei_from(context, identifier) or ()]
    return trimmed(found) or None


@dataclass(slots=True)
class Requester:
    """Who asks for something: people, telephones to call back, facilities, addresses of the people."""

    people: list[Composite | None] = field(default_factory=list)
    callbacks: list[Composite | None] = field(default_factory=list)
    facilities: list[Resource] = field(default_factory=list)
    persons: list[Resource] = field(default_factory=list)


def requester_of(context: Context, request: Resource) -> Requester:
    """Return who asks, with the role's telephones and facilities."""
    source, found = context.source, Requester()
    named = source.references(request, "requester")
    named += [
        pair for one in context.extensions(request, _FURTHER) for pair in source.references(one, "valueReference")
    ]
    for reference, known in named:
        resource = organization_of(reference, known)
        if resource is not None and resource["resourceType"] == "Organization":
            found.facilities.append(resource)
            continue
        found.people.append(xcn_from(context, reference, resource))
        if resource is None:
            continue
        person: Resource | None = resource
        if resource["resourceType"] == "PractitionerRole":
            person = source.reference(resource, "practitioner")
            found.callbacks += xtns_from(context, source.items(resource, "telecom"))
            offices = [organization_of(*one) for one in source.references(resource, "organization")]
            for extension in context.extensions(resource, _FURTHER_FACILITY):
                offices += [one for _, one in source.references(extension, "valueReference")]
            found.facilities += [one for one in offices if one is not None]
        found.persons += [person] if person is not None else []
    return found
