"""
ORC -> MedicationRequest (policy after the guide's ORC[ServiceRequest] and ORC[MedicationAdministration]).

    MedicationRequest.status          = ORC-1   ID    table 0119 where ORC-5 is silent; RE says nothing of it
    MedicationRequest.identifier      = ORC-2   EI    PLAC
    MedicationRequest.identifier      = ORC-3   EI    FILL
    MedicationRequest.groupIdentifier = ORC-4   EI
    MedicationRequest.status          = ORC-5   ID    table 0038; no translation: extension original-code
    [dropped]                         = ORC-6   how much of a response the placer asks for
    MedicationRequest.extension       = ORC-7*  AS-SENT  and dosageInstruction.timing where no TQ1 says it
    MedicationRequest.basedOn         = ORC-8*  EIP   logical references to the parent's numbers
    MedicationRequest.authoredOn      = ORC-9   DTM
    MedicationRequest.recorder        = ORC-10* XCN   the first; all of them Provenance.agent[enterer]
    Provenance.agent[verifier]        = ORC-11* XCN
    MedicationRequest.requester       = ORC-12* XCN   the first; further ones: extension
    MedicationRequest.extension       = ORC-13  AS-SENT
    PractitionerRole.telecom          = ORC-14* XTN   without a requester: extension
    MedicationRequest.extension       = ORC-15  AS-SENT
    MedicationRequest.statusReason    = ORC-16  CWE
    Provenance.agent.onBehalfOf       = ORC-17  CWE   of the enterer; without one an enterer itself
    Provenance.agent[enterer]         = ORC-18  CWE   the device
    Provenance.agent[performer]       = ORC-19* XCN
    MedicationRequest.extension       = ORC-20  AS-SENT
    PractitionerRole.organization     = ORC-21* XON   without a requester it asks itself
    Organization.address              = ORC-22* XAD   without a facility: extension
    Organization.telecom              = ORC-23* XTN   without a facility: extension
    Practitioner.address              = ORC-24* XAD   without a requester: extension
    MedicationRequest.extension       = ORC-25..27*  AS-SENT
    MedicationRequest.meta.security   = ORC-28* CWE
    MedicationRequest.category        = ORC-29  CWE   table 0482 as medicationrequest-category
    MedicationRequest.extension       = ORC-30..32*  AS-SENT
    MedicationRequest.identifier      = ORC-33* CX    PLAC
    MedicationRequest.extension       = ORC-34..37*  AS-SENT
    MedicationRequest.identifier      = ORC-38  EI    FGN
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
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
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept, concepts, translated
from shared.mapping.hl7v2_to_fhir.datatypes.contacts import contacts_from_xtn
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import entity_key, identifier_from_ei, identifier_from_eip
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.orc_agents import add_agents
from shared.mapping.hl7v2_to_fhir.segments.orc_numbers import add_further_numbers
from shared.mapping.hl7v2_to_fhir.segments.orc_requester import (
    add_requester_address,
    ordering_facilities,
    requester_role,
)
from shared.terminology.medication_maps import (
    MEDICATION_REQUEST_CATEGORY,
    MEDICATION_REQUEST_CONTROL,
    MEDICATION_REQUEST_STATUS,
)
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_CATEGORY = TERMINOLOGY + "medicationrequest-category"
_NEW = "NW"


def order_key(context: Context, orc: Segment | None, whom: str, label: str) -> tuple[str, ...]:
    """Return the order's number, the placer's before the filler's; else whom and which segment of which message."""
    for number in (2, 3):
        if orc is not None and (key := entity_key(context, orc.first(number))):
            return "placer" if number == 2 else "filler", *key
    return "message", context.scope, context.message.control_id, whom, label


def medication_request(context: Context, key: tuple[str, ...], about: Resource) -> Resource:
    """Return the MedicationRequest of an order, still without its medication; `about` has subject and encounter."""
    request = context.add("MedicationRequest", *key)
    request.update({"status": "unknown", "intent": "order"})
    request.update(about)
    return request


def add_orc_to_request(context: Context, request: Resource, orc: Segment, provenance: Resource) -> None:
    """Add what the common order segment says of the request."""
    context.claim(orc, TABLE)
    for number, kind in ((2, "PLAC"), (3, "FILL")):
        append(request, "identifier", identifier_from_ei(context, orc.first(number), kind))
    add_further_numbers(context, request, orc)
    if group := identifier_from_ei(context, orc.first(4), "PGN"):
        request["groupIdentifier"] = group
    _set_status(context, request, orc)
    for repetition in orc.repetitions(8):
        for component, kind in ((1, "PLAC"), (2, "FILL")):
            if identifier := identifier_from_eip(context, repetition, component, kind):
                append(request, "basedOn", {"type": "MedicationRequest", "identifier": identifier})
            elif text := repetition.component(component):
                append(request, "extension", original_value(text))
    put_date_time(context, request, "authoredOn", orc, 9)
    for person in add_agents(context, provenance, request, orc)[:1]:
        request.setdefault("recorder", reference(person))
    _set_requester(context, request, orc)
    if reason := concept(context, orc, 16):
        request["statusReason"] = reason
    append(request, "category", translated(context, orc, 29, MEDICATION_REQUEST_CATEGORY, _CATEGORY))
    for security in concepts(context, orc, 28, "HL70177"):
        for coding in security.get("coding", ()):
            append(request.setdefault("meta", {}), "security", coding)
    carry(context, request, orc, TABLE)


def _set_requester(context: Context, request: Resource, orc: Segment) -> None:
    people = practitioners(context, orc, 12)
    facilities = ordering_facilities(context, orc)
    if not facilities:
        carry_field(request, orc, 22)
        carry_field(request, orc, 23)
    callbacks = contacts_from_xtn(context, orc, 14)
    if not people:
        carry_field(request, orc, 24)
        carry_field(request, orc, 14)
        add_requesters(request, facilities)
        return
    add_requester_address(context, people[0], orc)
    if facilities or callbacks:
        # RXO and RXE name the same person alone: the role says more.
        if request.get("requester") == reference(people[0]):
            del request["requester"]
        people[0] = requester_role(context, people[0], facilities, callbacks)
    add_requesters(request, people)


def add_requesters(request: Resource, people: list[Resource]) -> None:
    """Set who asks for it; FHIR has a place for one, further ones are extensions."""
    for person in people:
        if request.setdefault("requester", reference(person)) != reference(person):
            url = f"{EXTENSIONS}further-requester"
            append(request, "extension", {"url": url, "valueReference": reference(person)})


def _set_status(context: Context, request: Resource, orc: Segment) -> None:
    control, code = orc.text(1), orc.text(5)
    if control == "RE":
        context.drop_field(orc, 1, "order control RE: says only that what was done follows")
        control = ""
    status = MEDICATION_REQUEST_STATUS.get(code) if code else MEDICATION_REQUEST_CONTROL.get(control)
    if code and status is None:
        extend(request, "status", original_code(TERMINOLOGY + "v2-0038", code))
    if control and (control != _NEW or code):
        # The status does not tell what is asked of a prescription: to stop, hold or change it, or to fill it again.
        extend(request, "status", original_code(TERMINOLOGY + "v2-0119", control))
    if status is not None:
        request["status"] = status
    elif code or control:
        number, table = (5, "0038") if code else (1, "0119")
        text = f"The status is not in table {table}."
        context.report("warning", "code-invalid", "unmapped-code", orc.location(number), text)
