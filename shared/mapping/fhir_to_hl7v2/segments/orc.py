"""
ServiceRequest -> ORC.

    ServiceRequest.status           = ORC-1    ID    as sent; RE with results; else NW, or by the status CA, HD, SC
    ServiceRequest.identifier       = ORC-2    EI    PLAC, else one without a type
    ServiceRequest.identifier       = ORC-3    EI    FILL, else one of the report without a type
    ServiceRequest.requisition      = ORC-4    EI
    ServiceRequest.status           = ORC-5    ID    table 0038, where the order is not new
    ServiceRequest.basedOn          = ORC-8    EIP
    ServiceRequest.authoredOn       = ORC-9    DTM
    Provenance.agent[enterer]       = ORC-10*  XCN
    Provenance.agent[verifier]      = ORC-11*  XCN
    ServiceRequest.requester        = ORC-12*  XCN
    PractitionerRole.telecom        = ORC-14*  XTN
    ServiceRequest.extension[statusReason] = ORC-16  CWE
    Provenance.agent.onBehalfOf     = ORC-17   CWE   of the enterer, or an enterer itself
    Provenance.agent[enterer]       = ORC-18   CWE   a Device
    Provenance.agent[performer]     = ORC-19*  XCN
    PractitionerRole.organization   = ORC-21*  XON
    Organization.address            = ORC-22*  XAD
    Organization.telecom            = ORC-23*  XTN
    Practitioner.address            = ORC-24*  XAD
    ServiceRequest.locationCode     = ORC-29   CWE
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import coded_party, xcns_from, xon_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import back, cwe_from, table_code
from shared.mapping.fhir_to_hl7v2.datatypes.contacts import xad_from, xtns_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import ei_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import dtm_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.msh import agents
from shared.mapping.fhir_to_hl7v2.segments.orders import Order, Requester, order_number, parents_of
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.concept_maps import REQUEST_STATUS
from shared.terminology.order_maps import LOCATION_BY_ORDER_TYPE
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_STATUS_REASON = "http://hl7.org/fhir/StructureDefinition/request-statusReason"
_ENTERED_AT = {"Organization": 17, "Device": 18}
# What is done, or in a state that nobody knows, is not asked for anew.
_CONTROL = {"revoked": "CA", "entered-in-error": "CA", "on-hold": "HD", "completed": "SC", "unknown": "SC"}


def orc_from(context: Context, order: Order, requester: Requester, *, reports: bool) -> Draft:
    """Return ORC of an order, or of the order behind a report."""
    draft = Draft("ORC", TABLE)
    draft.put(2, order_number(context, order, "PLAC"))
    draft.put(3, order_number(context, order, "FILL"))
    request = order.request
    status = context.source.text(request, "status") if request is not None else ""
    control = context.original_code(request, "status", "HL70119") if request is not None else ""
    draft.put(1, control or ("RE" if reports else _CONTROL.get(status, "NW")))
    if request is None:
        return draft
    source = context.source
    source.whole(request, "intent", "subject", "encounter")
    if requisition := source.one(request, "requisition"):
        draft.put(4, ei_from(context, requisition))
    sent = context.original_code(request, "status", "HL70038") or back(REQUEST_STATUS, status)
    if draft.fields[1] != [["NW"]]:
        draft.put(5, sent)
    draft.put(8, parents_of(context, request))
    draft.put(9, dtm_from(context, request, "authoredOn"))
    _set_enterers(context, draft)
    for number, role in ((11, "verifier"), (19, "performer")):
        for agent in agents(context, source.provenance, role):
            draft.put(number, *xcns_from(context, agent, "who"))
    context.forget_others(draft)
    for reason in context.extensions(request, _STATUS_REASON):
        draft.put(16, cwe_from(context, reason.get("valueCodeableConcept"), "ORC-16"))
    _set_requester(context, draft, requester)
    for place in source.items(request, "locationCode"):
        draft.put(29, table_code(context, place, "ORC-29", LOCATION_BY_ORDER_TYPE, TERMINOLOGY + "v3-RoleCode"))
    context.restore(draft, request)
    return draft


def _set_enterers(context: Context, draft: Draft) -> None:
    source = context.source
    for agent in agents(context, source.provenance, "enterer"):
        draft.put(10, *xcns_from(context, agent, "who"))
        for name in ("who", "onBehalfOf"):
            party = source.reference(agent, name)
            if party is not None and party["resourceType"] in _ENTERED_AT:
                number = _ENTERED_AT[party["resourceType"]]
                draft.put(number, coded_party(context, party) if not draft.has(number) else None)


def _set_requester(context: Context, draft: Draft, requester: Requester) -> None:
    draft.put(12, *requester.people)
    draft.put(14, *requester.callbacks)
    for facility in requester.facilities:
        draft.put(21, xon_from(context, facility))
        draft.put(22, *(xad_from(context, one) for one in context.source.items(facility, "address")))
        draft.put(23, *xtns_from(context, context.source.items(facility, "telecom")))
    for person in requester.persons:
        _set_addresses(context, draft, person)


def _set_addresses(context: Context, draft: Draft, person: Resource) -> None:
    draft.put(24, *(xad_from(context, one) for one in context.source.items(person, "address")))
