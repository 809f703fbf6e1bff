"""
A message of a type that has no map of its own -> what its segments say by themselves; an issue says so.

    PID, PV1 and what hangs under them   see `patient`     OBX   Observation
    MSH, EVN                             Provenance        Z-segments as the partner file maps them
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages import patient
from shared.mapping.hl7v2_to_fhir.messages.groups import tree
from shared.mapping.hl7v2_to_fhir.messages.observations import add_observations
from shared.mapping.hl7v2_to_fhir.messages.remainder import add_remainder
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh

OPENERS = {**patient.OPENERS, "OBX": ("PV1", "PID", "")}


def bundle_from_any_message(context: Context) -> Resource:
    """Return the Bundle of what the message's segments say by themselves."""
    message = context.message
    text = "The message type has no map of its own: its segments were read one by one."
    context.report("warning", "not-supported", "message-type-unmapped", "MSH-9", text)
    provenance = provenance_from_msh(context, message.header)
    root = tree(message.segments[1:], OPENERS)
    people = patient.adopt(root, OPENERS)
    for group in people or [root]:
        add_observations(context, group, patient.about_patient(context, group))
    if people:
        add_observations(context, root, patient.About())
    add_remainder(context, root, provenance)
    return transaction(context, provenance)


MAP = MessageMap("hl7v2-any", "1.3.2", bundle_from_any_message)
