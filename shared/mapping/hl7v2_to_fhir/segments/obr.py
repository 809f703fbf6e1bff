"""
OBR -> DiagnosticReport, and with ORC ServiceRequest, Specimen (HL7 v2-to-FHIR guide, maps OBR[...]).

    [dropped]                          = OBR-1    numbers the segment
    DiagnosticReport.identifier        = OBR-2    EI    PLAC; also ServiceRequest.identifier
    DiagnosticReport.identifier        = OBR-3    EI    FILL; also ServiceRequest.identifier
    DiagnosticReport.code              = OBR-4    CWE   also ServiceRequest.code
    ServiceRequest.priority            = OBR-5    ID    no translation: extension original-code
    ServiceRequest.occurrenceDateTime  = OBR-6    DTM
    DiagnosticReport.effectiveDateTime = OBR-7    DTM   the start of effectivePeriod with OBR-8
    DiagnosticReport.effectivePeriod   = OBR-8    DTM
    Specimen.collection.quantity       = OBR-9    CQ    without a specimen: extension
    Specimen.collection.collector      = OBR-10*  XCN   further ones, or no specimen: extension
    ServiceRequest.intent              = OBR-11   AS-SENT  G is a reflex order
    ServiceRequest.extension           = OBR-12   AS-SENT
    ServiceRequest.extension[relevantClinicalInformation] = OBR-13*  CWE
    Specimen.receivedTime              = OBR-14   DTM   without a specimen: extension
    Specimen.type                      = OBR-15*  ST    without SPM; else extension
    ServiceRequest.requester           = OBR-16*  XCN
    PractitionerRole.telecom           = OBR-17*  XTN   without a requester: extension
    ServiceRequest.extension           = OBR-18..21*  AS-SENT
    DiagnosticReport.issued            = OBR-22   DTM   no time or no zone: extension
    [dropped]                          = OBR-23   charges: not part of a clinical record
    DiagnosticReport.category          = OBR-24   CWE   table 0074; LAB besides where the section is a laboratory's
    DiagnosticReport.status            = OBR-25   ID    table 0123; unknown code -> unknown, extension original-code
    DiagnosticReport.extension         = OBR-26   AS-SENT  and Observation.hasMember of the parent in this message
    ServiceRequest.extension           = OBR-27*  AS-SENT  and occurrence[x], quantity, priority, where OBR is silent
    ServiceRequest.extension           = OBR-28*  AS-SENT
    ServiceRequest.basedOn             = OBR-29   EIP   logical references to the parent's numbers
    ServiceRequest.extension           = OBR-30   AS-SENT
    ServiceRequest.reasonCode          = OBR-31*  CWE
    DiagnosticReport.extension         = OBR-32*  AS-SENT  and DiagnosticReport.resultsInterpreter
    DiagnosticReport.extension         = OBR-33*  AS-SENT  and DiagnosticReport.resultsInterpreter
    DiagnosticReport.extension         = OBR-34*  AS-SENT  and DiagnosticReport.performer
    DiagnosticReport.extension         = OBR-35*  AS-SENT  and DiagnosticReport.performer
    ServiceRequest.extension           = OBR-36..38*  AS-SENT
    Specimen.note                      = OBR-39*  CWE   without a specimen: extension
    ServiceRequest.extension           = OBR-40..43*  AS-SENT
    DiagnosticReport.extension         = OBR-44..45*  AS-SENT
    ServiceRequest.orderDetail         = OBR-46*  CWE
    ServiceRequest.orderDetail         = OBR-47*  CWE
    ServiceRequest.extension           = OBR-48..49*  AS-SENT
    DiagnosticReport.extension         = OBR-50..52*  AS-SENT
    ServiceRequest.identifier          = OBR-53*  CX
    ServiceRequest.extension           = OBR-54..55*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import (
    EXTENSIONS,
    Context,
    Resource,
    append,
    extend,
    original_code,
    original_value,
    reference,
)
from shared.mapping.hl7v2_to_fhir.datatypes.coded import absent_concept, concept, concept_of, concepts
from shared.mapping.hl7v2_to_fhir.datatypes.identifiers import identifier_from_cx
from shared.mapping.hl7v2_to_fhir.datatypes.ndl import actor_from_ndl
from shared.mapping.hl7v2_to_fhir.datatypes.times import put_date_time, put_instant
from shared.mapping.hl7v2_to_fhir.fields import carry, table_of
from shared.mapping.hl7v2_to_fhir.segments.orc import based_on
from shared.mapping.hl7v2_to_fhir.segments.orc_numbers import add_order_numbers
from shared.terminology.concept_maps import REPORT_STATUS, REQUEST_PRIORITY
from shared.terminology.order_maps import LABORATORY_SECTIONS, ORDER_INTENT
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_LAB = "LAB"
# Most orders end before OBR-29: what they refine, why they are made and who signs is looked for in those that do not.
_COMMON = 29
# Who reads and who makes a report, and as what (table 0912).
SIGNED = (
    (32, "resultsInterpreter", "PRI"),
    (33, "resultsInterpreter", "ARI"),
    (34, "performer", "TN"),
    (35, "performer", "TR"),
)
_RELEVANT = f"{EXTENSIONS}relevant-clinical-information"


def report_from_obr(
    context: Context, obr: Segment, orc: Segment | None, about: Resource, request: Resource, key: str
) -> Resource:
    """Return the DiagnosticReport of an OBR; `about` holds subject and encounter, copied in, `key` is the report's."""
    context.claim(obr, TABLE)
    report = context.add("DiagnosticReport", context.scope, key)
    add_order_numbers(context, report, obr, orc)
    if "requisition" in request:
        append(report, "identifier", dict(request["requisition"]))
    report["basedOn"] = [reference(request)]
    _set_status(context, report, obr)
    append(report, "category", concept(context, obr, 24, "HL70074"))
    if obr.text(24) != _LAB and is_laboratory(obr):
        append(report, "category", {"coding": [{"system": TERMINOLOGY + "v2-0074", "code": _LAB}]})
    report["code"] = concept(context, obr, 4) or absent_concept()
    report.update(about)
    _set_effective(context, report, obr)
    put_instant(context, report, "issued", obr, 22)
    for number, element, code in SIGNED if len(obr.fields) > _COMMON else ():
        for repetition in obr.repetitions(number):
            if actor := actor_from_ndl(context, repetition, code, obr.location(number)):
                append(report, element, reference(actor))
    carry(context, report, obr, TABLE)
    return report


