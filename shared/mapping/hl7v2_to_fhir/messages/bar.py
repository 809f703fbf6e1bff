"""
BAR -> transaction Bundle (no map in the guide: our policy, with the segments mapped as in ADT).

    PID, PV1 and what hangs under them   see `patient`; a message has several visits, each with its own segments
    P01 P05 P10 P12                      Account active
    P02 P06 purge, end of the account    Account inactive
    OBX                                  Observation
"""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.bundles import transaction
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.message_map import MessageMap
from shared.mapping.hl7v2_to_fhir.messages import patient
from shared.mapping.hl7v2_to_fhir.messages.groups import tree
from shared.mapping.hl7v2_to_fhir.messages.observations import add_observations
from shared.mapping.hl7v2_to_fhir.messages.remainder import add_remainder
from shared.mapping.hl7v2_to_fhir.messages.visit_events import apply_event
from shared.mapping.hl7v2_to_fhir.segments.msh import provenance_from_msh

OPENERS = {**patient.OPENERS, "OBX": ("PV1", "PID", "")}

_CLOSED = frozenset({"P02", "P06"})


def bundle_from_bar(context: Context) -> Resource:
    """Return the transaction Bundle of the message in the context."""
    message = context.message
    provenance = provenance_from_msh(context, message.header)
    root = tree(message.segments[1:], OPENERS)
    for group in patient.adopt(root, OPENERS) or [root]:
        about = patient.about_patient(context, group)
        for pv1, encounter in about.visits:
            apply_event(context, "", encounter, pv1, None)
        if about.account is not None and message.event in _CLOSED:
            about.account["status"] = "inactive"
        add_observations(context, group, about)
    add_remainder(context, root, provenance)
    return transaction(context, provenance)


MAP = MessageMap("hl7v2-bar", "1.3.4", bundle_from_bar)
