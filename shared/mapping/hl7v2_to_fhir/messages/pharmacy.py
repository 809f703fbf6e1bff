"""
OMP^O09, RDE^O11 O25, RDS^O13, RAS^O17 and their responses -> transaction Bundle (policy, after the guide's RXO).

    PID, PV1 and what hangs under them   see `patient`
    ORC with RXO, RXE, TQ1, RXR, RXC     see `medication_orders`
    RXD                                  MedicationDispense          RXA   MedicationAdministration
    OBX                                  Observation, of the patient or about the order
    MSA, ERR                             Task: the answer to a message
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages import medication_orders, patient
from shared.mapping.hl7v2_to_fhir.messages.groups import tree
from shared.mapping.hl7v2_to_fhir.messages.medication_orders import map_medication_order
from shared.mapping.hl7v2_to_fhir.messages.observations import add_observations
from shared.mapping.hl7v2_to_fhir.messages.remainder import add_remainder
from shared.mapping.hl7v2_to_fhir.segments.msa import acknowledgment_from_msa
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh
from shared.mapping.hl7v2_to_fhir.segments.orc_task import task_from_orc

OPENERS = {**patient.OPENERS, **medication_orders.OPENERS}


def bundle_from_pharmacy(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    message = context.message
    provenance = provenance_from_msh(context, message.header)
    msa = message.first("MSA")
    answer = acknowledgment_from_msa(context, msa, list(message.all("ERR"))) if msa is not None else None
    root = tree(message.segments[1:], OPENERS)
    for group in patient.adopt(root, OPENERS) or [root]:
        about = patient.about_patient(context, group)
        add_observations(context, group, about)
        for order in group.all("ORC", "RXO", "RXE", "RXD", "RXA"):
            request = map_medication_order(context, order, about, provenance)
            if answer is not None and order.name == "ORC" and order.segment is not None:
                task_from_orc(context, order.segment, request, answer)
    add_remainder(context, root, provenance)
    return transaction(context, provenance)


MAP = MessageMap("hl7v2-pharmacy", "1.6.5", bundle_from_pharmacy)
