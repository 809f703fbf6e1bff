"""
VXU^V04 -> transaction Bundle (HL7 v2-to-FHIR guide, map VXU_V04); VXR, VXX and RSP carry the same groups.

    PID, PV1 and what hangs under them   see `patient`        OBX below them   Observation
    ORC, RXA, RXR                        Immunization         OBX below RXA    Observation, part of the Immunization,
    PRT below ORC, RXA                   its performers                        and its elements: `immunization_details`

Policy: an order of which nothing was administered (ORC without RXA) makes no Immunization; its fields stay unknown.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import entity_key
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages import patient
from shared.mapping.hl7v2_to_fhir.messages.clinical import add_notes
from shared.mapping.hl7v2_to_fhir.messages.groups import Group, tree
from shared.mapping.hl7v2_to_fhir.messages.immunization_details import Detail, add_details
from shared.mapping.hl7v2_to_fhir.messages.observations import add_observations
from shared.mapping.hl7v2_to_fhir.messages.participations import add_to_observation
from shared.mapping.hl7v2_to_fhir.messages.patient import About
from shared.mapping.hl7v2_to_fhir.messages.remainder import add_remainder
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh
from shared.mapping.hl7v2_to_fhir.segments.obx import attach, observation_from_obx
from shared.mapping.hl7v2_to_fhir.segments.orc_immunization import (
    add_orc_to_immunization,
    identifies_nothing,
    performer,
)
from shared.mapping.hl7v2_to_fhir.segments.prt import participation_from_prt
from shared.mapping.hl7v2_to_fhir.segments.rxa_immunization import immunization_from_rxa
from shared.mapping.hl7v2_to_fhir.segments.rxr import add_rxr_to_immunization

OPENERS = {
    **patient.OPENERS,
    "ORC": ("PID", ""),
    "RXA": ("ORC", "PID", ""),
    "RXR": ("RXA", "ORC"),
    "OBX": ("RXA", "PV1", "PID", ""),
    "PRT": ("OBX", "RXA", "ORC", *patient.OPENERS["PRT"]),
}


def bundle_from_vxu(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    message = context.message
    provenance = provenance_from_msh(context, message.header)
    root = tree(message.segments[1:], OPENERS)
    for group in patient.adopt(root, OPENERS) or [root]:
        about = patient.about_patient(context, group)
        add_observations(context, group, about)
        add_immunizations(context, group, about, provenance)
    add_remainder(context, root, provenance)
    return transaction(context, provenance)


def add_immunizations(context: Context, group: Group, about: About, provenance: Resource) -> list[Resource]:
    """Return the Immunizations of the orders below a patient; an RXA without an ORC is one too."""
    found = [_immunization(context, None, rxa, about, provenance) for rxa in group.all("RXA")]
    for order in group.all("ORC"):
        found += [_immunization(context, order, rxa, about, provenance) for rxa in order.all("RXA")]
    return found


def _immunization(context: Context, order: Group | None, group: Group, about: About, provenance: Resource) -> Resource:
    assert group.segment is not None  # noqa: S101 - only the message itself has no segment
    orc = order.segment if order is not None else None
    fields = about.as_fields()
    fields["patient"] = fields.pop("subject")
    immunization = immunization_from_rxa(context, group.segment, _key(context, orc, group.segment, about), fields)
    for holder in (order, group) if order is not None else (group,):
        for segment in holder.segments("PRT") if "PRT" in context.names else ():
            _add_participation(context, immunization, segment)
        for segment in holder.segments("RXR"):
            add_rxr_to_immunization(context, immunization, segment)
    if orc is not None:
        add_orc_to_immunization(context, immunization, orc, group.segment, provenance)
    if "NTE" in context.names:
        for above in (order, group) if order is not None else (group,):
            for holder in (above, *above.all("RXR", "PRT")):
                add_notes(context, holder, immunization)
    _add_observations(context, immunization, group, about)
    return immunization


def _key(context: Context, orc: Segment | None, rxa: Segment, about: About) -> tuple[str, ...]:
    """Return the number that the filler gave the administration, else the placer's, else whom, what and when."""
    for number, kind in ((3, "filler"), (2, "placer")):
        if orc is not None and (key := entity_key(context, orc.first(number))):
            issuer, value = key
            if kind == "placer" or not identifies_nothing(value, rxa):
                return issuer, kind, value
    whom = about.subject.get("reference", context.message.control_id)
    return context.scope, whom, rxa.field(5).text(), rxa.text(3)


def _add_participation(context: Context, immunization: Resource, prt: Segment) -> None:
    found = participation_from_prt(context, prt, immunization)
    if found is not None:
        for actor in (*([found.role] if found.role is not None else []), *found.places, *found.devices):
            if actor["resourceType"] == "PractitionerRole":
                append(immunization, "performer", performer(found.code or "AP", actor))
            elif actor["resourceType"] == "Location" and "location" not in immunization:
                immunization["location"] = reference(actor)
            else:
                url = "urn:corridor:extension:participant"
                append(immunization, "extension", {"url": url, "valueReference": reference(actor)})


def _add_observations(context: Context, immunization: Resource, group: Group, about: About) -> None:
    owner = (context.scope, "immunization", str(immunization["id"]))
    fields = {**about.as_fields(), "partOf": [reference(immunization)]}
    details: list[Detail] = []
    for child in group.all("OBX"):
        assert child.segment is not None  # noqa: S101 - only the message itself has no segment
        observation = observation_from_obx(context, child.segment, owner, fields)
        if child.children:
            add_notes(context, child, observation)
            for prt in child.segments("PRT"):
                add_to_observation(context, prt, observation)
        details.append((child.segment, observation))
    attach(context, None)
    add_details(immunization, details)


MAP = MessageMap("hl7v2-vxu", "1.4.3", bundle_from_vxu)
