"""Segments whose fields travel as text: in extensions of whatever resource the message has for them."""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.coverage import FieldTable
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import carry_all


def carry_into(context: Context, holder: Resource, segment: Segment, table: FieldTable) -> None:
    """Claim the segment and put its AS-SENT fields into extensions of the holder, a resource or an element."""
    context.claim(segment, table)
    carry_all(holder, segment, table)
