"""
The patient and the visit of any message: PID and PV1 with everything that hangs under them.

Every family of messages reads them the same way: it puts the rows of OPENERS into its own table and gives the tree
to `about_patient`.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.mapping.hl7v2_to_fhir.context import Context, Resource, reference
from shared.mapping.hl7v2_to_fhir.messages.groups import ANY, Group
from shared.mapping.hl7v2_to_fhir.segments.nk1 import add_nk1
from shared.mapping.hl7v2_to_fhir.segments.nte import add_nte
from shared.mapping.hl7v2_to_fhir.segments.pd1 import add_pd1
from shared.mapping.hl7v2_to_fhir.segments.pid import patient_from_pid
from shared.mapping.hl7v2_to_fhir.segments.pv1 import encounter_from_pv1
from shared.mapping.hl7v2_to_fhir.segments.pv2 import add_pv2

OPENERS = {
    "PID": ("",),
    "PD1": ("PID",),
    "NK1": ("PID",),
    "PV1": ("PID", ""),
    "PV2": ("PV1",),
    "NTE": (ANY,),
}

_NOT_IDENTIFIED = {"display": "not identified in the message"}


@dataclass(frozen=True, slots=True)
class About:
    """Whom and which visit a message is about; None where it does not say."""

    patient: Resource | None = None
    encounter: Resource | None = None

    @property
    def subject(self) -> Resource:
        """Return the reference to the patient, or what FHIR has for nobody known."""
        return reference(self.patient) if self.patient is not None else dict(_NOT_IDENTIFIED)

    def as_fields(self) -> Resource:
        """Return `subject` and `encounter` as most clinical resources have them."""
        fields: Resource = {"subject": self.subject}
        if self.encounter is not None:
            fields["encounter"] = reference(self.encounter)
        return fields


def about_patient(context: Context, group: Group) -> About:
    """Return the Patient and Encounter of a PID group (or of a message without PID: then of its PV1)."""
    pid = group.segment if group.name == "PID" else None
    patient = patient_from_pid(context, pid) if pid is not None else None
    if patient is not None:
        for note in group.segments("NTE"):
            add_nte(context, patient, note)
        for segment in group.segments("PD1"):
            add_pd1(context, patient, segment)
        for segment in group.segments("NK1"):
            add_nk1(context, patient, segment)
    return About(patient, _encounter(context, group, About(patient).subject))


def _encounter(context: Context, group: Group, subject: Resource) -> Resource | None:
    first: Resource | None = None
    for visit in group.all("PV1"):
        assert visit.segment is not None  # noqa: S101 - only the message itself has no segment
        encounter = encounter_from_pv1(context, visit.segment, subject)
        for segment in visit.segments("PV2"):
            add_pv2(context, encounter, segment)
        first = first or encounter
    return first
