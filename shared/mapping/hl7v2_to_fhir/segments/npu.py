"""
NPU -> Location (ADT^A20, bed status update; the guide has no map of it: as PV1-3 and PV1-40).

    Location                    = NPU-1   PL
    Location.operationalStatus  = NPU-2   ID    table 0116
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)


def location_from_npu(context: Context, npu: Segment) -> None:
    """Add the bed with its status to the bundle; a segment without a place stays unknown."""
    place = location_from_pl(context, npu.first(1))
    if place is None:
        return
    context.claim(npu, TABLE)
    if status := npu.text(2):
        place["operationalStatus"] = {"system": TERMINOLOGY + "v2-0116", "code": " ".join(status.split())}
