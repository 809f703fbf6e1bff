"""
A message of a type that has no map of its own -> what its segments say by themselves; an issue says so.

    PID, PD1, NK1   Patient          PV1, PV2   Encounter          OBX   Observation
    MSH             Provenance       Z-segments as the partner file maps them
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages import patient
from shared.mapping.hl7v2_to_fhir.messages.groups import ANY, Group, tree
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh
from shared.mapping.hl7v2_to_fhir.segments.nte import add_nte
from shared.mapping.hl7v2_to_fhir.segments.obx import attach, observation_from_obx
from shared.mapping.hl7v2_to_fhir.segments.z import map_z_segments

OPENERS = {**patient.OPENERS, "OBX": ("PID", ""), "NTE": (ANY,)}


def bundle_from_any_message(context: Context) -> Resource:
    """Return the Bundle of what the message's segments say by themselves."""
    message = context.message
    text = "The message type has no map of its own: its segments were read one by one."
    context.report("warning", "not-supported", "message-type-unmapped", "MSH-9", text)
    provenance = provenance_from_msh(context, message.header)
    root = tree(message.segments[1:], OPENERS)
    people = list(root.all("PID"))
    for group in people or [root]:
        _map_group(context, group)
    if people:
        _observations(context, root, patient.About())
    map_z_segments(context, message.segments)
    return transaction(context, provenance)


def _map_group(context: Context, group: Group) -> None:
    _observations(context, group, patient.about_patient(context, group))


def _observations(context: Context, group: Group, about: patient.About) -> None:
    owner = (context.scope, "message", context.message.control_id, group.segment.label if group.segment else "")
    for found in group.all("OBX"):
        assert found.segment is not None  # noqa: S101 - only the message itself has no segment
        observation = observation_from_obx(context, found.segment, owner, about.as_fields())
        for note in found.segments("NTE"):
            add_nte(context, observation, note)
    attach(context, None)


MAP = MessageMap("hl7v2-any", "1.0.0", bundle_from_any_message)
