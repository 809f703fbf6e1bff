"""Who takes part in an appointment -> Appointment.participant."""

from __future__ import annotations

from shared.mapping.hl7v2_to_fhir.context import Resource, append, reference
from shared.terminology.systems import TERMINOLOGY

_TYPE = TERMINOLOGY + "v3-ParticipationType"


def add_person(appointment: Resource, actor: Resource, status: str, code: str = "") -> None:
    """Add an actor with what the appointment is to it; the type is a code of v3-ParticipationType."""
    participant: Resource = {"type": [{"coding": [{"system": _TYPE, "code": code}]}]} if code else {}
    append(appointment, "participant", {**participant, "actor": reference(actor), "status": status})
