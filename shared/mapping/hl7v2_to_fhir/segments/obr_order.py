"""
OBR of an order that reports nothing yet -> ServiceRequest, Specimen (HL7 v2-to-FHIR guide, map OBR[ServiceRequest]).

    [dropped]                          = OBR-1    numbers the segment
    ServiceRequest.identifier          = OBR-2    EI    PLAC
    ServiceRequest.identifier          = OBR-3    EI    FILL
    ServiceRequest.code                = OBR-4    CWE
    ServiceRequest.priority            = OBR-5    ID    no translation: extension original-code
    ServiceRequest.occurrenceDateTime  = OBR-6    DTM
    Specimen.collection.collectedDateTime = OBR-7  AS-SENT  only as sent without a specimen, or where SPM-17 says it
    Specimen.collection.collectedPeriod   = OBR-8  AS-SENT  only as sent without a specimen, or where SPM-17 says it
    Specimen.collection.quantity       = OBR-9    CQ    without a specimen: extension
    Specimen.collection.collector      = OBR-10*  XCN   further ones, or no specimen: extension
    ServiceRequest.intent              = OBR-11   AS-SENT  G is a reflex order
    ServiceRequest.extension           = OBR-12   AS-SENT
    ServiceRequest.extension[relevantClinicalInformation] = OBR-13* CWE
    Specimen.receivedTime              = OBR-14   DTM   without a specimen: extension
    Specimen.type                      = OBR-15*  ST    without SPM; else extension
    ServiceRequest.requester           = OBR-16*  XCN
    PractitionerRole.telecom           = OBR-17*  XTN   without a requester: extension
    ServiceRequest.extension           = OBR-18..22*  AS-SENT
    [dropped]                          = OBR-23   charges: not part of a clinical record
    ServiceRequest.category            = OBR-24   CWE   table 0074
    ServiceRequest.extension           = OBR-25..28*  AS-SENT
    ServiceRequest.basedOn             = OBR-29   EIP   logical references to the parent's numbers
    ServiceRequest.extension           = OBR-30   AS-SENT
    ServiceRequest.reasonCode          = OBR-31*  CWE
    ServiceRequest.performer           = OBR-32..35*  AS-SENT  who is to interpret, assist, perform, transcribe
    ServiceRequest.extension           = OBR-36..38*  AS-SENT
    Specimen.note                      = OBR-39*  CWE   without a specimen: extension
    ServiceRequest.extension           = OBR-40..45*  AS-SENT
    ServiceRequest.orderDetail         = OBR-46*  CWE
    ServiceRequest.orderDetail         = OBR-47*  CWE
    ServiceRequest.extension           = OBR-48..52*  AS-SENT
    ServiceRequest.identifier          = OBR-53*  CX
    ServiceRequest.extension           = OBR-54..55*  AS-SENT

Policy: without a result status (OBR-25) an order is no report; who would sign the report is whom the order is for.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.mapping.hl7v2_to_fhir.datatypes.coded import concept
from shared.mapping.hl7v2_to_fhir.datatypes.ndl import actor_from_ndl
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.obr import SIGNED

TABLE = table_of(__doc__)


def add_order_obr(context: Context, request: Resource, obr: Segment) -> None:
    """Add to the request what an OBR says to the report, where there is none."""
    append(request, "category", concept(context, obr, 24, "HL70074"))
    for number, _, code in SIGNED:
        for repetition in obr.repetitions(number):
            if actor := actor_from_ndl(context, repetition, code, obr.location(number)):
                append(request, "performer", reference(actor))
    carry_into(context, request, obr, TABLE)
