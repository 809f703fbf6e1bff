"""
Patient -> PD1.

    Patient.generalPractitioner     = PD1-3*  XON   organizations
    Patient.generalPractitioner     = PD1-4*  XCN   people, unless ROL alone has them; a role if nobody else is there
    Patient.extension[disability]   = PD1-6   CWE
    Patient.extension[congregation] = PD1-14* XON   its name
"""

from __future__ import annotations

from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import organization_of, xcn_from, xon_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import cwe_from
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.rol import describes_role
from shared.mapping.fhir_to_hl7v2.structure import stands_after
from shared.mapping.hl7v2_to_fhir.fields import table_of

TABLE = table_of(__doc__)

_STANDARD = "http://hl7.org/fhir/StructureDefinition/patient-"


def pd1_from(context: Context, patient: Resource) -> Draft | None:
    """Return PD1, None where the patient has nothing for it."""
    draft = Draft("PD1", TABLE)
    roles = []
    for reference, known in context.source.references(patient, "generalPractitioner"):
        resource = organization_of(reference, known)
        if resource is not None and resource["resourceType"] == "Organization":
            draft.put(3, xon_from(context, resource))
        elif resource is not None and describes_role(resource) and stands_after(context, "PID", "ROL"):
            roles.append(xcn_from(context, reference, resource))
        elif context.has_field("PD1", 4) or not stands_after(context, "PID", "ROL"):
            draft.put(4, xcn_from(context, reference, resource))
    draft.put(4, *(roles if not draft.has(4) else ()))
    for disability in context.extensions(patient, f"{_STANDARD}disability"):
        draft.put(6, cwe_from(context, disability.get("valueCodeableConcept"), "PD1-6"))
    for congregation in context.extensions(patient, f"{_STANDARD}congregation"):
        draft.put(14, str(congregation.get("valueString", "")))
    context.restore(draft, patient)
    return draft if draft.fields else None
