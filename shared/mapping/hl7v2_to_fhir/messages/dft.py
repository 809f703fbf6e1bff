"""
DFT -> transaction Bundle (no map in the guide: our policy).

    PID, PV1 and what hangs under them   see `patient`
    FT1                                  ChargeItem, and the Procedure that it is for
    PR1 below FT1                        Procedure, a service of the ChargeItem
    DG1 below FT1 (P11)                  Condition, in ChargeItem.supportingInformation
    GT1, IN1 below FT1 (P11)             guarantor and coverage of the Account
    ORC, OBR and theirs                  as in a message about orders, for the charge that they stand below
    OBX                                  Observation

In P11 diagnoses, guarantors and coverages belong to the transaction before them, in P03 to all of them.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Message
from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages import patient
from shared.mapping.hl7v2_to_fhir.messages.clinical import add_clinical, add_notes
from shared.mapping.hl7v2_to_fhir.messages.financial import add_financial
from shared.mapping.hl7v2_to_fhir.messages.groups import Group, tree
from shared.mapping.hl7v2_to_fhir.messages.observations import add_observations
from shared.mapping.hl7v2_to_fhir.messages.order_groups import read_groups
from shared.mapping.hl7v2_to_fhir.messages.order_resources import Scene, map_order
from shared.mapping.hl7v2_to_fhir.messages.remainder import add_remainder
from shared.mapping.hl7v2_to_fhir.messages.visit_events import apply_event
from shared.mapping.hl7v2_to_fhir.segments.ft1 import charge_from_ft1, procedure_from_ft1
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh

OPENERS = {
    **patient.OPENERS,
    "FT1": ("PID", ""),
    "PR1": ("FT1", "PV1", "PID", ""),
    "ORC": ("FT1", "PID", ""),
    "OBR": ("ORC", "FT1", "PID", ""),
    "TQ1": ("ORC", "FT1", "PID", ""),
    "TQ2": ("TQ1", "ORC"),
    "OBX": ("OBR", "PV1", "PID", ""),
}
# P11: one group for each transaction.
OPENERS_P11 = {**OPENERS, **dict.fromkeys(("DG1", "DRG", "GT1", "IN1", "ACC"), ("FT1", "PV1", "PID", ""))}

_SERVICES = frozenset({"DiagnosticReport", "Procedure"})


def bundle_from_dft(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    message = context.message
    provenance = provenance_from_msh(context, message.header)
    root = tree(message.segments[1:], OPENERS_P11 if message.event == "P11" else OPENERS)
    for group in patient.adopt(root, OPENERS) or [root]:
        about = patient.about_patient(context, group)
        for pv1, encounter in about.visits:
            apply_event(context, "", encounter, pv1, None)
        scene = Scene(context, about, provenance)
        _map_orders(scene, group)
        for charge in group.all("FT1"):
            _map_charge(scene, charge)
        add_observations(context, group, about)
    add_remainder(context, root, provenance)
    return transaction(context, provenance)


def _map_charge(scene: Scene, group: Group) -> None:
    context, about = scene.context, scene.about
    assert group.segment is not None  # noqa: S101 - only the message itself has no segment
    charge = charge_from_ft1(context, group.segment, about.subject, about.encounter)
    assert about.account is not None  # noqa: S101 - a DFT is about an account, named or not
    append(charge, "account", reference(about.account))
    add_notes(context, group, charge)
    done = add_clinical(context, group, about.subject, about.encounter, about.patient)
    done += filter(None, (procedure_from_ft1(context, group.segment, charge),))
    for one in (*done, *_map_orders(scene, group)):
        append(charge, "service" if one["resourceType"] in _SERVICES else "supportingInformation", reference(one))
    add_financial(context, group, about.subject, about.account, about.encounter or about.patient)


def _map_orders(scene: Scene, group: Group) -> list[Resource]:
    """Return the requests and reports of the orders right below the group."""
    context = scene.context
    groups = [child for child in group.children if child.name in ("ORC", "OBR", "TQ1")]
    below = (one.segment for child in groups for one in (child, *child.walk()))
    segments = [segment for segment in below if segment is not None]
    message = context.message
    orders = Message([message.header, *segments], message.delimiters, message.charset, ())
    found = []
    for reading in read_groups(orders).patients:
        for order in reading.orders:
            request, mapped = map_order(scene, order, reports=False)
            found += [request, mapped.report] if mapped is not None else [request]
    return found


MAP = MessageMap("hl7v2-dft", "1.3.3", bundle_from_dft)
