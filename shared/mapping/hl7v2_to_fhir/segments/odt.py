"""
ODT -> NutritionOrder of the tray, beside the ServiceRequest of its ORC: our policy, as the guide has no map of it.

    NutritionOrder.extension            = ODT-1..2*  AS-SENT
    NutritionOrder.oralDiet.instruction = ODT-3      ST
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.ods import nutrition_order

TABLE = table_of(__doc__)


def nutrition_order_from_odt(context: Context, request: Resource, odt: Segment) -> Resource:
    """Return the NutritionOrder of a tray."""
    order = nutrition_order(context, request)
    first = odt.first(3)
    if first is not None and (text := first.text().strip()):
        order["oralDiet"] = {"instruction": text}
    carry_into(context, order, odt, TABLE)
    return order
