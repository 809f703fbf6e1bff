"""
PID-21 -> RelatedPerson, the mother (HL7 v2-to-FHIR guide, map CX[RelatedPerson-Mother]).

    identifier     PID-21, every repetition
    relationship   MTH of v3-RoleCode
    patient        the patient of the PID

Policy: the numbers are one mother's; what is no number stays as text in an extension of the patient.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, original_value, reference
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx
from shared.terminology.systems import TERMINOLOGY

_MOTHER = {"system": TERMINOLOGY + "v3-RoleCode", "code": "MTH", "display": "mother"}


def mother_from_pid(context: Context, patient: Resource, pid: Segment) -> Resource | None:
    """Return the RelatedPerson whom PID-21 identifies, None where it identifies nobody."""
    identifiers: list[Resource] = []
    for repetition in pid.repetitions(21):
        identifier = identifier_from_cx(context, repetition, pid.location(21))
        if identifier is None:
            append(patient, "extension", original_value(repetition.text()))
        elif identifier not in identifiers:
            identifiers.append(identifier)
    if not identifiers:
        return None
    of_patient = reference(patient)
    mother = context.shared("RelatedPerson", of_patient["reference"], "mother")
    for identifier in identifiers:
        append(mother, "identifier", identifier)
    mother["patient"] = of_patient
    mother["relationship"] = [{"coding": [dict(_MOTHER)]}]
    return mother
