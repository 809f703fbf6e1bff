"""
ORC of a response -> Task: what the other side makes of an order (HL7 v2-to-FHIR guide, message map ORM_O01).

    Task.status          ORC-1 through table 0119; no translation: received
    Task.businessStatus  ORC-1, and ORC-5 beside it
    Task.focus           the ServiceRequest, whose table is that of `orc`

The guide makes a Task only for the filler that is to act, and says no more. Policy: an answer to an order makes one,
for whether the filler accepts it is a state of the work and not of the request.
"""

from __future__ import annotations

from shared.formats.hl7v2.message import Segment
from shared.mapping.hl7v2_to_fhir.context import Context, Resource, append, reference
from shared.terminology.order_maps import TASK_STATUS
from shared.terminology.systems import TERMINOLOGY


def task_from_orc(context: Context, orc: Segment, request: Resource, acknowledgment: Resource) -> Resource:
    """Return the Task of an order that is answered, a part of the acknowledgment of the message."""
    task = context.add("Task", "order", str(request["id"]))
    task["partOf"] = [reference(acknowledgment)]
    task["status"] = TASK_STATUS.get(orc.text(1)) or "received"
    for number, table in ((1, "v2-0119"), (5, "v2-0038")):
        if code := orc.text(number):
            coding = {"system": TERMINOLOGY + table, "code": " ".join(code.split())}
            append(task.setdefault("businessStatus", {}), "coding", coding)
    task["intent"] = "order"
    task["code"] = {"text": "Carry out the order"}
    task["focus"] = reference(request)
    if "reference" in request["subject"]:
        task["for"] = request["subject"]
    return task
