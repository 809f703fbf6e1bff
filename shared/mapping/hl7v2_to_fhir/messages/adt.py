"""
ADT -> transaction Bundle (HL7 v2-to-FHIR guide, maps ADT_A01, A02, A05, A06, A09, A11, A17; all other events by them).

    PID, PV1 and what hangs under them   see `patient`           EVN   Provenance of all the others
    event -> Encounter                   see `visit_events`      OBX   Observation
    MRG                                  see `merges`            NPU   Location (A20)

Policy: A24 links its two patients (seealso), A37 unlinks them: they are sent without the link; A29 makes the Patient
inactive. A23 is about the visit alone: see `visit_events`. Events about persons (A28 A29 A31) and about identifiers
make no Encounter of a PV1 that says nothing but its class.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages import patient
from shared.mapping.hl7v2_to_fhir.messages.groups import Group, tree
from shared.mapping.hl7v2_to_fhir.messages.merges import merge
from shared.mapping.hl7v2_to_fhir.messages.observations import add_observations
from shared.mapping.hl7v2_to_fhir.messages.remainder import add_remainder
from shared.mapping.hl7v2_to_fhir.messages.visit_events import apply_event
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh
from shared.mapping.hl7v2_to_fhir.segments.npu import location_from_npu

OPENERS = {**patient.OPENERS, "OBX": ("PV1", "PID", "")}


def bundle_from_adt(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    message = context.message
    provenance = provenance_from_msh(context, message.header)
    root = tree(message.segments[1:], OPENERS)
    evn = next(iter(root.segments("EVN")), None)
    event = message.event or (evn.text(1) if evn is not None else "")
    mapped = [(group, _map_group(context, event, group, evn)) for group in patient.adopt(root, OPENERS) or [root]]
    for npu in root.segments("NPU"):
        location_from_npu(context, npu)
    for group, about in mapped:
        _merge_group(context, event, group, about)
    people = [about.patient for _, about in mapped if about.patient is not None]
    if event == "A24":
        _link(people)
    elif event == "A29":
        for person in people:
            person["active"] = False
    add_remainder(context, root, provenance)
    return transaction(context, provenance)


def _map_group(context: Context, event: str, group: Group, evn: Segment | None) -> patient.About:
    about = patient.about_patient(context, group)
    for pv1, encounter in about.visits:
        apply_event(context, event, encounter, pv1, evn)
    add_observations(context, group, about)
    return about


def _merge_group(context: Context, event: str, group: Group, about: patient.About) -> None:
    """Merge what each MRG names into the visit that follows it (A45 repeats the pair), else into the first."""
    if "MRG" not in context.names:
        return
    visits = dict(about.visits)
    for position, child in enumerate(group.children):
        if child.name == "MRG" and child.segment is not None:
            following = (visits.get(one.segment) for one in group.children[position:] if one.segment is not None)
            encounter = next((one for one in following if one is not None), about.encounter)
            merge(context, event, child.segment, about._replace(encounter=encounter))


def _link(people: list[Resource]) -> None:
    for one in people:
        for other in people:
            if other is not one:
                append(one, "link", {"other": reference(other), "type": "seealso"})


MAP = MessageMap("hl7v2-adt", "1.5.3", bundle_from_adt)
