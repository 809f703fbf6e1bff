"""
Appointment -> SCH.

    Appointment.identifier        = SCH-1    EI    PLAC
    Appointment.identifier        = SCH-2    EI    FILL, else one without a type
    Appointment.cancelationReason = SCH-6    CWE   else the event itself
    Appointment.reasonCode        = SCH-7    CWE   else the words of reasonReference
    Appointment.appointmentType   = SCH-8    CWE
    Appointment.minutesDuration   = SCH-9    NM    until 2.6
    [dropped]                     = SCH-10   MIN, the unit of SCH-9
    Appointment.start             = SCH-11   TQ    its fourth component, until 2.6; the fifth is Appointment.end
    Appointment.participant       = SCH-12*  XCN   REF
    PractitionerRole.telecom      = SCH-13   XTN   of SCH-12
    Practitioner.address          = SCH-14*  XAD
    PractitionerRole.location     = SCH-15   PL
    Appointment.participant       = SCH-16*  XCN   CALLBCK
    PractitionerRole.telecom      = SCH-17   XTN   of SCH-16
    Practitioner.address          = SCH-18*  XAD
    PractitionerRole.location     = SCH-19   PL
    Provenance.agent[enterer]     = SCH-20*  XCN
    PractitionerRole.telecom      = SCH-21*  XTN   of SCH-20
    PractitionerRole.location     = SCH-22   PL
    Appointment.status            = SCH-25   CWE   table 0278
    Appointment.basedOn           = SCH-26*  EI    PLAC, since 2.5
    Appointment.basedOn           = SCH-27*  EI    FILL, since 2.5

description, comment and patientInstruction are NTE below it.
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.context import Context, Draft, number_text
from shared.mapping.fhir_to_hl7v2.datatypes.actors import person_of, xcns_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import back, cwe_from, named_in_words
from shared.mapping.fhir_to_hl7v2.datatypes.contacts import xad_from, xtns_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import ei_from, is_of
from shared.mapping.fhir_to_hl7v2.datatypes.places import pl_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import dtm_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.msh import agents
from shared.mapping.fhir_to_hl7v2.segments.nte import instructions_from, ntes_from
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.appointment_maps import APPOINTMENT_STATUS

TABLE = table_of(__doc__)

# Table 0278 writes its codes in mixed case.
_WRITTEN = {"NOSHOW": "Noshow"}
_CONTACTS = {"REF": 12, "CALLBCK": 16}


def sch_from(context: Context, appointment: Resource) -> Draft:
    """Return SCH with the appointment's comments and timing below."""
    draft = Draft("SCH", TABLE)
    source = context.source
    for identifier in source.items(appointment, "identifier"):
        draft.put(1 if is_of(identifier, "PLAC") else 2, ei_from(context, identifier))
    draft.put(6, cwe_from(context, source.one(appointment, "cancelationReason"), "SCH-6"))
    draft.put(7, cwe_from(context, source.one(appointment, "reasonCode"), "SCH-7", "HL70276"))
    if not draft.has(7):
        draft.put(7, *named_in_words(context, appointment, "reasonReference", most=1))
    source.held(appointment, "reasonReference")
    draft.put(8, cwe_from(context, source.one(appointment, "appointmentType"), "SCH-8", "HL70277"))
    _set_times(context, draft, appointment)
    for entry in source.items(appointment, "participant"):
        codes = [one.get("code") for kind in entry.get("type", ()) for one in kind.get("coding", ())]
        number = next((_CONTACTS[str(code)] for code in codes if code in _CONTACTS), 0)
        if number:
            source.whole(entry, "type", "status")
            draft.put(number, *xcns_from(context, entry, "actor"))
            _set_reached(context, draft, entry, "actor", (number + 1, number + 2, number + 3))
    for agent in agents(context, source.provenance, "enterer"):
        draft.put(20, *xcns_from(context, agent, "who"))
        _set_reached(context, draft, agent, "who", (21, 0, 22))
    status = back(APPOINTMENT_STATUS, source.text(appointment, "status"))
    draft.put(25, context.original_code(appointment, "status") or _WRITTEN.get(status, status.capitalize()))
    _set_orders(context, draft, appointment)
    context.restore(draft, appointment)
    draft.default(6, context.event)
    draft.below(*_remarks(context, appointment), *ntes_from(context, appointment))
    return draft


def _remarks(context: Context, appointment: Resource) -> list[Draft]:
    """Return NTE for what is said in words of an appointment, and to the patient."""
    source = context.source
    said: list[Resource] = [{"text": source.text(appointment, name)} for name in ("description", "comment")]
    written = ntes_from(context, {"note": [one for one in said if one["text"]]})
    return written + instructions_from(context, appointment)


def _set_reached(context: Context, draft: Draft, entry: Resource, name: str, numbers: tuple[int, int, int]) -> None:
    """Set how a contact is reached: telephone, address and place of the first who has a role in the appointment."""
    source = context.source
    telecom, address, location = numbers
    for _, role in source.references(entry, name):
        if role is None or role["resourceType"] != "PractitionerRole" or draft.has(telecom) or draft.has(location):
            continue
        draft.put(telecom, *xtns_from(context, source.items(role, "telecom")))
        draft.put(location, *(pl_from(context, one) for _, one in source.references(role, "location")))
        person = person_of(context, role)
        if address and person is not None:
            draft.put(address, *(xad_from(context, one) for one in source.items(person, "address")))


def _set_times(context: Context, draft: Draft, appointment: Resource) -> None:
    source = context.source
    length = number_text(source.take(appointment, "minutesDuration"))
    start, end = dtm_from(context, appointment, "start"), dtm_from(context, appointment, "end")
    if length and context.has_field("SCH", 9):
        draft.put(9, length)
        draft.put(10, "MIN")
    first, last = (start[0] if start else ""), (end[0] if end else "")
    if context.has_field("SCH", 11):
        draft.put(11, ["", "", "", first, last])
    timing = Draft("TQ1", TABLE)
    context.restore(timing, appointment)
    if timing.fields or not context.has_field("SCH", 11):
        timing.put(7, start)
        timing.put(8, end)
        draft.below(timing if timing.fields else None)


def _set_orders(context: Context, draft: Draft, appointment: Resource) -> None:
    context.source.held(appointment, "basedOn")
    for reference in context.source.items(appointment, "basedOn"):
        order = context.source.find(reference)
        identifier = context.source.one(reference, "identifier") or next(
            iter((order or {}).get("identifier", ())), None
        )
        number = 27 if identifier is not None and is_of(identifier, "FILL") else 26
        if context.has_field("SCH", number):
            draft.put(number, ei_from(context, identifier))
