"""
QBP, RSP, RTB, QCN, QVR, QSB, QRY, ADR, DSR, VXQ, VXX, VXR ... -> transaction Bundle (policy: no map in the guide).

    MSA, QPD, RCP, QAK, QRD ...          Task and Parameters, see `query_parts`
    PID, PV1 and what hangs under them   see `patient`; QRI below a patient: how well it matches, in the Parameters
    OBX, ORC and RXA                     Observation, Immunization of the patient, as in VXU
    STF and what hangs under it          Practitioner, PractitionerRole, as in MFN
    OBR, RXO, RXE, RXD                   the answer holds orders or results: read as in every message of them
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages import master_staff, patient, vxu
from shared.mapping.hl7v2_to_fhir.messages.groups import Group, tree
from shared.mapping.hl7v2_to_fhir.messages.observations import add_observations
from shared.mapping.hl7v2_to_fhir.messages.order_messages import bundle_of_orders
from shared.mapping.hl7v2_to_fhir.messages.patient import About
from shared.mapping.hl7v2_to_fhir.messages.query_parts import add_answer, add_candidate, add_query
from shared.mapping.hl7v2_to_fhir.messages.remainder import add_remainder
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh
from shared.mapping.hl7v2_to_fhir.segments.qri import parameter_from_qri

OPENERS = {**vxu.OPENERS, "QRI": ("PID",)}
_ROOTS = {**OPENERS, **master_staff.OPENERS}
_ORDERS = frozenset({"OBR", "RXO", "RXE", "RXD"})


def bundle_from_query(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    message = context.message
    parameters = add_query(context)
    if any(segment.name in _ORDERS for segment in message.segments):
        return bundle_of_orders(context, reports=True)
    provenance = provenance_from_msh(context, message.header)
    add_answer(context)
    root = tree(message.segments[1:], _ROOTS)
    people = patient.adopt(root, OPENERS)
    for group in people or [root]:
        about = patient.about_patient(context, group)
        add_observations(context, group, about)
        vxu.add_immunizations(context, group, about, provenance)
        _add_matches(context, parameters, group, about)
    for group in root.all("STF"):
        master_staff.map_staff(context, group)
    add_remainder(context, root, provenance)
    return transaction(context, provenance)


def _add_matches(context: Context, parameters: Resource | None, group: Group, about: About) -> None:
    """Say how well the patient matches, where the message says what was asked."""
    for qri in group.segments("QRI") if parameters is not None and about.patient is not None else ():
        add_candidate(parameters or {}, parameter_from_qri(context, qri), about.subject)


MAP = MessageMap("hl7v2-query", "1.1.2", bundle_from_query)
