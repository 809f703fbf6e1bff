"""
ORM, OML O21 O33 O35, OMG, OMI, OMD, OMS, OMN and the answers to them -> transaction Bundle (maps OML_O21, ORM_O01).

Orders and the answers to them: an OBR is a request, and a report only where OBR-25 says how far it is. Below an order
of an OML or OMG, previous results (PATIENT_PRIOR, ORDER_PRIOR) are reports that support the request. An answer has
a Task for the message and one for each order (`msa`, `orc_task`).
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages.order_messages import bundle_of_orders


def bundle_from_orders(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    return bundle_of_orders(context, reports=False)


MAP = MessageMap("hl7v2-orders", "1.4.4", bundle_from_orders)
