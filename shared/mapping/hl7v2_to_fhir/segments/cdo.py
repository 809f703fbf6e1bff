"""
CDO -> Dosage.maxDosePerPeriod: the cumulative limit of a dose (policy: the guide has no map for it).

    [dropped]                           = CDO-1   numbers the segment
    dosageInstruction.extension         = CDO-2   AS-SENT
    dosageInstruction.maxDosePerPeriod  = CDO-3   CQ    another limit than the order's: extension
    dosageInstruction.maxDosePerPeriod  = CDO-4   CQ
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import quantity_from_cq
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)


def add_cdo(context: Context, dosage: Resource, cdo: Segment) -> None:
    """Add the limit to the dosage: how much in how long."""
    carry_into(context, dosage, cdo, TABLE)
    amount, time = (quantity_from_cq(context, cdo.first(number)) for number in (3, 4))
    if amount and time and "value" in amount and "value" in time and "maxDosePerPeriod" not in dosage:
        dosage["maxDosePerPeriod"] = {"numerator": amount, "denominator": time}
    else:
        carry_field(dosage, cdo, 3)
        carry_field(dosage, cdo, 4)
