"""
CTI -> ResearchStudy of the order and its report. The guide has no map of it: all of this is our policy.

    ResearchStudy.identifier  = CTI-1   EI
    ResearchStudy.phase       = CTI-2   CWE
    ServiceRequest.extension  = CTI-3   AS-SENT  where in the study the order belongs
    ServiceRequest.extension  = CTI-4..9*  AS-SENT
    MedicationRequest.extension = CTI-3..9*  AS-SENT  of an order for a medication
"""

from __future__ import annotations

from shared.formats.fhir.identity import scoped
from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS, Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_ei, issuer_key
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into

TABLE = table_of(__doc__)

# R4's workflow-researchStudy may not stand at a request.
_STUDY = EXTENSIONS + "research-study"


def add_cti(context: Context, request: Resource, cti: Segment) -> None:
    """Make the order part of the study; the study is active as far as an order for it tells."""
    carry_into(context, request, cti, TABLE)
    named = cti.first(1)
    identifier = identifier_from_ei(context, named)
    if named is None or identifier is None:
        carry_field(request, cti, 1)
        carry_field(request, cti, 2)
        return
    issuer = issuer_key(context, *(named.component(part) for part in (2, 3, 4)))
    study = context.shared("ResearchStudy", scoped(context.scope, issuer), named.component(1))
    study["status"] = "active"
    append(study, "identifier", identifier)
    if (phase := concept(context, cti, 2)) and study.setdefault("phase", phase) != phase:
        carry_field(request, cti, 2)
    append(request, "extension", {"url": _STUDY, "valueReference": reference(study)})
