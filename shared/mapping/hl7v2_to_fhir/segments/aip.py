"""
AIP -> Appointment.participant, a Practitioner (HL7 v2-to-FHIR guide, map AIP[Appointment]).

    [dropped]                             = AIP-1    numbers the segment
    Appointment.participant.extension     = AIP-2    AS-SENT
    Appointment.participant.actor         = AIP-3*   XCN
    Appointment.participant.type          = AIP-4    CWE
    Appointment.participant.extension     = AIP-5    AS-SENT
    Appointment.participant.period.start  = AIP-6    DTM
    Appointment.participant.extension     = AIP-7..8*  AS-SENT
    Appointment.participant.period.end    = AIP-9    NM
    Appointment.participant.period.end    = AIP-10   CWE
    Appointment.participant.extension     = AIP-11   AS-SENT
    Appointment.participant.status        = AIP-12*  CWE   table 0278
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.appointment_resource import ResourceFields, add_actors, participant_of

TABLE = table_of(__doc__)

_FIELDS = ResourceFields(kind=4, start=6, duration=9, units=10, status=12)


def add_aip(context: Context, appointment: Resource, aip: Segment) -> None:
    """Add the person to the appointment."""
    participant = participant_of(context, aip, _FIELDS, TABLE, appointment)
    add_actors(appointment, participant, [reference(person) for person in practitioners(context, aip, 3)])
