"""What AIG, AIL and AIP say alike of a resource of an appointment -> Appointment.participant."""

from __future__ import annotations

from dataclasses import dataclass

from shared.formats.hl7v2.message import Segment
from shared.mapping.coverage import FieldTable
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.times import later, put_date_time
from shared.mapping.hl7v2_to_fhir.fields import carry_field
from shared.mapping.hl7v2_to_fhir.segments.appointment_fields import minutes
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.appointment_maps import PARTICIPATION_STATUS

_NOT_YET_AGREED = ("proposed", "pending", "waitlist")


@dataclass(frozen=True, slots=True)
class ResourceFields:
    """The numbers of the fields in which the segments differ; 0 where the kind is not of the participant."""

    kind: int
    start: int
    duration: int
    units: int
    status: int


def participant_of(
    context: Context, segment: Segment, fields: ResourceFields, table: FieldTable, appointment: Resource
) -> Resource:
    """Return the participant, still without its actor."""
    participant: Resource = {}
    carry_into(context, participant, segment, table)
    if fields.kind:
        append(participant, "type", concept(context, segment, fields.kind))
    period: Resource = {}
    put_date_time(context, period, "start", segment, fields.start)
    length = minutes(segment, fields.duration, fields.units)
    end = later(period["start"], length) if length and "T" in period.get("start", "") else ""
    if end:
        period["end"] = end
    else:
        carry_field(participant, segment, fields.duration)
        carry_field(participant, segment, fields.units)
    if period:
        participant["period"] = period
    sent = segment.text(fields.status)
    status = PARTICIPATION_STATUS.get(sent.upper().replace(" ", "").replace("-", ""))
    default = "needs-action" if appointment["status"] in _NOT_YET_AGREED else "accepted"
    participant["status"] = status or default
    if status is None or len(segment.raw(fields.status)) > len(sent):
        carry_field(participant, segment, fields.status)
    return participant


def add_actors(appointment: Resource, participant: Resource, actors: list[Resource]) -> None:
    """Add the participant once for each actor, a reference; app-1: one without actor and type is kept all the same."""
    for actor in actors:
        append(appointment, "participant", {**participant, "actor": actor})
    if not actors:
        if "type" not in participant:
            participant["type"] = [{"text": "not named"}]
        append(appointment, "participant", participant)
