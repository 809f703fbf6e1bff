"""What every message has beside its content: the event, the partner's own segments, and what is about transport."""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.messages.groups import Group
from shared.mapping.hl7v2_to_fhir.segments.evn import add_evn
from shared.mapping.hl7v2_to_fhir.segments.z import map_z_segments

_NOT_THE_RECORD = {
    "SFT": "the software that wrote the message, not the record",
    "UAC": "credentials of the sending user, not the record",
    "DSC": "continuation of a message split for transport",
}


def add_remainder(context: Context, root: Group, provenance: Resource) -> None:
    """Map EVN and the partner's Z-segments; drop, with the reason, what says nothing of the record."""
    for evn in root.segments("EVN"):
        add_evn(context, provenance, evn)
    map_z_segments(context, context.message.segments)
    for segment in context.message.segments:
        if reason := _NOT_THE_RECORD.get(segment.name):
            context.drop(segment, reason)
