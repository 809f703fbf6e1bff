"""
AIS -> Appointment (HL7 v2-to-FHIR guide, map AIS[Appointment]).

    [dropped]                 = AIS-1    numbers the segment
    Appointment.extension     = AIS-2    AS-SENT
    Appointment.serviceType   = AIS-3    CWE
    Appointment.start         = AIS-4    DTM   where SCH-11 and TQ1 are silent; else extension
    Appointment.extension     = AIS-5..6*  AS-SENT
    Appointment.end           = AIS-7    NM    where SCH-11 and TQ1 are silent; else extension
    Appointment.end           = AIS-8    CWE
    Appointment.extension     = AIS-9    AS-SENT
    Appointment.status        = AIS-10   CWE   where event and SCH-25 are silent; else extension
    Appointment.extension     = AIS-11..12*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of

TABLE = table_of(__doc__)


def add_ais(context: Context, appointment: Resource, ais: Segment) -> None:
    """Add the service to the appointment; its time is used by `messages.appointments` and kept as sent."""
    context.claim(ais, TABLE)
    append(appointment, "serviceType", concept(context, ais, 3))
    for number in (4, 7, 8, 10):
        carry_field(appointment, ais, number)
    carry(context, appointment, ais, TABLE)
