"""
MSA, with the ERR segments below it -> Task: the answer of the receiver to a message.

The guide maps MSA to MessageHeader.response alone, which a transaction does not carry. Policy: the answer is a task
"process the message", in the state that the acknowledgment code says, with its errors as an OperationOutcome inside.

    Task.status        = MSA-1    ID    tables 0008 and 0155; no translation: failed, extension original-code
    Task.focus         = MSA-2    ID    the message answered, by its control id
    Task.note          = MSA-3    ST
    Task.extension     = MSA-4..8*  AS-SENT
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, extend, original_code
from shared.mapping.hl7v2_to_fhir.fields import table_of
from shared.mapping.hl7v2_to_fhir.segments.as_sent import carry_into
from shared.mapping.hl7v2_to_fhir.segments.err import issue_from_err
from shared.terminology.order_maps import ACKNOWLEDGMENT_STATUS
from shared.terminology.systems import TERMINOLOGY

TABLE = table_of(__doc__)

_ERRORS = "errors"


def acknowledgment_from_msa(context: Context, msa: Segment, errors: list[Segment]) -> Resource:
    """Return the Task that says what became of the message answered."""
    answered = msa.text(2)
    task = context.add("Task", "acknowledgment", context.scope, answered or context.message.control_id)
    code = msa.text(1)
    status = ACKNOWLEDGMENT_STATUS.get(code)
    task["status"] = status or "failed"
    if status is None:
        extend(task, "status", original_code(TERMINOLOGY + "v2-0008", code or "unknown"))
        context.report("warning", "code-invalid", "unmapped-code", msa.location(1), "Not an acknowledgment code.")
    elif code not in ("AA", "CA"):
        task["businessStatus"] = {"coding": [{"system": TERMINOLOGY + "v2-0008", "code": code}]}
    task["intent"] = "order"
    task["code"] = {"text": "Process the message"}
    if answered:
        task["focus"] = {"identifier": {"value": answered}, "display": "HL7 v2 message"}
    if words := msa.first(3):
        append(task, "note", {"text": words.text()} if words.text().strip() else None)
    carry_into(context, task, msa, TABLE)
    if issues := [issue_from_err(context, err) for err in errors]:
        task["contained"] = [{"resourceType": "OperationOutcome", "id": _ERRORS, "issue": issues}]
        reference = {"reference": f"#{_ERRORS}"}
        task["output"] = [{"type": {"text": "errors"}, "valueReference": reference}]
    return task
