"""What SCH and ARQ say alike of an appointment; their first ten fields have the same numbers."""

from __future__ import annotations

from dataclasses import dataclass

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_ei
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import decimal
from shared.mapping.hl7v2_to_fhir.fields import carry_field
from shared.mapping.hl7v2_to_fhir.segments.appointment_contact import found_at, reachable
from shared.mapping.hl7v2_to_fhir.segments.appointment_person import add_person
from shared.mapping.hl7v2_to_fhir.segments.msh import participant
from shared.terminology.appointment_maps import MINUTES

# A year in minutes, in whatever unit: what is longer is a slip, or somebody's attack on our arithmetic.
_LONGEST = 366 * 24 * 60
_WITHOUT_EFFECT = ("cancelled", "noshow")


@dataclass(frozen=True, slots=True)
class AppointmentFields:
    """The numbers of the fields in which the segments differ; 0 where there is none."""

    placer_contact: int
    filler_contact: int
    enterer: int
    orders: tuple[int, int]


def fill_appointment(
    context: Context, appointment: Resource, segment: Segment, fields: AppointmentFields, provenance: Resource
) -> None:
    """Add numbers, reasons, length, contacts and orders; the appointment has its status already."""
    for number, kind in ((1, "PLAC"), (2, "FILL")):
        append(appointment, "identifier", identifier_from_ei(context, segment.first(number), kind))
    reason = concept(context, segment, 6)
    if reason and appointment["status"] in _WITHOUT_EFFECT:
        appointment["cancelationReason"] = reason
    else:
        carry_field(appointment, segment, 6)
    append(appointment, "reasonCode", concept(context, segment, 7, "HL70276"))
    if kind_of := concept(context, segment, 8, "HL70277"):
        appointment["appointmentType"] = kind_of
    if (length := minutes(segment, 9, 10)) is not None and length > 0:
        appointment["minutesDuration"] = length
    else:
        carry_field(appointment, segment, 9)
        carry_field(appointment, segment, 10)
    for number, code in ((fields.placer_contact, "REF"), (fields.filler_contact, "CALLBCK")):
        people = practitioners(context, segment, number) if number else []
        for index, person in enumerate(people):
            reached = index == 0 and reachable(context, person, segment, number)
            add_person(appointment, reached or person, "accepted", code)
        for further in (1, 2, 3) if number and not people else ():
            carry_field(appointment, segment, number + further)
    _add_enterers(context, appointment, segment, fields.enterer, provenance)
    for number, kind in zip(fields.orders, ("PLAC", "FILL"), strict=True):
        for repetition in segment.repetitions(number):
            if identifier := identifier_from_ei(context, repetition, kind):
                append(appointment, "basedOn", {"type": "ServiceRequest", "identifier": identifier})


def _add_enterers(
    context: Context, appointment: Resource, segment: Segment, number: int, provenance: Resource
) -> None:
    """Add who entered it; the number and the place are the first one's."""
    people = practitioners(context, segment, number)
    for index, person in enumerate(people):
        reached = index == 0 and found_at(context, person, segment, number + 1, number + 2)
        append(provenance, "agent", {"type": participant("enterer"), "who": reference(reached or person)})
    for further in (1, 2) if not people else ():
        carry_field(appointment, segment, number + further)


def minutes(segment: Segment, number: int, units: int) -> int | None:
    """Return a length in whole minutes, None where it is none, or more than a year; without a unit minutes."""
    value = decimal(segment.text(number)) if segment.text(number) else None
    factor = MINUTES.get((segment.text(units) or "MIN").upper())
    if value is None or factor is None or not 0 <= value <= _LONGEST:
        return None
    length = float(value) * factor
    return int(length) if length == int(length) else None
