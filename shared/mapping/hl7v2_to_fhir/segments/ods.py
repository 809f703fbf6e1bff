"""
ODS -> NutritionOrder, beside the ServiceRequest of its ORC. The guide has no map of it: all of this is our policy.

    NutritionOrder.extension            = ODS-1   AS-SENT  diet, supplement or preference
    NutritionOrder.oralDiet.schedule    = ODS-2*  AS-SENT  the meals it is for
    NutritionOrder.oralDiet.type        = ODS-3*  CWE
    NutritionOrder.oralDiet.instruction = ODS-4*  ST
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concepts
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.systems import DATA_ABSENT_REASON_EXTENSION

TABLE = table_of(__doc__)


def nutrition_order_from_ods(context: Context, request: Resource, ods: Segment) -> Resource:
    """Return the NutritionOrder of a diet."""
    order = nutrition_order(context, request)
    diet: Resource = {}
    if kinds := concepts(context, ods, 3):
        diet["type"] = kinds
    if text := "\n".join(one.text() for one in ods.repetitions(4)).strip():
        diet["instruction"] = text
    if diet:
        order["oralDiet"] = diet
    carry_into(context, order, ods, TABLE)
    return order


def nutrition_order(context: Context, request: Resource) -> Resource:
    """Return a NutritionOrder that says what its request says of status, patient, visit, time and requester."""
    order = context.add("NutritionOrder", str(request["id"]))
    order["status"], order["intent"], order["patient"] = request["status"], "order", request["subject"]
    for name, ours in (("encounter", "encounter"), ("authoredOn", "dateTime"), ("requester", "orderer")):
        if name in request:
            order[ours] = request[name]
    if "dateTime" not in order:
        order["_dateTime"] = {"extension": [{"url": DATA_ABSENT_REASON_EXTENSION, "valueCode": "unknown"}]}
    return order