def complete_request(context: Context, request: Resource, obr: Segment) -> None:
    """Add what OBR says of the order to its ServiceRequest."""
    request["code"] = concept(context, obr, 4) or absent_concept()
    priority = obr.text(5) or obr.text(27, 6)
    if code := REQUEST_PRIORITY.get(priority):
        request["priority"] = code
    elif priority:
        extend(request, "priority", original_code(TERMINOLOGY + "v2-0027", priority))
    put_date_time(context, request, "occurrenceDateTime", obr, 6)
    further = len(obr.fields) > _COMMON
    if further:
        based_on(context, request, obr.first(29))
        for number, element in ((31, "reasonCode"), (46, "orderDetail"), (47, "orderDetail")):
            for value in concepts(context, obr, number):
                append(request, element, value)
    _set_relevant(context, request, obr)
    request["intent"] = ORDER_INTENT.get(obr.text(11)) or "order"
    if further:
        _add_alternate_numbers(context, request, obr)
    carry(context, request, obr, TABLE)


def _add_alternate_numbers(context: Context, request: Resource, obr: Segment) -> None:
    for repetition in obr.repetitions(53):
        if identifier := identifier_from_cx(context, repetition, obr.location(53)):
            append(request, "identifier", identifier)
        else:
            append(request, "extension", original_value(repetition.text()))


def _set_relevant(context: Context, request: Resource, obr: Segment) -> None:
    """Add the relevant clinical information: plain words before 2.7, coded values since."""
    for one in obr.repetitions(13):
        words = {"text": one.text().strip()} if len(one.parts) == 1 else {}
        value = words or concept_of(context, one, "OBR-13")
        if value and any(value.values()):
            append(request, "extension", {"url": _RELEVANT, "valueCodeableConcept": value})


def _set_status(context: Context, report: Resource, obr: Segment) -> None:
    code = obr.text(25)
    local = context.local_code("OBR-25", code)
    if status := local.code if local else REPORT_STATUS.get(code):
        report["status"] = status
        return
    report["status"] = "unknown"
    if not code:
        context.report("warning", "required", "missing-status", obr.location(25), "The report has no status.")
        return
    extend(report, "status", original_code(TERMINOLOGY + "v2-0123", code))
    text = "The status is not in table 0123."
    context.report("warning", "code-invalid", "unmapped-code", obr.location(25), text)


def is_laboratory(obr: Segment) -> bool:
    """Tell whether a laboratory's section did the service: what US Core asks of the category (policy)."""
    return obr.text(24) in LABORATORY_SECTIONS


def _set_effective(context: Context, report: Resource, obr: Segment) -> None:
    if not obr.text(8):
        put_date_time(context, report, "effectiveDateTime", obr, 7)
        return
    period: Resource = {}
    put_date_time(context, period, "start", obr, 7)
    put_date_time(context, period, "end", obr, 8)
    report["effectivePeriod"] = period
