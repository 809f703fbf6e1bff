"""
ORU^R01, R30, R31 -> transaction Bundle (HL7 v2-to-FHIR guide, map ORU_R01): every OBR is a report.

How the segments are read is said by `order_messages` and `order_resources`; R30 and R31 (point of care, without an
order that is known, or with one to be found) have the same structure.
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages.order_messages import bundle_of_orders


def bundle_from_oru_r01(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    return bundle_of_orders(context, reports=True)


MAP = MessageMap("hl7v2-oru-r01", "1.5.3", bundle_from_oru_r01)
