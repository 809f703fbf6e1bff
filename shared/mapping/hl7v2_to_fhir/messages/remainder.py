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
# What `displaced` can read of a message whose structure has no place for it.
_DISPLACED = frozenset(
    {
        *("ORC", "OBR", "TQ1", "TQ2", "OBX", "NTE", "SPM", "SAC", "PRT", "CTD", "CTI", "BLG", "TCD", "SID", "IPC"),
        *("ZDS", "ODS", "ODT", "RQD", "RQ1", "RXO", "RXE", "RXD", "RXA", "RXR", "RXC"),
        *("FT1", "TXA", "PRB", "GOL", "PTH"),
    }
)


def add_remainder(context: Context, root: Group, provenance: Resource) -> None:
    """Map EVN, the partner's Z-segments and what is out of its place; drop what says nothing of the record."""
    for evn in root.segments("EVN"):
        add_evn(context, provenance, evn)
    map_z_segments(context, context.message.segments)
    claims, drops = context.claims, context.drops
    left = []
    for segment in context.message.segments:
        if segment in claims:
            continue
        if reason := _NOT_THE_RECORD.get(segment.name):
            context.drop(segment, reason)
        elif segment.name in _DISPLACED and segment not in drops:
            left.append(segment)
    if left:
        # Read when it is needed: messages that keep to their structure have none of it.
        from shared.mapping.hl7v2_to_fhir.messages.displaced import add_displaced

        add_displaced(context, left, provenance)
