"""
AIL -> Appointment.participant, a Location (HL7 v2-to-FHIR guide, map AIL[Appointment]).

    [dropped]                             = AIL-1    numbers the segment
    Appointment.participant.extension     = AIL-2    AS-SENT
    Appointment.participant.actor         = AIL-3*   PL
    Location.type                         = AIL-4    CWE   of no place: Appointment.participant.type
    Appointment.participant.extension     = AIL-5    AS-SENT
    Appointment.participant.period.start  = AIL-6    DTM
    Appointment.participant.extension     = AIL-7..8*  AS-SENT
    Appointment.participant.period.end    = AIL-9    NM
    Appointment.participant.period.end    = AIL-10   CWE
    Appointment.participant.extension     = AIL-11   AS-SENT
    Appointment.participant.status        = AIL-12*  CWE   table 0278
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, reference
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.locations import location_from_pl
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.appointment_resource import ResourceFields, add_actors, participant_of

TABLE = table_of(__doc__)

_FIELDS = ResourceFields(kind=0, start=6, duration=9, units=10, status=12)


def add_ail(context: Context, appointment: Resource, ail: Segment) -> None:
    """Add the place to the appointment."""
    participant = participant_of(context, ail, _FIELDS, TABLE, appointment)
    places = [place for one in ail.repetitions(3) if (place := location_from_pl(context, one))]
    kind = concept(context, ail, 4, "HL70305")
    for holder in places or [participant]:
        types = holder.setdefault("type", [])
        # What the appointment says of the place goes before what the PL itself does.
        types[:0] = [kind] if kind is not None and kind not in types else []
        if not types:
            del holder["type"]
    add_actors(appointment, participant, [reference(place) for place in places])
