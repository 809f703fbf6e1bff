"""
An order for a medication in a message about orders (ORM^O01 with RXO in the place of OBR) -> MedicationRequest.

It is read as in pharmacy messages (`medication_orders`); diagnoses and charges below it are as those of any order.
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.context import Resource
from shared.mapping.hl7v2_to_fhir.messages import medication_orders, patient
from shared.mapping.hl7v2_to_fhir.messages.groups import tree
from shared.mapping.hl7v2_to_fhir.messages.order_groups import OrderGroup
from shared.mapping.hl7v2_to_fhir.messages.order_resources import Scene, add_reason_or_charge

_OPENERS = {**patient.OPENERS, **medication_orders.OPENERS}


def map_medication(scene: Scene, order: OrderGroup) -> tuple[Resource, None]:
    """Return the request of an order for a medication; it has no report."""
    group = tree(order.segments, _OPENERS).children[0]
    request = medication_orders.map_medication_order(scene.context, group, scene.about, scene.provenance)
    for segment in order.details:
        add_reason_or_charge(scene, segment, request, None)
    return request, None
