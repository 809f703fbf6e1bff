"""The OBX that stand below a patient or a visit, not below an order -> Observation."""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.messages.clinical import add_notes
from shared.mapping.hl7v2_to_fhir.messages.groups import Group
from shared.mapping.hl7v2_to_fhir.messages.patient import About
from shared.mapping.hl7v2_to_fhir.segments.obx import attach, observation_from_obx


def add_observations(context: Context, group: Group, about: About) -> list[Resource]:
    """Return the Observations of the OBX right below the group and below its visits."""
    if "OBX" not in context.names:
        return []
    owner = (context.scope, "message", context.message.control_id, group.segment.label if group.segment else "")
    found = []
    for below in (group, *group.all("PV1")):
        for child in below.all("OBX"):
            assert child.segment is not None  # noqa: S101 - only the message itself has no segment
            observation = observation_from_obx(context, child.segment, owner, about.as_fields())
            add_notes(context, child, observation)
            found.append(observation)
    attach(context, None)
    return found
