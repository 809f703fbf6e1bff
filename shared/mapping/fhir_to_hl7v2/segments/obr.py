"""
DiagnosticReport and ServiceRequest -> OBR.

    ServiceRequest.identifier          = OBR-2    EI    PLAC
    DiagnosticReport.identifier        = OBR-3    EI    FILL
    DiagnosticReport.code              = OBR-4    CWE   also ServiceRequest.code
    ServiceRequest.priority            = OBR-5    ID    until 2.6; TQ1-9 since
    ServiceRequest.occurrenceDateTime  = OBR-6    DTM   until 2.6; TQ1-7 since
    DiagnosticReport.effectiveDateTime = OBR-7    DTM   or the start of effectivePeriod; else the specimen's
    DiagnosticReport.effectivePeriod   = OBR-8    DTM
    Specimen.collection.quantity       = OBR-9    CQ    where the message has no SPM
    Specimen.collection.collector      = OBR-10*  XCN
    ServiceRequest.extension[relevantClinicalInformation] = OBR-13*  CWE
    Specimen.receivedTime              = OBR-14   DTM   where the version has the field
    Specimen.type                      = OBR-15   SPS   where the message has no SPM
    ServiceRequest.requester           = OBR-16*  XCN
    PractitionerRole.telecom           = OBR-17*  XTN
    DiagnosticReport.issued            = OBR-22   DTM
    DiagnosticReport.category          = OBR-24   CWE   table 0074
    DiagnosticReport.status            = OBR-25   ID    table 0123
    ServiceRequest.basedOn             = OBR-29   EIP
    ServiceRequest.reasonCode          = OBR-31*  CWE   reasonReference too, where no DG1 tells of it
    DiagnosticReport.resultsInterpreter = OBR-32  NDL
    DiagnosticReport.performer         = OBR-34*  NDL   people, of whom nothing was kept as sent
    ServiceRequest.orderDetail         = OBR-46*  CWE
"""

from __future__ import annotations

from shared.formats.hl7v2.writing import Composite
from shared.mapping.fhir_to_hl7v2.context import Context, Draft
from shared.mapping.fhir_to_hl7v2.datatypes.actors import ndl_from, xcns_from
from shared.mapping.fhir_to_hl7v2.datatypes.coded import back, codes_from, cwe_from, named_in_words
from shared.mapping.fhir_to_hl7v2.datatypes.identifiers import ei_from
from shared.mapping.fhir_to_hl7v2.datatypes.quantities import cq_from
from shared.mapping.fhir_to_hl7v2.datatypes.times import bounds, dtm_from
from shared.mapping.fhir_to_hl7v2.datatypes.timings import first_event
from shared.mapping.fhir_to_hl7v2.reading import Resource
from shared.mapping.fhir_to_hl7v2.segments.orders import Order, Requester, order_number, parents_of
from shared.mapping.fhir_to_hl7v2.segments.prt import in_prt
from shared.mapping.fhir_to_hl7v2.structure import has_segment
from shared.mapping.hl7v2_to_fhir.context import EXTENSIONS
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.terminology.concept_maps import REPORT_STATUS, REQUEST_PRIORITY

TABLE = table_of(__doc__)

_RELEVANT = f"{EXTENSIONS}relevant-clinical-information"
_REQUIRED = frozenset({4})
# What a status of a report is in table 0123 where the concept map has several codes, or none, for it.
_STATUS = {"appended": "C", "amended": "C", "corrected": "C", "entered-in-error": "X"}


def obr_from(context: Context, order: Order, requester: Requester) -> Draft:
    """Return OBR; the code of what is asked for, or reported, is required."""
    draft = Draft("OBR", TABLE, _REQUIRED)
    source = context.source
    draft.put(2, order_number(context, order, "PLAC", of_service=True))
    draft.put(3, order_number(context, order, "FILL", of_service=True))
    for resource in (order.report, order.request):
        code = source.one(resource, "code") if resource is not None else None
        found = cwe_from(context, code, "OBR-4")
        if not draft.has(4):
            draft.put(4, found)
    if order.request is not None:
        _set_request(context, draft, order.request, requester)
    if order.report is not None:
        _set_report(context, draft, order.report)
    elif order.observations and context.code == "ORU":
        _set_result(context, draft, order.observations)
    context.restore(draft, order.request, order.report)
    return draft


def obr_from_observation(context: Context, observation: Resource) -> Draft:
    """Return the OBR of an observation, or of a panel, that no report names; its code is required."""
    draft = Draft("OBR", TABLE, _REQUIRED)
    source = context.source
    for reference in source.items(observation, "basedOn"):
        draft.put(2, ei_from(context, source.one(reference, "identifier")) if not draft.has(2) else None)
        source.whole(reference, "display")
    draft.put(4, cwe_from(context, source.one(observation, "code"), "OBR-4"))
    _set_result(context, draft, [observation])
    return draft


def report_status(status: str) -> str:
    """Return the status of a report, or of an observation in its place, in table 0123; "" where nobody knows it."""
    # Y and Z, which become unknown, say that there is no order, or no patient, of this number.
    return "" if status == "unknown" else _STATUS.get(status) or back(REPORT_STATUS, status)


