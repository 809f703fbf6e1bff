"""
ARQ -> Appointment, a proposed one (policy, after the guide's SCH[Appointment]).

    Appointment.identifier        = ARQ-1    EI    PLAC
    Appointment.identifier        = ARQ-2    EI    FILL
    Appointment.extension         = ARQ-3..5*  AS-SENT
    Appointment.cancelationReason = ARQ-6    CWE   where it is to be cancelled; else extension
    Appointment.reasonCode        = ARQ-7    CWE
    Appointment.appointmentType   = ARQ-8    CWE
    Appointment.minutesDuration   = ARQ-9    NM    with the unit of ARQ-10; another length: extension
    Appointment.minutesDuration   = ARQ-10   CWE
    Appointment.requestedPeriod   = ARQ-11*  DR
    Appointment.extension         = ARQ-12..14*  AS-SENT
    Appointment.participant       = ARQ-15*  XCN   placer contact
    PractitionerRole.telecom      = ARQ-16*  XTN   of ARQ-15; without it: extension, as of ARQ-17, 18
    Practitioner.address          = ARQ-17*  XAD
    PractitionerRole.location     = ARQ-18*  PL
    Provenance.agent[enterer]     = ARQ-19*  XCN
    PractitionerRole.telecom      = ARQ-20*  XTN   of ARQ-19; without it: extension, as of ARQ-21
    PractitionerRole.location     = ARQ-21*  PL
    Appointment.extension         = ARQ-22..23*  AS-SENT
    Appointment.basedOn           = ARQ-24*  EI    logical references
    Appointment.basedOn           = ARQ-25*  EI    logical references
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.times import period
from shared.mapping.hl7v2_to_fhir.fields import carry, table_of
from shared.mapping.hl7v2_to_fhir.segments.appointment_fields import AppointmentFields, fill_appointment

TABLE = table_of(__doc__)

_FIELDS = AppointmentFields(placer_contact=15, filler_contact=0, enterer=19, orders=(24, 25))


def add_arq(context: Context, appointment: Resource, arq: Segment, provenance: Resource) -> None:
    """Add the request to the appointment that it proposes."""
    context.claim(arq, TABLE)
    fill_appointment(context, appointment, arq, _FIELDS, provenance)
    for repetition in arq.repetitions(11):
        wanted: Resource = {}
        period(context, wanted, "period", repetition, arq.location(11))
        append(appointment, "requestedPeriod", wanted.get("period"))
    carry(context, appointment, arq, TABLE)
