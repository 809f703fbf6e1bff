"""
Who took part (PRT), put into what they took part in (HL7 v2-to-FHIR guide, maps OML_O21 and ORU_R01).

    PRT-4               order, report                                       result               specimen
    OP                  ServiceRequest.requester
    SC                  Specimen.collection.collector                                            collection.collector
    PI PRI AI ARI       DiagnosticReport.resultsInterpreter                 performer
    other performers    DiagnosticReport.performer, else the request's      performer
    anyone else         ServiceRequest.supportingInfo                       performer            extension
    PRT-9               ServiceRequest.locationReference                    extension event-location
    PRT-10              ServiceRequest.supportingInfo                       device               extension

Policy: what the guide leaves open in this table, and extensions for what a resource has one place for and gets two.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.segments.prt import participation_from_prt

_INTERPRETERS = frozenset(("PI", "PRI", "AI", "ARI"))
_PERFORMERS = frozenset(("PO", "POMD", "MDIR", "TN", "TR", "RO", "AP", "AC", "OS", *_INTERPRETERS))
_EVENT_LOCATION = "http://hl7.org/fhir/StructureDefinition/event-location"


def add_to_order(
    context: Context, prt: Segment, request: Resource, report: Resource | None, specimens: list[Resource]
) -> None:
    """Add a participation in an order or its report."""
    found = participation_from_prt(context, prt, request)
    if found is None:
        return
    if found.role is not None:
        _add_role(found.code, found.role, request, report, specimens)
    for place in found.places:
        append(request, "locationReference", reference(place))
    for device in found.devices:
        append(request, "supportingInfo", reference(device))


def add_to_observation(context: Context, prt: Segment, observation: Resource) -> None:
    """Add a participation in a result."""
    found = participation_from_prt(context, prt, observation)
    if found is None:
        return
    if found.role is not None:
        append(observation, "performer", reference(found.role))
    for place in found.places:
        append(observation, "extension", {"url": _EVENT_LOCATION, "valueReference": reference(place)})
    for device in found.devices:
        _one(observation, "device", device)


def add_to_medication_request(context: Context, prt: Segment, request: Resource) -> None:
    """Add a participation in a pharmacy order: who asks for it, else who is to perform it."""
    found = participation_from_prt(context, prt, request)
    if found is None:
        return
    if found.role is not None:
        _one(request, "requester" if found.code == "OP" else "performer", found.role)
    for other in (*found.places, *found.devices):
        _further(request, "participant", other)


def add_to_act(context: Context, prt: Segment, act: Resource) -> None:
    """Add a participation in a dispense or an administration."""
    found = participation_from_prt(context, prt, act)
    if found is None:
        return
    if found.role is not None:
        append(act, "performer", {"actor": reference(found.role)})
    for other in (*found.places, *found.devices):
        _further(act, "participant", other)


def add_to_specimen(context: Context, prt: Segment, specimen: Resource) -> None:
    """Add a participation in a specimen."""
    found = participation_from_prt(context, prt, specimen)
    if found is None:
        return
    if found.role is not None and found.code == "SC":
        _one(specimen.setdefault("collection", {}), "collector", found.role)
    elif found.role is not None:
        _further(specimen, "participant", found.role)
    for other in (*found.places, *found.devices):
        _further(specimen, "participant", other)


def _add_role(
    code: str, role: Resource, request: Resource, report: Resource | None, specimens: list[Resource]
) -> None:
    if code == "OP":
        _one(request, "requester", role)
    elif code == "SC" and len(specimens) == 1:
        _one(specimens[0].setdefault("collection", {}), "collector", role)
    elif report is not None and code in _INTERPRETERS:
        append(report, "resultsInterpreter", reference(role))
    elif code in _PERFORMERS:
        append(request if report is None else report, "performer", reference(role))
    else:
        append(request, "supportingInfo", reference(role))


def _one(element: Resource, name: str, actor: Resource) -> None:
    """Set an element that takes one reference; a second one is an extension."""
    if element.setdefault(name, reference(actor)) != reference(actor):
        _further(element, f"further-{name}", actor)


def _further(element: Resource, name: str, actor: Resource) -> None:
    append(element, "extension", {"url": f"{EXTENSIONS}{name}", "valueReference": reference(actor)})
