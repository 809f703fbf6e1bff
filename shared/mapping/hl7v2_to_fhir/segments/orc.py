"""
ORC with OBR -> ServiceRequest (HL7 v2-to-FHIR guide, maps ORC[ServiceRequest], OBR[ServiceRequest]).

    ServiceRequest.status           = ORC-1    ID    table 0119 where ORC-5 is silent; all but NW and RE as sent too
    ServiceRequest.identifier       = ORC-2    EI    PLAC
    ServiceRequest.identifier       = ORC-3    EI    FILL
    ServiceRequest.requisition      = ORC-4    PGN, also DiagnosticReport.identifier; the filler's half of an EIP: FGN
    ServiceRequest.status           = ORC-5    ID    table 0038; no translation: extension original-code
    [dropped]                       = ORC-6    how much of a response the placer asks for
    ServiceRequest.extension        = ORC-7*   AS-SENT  and occurrence[x], quantity, priority, where OBR is silent
    ServiceRequest.basedOn          = ORC-8*   EIP   logical references to the parent's numbers
    ServiceRequest.authoredOn       = ORC-9    DTM
    Provenance.agent[enterer]       = ORC-10*  XCN
    Provenance.agent[verifier]      = ORC-11*  XCN
    ServiceRequest.requester        = ORC-12*  XCN
    ServiceRequest.extension        = ORC-13   AS-SENT
    PractitionerRole.telecom        = ORC-14*  XTN   without a requester: extension
    ServiceRequest.extension        = ORC-15   AS-SENT
    ServiceRequest.extension[statusReason] = ORC-16  CWE
    Provenance.agent.onBehalfOf     = ORC-17  CWE   of the enterer; without one an enterer itself
    Provenance.agent[enterer]       = ORC-18  CWE   the device
    Provenance.agent[performer]     = ORC-19*  XCN
    ServiceRequest.extension        = ORC-20   AS-SENT
    PractitionerRole.organization   = ORC-21*  XON
    Organization.address            = ORC-22*  XAD   without a facility: extension
    Organization.telecom            = ORC-23*  XTN   without a facility: extension
    Practitioner.address            = ORC-24*  XAD   without a requester: extension
    ServiceRequest.extension        = ORC-25..27*  AS-SENT
    ServiceRequest.meta.security    = ORC-28*  CWE
    ServiceRequest.locationCode     = ORC-29*  CWE   table 0482 as v3-RoleCode
    ServiceRequest.extension        = ORC-30..32*  AS-SENT
    ServiceRequest.identifier       = ORC-33*  CX    PLAC
    ServiceRequest.extension        = ORC-34..37*  AS-SENT
    ServiceRequest.identifier       = ORC-38   EI    FGN
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import (
    EXTENSIONS,
    Context,
    Resource,
    append,
    extend,
    original_code,
    original_value,
    reference,
)
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import (
    entity_key,
    identifier_from_ei,
    identifier_from_eip,
)
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.orc_agents import add_agents
from shared.mapping.hl7v2_to_fhir.segments.orc_numbers import add_further_numbers, add_order_numbers
from shared.mapping.hl7v2_to_fhir.segments.orc_requester import requester_of, requesters
from shared.terminology.concept_maps import ORDER_CONTROL_STATUS, REQUEST_STATUS, REQUEST_STATUS_OF_REPORT
from shared.terminology.order_maps import LOCATION_BY_ORDER_TYPE, OPEN_ORDER_CONTROL_STATUS
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_FURTHER_REQUESTER = f"{EXTENSIONS}further-requester"
_STATUS_REASON = "http://hl7.org/fhir/StructureDefinition/request-statusReason"
_ROLE = TERMINOLOGY + "v3-RoleCode"
_NEW = "NW"
# Most orders end before ORC-28.
_COMMON = 28


def service_request(
    context: Context, orc: Segment | None, obr: Segment | None, about: Resource, provenance: Resource
) -> Resource:
    """Return the ServiceRequest of an order group; `about` holds subject and encounter, copied in."""
    request = context.add("ServiceRequest", *_key(context, orc, obr))
    _set_identifiers(context, request, orc, obr)
    request["intent"] = "order"
    request.update(about)
    _set_requester(context, request, orc, obr)
    if orc is not None:
        context.claim(orc, TABLE)
        put_date_time(context, request, "authoredOn", orc, 9)
        add_agents(context, provenance, request, orc)
        _set_handling(context, request, orc)
        carry(context, request, orc, TABLE)
    _set_status(context, request, orc, obr)
    return request


def based_on(context: Context, request: Resource, repetition: Repetition | None) -> None:
    """Add logical references to the parent order that an EIP names."""
    if repetition is None:
        return
    for component, kind in ((1, "PLAC"), (2, "FILL")):
        if identifier := identifier_from_eip(context, repetition, component, kind):
            append(request, "basedOn", {"type": "ServiceRequest", "identifier": identifier})
        elif text := repetition.component(component):
            append(request, "extension", original_value(text))


def _key(context: Context, orc: Segment | None, obr: Segment | None) -> tuple[str, ...]:
    """Return the order's key: placer number before filler number, so that order and result meet; with the service."""
    service = (obr.text(4) or obr.text(4, 2)) if obr is not None else ""
    for number in (2, 3):
        for segment in (obr, orc):
            if segment is not None and (key := entity_key(context, segment.first(number))):
                return "placer" if number == 2 else "filler", *key, service
    place = (obr or orc).label if obr is not None or orc is not None else ""  # type: ignore[union-attr]
    return "message", context.scope, context.message.control_id, place


