"""
SCH -> Appointment (HL7 v2-to-FHIR guide, map SCH[Appointment]).

    Appointment.identifier        = SCH-1    EI    PLAC
    Appointment.identifier        = SCH-2    EI    FILL
    Appointment.extension         = SCH-3..5*  AS-SENT
    Appointment.cancelationReason = SCH-6    CWE   where it is cancelled or missed; else extension
    Appointment.reasonCode        = SCH-7    CWE
    Appointment.appointmentType   = SCH-8    CWE
    Appointment.minutesDuration   = SCH-9    NM    with the unit of SCH-10; another length: extension
    Appointment.minutesDuration   = SCH-10   CWE
    Appointment.start             = SCH-11*  AS-SENT  its fourth component; the fifth is Appointment.end
    Appointment.participant       = SCH-12*  XCN   placer contact
    PractitionerRole.telecom      = SCH-13*  XTN   of SCH-12; without it: extension, as of SCH-14, 15, 17, 18, 19
    Practitioner.address          = SCH-14*  XAD
    PractitionerRole.location     = SCH-15*  PL
    Appointment.participant       = SCH-16*  XCN   filler contact
    PractitionerRole.telecom      = SCH-17*  XTN   of SCH-16
    Practitioner.address          = SCH-18*  XAD
    PractitionerRole.location     = SCH-19*  PL
    Provenance.agent[enterer]     = SCH-20*  XCN
    PractitionerRole.telecom      = SCH-21*  XTN   of SCH-20; without it: extension, as of SCH-22
    PractitionerRole.location     = SCH-22*  PL
    Appointment.extension         = SCH-23..24*  AS-SENT
    Appointment.status            = SCH-25   CWE   table 0278, where the event leaves it open
    Appointment.basedOn           = SCH-26*  EI    logical references
    Appointment.basedOn           = SCH-27*  EI    logical references
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource
from shared.mapping.hl7v2_to_fhir.fields import carry, table_of
from shared.mapping.hl7v2_to_fhir.segments.appointment_fields import AppointmentFields, fill_appointment

TABLE = table_of(__doc__)

_FIELDS = AppointmentFields(placer_contact=12, filler_contact=16, enterer=20, orders=(26, 27))


def add_sch(context: Context, appointment: Resource, sch: Segment, provenance: Resource) -> None:
    """Add the schedule activity to the appointment; status and times are set by `messages.appointments`."""
    context.claim(sch, TABLE)
    fill_appointment(context, appointment, sch, _FIELDS, provenance)
    carry(context, appointment, sch, TABLE)
