"""
AIG -> Appointment.participant (HL7 v2-to-FHIR guide, map AIG[Appointment]).

The guide leaves open what a general resource is. Policy: a logical reference to it by its code.

    [dropped]                             = AIG-1    numbers the segment
    Appointment.participant.extension     = AIG-2    AS-SENT
    Appointment.participant.actor         = AIG-3    CWE
    Appointment.participant.type          = AIG-4    CWE
    Appointment.participant.extension     = AIG-5..7*  AS-SENT
    Appointment.participant.period.start  = AIG-8    DTM
    Appointment.participant.extension     = AIG-9..10*  AS-SENT
    Appointment.participant.period.end    = AIG-11   NM
    Appointment.participant.period.end    = AIG-12   CWE
    Appointment.participant.extension     = AIG-13   AS-SENT
    Appointment.participant.status        = AIG-14*  CWE   table 0278
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.appointment_resource import ResourceFields, add_actors, participant_of

TABLE = table_of(__doc__)

_FIELDS = ResourceFields(kind=4, start=8, duration=11, units=12, status=14)


def add_aig(context: Context, appointment: Resource, aig: Segment) -> None:
    """Add the resource to the appointment."""
    participant = participant_of(context, aig, _FIELDS, TABLE, appointment)
    value = concept(context, aig, 3)
    add_actors(appointment, participant, [_actor(value)] if value is not None else [])


def _actor(value: Resource) -> Resource:
    """Return a logical reference by the first code, named by the words."""
    coding = value.get("coding", [{}])[0]
    actor: Resource = {}
    if "code" in coding:
        identifier = {"system": coding["system"]} if "system" in coding else {}
        actor["identifier"] = {**identifier, "value": coding["code"]}
    if text := value.get("text"):
        actor["display"] = text
    return actor