def _set_identifiers(context: Context, request: Resource, orc: Segment | None, obr: Segment | None) -> None:
    add_order_numbers(context, request, orc, obr)
    if orc is not None:
        _set_group(context, request, orc)
        for repetition in orc.repetitions(8):
            based_on(context, request, repetition)
        if len(orc.fields) > _COMMON:
            add_further_numbers(context, request, orc)


def _set_group(context: Context, request: Resource, orc: Segment) -> None:
    """Set the requisition: ORC-4 is an EI, in 2.8.2 an EIP of the placer's and the filler's group number."""
    group = orc.first(4)
    if group is None:
        return
    separator = group.delimiters.subcomponent
    if separator and separator in group.raw:
        requisition = identifier_from_eip(context, group, 1, "PGN")
        filler = identifier_from_eip(context, group, 2, "FGN")
        append(request, "identifier", filler)
        missed = len(group.parts) > 2 or (bool(group.component(2)) and filler is None)
    else:
        requisition, missed = identifier_from_ei(context, group, "PGN"), len(group.parts) > 4
    if requisition:
        request["requisition"] = requisition
    several = orc.delimiters.separators[0] in orc.raw(4) and len(orc.repetitions(4)) > 1
    if missed or requisition is None or several:
        carry_field(request, orc, 4)


def _set_handling(context: Context, request: Resource, orc: Segment) -> None:
    """Set why the order is as it is, how secret, and where it is to be done."""
    if reason := concept(context, orc, 16):
        append(request, "extension", {"url": _STATUS_REASON, "valueCodeableConcept": reason})
    if len(orc.fields) > _COMMON:
        _set_secrecy_and_place(context, request, orc)


def _set_secrecy_and_place(context: Context, request: Resource, orc: Segment) -> None:
    for label in concepts(context, orc, 28, "HL70177"):
        for coding in label.get("coding", ()):
            append(request.setdefault("meta", {}), "security", coding)
        if label.get("text") not in {coding.get("display") for coding in label.get("coding", ())}:
            append(request, "extension", original_value(label.get("text", "")))
    for place in concepts(context, orc, 29, "HL70482"):
        code = next((coding.get("code", "") for coding in place.get("coding", ())), "")
        if known := LOCATION_BY_ORDER_TYPE.get(code):
            place = {**place, "coding": [{"system": _ROLE, "code": known}, *place["coding"]]}
        append(request, "locationCode", place)


def _set_status(context: Context, request: Resource, orc: Segment | None, obr: Segment | None) -> None:
    control, state = (orc.text(1), orc.text(5)) if orc is not None else ("", "")
    status = REQUEST_STATUS.get(state)
    if state and status is None:
        extend(request, "status", original_code(TERMINOLOGY + "v2-0038", state))
    if control and orc is not None:
        if control == "RE":
            context.drop_field(orc, 1, "order control RE: says only that results follow")
        elif control != _NEW or status is not None:
            # The status of a request tells neither what is asked of it (CA, HD, RP) nor what was answered (OC, UA).
            extend(request, "status", original_code(TERMINOLOGY + "v2-0119", control))
        status = status or ORDER_CONTROL_STATUS.get(control) or OPEN_ORDER_CONTROL_STATUS.get(control)
    if status is None and obr is not None:
        status = REQUEST_STATUS_OF_REPORT.get(obr.text(25))
    request["status"] = status or "unknown"


def _set_requester(context: Context, request: Resource, orc: Segment | None, obr: Segment | None) -> None:
    """Set who asks for it: of several the first. What is said of a place or a person that is not named stays here."""
    people = requesters(context, orc, obr)
    requester = requester_of(context, orc, obr)
    in_facility = requester is not None and (not people or "organization" in requester)
    if orc is not None and not in_facility:
        carry_field(request, orc, 22)
        carry_field(request, orc, 23)
    if not people:
        for segment, number in ((obr, 17), (orc, 14), (orc, 24)):
            if segment is not None:
                carry_field(request, segment, number)
    if requester is not None:
        request["requester"] = reference(requester)
    for person in people[1:]:
        append(request, "extension", {"url": _FURTHER_REQUESTER, "valueReference": reference(person)})
