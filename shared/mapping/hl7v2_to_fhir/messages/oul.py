"""
OUL^R22, R23, R24 -> transaction Bundle: results that come with specimens, with containers, or with orders.

The guide has no map of them. Policy: they are read as ORU is; an OBR stands before its ORC, and an SPM before the
first order holds for all orders until the next one.
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages.order_messages import bundle_of_orders


def bundle_from_oul(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    return bundle_of_orders(context, reports=True)


MAP = MessageMap("hl7v2-oul", "1.3.3", bundle_from_oul)
