"""
Provenance -> EVN.

    Provenance.activity         = EVN-1   ID    the event, until 2.7
    Provenance.recorded         = EVN-2   DTM
    Provenance.reason           = EVN-4   CWE
    Provenance.agent[enterer]   = EVN-5*  XCN
    Provenance.occurredDateTime = EVN-6   DTM   where MSH-7 said something else
    Provenance.location         = EVN-7   HD
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import xcns_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import table_code
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import hd_from_organization
from shared.mapping.fhir_to_hl7v2.datatypes.times import dtm_from, moment_text
from shared.mapping.fhir_to_hl7v2.segments.msh import agents
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.systems import TERMINOLOGY
from shared.terminology.visit_maps import EVENT_REASON

TABLE = table_of(__doc__)

_SENT = f"{EXTENSIONS}msh-7"


def evn_from(context: Context) -> Draft:
    """Return EVN; without a Provenance it says which event, and when the message was written."""
    draft = Draft("EVN", TABLE)
    source, provenance = context.source, context.source.provenance
    if context.has_field("EVN", 1):
        draft.put(1, context.event)
    if provenance is not None:
        draft.put(2, dtm_from(context, provenance, "recorded"))
        for reason in source.items(provenance, "reason"):
            draft.put(4, table_code(context, reason, "EVN-4", EVENT_REASON, TERMINOLOGY + "v3-ActReason"))
        for agent in agents(context, provenance, "enterer"):
            draft.put(5, *xcns_from(context, agent, "who"))
        occurred = dtm_from(context, provenance, "occurredDateTime")
        if context.extensions(provenance, _SENT):
            draft.put(6, occurred)
        if place := source.reference(provenance, "location"):
            source.whole(place, "mode")
            draft.put(7, hd_from_organization(context, place))
        context.restore(draft, provenance)
    draft.default(2, moment_text(context.sent.isoformat(timespec="seconds")))
    return draft
