"""
TQ1 -> Appointment (HL7 v2-to-FHIR guide, map TQ[Appointment]).

    [dropped]               = TQ1-1   numbers the segment
    Appointment.extension   = TQ1-2..6*  AS-SENT
    Appointment.start       = TQ1-7   DTM
    Appointment.end         = TQ1-8   DTM
    Appointment.extension   = TQ1-9..14*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import carry, table_of

TABLE = table_of(__doc__)


def add_tq1_to_appointment(context: Context, appointment: Resource, tq1: Segment) -> None:
    """Add what the timing says beside start and end, which `messages.appointments` reads."""
    context.claim(tq1, TABLE)
    carry(context, appointment, tq1, TABLE)
