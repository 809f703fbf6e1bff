"""
RQD -> SupplyRequest, beside the ServiceRequest of its ORC. The guide has no map of it: all of this is our policy.

    [dropped]                               = RQD-1   numbers the segment
    SupplyRequest.itemCodeableConcept       = RQD-2   CWE   the item's internal code
    SupplyRequest.itemCodeableConcept       = RQD-3   CWE   its external code
    SupplyRequest.itemCodeableConcept       = RQD-4   CWE   the hospital's code
    SupplyRequest.quantity                  = RQD-5   AS-SENT
    SupplyRequest.quantity                  = RQD-6   AS-SENT  the unit
    SupplyRequest.extension                 = RQD-7..9*  AS-SENT
    SupplyRequest.occurrenceDateTime        = RQD-10  DTM
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import absent_concept, concept
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal, quantity, unit_of
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.order_maps import SUPPLY_STATUS
from shared.terminology.systems import DATA_ABSENT_REASON_EXTENSION

TABLE = table_of(__doc__)


def supply_request_from_rqd(context: Context, request: Resource, rqd: Segment) -> Resource:
    """Return the SupplyRequest of a requisition."""
    supply = context.add("SupplyRequest", str(request["id"]))
    supply["status"] = SUPPLY_STATUS.get(request["status"]) or "unknown"
    item: Resource = {}
    for number in (2, 3, 4):
        value = concept(context, rqd, number) or {}
        for coding in value.get("coding", ()):
            append(item, "coding", coding)
        if text := value.get("text"):
            item["text"] = f"{item['text']}; {text}" if "text" in item else text
    supply["itemCodeableConcept"] = item or absent_concept()
    asked = decimal(rqd.text(5))
    unit = unit_of(context, rqd.first(6))
    absent = {"extension": [{"url": DATA_ABSENT_REASON_EXTENSION, "valueCode": "unknown"}]}
    supply["quantity"] = absent if asked is None else quantity(asked, unit)
    put_date_time(context, supply, "occurrenceDateTime", rqd, 10)
    if "reference" in request.get("requester", {}):
        supply["requester"] = request["requester"]
    if "reference" in request["subject"]:
        supply["deliverTo"] = request["subject"]
    carry_into(context, supply, rqd, TABLE)
    return supply
