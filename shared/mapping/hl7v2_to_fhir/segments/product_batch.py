"""Lot number and expiry of what was dispensed or given -> Medication.batch."""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry_field


def batch_of(context: Context, resource: Resource, segment: Segment, lot: int, expiry: int) -> Resource:
    """Return the batch; further lots than the first are kept in the resource."""
    batch: Resource = {}
    lots = [one.text().strip() for one in segment.repetitions(lot)]
    if lots:
        batch["lotNumber"] = lots[0]
    if len(lots) > 1:
        carry_field(resource, segment, lot)
    put_date_time(context, batch, "expirationDate", segment, expiry)
    return batch
