"""
TQ1 -> MedicationRequest.dosageInstruction (HL7 v2-to-FHIR guide, map TQ1[MedicationRequest]).

    [dropped]                                             = TQ1-1   numbers the segment
    MedicationRequest.dosageInstruction.doseAndRate       = TQ1-2   CQ
    MedicationRequest.dosageInstruction.timing            = TQ1-3*  repeat pattern, PRN: asNeeded; more: extension
    MedicationRequest.dosageInstruction.timing.repeat.timeOfDay = TQ1-4*  TM   none: extension
    MedicationRequest.dosageInstruction.extension         = TQ1-5*  AS-SENT
    MedicationRequest.dosageInstruction.timing.repeat.boundsDuration = TQ1-6  CQ   with TQ1-7: extension
    MedicationRequest.dosageInstruction.timing.repeat.boundsPeriod   = TQ1-7  DTM
    MedicationRequest.dosageInstruction.timing.repeat.boundsPeriod   = TQ1-8  DTM
    MedicationRequest.priority                            = TQ1-9*  CWE   table 0485; no translation: extension
    MedicationRequest.dosageInstruction.additionalInstruction = TQ1-10  TX
    MedicationRequest.dosageInstruction.text              = TQ1-11  TX
    MedicationRequest.dosageInstruction.extension         = TQ1-12  AS-SENT
    MedicationRequest.dosageInstruction.timing.repeat.duration = TQ1-13  CQ   no length of time: extension
    MedicationRequest.dosageInstruction.timing.repeat.count    = TQ1-14  NM   no count: extension
"""

from __future__ import annotations

from copy import deepcopy

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append
from shared.mapping.hl7v2_to_fhir.datatypes.quantities import quantity_from_cq
from shared.mapping.hl7v2_to_fhir.datatypes.timings import is_as_needed, timing_from_tq1
from shared.mapping.hl7v2_to_fhir.fields import carry_field, table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.terminology.concept_maps import REQUEST_PRIORITY

TABLE = table_of(__doc__)


def add_tq1_to_dosage(context: Context, request: Resource, dosage: Resource, tq1: Segment) -> Resource:
    """Return the dosage of the order with this timing; a priority goes to the request."""
    result = deepcopy(dosage)
    timing = timing_from_tq1(context, tq1)
    if timing:
        result["timing"] = timing
    _keep_unsaid(result, tq1, timing.get("repeat", {}))
    dose = quantity_from_cq(context, tq1.first(2))
    if dose is not None and "value" in dose and "doseAndRate" not in result:
        result["doseAndRate"] = [{"doseQuantity": dose}]
    elif dose is not None:
        carry_field(result, tq1, 2)
    first = tq1.first(9)
    code = REQUEST_PRIORITY.get(first.component(1)) if first is not None else None
    if code is not None:
        request.setdefault("priority", code)
    if code is None or request["priority"] != code or len(tq1.raw(9)) > 1:
        carry_field(request, tq1, 9)
    condition = tq1.lines(10)
    if condition:
        append(result, "additionalInstruction", {"text": condition})
    if any(map(is_as_needed, tq1.repetitions(3))):
        # Of a drug to be taken only when needed, no reader may think that it is due.
        result.pop("asNeededBoolean", None)
        result.update({"asNeededCodeableConcept": {"text": condition}} if condition else {"asNeededBoolean": True})
    if text := tq1.lines(11):
        result["text"] = text
    carry_into(context, result, tq1, TABLE)
    return result


def _keep_unsaid(dosage: Resource, tq1: Segment, repeat: Resource) -> None:
    """Keep as sent what the Timing does not say: further patterns, what qualifies one, and what it has no form for."""
    patterns = tq1.repetitions(3)
    if len(patterns) > 1 or any(len(one.parts) > 1 for one in patterns):
        carry_field(dosage, tq1, 3)
    if len(repeat.get("timeOfDay", ())) != len(tq1.repetitions(4)):
        carry_field(dosage, tq1, 4)
    for number, name in ((6, "boundsDuration"), (13, "duration"), (14, "count")):
        if name not in repeat:
            carry_field(dosage, tq1, number)