def priority_of(context: Context, request: Resource) -> str:
    """Return the priority in table 0027."""
    return context.original_code(request, "priority") or back(
        REQUEST_PRIORITY, context.source.text(request, "priority")
    )


def _set_request(context: Context, draft: Draft, request: Resource, requester: Requester) -> None:
    source = context.source
    if context.has_field("OBR", 5):
        draft.put(5, priority_of(context, request))
    if context.has_field("OBR", 6):
        draft.put(6, dtm_from(context, request, "occurrenceDateTime"))
        draft.put(6, first_event(context, source.one(request, "occurrenceTiming") or {}))
    for relevant in context.extensions(request, _RELEVANT):
        found = cwe_from(context, relevant.get("valueCodeableConcept"), "OBR-13")
        draft.put(13, [found[1]] if found is not None and not found[0] and len(found) > 1 else found)
    draft.put(16, *requester.people)
    draft.put(17, *requester.callbacks)
    draft.put(29, parents_of(context, request))
    draft.put(31, *codes_from(context, request, "reasonCode", "OBR-31"))
    draft.put(31, *named_in_words(context, request, "reasonReference"))
    for reason in source.meant(request, "reasonReference"):
        if reason["resourceType"] == "Condition" and not has_segment(context, "DG1"):
            draft.put(31, cwe_from(context, source.one(reason, "code"), "OBR-31"))
    draft.put(46, *codes_from(context, request, "orderDetail", "OBR-46"))
    draft.put(24, *codes_from(context, request, "category", "OBR-24", "HL70074"))
    # References to what the bundle holds are told by where its segments stand.
    source.held(request, "supportingInfo", "reasonReference", "specimen")


def _set_result(context: Context, draft: Draft, observations: list[Resource]) -> None:
    """Set when results were found and issued and their status, where no report says it and they agree."""
    source, first = context.source, observations[0]
    start, end = bounds(context, source.one(first, "effectivePeriod"))
    draft.put(
        7, dtm_from(context, first, "effectiveDateTime") or dtm_from(context, first, "effectiveInstant") or start
    )
    draft.put(8, end)
    draft.put(22, dtm_from(context, first, "issued"))
    statuses = {source.text(one, "status") for one in observations}
    draft.put(25, report_status(statuses.pop()) if len(statuses) == 1 else None)


def _set_report(context: Context, draft: Draft, report: Resource) -> None:
    source = context.source
    source.whole(report, "subject", "encounter")
    source.held(report, "basedOn", "result", "specimen")
    draft.put(7, dtm_from(context, report, "effectiveDateTime"))
    start, end = bounds(context, source.one(report, "effectivePeriod"))
    draft.put(7, start)
    draft.put(8, end)
    draft.put(22, dtm_from(context, report, "issued"))
    if categories := codes_from(context, report, "category", "OBR-24", "HL70074"):
        draft.fields.pop(24, None)
        draft.put(24, categories[0])
    draft.put(25, context.original_code(report, "status") or report_status(source.text(report, "status")))
    kept = {str(one.get("url", "")) for one in report.get("extension", ())}
    for number, further, name in ((32, 33, "resultsInterpreter"), (34, 35, "performer")):
        actors = [one for one in source.references(report, name) if not in_prt(context, "OBR", one[1])]
        if not kept & {f"{EXTENSIONS}obr-{number}", f"{EXTENSIONS}obr-{further}"}:
            draft.put(number, *(ndl_from(context, *one) for one in actors))


def set_specimen(context: Context, draft: Draft, specimen: Resource) -> None:
    """Set what OBR says of its only specimen; the rest is SPM's, where the version has it."""
    source, has_spm = context.source, has_segment(context, "SPM")
    collection = source.one(specimen, "collection") or {}
    draft.put(10, *xcns_from(context, collection, "collector"))
    if context.has_field("OBR", 14):
        draft.put(14, dtm_from(context, specimen, "receivedTime"))
    if not draft.has(7):
        draft.put(7, dtm_from(context, collection, "collectedDateTime"))
        start, end = bounds(context, source.one(collection, "collectedPeriod"))
        draft.put(7, start)
        draft.put(8, end)
    if has_spm:
        return
    draft.put(9, cq_from(context, source.one(collection, "quantity")))
    draft.put(15, _source(context, specimen, collection))
    source.whole(specimen, "subject", "request", "status")


def _source(context: Context, specimen: Resource, collection: Resource) -> Composite | None:
    """Return the specimen as an SPS: type, additive, method, site."""
    source = context.source
    container = source.one(specimen, "container") or {}
    codes = (
        cwe_from(context, source.one(specimen, "type"), "OBR-15", "HL70070"),
        cwe_from(context, source.one(container, "additiveCodeableConcept"), "OBR-15", "HL70371"),
        cwe_from(context, source.one(collection, "method"), "OBR-15"),
        cwe_from(context, source.one(collection, "bodySite"), "OBR-15"),
    )
    parts = [[str(part) for part in code[:6]] if code else [""] for code in codes]
    parts[2] = [parts[2][1] if len(parts[2]) > 1 else parts[2][0]]
    return [*parts] if any(any(part) for part in parts) else None
