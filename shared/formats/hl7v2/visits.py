"""
Where a message says that a patient is.

    facility        PV1-3.4, else MSH-4
    patient class   PV1-2
    unit            PV1-3.1
    prior unit      PV1-6.1
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.formats.hl7v2.message import Message


@dataclass(frozen=True, slots=True)
class VisitPlace:
    """What the message says; empty where it does not."""

    facility: str
    patient_class: str
    unit: str
    prior_unit: str


def visit_place(message: Message) -> VisitPlace:
    """Return where the patient is and was by PV1; the sender's own facility where it names none."""
    pv1 = message.first("PV1")
    facility, patient_class, unit, prior_unit = (
        (pv1.text(3, 4), pv1.text(2), pv1.text(3), pv1.text(6)) if pv1 is not None else ("", "", "", "")
    )
    return VisitPlace(facility or message.header.text(4), patient_class, unit, prior_unit)
