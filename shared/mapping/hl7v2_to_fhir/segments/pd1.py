"""
PD1 -> Patient (HL7 v2-to-FHIR guide, map PD1[Patient]).

    Patient.extension             = PD1-1..2*   AS-SENT
    Patient.generalPractitioner   = PD1-3*  XON
    Patient.generalPractitioner   = PD1-4*  XCN
    Patient.extension             = PD1-5   AS-SENT
    Patient.extension[disability] = PD1-6   CWE
    Patient.extension             = PD1-7..13*  AS-SENT
    Patient.extension[congregation] = PD1-14*  XON  its name; what more it says: AS-SENT
    Patient.extension             = PD1-15..22*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Repetition, Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.actors import organization_from_xon, practitioners
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.fields import carry, carry_field, table_of

TABLE = table_of(__doc__)

_DISABILITY = "http://hl7.org/fhir/StructureDefinition/patient-disability"
_CONGREGATION = "http://hl7.org/fhir/StructureDefinition/patient-congregation"


def add_pd1(context: Context, patient: Resource, pd1: Segment) -> None:
    """Add what PD1 says to the patient."""
    context.claim(pd1, TABLE)
    for repetition in pd1.repetitions(3):
        if organization := organization_from_xon(context, repetition):
            append(patient, "generalPractitioner", reference(organization))
    for practitioner in practitioners(context, pd1, 4):
        append(patient, "generalPractitioner", reference(practitioner))
    if disability := concept(context, pd1, 6):
        append(patient, "extension", {"url": _DISABILITY, "valueCodeableConcept": disability})
    if congregations := pd1.repetitions(14):
        _set_congregation(patient, pd1, congregations)
    carry(context, patient, pd1, TABLE)


def _set_congregation(patient: Resource, pd1: Segment, places: list[Repetition]) -> None:
    for place in places:
        if name := place.component(1):
            append(patient, "extension", {"url": _CONGREGATION, "valueString": name})
    if any(len(place.parts) > 1 for place in places):
        carry_field(patient, pd1, 14)
