"""
Appointment.serviceType and participant -> RGS with AIS, AIG, AIL, AIP below.

    Appointment.serviceType               = AIS-3    CWE
    Appointment.extension                 = AIS-4..10*  AS-SENT  else the appointment's start and length

AIG, AIL and AIP have the same fields in other places:

    Appointment.participant.actor         AIG-3 CWE    AIL-3 PL     AIP-3 XCN
    Appointment.participant.type          AIG-4 CWE    AIL-4 CWE    AIP-4 CWE    of a Location its own type
    Appointment.participant.period.start  AIG-8 DTM    AIL-6 DTM    AIP-6 DTM
    Appointment.participant.period.end    AIG-11 NM    AIL-9 NM     AIP-9 NM     in minutes, and MIN after it
    Appointment.participant.status        AIG-14 CWE   AIL-12 CWE   AIP-12 CWE   table 0278

A participant with neither an actor nor a kind of its own (the patient, the contacts of SCH) makes no segment.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.formats.hl7v2.writing import Composite
from shared.mapping.coverage import FieldTable
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import xcn_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import trimmed
from shared.mapping.fhir_to_hl7v2.datatypes.places import pl_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import dtm_from, minutes_between, moment_text
from shared.mapping.fhir_to_hl7v2.reading import Resource, kind_of, stated
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.system_names import system_name

TABLE = table_of(__doc__)

_STATUS = {"accepted": "Booked", "tentative": "Pending", "needs-action": "Pending", "declined": "Cancelled"}
_OTHERS = frozenset({"REF", "CALLBCK"})


@dataclass(frozen=True, slots=True)
class _Fields:
    """The places of a participant's fields in its segment."""

    segment: str
    start: int
    duration: int
    status: int


_PLACES = {
    "Location": _Fields("AIL", 6, 9, 12),
    "Practitioner": _Fields("AIP", 6, 9, 12),
    "PractitionerRole": _Fields("AIP", 6, 9, 12),
}
_GENERAL = _Fields("AIG", 8, 11, 14)


def rgs_from(context: Context, appointment: Resource) -> Draft:
    """Return RGS with the services, places and people of the appointment below."""
    draft = Draft("RGS", TABLE)
    source = context.source
    context.restore(draft, appointment)
    services = source.items(appointment, "serviceType")
    for index, service in enumerate(services):
        ais = Draft("AIS", TABLE, frozenset({3}))
        ais.put(3, cwe_from(context, service, "AIS-3"))
        if index == 0:
            context.restore(ais, appointment)
        if len(services) == 1:
            ais.put(4, moment_text(str(appointment.get("start", ""))) if not ais.has(4) else None)
        draft.below(ais)
    for participant in source.items(appointment, "participant"):
        draft.below(_participant(context, participant))
    return draft


def _participant(context: Context, participant: Resource) -> Draft | None:
    source = context.source
    codes = {one.get("code") for kind in participant.get("type", ()) for one in kind.get("coding", ())}
    reference = participant.get("actor", {})
    actor = source.find(reference)
    kind = str(actor["resourceType"]) if actor is not None else kind_of(reference)
    if codes & _OTHERS:
        return None
    if kind == "Patient":
        source.whole(participant, "actor", "status", "type", "required")
        return None
    fields = _PLACES.get(kind, _GENERAL)
    draft = Draft(fields.segment, FieldTable(fields.segment))
    source.whole(participant, "actor")
    draft.put(3, _actor(context, fields.segment, reference, actor))
    types = source.items(participant, "type")
    if kind == "Location" and actor is not None:
        types = types or source.items(actor, "type")
    draft.put(4, *(cwe_from(context, one, f"{fields.segment}-4") for one in types if one.get("text") != "not named"))
    _set_period(context, draft, source.one(participant, "period"), fields)
    draft.put(fields.status, _STATUS.get(source.text(participant, "status")))
    context.restore(draft, participant)
    return draft if draft.fields.keys() - {fields.status} else None


def _actor(context: Context, segment: str, reference: Resource, actor: Resource | None) -> Composite | None:
    if segment == "AIL":
        return pl_from(context, actor or stated(reference, "Location"))
    if segment == "AIP":
        return xcn_from(context, reference, actor)
    identifier = reference.get("identifier", {})
    system = str(identifier.get("system", ""))
    words = str(reference.get("display", ""))
    if actor is not None:
        devices = context.source.items(actor, "deviceName")
        words = words or context.source.text(devices[0] if devices else actor, "name")
    return trimmed([str(identifier.get("value", "")), words, system_name(system) if system else ""]) or None


def _set_period(context: Context, draft: Draft, period: Resource | None, fields: _Fields) -> None:
    if period is None:
        return
    draft.put(fields.start, dtm_from(context, period, "start"))
    context.source.take(period, "end")
    if minutes := minutes_between(str(period.get("start", "")), str(period.get("end", ""))):
        draft.put(fields.duration, minutes)
        draft.put(fields.duration + 1, "MIN")
