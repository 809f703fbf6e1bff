"""What the segments of master files say alike: whether a record is in use; details that stay together."""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.coverage import FieldTable
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.master_file_maps import ACTIVE, WITHDRAWN


def is_active(context: Context, segment: Segment, number: int, event: str) -> bool:
    """Tell whether a record is in use: not where its event withdraws it, nor where its flag says no."""
    sent = segment.text(number)
    flag = ACTIVE.get(sent.upper())
    if sent and flag is None:
        place = segment.location(number)
        context.report("warning", "code-invalid", "unmapped-code", place, "Neither active nor inactive.")
    return event not in WITHDRAWN and flag != "false"


def add_details(context: Context, holder: Resource, segment: Segment, table: FieldTable) -> None:
    """Keep the fields of a segment together, as sent: in an extension of the holder that has one for each of them."""
    details: Resource = {"url": f"{EXTENSIONS}{segment.name.lower()}"}
    carry_into(context, details, segment, table)
    append(holder, "extension", details if "extension" in details else None)
